"""What is said: a cell of dialogue or narration, turned into lines with their speakers and directions."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from clash.story.screenplay import Line
from clash.story.speakers import (
    LONGEST_NAME,
    Voice,
    could_be_a_name,
    is_chinese_name,
    is_direction,
    is_off,
    label_of,
    name_key,
    voice_of,
)
from clash.story.vocabulary import compact, words
from clash.story.words import fold, has_cjk, is_cjk

Unnamed = Literal["nobody", "narrator", "sound"]
"""Whose words without a name are: somebody's who is not named, the narrator's, or nobody's: they are a sound."""

_QUOTES = (("“", "”"), ('"', '"'), ("「", "」"), ("『", "』"), ("‘", "’"), ("«", "»"), ("„", "“"))
_OPEN, _CLOSE = "([（【［", ")]）】］"
_BRACKETED = re.compile(r"[(（\[【［]([^()（）\[\]【】［］\n]*)[)）\]】］]")
_BREAKS = re.compile(r"<br\s{0,3}/?>|<p>|</p>|<li>", re.IGNORECASE)
_TAGS = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,9}(?:\s[^<>\n]{0,200})?/?>")
_ENTITIES = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,6});")
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]{1,2000})\*\*|__(?=\S)([^_\n]{1,2000})__|~~(?=\S)([^~\n]{1,2000})~~")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,2000})\*(?![\w*])")
_CODE = re.compile(r"(?<!`)`([^`\n]{1,2000})`(?!`)")
_BULLET = re.compile(r"[ \t]{0,40}(?:[-–—•·▪●*][ \t]+|[-–—•](?=\S)|\d{1,3}[.)、．][ \t]*(?=\D)|[①-⑳])")
_QUOTATION = re.compile(r"([^「」『』\s:：，。、！？…]{1,20})\s?(「[^「」]{1,2000}」|『[^『』]{1,2000}』)[\s／/]{0,3}")
_KANJI_OR_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc・]{2,8}|[\u4e00-\u9fff々]{2,4}")
_DASHED = re.compile(r"([^\W\d_][^—–:：\n]{0,50}?)(?:\s?[—–]\s|\s--?\s)\s{0,4}(\S.*)")
_KANA = re.compile("[\u3041-\u30fa]")
_IN_A_SENTENCE = re.compile("[はがもとにでをのへて]$|^[とって]|[说說道问問喊叫]$|[\u3041-\u3096]{3}")
_NAME_SIGNS = (":", "：", "「", "『", "“", "[", "【", "（", "(")
"""One of these stands beside every name that a cell gives its words."""
_MOST_FOR_NAMES = 4000
_ENDS = frozenset('。！？!?…；;|｜」』”"\n')
_SOUND_WORDS = re.compile(r"^[a-z][\w' -]{0,60}$|[声聲音响響]$")


@dataclass
class Speech:
    """What a cell holds: lines in their order, and what is heard or shown but not said."""

    lines: list[Line] = field(default_factory=list[Line])
    sound: list[str] = field(default_factory=list[str])
    music: list[str] = field(default_factory=list[str])
    caption: list[str] = field(default_factory=list[str])
    has_names: bool = False
    pending: list[str] = field(default_factory=list[str])
    """Directions that stand alone: they belong to the next line, or to none."""


def clean(text: str) -> str:
    """A cell without the marks of Markdown and HTML; line breaks stay.

    >>> clean("**Fog** &amp; rain<br>on a landing")
    'Fog & rain\\non a landing'
    """
    if "<" in text:
        text = _TAGS.sub("", _BREAKS.sub("\n", text)).strip()
    if "&" in text:
        text = _ENTITIES.sub(lambda found: html.unescape(found[0]), text)
    if "**" in text or "__" in text or "~~" in text:
        text = _BOLD.sub(lambda found: found[1] or found[2] or found[3], text)
    return _CODE.sub(r"\1", text) if "`" in text else text


def plain_text(text: str) -> str:
    """`clean`, and `*emphasis*` too, as what is seen is written.

    >>> plain_text("A *wet* landing")
    'A wet landing'
    """
    text = clean(text)
    return _EMPHASIS.sub(r"\1", text) if "*" in text else text


def speech_of(
    cell: str,
    *,
    unnamed: Unnamed = "nobody",
    speaker: str = "",
    known: frozenset[str] = frozenset(),
    dashes: bool = True,
) -> Speech:
    """The lines of one cell, in order.

    `speaker` is the row's own column, `known` the names that the table's columns use (see `name_key`). Each line of
    the cell may name its speaker before a colon; one that does not goes on with the speaker of the line above, or is
    the narrator's (`unnamed`). With `dashes`, a name may stand before a dash too: `PAUL (off) — Je savais.`
    """
    speech = Speech()
    start = voice_of(speaker) if speaker.strip() else Voice(narrator=unnamed == "narrator")
    current, only_known = start, bool(speaker.strip()) and not start.narrator
    text = clean(cell)
    if dashes and unnamed == "nobody" and not only_known:
        text = "\n".join(_with_colon(line, known) for line in text.split("\n"))
    pieces = list(_pieces(text, known, only_known=only_known))
    alone = len(pieces) == 1
    for index, (cue, text) in enumerate(pieces):
        if not cue and index + 1 < len(pieces) and _is_cue(text, pieces[index + 1], known):
            cue, text = text.strip().rstrip(":：").strip(), ""
        if cue:
            speech.has_names = True
            if label := label_of(cue):
                getattr(speech, label).append(_unquoted(text))
                current = start
                continue
            current = voice_of(cue)
        elif unnamed != "nobody" and text.strip() and not _goes_on(pieces, index):
            current = start
        _say(speech, text, current, unnamed if not cue and current == start else "nobody", alone=alone, cue=bool(cue))
    return speech


def lines_of(dialogue: str, *, speaker: str = "", known: frozenset[str] = frozenset()) -> tuple[Line, ...]:
    """The lines of one dialogue cell; see `speech_of`."""
    return tuple(speech_of(dialogue, speaker=speaker, known=known).lines)


def names_in(cell: str) -> Iterable[str]:
    """The people whom the lines of a cell name, as they are written."""
    if not any(sign in cell for sign in _NAME_SIGNS):
        return
    for cue, _ in _pieces(clean(cell[:_MOST_FOR_NAMES]), frozenset(), only_known=False):
        if cue and not label_of(cue) and not voice_of(cue).narrator:
            yield voice_of(cue).speaker


def has_labels(cell: str) -> bool:
    """Whether any line of a cell names who says it or what it is: `NAME:`, 旁白：, SFX:."""
    return any(cue for cue, _ in _pieces(clean(cell[:_MOST_FOR_NAMES]), frozenset(), only_known=False))


def has_spoken_names(cell: str) -> bool:
    """Whether any line of a cell names who speaks it, a person or a narrator."""
    pieces = _pieces(clean(cell[:_MOST_FOR_NAMES]), frozenset(), only_known=False)
    return any(cue and not label_of(cue) for cue, _ in pieces)


def is_said(text: str) -> bool:
    """Whether a line that is in brackets as a whole is said all the same: it is a sentence, and no direction.

    >>> is_said("I never went back."), is_said("laughs"), is_said("softly.")
    (True, False, False)
    """
    return text[-1:] in ".!?。！？…" and not is_direction(text.strip(".!?。！？… "))


@lru_cache(maxsize=4096)
def says_nothing(text: str) -> bool:
    """Whether words say that nothing is said: `No VO`, 无台词, (silence), Music only.

    >>> says_nothing("（无台词）"), says_nothing("Music only"), says_nothing("No way!")
    (True, True, False)
    """
    if len(text) > LONGEST_NAME or any(sign in text for sign in "!?！？"):
        return False
    bare = fold(text).strip(" ()（）[]【】.。-—*\"'“”")
    key = compact(bare)
    if key in words("speech", "nothing_said") or not key:
        return True
    spoken = _spoken_things()
    return any(
        (key.startswith(word) and key[len(word) :] in spoken)
        or (is_wide and key.endswith(word) and key[: -len(word)] in spoken)
        for word, is_wide in _negations()
    )


@cache
def _negations() -> tuple[tuple[str, bool], ...]:
    """The words for "no", each with whether it may stand after what there is none of."""
    return tuple((word, is_cjk(word[-1])) for word in sorted(words("speech", "no")))


@cache
def _spoken_things() -> frozenset[str]:
    """What there can be none of: dialogue, narration, in every language's words for them."""
    kinds = ("dialogue", "narration", "script", "audio")
    found = frozenset(word for kind in kinds for word in words("headers", kind))
    return (
        found | words("speech", "voice") | words("speech", "narrator") | {"人声", "对话台词", "speaking", "spokenwords"}
    )


def _say(speech: Speech, text: str, who: Voice, unnamed: Unnamed, *, alone: bool, cue: bool) -> None:
    """Put one piece of text where it belongs."""
    said, directions = _without_directions(text)
    said = _unquoted(said)
    if not cue and says_nothing(text) and (alone or not who.speaker):
        return
    if not said and len(directions) == 1 and is_said(directions[0]):
        said, directions = directions[0], []
    directions = [*speech.pending, *directions]
    speech.pending = [] if said else directions
    if not said:
        return
    if unnamed == "sound":
        speech.sound.append(said)
        return
    if not who.speaker and not who.narrator and any(is_off(direction) for direction in directions):
        who = Voice(narrator=True)
    direction = "; ".join(d for d in directions if not is_off(d))
    off = next((d for d in directions if is_off(d)), "")
    speaker = who.speaker
    if speaker and off and off not in speaker:
        speaker = f"{speaker}（{off}）" if has_cjk(speaker) else f"{speaker} ({off})"
    speech.lines.append(Line(speaker=speaker, text=said, direction=direction, narrator=who.narrator, voice=who.voice))


def _pieces(cell: str, known: frozenset[str], *, only_known: bool) -> Iterator[tuple[str, str]]:
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
        elif letter in _OPEN:
            depth = max(0, depth - 1)
        elif not depth:
            if letter in _ENDS and at + 1 < colon:
                return at + 1
            if letter in "/／" and last and line[at + 1].isspace() and line[at - 1].isspace():
                return at + 1
            if letter == "." and line[at + 1 : at + 2].isspace() and not _is_abbreviation(line, at, lowest):
                return at + 1
        at -= 1
    return last if lowest == last else lowest


def _is_abbreviation(line: str, dot: int, lowest: int) -> bool:
    start = dot
    while start > lowest and line[start - 1].isalpha():
        start -= 1
    return (
        line[start:dot] in ("Mr", "Mrs", "Ms", "Dr", "St", "Prof", "Capt", "Sgt", "Lt", "Sra", "Mme")
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
    if label_of(name) or (len(name) > 1 and voice_of(name).narrator):
        return True
    if only_known:
        return False
    person = voice_of(name).speaker
    if at_start:
        return all(could_be_a_name(one) for one in re.split("、| & ", person))
    bare = _BRACKETED.sub("", person).strip()
    if has_cjk(bare):
        return follows and len(bare) <= 5 and (after in _ENDS or after in "/／") and could_be_a_name(person)
    if len(bare) < 2 or not could_be_a_name(person):
        return False
    if _is_in_capitals(bare):
        return True
    # `Ben: You okay? Nina: It's my knee.`: written as the name that begins the line, and before a new sentence.
    capitals = _is_in_capitals(_BRACKETED.sub("", cued))
    return bool(cued) and not capitals and len(bare.split()) <= 3 and not before.islower()


def _quotations(line: str, known: frozenset[str], *, only_known: bool) -> list[tuple[str, str]]:
    """The names and words of a line of nothing but names before quotations: 佐藤「出たよ」ハル「はい」."""
    found = list(_QUOTATION.finditer(line))
    if not found or "".join(one[0] for one in found) != line:
        return []
    names = [one[1].strip() for one in found]
    bare = [_BRACKETED.sub("", name).strip() for name in names]
    if all(name_key(voice_of(name).speaker) in known for name in names):
        return list(zip(names, (one[2] for one in found), strict=True))
    if only_known or not all(_could_be_quoted(name) for name in bare):
        return []
    if len(found) == 1 and not (_KANJI_OR_KATAKANA.fullmatch(bare[0]) and _KANA.search(found[0][2])):
        return []
    return list(zip(names, (one[2] for one in found), strict=True))


def _could_be_quoted(name: str) -> bool:
    """Whether words before a quotation can be a name or a label, and are no words of a sentence: 彼は「…」."""
    if label_of(name) or voice_of(name).narrator:
        return True
    return could_be_a_name(name) and not is_direction(name) and not _IN_A_SENTENCE.search(name)


def _with_colon(line: str, known: frozenset[str]) -> str:
    """A line with a colon for the dash behind a name: `DONA ROSA - Traz ele.` The name is known, or in capitals."""
    found = _DASHED.match(line)
    if not found:
        return line
    name, rest = found[1].strip(), found[2]
    bare = _BRACKETED.sub("", name).strip()
    if has_cjk(bare):
        return line
    named = len(bare) > 1 and _is_in_capitals(bare) and could_be_a_name(name) and not _is_in_capitals(rest)
    return f"{name}: {rest}" if named or (name_key(name) in known) else line


def _is_in_capitals(name: str) -> bool:
    return name.upper() == name and name.lower() != name


def _without_colon(line: str, known: frozenset[str], *, only_known: bool) -> tuple[str, str]:
    """A name without a colon: before a quotation, or in brackets before the words."""
    quoted = re.match(r"([^「『“\"\s:：，。！？]{1,8})[「『“\"]", line)
    if quoted and line[-1] in '」』”"':
        name = quoted[1]
        person = voice_of(name).speaker
        if name_key(person) in known or (not only_known and is_chinese_name(person)):
            return name, line[quoted.end() - 1 :]
    bracketed = _BRACKETED.match(line)
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


def _is_cue(text: str, after: tuple[str, str], known: frozenset[str]) -> bool:
    """Whether a line is a name on its own above the words, in capitals or with a colon, as screenplays write it."""
    bare = text.strip()
    if bare.endswith((":", "：")):
        name = bare[:-1].strip()
        return name_key(name) in known or could_be_a_name(name)
    if len(bare) > LONGEST_NAME or bare != bare.upper() or bare == bare.lower():
        return False
    if name_key(bare) in known:
        return True
    below = _BRACKETED.fullmatch(after[1].strip())
    return could_be_a_name(bare) and not after[0] and (below is not None or bool(_BRACKETED.search(bare)))


def _goes_on(pieces: list[tuple[str, str]], index: int) -> bool:
    """Whether the words without a name belong to the cue that stands alone above them."""
    return any(cue and not text for cue, text in pieces[max(0, index - 2) : index]) or (
        index > 0 and not pieces[index - 1][0] and bool(_BRACKETED.fullmatch(pieces[index - 1][1].strip()))
    )


def _without_directions(text: str) -> tuple[str, list[str]]:
    """The words alone, and what brackets and `*whispers*` among them say of how they are said."""
    directions: list[str] = []
    if "*" in text:
        text = _EMPHASIS.sub(lambda found: _emphasised(found[1], directions), text)
    if not any(sign in text for sign in _OPEN):
        return text.strip(), directions
    kept: list[str] = []
    position = 0
    for found in _BRACKETED.finditer(text):
        kept.append(text[position : found.start()])
        position = found.end()
        if found[1].strip():
            directions.append(found[1].strip())
    kept.append(text[position:])
    said = ""
    for piece in kept:
        left, right = said.rstrip(), piece.strip()
        gap = (
            ""
            if not left or not right or is_cjk(left[-1]) or left[-1] in "。！？，、；" or right[0] in ",.!?;:，。！？"
            else " "
        )
        said = left + gap + right
    return said, directions


def _emphasised(text: str, directions: list[str]) -> str:
    if is_direction(text) and (text[:1].islower() or has_cjk(text)):
        directions.append(text.strip())
        return ""
    return text


def _unquoted(text: str) -> str:
    text = text.strip()
    for left, right in _QUOTES:
        inner = text[1:-1]
        if len(text) > 2 and text[0] == left and text[-1] == right and left not in inner and right not in inner:
            return inner.strip()
    return text


def is_a_sound(text: str) -> bool:
    """Whether words without a name in a column of sound and speech are a sound: short, small, no sentence.

    >>> is_a_sound("waves crash"), is_a_sound("海浪声"), is_a_sound("Get in.")
    (True, True, False)
    """
    return bool(_SOUND_WORDS.search(text.strip())) and len(text) <= 60
