"""What is said: a cell of dialogue or narration, turned into lines with their speakers and directions."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import Literal

from clash.story.bare_cues import is_bare_cue
from clash.story.cues import BRACKETED, OPEN, is_cue, pieces_of, with_colon
from clash.story.screenplay import Line
from clash.story.sound_labels import without_labelled
from clash.story.speakers import (
    LONGEST_NAME,
    Voice,
    is_direction,
    is_heard_only,
    is_on_screen,
    label_of,
    name_key,
    tells,
    voice_of,
    with_directions,
)
from clash.story.things import is_a_phone, is_a_sentence, is_a_thing, sound_of_a_thing
from clash.story.unseen import unseen_voice
from clash.story.vocabulary import compact, words
from clash.story.words import fold, has_cjk, is_cjk

Unnamed = Literal["nobody", "narrator", "sound"]
"""Whose words without a name are: somebody's who is not named, the narrator's, or nobody's: they are a sound."""

_QUOTES = (("“", "”"), ('"', '"'), ("「", "」"), ("『", "』"), ("‘", "’"), ("«", "»"), ("„", "“"))
_BREAKS = re.compile(r"<br\s{0,3}/?>|<p>|</p>|<li>", re.IGNORECASE)
_TAGS = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,9}(?:\s[^<>\n]{0,200})?/?>")
_ENTITIES = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,6});")
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]{1,2000})\*\*|__(?=\S)([^_\n]{1,2000})__|~~(?=\S)([^~\n]{1,2000})~~")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,2000})\*(?![\w*])")
_CODE = re.compile(r"(?<!`)`([^`\n]{1,2000})`(?!`)")
_NAME_SIGNS = (":", "：", "「", "『", "“", "[", "【", "（", "(")
"""One of these stands beside every name that a cell gives its words."""
_MOST_FOR_NAMES = 4000
_IS_HEARD = re.compile(
    "[\u3040-\u30ff\u4e00-\u9fff]{2,10}(?<![大小低高轻輕无無])[声聲]|[\u3040-\u30ff\u4e00-\u9fff]{1,8}の音"
    "|[\uac00-\ud7af ]{1,12} 소리"
)
"""What stands alone in brackets and is a sound: （门铃声）."""
_SOUND_WORDS = re.compile(r"^[a-z][\w' -]{0,60}$|[声聲音响響]$")


@dataclass
class Speech:
    """What a cell holds: lines in their order, and what is heard or shown but not said."""

    lines: list[Line] = field(default_factory=list[Line])
    sound: list[str] = field(default_factory=list[str])
    music: list[str] = field(default_factory=list[str])
    caption: list[str] = field(default_factory=list[str])
    on_screen: list[str] = field(default_factory=list[str])
    """Those of the captions that the film shows."""
    has_names: bool = False
    notes: list[str] = field(default_factory=list[str])
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
    thinker: str = "",
) -> Speech:
    """The lines of one cell, in order.

    `speaker` is the row's own column, `known` the names that the table's columns use (see `name_key`). Each line of
    the cell may name its speaker before a colon; one that does not goes on with the speaker of the line above, or is
    the narrator's (`unnamed`). An inner voice without a name is the `thinker`'s.
    With `dashes`, a name may stand before a dash too: `PAUL (off) — Je savais.`
    """
    speech = Speech()
    start = Voice(narrator=unnamed == "narrator")
    if speaker.strip():
        start = with_directions(_voice(speaker, Voice(thinker)))
    current, only_known = start, bool(speaker.strip()) and not start.narrator
    text = without_labelled(
        _without_notes(clean(cell), speech), {"sound": speech.sound, "music": speech.music}, has_speaker=only_known
    )
    if dashes and unnamed == "nobody" and not only_known:
        text = "\n".join(with_colon(line, known) for line in text.split("\n"))
    pieces = list(pieces_of(text, known, only_known=only_known))
    alone = len(pieces) == 1
    for index, (cue, text) in enumerate(pieces):
        if (
            not cue
            and index + 1 < len(pieces)
            and is_cue(text, pieces[index + 1], known, is_said=unnamed != "narrator")
        ):
            cue, text = text.strip().rstrip(":：").strip(), ""
            pieces[index] = cue, text
        if cue:
            speech.has_names = True
            if label := label_of(cue):
                getattr(speech, label).append(_unquoted(text))
                speech.on_screen += [_unquoted(text)] if is_on_screen(cue) else []
                current = start
                continue
            is_known = name_key(cue) in known
            if (not is_known or is_a_phone(cue)) and (
                heard := sound_of_a_thing(cue, text, among_sounds=unnamed == "sound")
            ):
                speech.sound.append(heard)
                current = start
                continue
            who = voice_of(cue) if is_known else _voice(cue, Voice(thinker) if thinker else current)
            current = with_directions(who)
        elif unnamed != "nobody" and text.strip() and not _goes_on(pieces, index):
            current = start
        _say(speech, text, current, unnamed if not cue and current == start else "nobody", alone=alone, cue=bool(cue))
        current = start if current == start else replace(current, direction="")
    return speech


def _voice(name: str, thinker: Voice) -> Voice:
    """Who a name in front of words means. Thoughts that are nobody's are the thinker's, else the narrator's."""
    unseen = unseen_voice(name)
    if unseen is None:
        return voice_of(name)
    if unseen.kind == "source":
        return Voice(narrator=True, voice=unseen.name)
    person = BRACKETED.sub("", unseen.name or thinker.speaker).strip()
    if not person or unseen_voice(person):
        return Voice(narrator=True)
    return Voice(f"{person}（{unseen.mark}）" if has_cjk(person) else f"{person} ({unseen.mark.lower()})")


def _without_notes(text: str, speech: Speech) -> str:
    """The text without its notes: lines behind the mark of a note, ※."""
    if "※" not in text:
        return text
    lines = text.split("\n")
    speech.notes += [line.strip(" ※") for line in lines if line.lstrip().startswith("※")]
    return "\n".join(line for line in lines if not line.lstrip().startswith("※"))


def lines_of(dialogue: str, *, speaker: str = "", known: frozenset[str] = frozenset()) -> tuple[Line, ...]:
    """The lines of one dialogue cell; see `speech_of`."""
    return tuple(speech_of(dialogue, speaker=speaker, known=known).lines)


def names_in(cell: str) -> Iterable[str]:
    """The people whom the lines of a cell name, as they are written."""
    yield from (name for name, _ in _named(cell))


def known_speakers(cells: Iterable[str]) -> frozenset[str]:
    """Return the names, as `name_key` compares them, that stand in front of more than one line of the cells.

    A thing is somebody where it says a sentence: `Bell: I will not leave.`
    """
    often: set[str] = set()
    once: set[str] = set()
    for cell in cells:
        for name, text in _named(cell):
            key = name_key(name)
            if is_a_thing(name):
                often.update({key} if is_a_sentence(text) else ())
            else:
                (often if key in once else once).add(key)
    return frozenset(often)


def _named(cell: str) -> Iterable[tuple[str, str]]:
    """The people whom the lines of a cell name, each with the words."""
    if not any(sign in cell for sign in _NAME_SIGNS):
        return
    for cue, text in pieces_of(clean(cell[:_MOST_FOR_NAMES]), frozenset(), only_known=False):
        if not cue or label_of(cue) or voice_of(cue).narrator or sound_of_a_thing(cue, text):
            continue
        if (unseen := unseen_voice(cue)) is None:
            yield voice_of(cue).speaker, text
        elif unseen.kind == "inner" and unseen.name:
            yield unseen.name, text


def has_labels(cell: str) -> bool:
    """Whether any line of a cell names who says it or what it is: `NAME:`, 旁白：, SFX:."""
    return any(cue for cue, _ in pieces_of(clean(cell[:_MOST_FOR_NAMES]), frozenset(), only_known=False))


def has_spoken_names(cell: str, *, among_sounds: bool = False) -> bool:
    """Whether any line of a cell names who speaks it, a person or a narrator; see `sound_of_a_thing`."""
    text = clean(cell[:_MOST_FOR_NAMES])
    if any(is_bare_cue(line.strip(), after) for line, after in pairwise(text.split("\n"))):
        return True
    return any(
        cue and not label_of(cue) and not sound_of_a_thing(cue, said, among_sounds=among_sounds)
        for cue, said in pieces_of(text, frozenset(), only_known=False)
    )


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
    if not said and len(directions) == 1 and not cue and _IS_HEARD.fullmatch(directions[0]):
        speech.sound.append(directions[0])
        return
    directions = [*speech.pending, *filter(None, [who.direction]), *directions]
    speech.pending = [] if said else directions
    if not said:
        return
    if unnamed == "sound":
        speech.sound.append(said)
        return
    told = [d for d in directions if not who.speaker and tells(d)]
    if told and not who.narrator:
        who = Voice(narrator=True)
    direction = "; ".join(d for d in directions if d not in told and not (who.speaker and is_heard_only(d)))
    off = next((d for d in directions if is_heard_only(d)), "")
    speaker = who.speaker
    if speaker and off and off not in speaker:
        speaker = f"{speaker}（{off}）" if has_cjk(speaker) else f"{speaker} ({off})"
    speech.lines.append(Line(speaker=speaker, text=said, direction=direction, narrator=who.narrator, voice=who.voice))


def _goes_on(pieces: list[tuple[str, str]], index: int) -> bool:
    """Whether the words without a name belong to the cue that stands alone above them."""
    return any(cue and not text for cue, text in pieces[max(0, index - 2) : index]) or (
        index > 0 and not pieces[index - 1][0] and bool(BRACKETED.fullmatch(pieces[index - 1][1].strip()))
    )


def _without_directions(text: str) -> tuple[str, list[str]]:
    """The words alone, and what brackets and `*whispers*` among them say of how they are said."""
    directions: list[str] = []
    if "*" in text:
        text = _EMPHASIS.sub(lambda found: _emphasised(found[1], directions), text)
    if not any(sign in text for sign in OPEN):
        return text.strip(), directions
    kept: list[str] = []
    position = 0
    for found in BRACKETED.finditer(text):
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
