"""Where a cell of speech names a speaker: lines are cut before each name, whatever sign parts it from the words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clash.story.bare_cues import BRACKETED, is_bare_cue
from clash.story.speakers import (
    LONGEST_NAME,
    could_be_a_name,
    is_chinese_name,
    is_direction,
    is_off,
    label_of,
    name_key,
    voice_of,
)
from clash.story.unseen import unseen_voice
from clash.story.words import has_cjk

OPEN, _CLOSE = "([（【［", ")]）】］"
_BULLET = re.compile(r"[ \t]{0,40}(?:[-–—•·▪●*][ \t]+|[-–—•](?=\S)|\d{1,3}[.)、．][ \t]*(?=\D)|[①-⑳])")
_QUOTATION = re.compile(r"([^「」『』\s:：，。、！？…]{1,20})\s?(「[^「」]{1,2000}」|『[^『』]{1,2000}』)[\s／/]{0,3}")
_KANJI_OR_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc・]{2,8}|[\u4e00-\u9fff々]{2,4}|[\u4e00-\u9fff々]{1,4}の声")
_DASHED = re.compile(r"([^\W\d_][^—–:：\n]{0,50}?)(?:\s?[—–]\s|\s--?\s)\s{0,4}(\S.*)")
_NOTED = re.compile("([\u3040-\u30ff\u3400-\u9fff]{1,8}[（(]([^（()）\n]{1,12})[)）])\\s?[—–]{1,2}\\s?(\\S.*)")
"""A Chinese or Japanese name with a note in brackets, before a dash: 保罗（画外）——"""
_QUOTED_LINE = re.compile(r"(?:“|\"|„|«\s?)(?P<said>[^“”\"„«»]{2,4000})(?:[”\"“]|\s?»)(?P<rest>[^“”\"„«»:：]{0,200})")
"""A line that quotes the name along with the words: `“OMAR: Flour’s gone up again.” [tired]`."""
_CAPITALS_NOTED = re.compile(r"(?P<name>[A-Z][A-Z .'-]{1,30}?)\s?\((?P<note>[^()\n]{1,12})\)\s+(?P<rest>[^\s:—–-].*)")
"""A name in capitals with a note and no colon behind it: `ADA (V.O.) I came back.`"""
_TOLD = re.compile(r"(?P<name>[^「『“\"«„:：\n]{1,24})(?P<said>[「『“\"«„].{1,2000}[」』”\"»“])$")
_KANA = re.compile("[\u3041-\u30fa]")
_IN_A_SENTENCE = re.compile("[はがもとにでをのへて]$|^[とって]|[说說道问問喊叫]$|[\u3041-\u3096]{3}")
_ENDS = frozenset('。！？!?…；;|｜」』”"\n')


def pieces_of(cell: str, known: frozenset[str], *, only_known: bool) -> Iterator[tuple[str, str]]:
    """The cell's lines, cut before each name: the name, or "", and the words after it."""
    for line in cell.split("\n"):
        if not line.strip():
            continue
        if bullet := _BULLET.match(line):
            # A number or a dash goes only where a name follows it: elsewhere it may be part of what is said.
            pieces = list(_cut(line[bullet.end() :].strip(), known, only_known=only_known))
            if pieces and pieces[0][0]:
                yield from pieces
                continue
        yield from _cut(line.strip(), known, only_known=only_known)


def _cut(line: str, known: frozenset[str], *, only_known: bool) -> Iterator[tuple[str, str]]:
    cues = list(_cues(line, known, only_known=only_known))
    if not cues and (inside := _QUOTED_LINE.match(line)):
        within = inside["said"] + inside["rest"]
        found = list(_cues(within, known, only_known=only_known))
        line, cues = (within, found) if found and found[0][0] == 0 else (line, cues)
    if not cues:
        quoted = _quotations(line, known, only_known=only_known)
        yield from quoted or [_without_colon(line, known, only_known=only_known)]
        return
    before = line[: cues[0][0]].strip(" |｜/／")
    if before:
        yield "", before
    ends = [start for start, _, _ in cues[1:]] + [len(line)]
    for (start, name, words_from), end in zip(cues, ends, strict=True):
        said = line[words_from:end].strip().rstrip("|｜/／").strip()
        # A name without words after it is not parted from its colon: it may stand above its words, or be said.
        yield (name, said) if said else ("", line[start:end].strip())


def _cues(line: str, known: frozenset[str], *, only_known: bool) -> Iterator[tuple[int, str, int]]:
    """Where a name stands before a colon: where it begins, the name, and where the words begin."""
    last = 0
    first = True
    cued = ""
    position = -1
    while (position := _next_colon(line, position + 1)) >= 0:
        if _is_no_cue(line, position):
            first = False
            continue
        start = _start_of_name(line, position, last)
        start += len(line[start:position]) - len(line[start:position].lstrip(" |｜/／"))
        name = line[start:position].strip().strip("*").strip()
        at_start = first and (start == 0 or not line[last:start].strip(' |｜/／"“”「」'))
        where = _Where(
            at_start,
            line[:start].rstrip(" |｜")[-1:],
            follows=not first or last > 0,
            cued=cued,
            before=line[position + 1 :].lstrip(' "“„«([')[:1],
        )
        if _names_somebody(name, known, where, only_known=only_known):
            yield start, name, position + 1
            last = position + 1
            cued = cued or name
        first = False


def _next_colon(line: str, start: int) -> int:
    found = [at for at in (line.find(":", start), line.find("：", start)) if at >= 0]
    return min(found) if found else -1


def _is_no_cue(line: str, position: int) -> bool:
    """A colon within a time or a web address, or with nothing before it."""
    after = line[position + 1 : position + 3]
    if after == "//" or not line[max(0, position - 60) : position].strip():
        return True
    return line[position - 1 : position].isdigit() and after[:1].isdigit()


def _start_of_name(line: str, colon: int, last: int) -> int:
    """Where the name before a colon begins: after the end of the sentence before it, brackets being passed over."""
    at, depth = colon - 1, 0
    lowest = max(last, colon - LONGEST_NAME - 20)
    while at >= lowest:
        letter = line[at]
        if letter in _CLOSE:
            depth += 1
        elif letter in OPEN:
            depth = max(0, depth - 1)
        elif not depth:
            if letter in _ENDS and at + 1 < colon:
                return at + 1
            if letter in "/／" and last and line[at + 1].isspace() and line[at - 1].isspace():
                return at + 1
            is_stop = letter == "." and line[at + 1 : at + 2].isspace() and not _is_abbreviation(line, at, lowest)
            if is_stop and not voice_of(line[lowest:colon].strip()).narrator:
                return at + 1
        at -= 1
    return last if lowest == last else lowest


def _is_abbreviation(line: str, dot: int, lowest: int) -> bool:
    start = dot
    while start > lowest and line[start - 1].isalpha():
        start -= 1
    return (
        line[start:dot].capitalize() in ("Mr", "Mrs", "Ms", "Dr", "St", "Prof", "Capt", "Sgt", "Lt", "Sra", "Mme")
        or dot - start == 1
    )


class _Where(NamedTuple):
    """Where a name stands: at the start of its line, after which sign, whether a colon stood before it, behind which
    name of the line (`cued`), and before which letter.
    """

    at_start: bool
    after: str
    follows: bool
    cued: str
    before: str


def _names_somebody(name: str, known: frozenset[str], where: _Where, *, only_known: bool) -> bool:
    at_start, after, follows, cued, before = where
    if not name or len(name) > LONGEST_NAME + 20:
        return False
    if name_key(name) in known:
        return True
    if not at_start and after not in _ENDS and after not in "./／":
        return False
    if label_of(name) or ((len(name) > 1 or name.isascii()) and voice_of(name).narrator):
        return True
    if at_start and unseen_voice(name):
        return True
    if only_known:
        return False
    person = voice_of(name).speaker
    if at_start:
        return all(could_be_a_name(one) for one in re.split("、| & ", person))
    bare = BRACKETED.sub("", person).strip()
    if has_cjk(bare):
        return follows and len(bare) <= 5 and (after in _ENDS or after in "/／") and could_be_a_name(person)
    if len(bare) < 2 or not could_be_a_name(person):
        return False
    if _is_in_capitals(bare):
        return True
    # `Ben: You okay? Nina: It's my knee.`: written as the name that begins the line, and before a new sentence.
    capitals = _is_in_capitals(BRACKETED.sub("", cued))
    return bool(cued) and not capitals and len(bare.split()) <= 3 and not before.islower()


def _quotations(line: str, known: frozenset[str], *, only_known: bool) -> list[tuple[str, str]]:
    """The names and words of a line of nothing but names before quotations: 佐藤「出たよ」ハル「はい」."""
    found = list(_QUOTATION.finditer(line))
    if not found or "".join(one[0] for one in found) != line:
        return []
    names = [one[1].strip() for one in found]
    bare = [BRACKETED.sub("", voice_of(name).speaker or name).strip() for name in names]
    if all(name_key(voice_of(name).speaker) in known for name in names):
        return list(zip(names, (one[2] for one in found), strict=True))
    if only_known or not all(_could_be_quoted(name) for name in bare):
        return []
    if len(found) == 1 and _is_no_person(names[0]):
        return [(names[0], found[0][2])]
    if len(found) == 1 and not (_KANJI_OR_KATAKANA.fullmatch(bare[0]) and _KANA.search(found[0][2])):
        return []
    return list(zip(names, (one[2] for one in found), strict=True))


def _is_no_person(name: str) -> bool:
    """Whether words in front of others are a label, a narrator or another voice of nobody who is seen to speak."""
    return bool(label_of(name) or voice_of(name).narrator or unseen_voice(name))


def _could_be_quoted(name: str) -> bool:
    """Whether words before a quotation can be a name or a label, and are no words of a sentence: 彼は「…」."""
    if _is_no_person(name):
        return True
    return could_be_a_name(name) and not is_direction(name) and not _IN_A_SENTENCE.search(name)


def with_colon(line: str, known: frozenset[str]) -> str:
    """A line with a colon for the dash behind a name: `DONA ROSA - Traz ele.` The name is known, or in capitals."""
    if noted := _NOTED.match(line):
        return f"{noted[1]}：{noted[3]}" if is_off(noted[2]) or is_direction(noted[2]) else line
    if (capitals := _CAPITALS_NOTED.match(line)) and is_off(capitals["note"]) and could_be_a_name(capitals["name"]):
        return f"{capitals['name']} ({capitals['note']}): {capitals['rest']}"
    found = _DASHED.match(line)
    if not found:
        return line
    name, rest = found[1].strip(), found[2]
    bare = BRACKETED.sub("", name).strip()
    if has_cjk(bare):
        return line
    named = len(bare) > 1 and _is_in_capitals(bare) and could_be_a_name(name) and not _is_in_capitals(rest)
    return f"{name}: {rest}" if named or (name_key(name) in known) else line


def _is_in_capitals(name: str) -> bool:
    return name.upper() == name and name.lower() != name


def _without_colon(line: str, known: frozenset[str], *, only_known: bool) -> tuple[str, str]:
    """A name without a colon: before a quotation, or in brackets before the words."""
    told = _TOLD.match(line)
    name = told["name"].strip() if told else ""
    if told and (voice_of(name).narrator or unseen_voice(name)):
        return name, told["said"]
    quoted = re.match(r"([^「『“\"\s:：，。！？]{1,8})[「『“\"]", line)
    if quoted and line[-1] in '」』”"':
        name = quoted[1]
        person = voice_of(name).speaker
        if name_key(person) in known or (not only_known and is_chinese_name(person)):
            return name, line[quoted.end() - 1 :]
    bracketed = BRACKETED.match(line)
    if bracketed and line[bracketed.end() :].strip():
        name, rest = bracketed[1].strip(), line[bracketed.end() :].strip()
        if name_key(name) in known:
            return name, rest
        square = line[0] in "[【［"
        named = square and could_be_a_name(name) and len(name) <= 12 and has_cjk(rest[:1]) == has_cjk(name)
        if not only_known and not is_direction(name) and (is_chinese_name(name) or named):
            return name, rest
        if square and label_of(name):
            return name, rest
    return "", line


def is_cue(text: str, after: tuple[str, str], known: frozenset[str], *, is_said: bool) -> bool:
    """Whether a line is a name on its own above the words, in capitals or with a colon, as screenplays write it.

    `is_said`: the cell holds what people say, not what a narrator tells, so that capitals are enough.
    """
    bare = text.strip()
    if bare.endswith((":", "：")):
        name = bare[:-1].strip()
        return name_key(name) in known or could_be_a_name(name)
    letters = BRACKETED.sub("", bare)
    if len(bare) > LONGEST_NAME or letters != letters.upper() or letters == letters.lower():
        return False
    if name_key(bare) in known:
        return True
    if is_said and not after[0] and is_bare_cue(bare, after[1]):
        return True
    below = BRACKETED.fullmatch(after[1].strip())
    return could_be_a_name(bare) and not after[0] and (below is not None or bool(BRACKETED.search(bare)))
