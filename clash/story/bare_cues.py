"""Names in capitals that stand alone above their words, as screenplays write who speaks."""

from __future__ import annotations

import re

from clash.story.camera_terms import movement_of, size_of
from clash.story.headings import is_heading
from clash.story.speakers import could_be_a_name, is_direction, label_of, voice_of

BRACKETED = re.compile(r"[(（\[【［]([^()（）\[\]【】［］\n]*)[)）\]】］]")
TRANSITION = re.compile(r"[A-Z .]{2,30}TO:?|>[^<]*|FADE (?:IN|OUT)[.:]?|CUT TO BLACK[.:]?")
_NO_NAMES = frozenset(
    {"later", "continuous", "montage", "intercut", "flashback", "insert", "pov", "angle", "moments", "meanwhile"}
    | {"end", "title", "back", "on", "dream", "credits", "series", "start", "begin", "same", "establishing"}
)
_MOST_WORDS_OF_A_CUE = 3


def is_bare_cue(line: str, after: str) -> bool:
    """Return whether a line is a name in capitals that stands alone above its words.

    >>> is_bare_cue("MARA (V.O.)", "Not once."), is_bare_cue("CUT TO:", "The sea.")
    (True, False)
    """
    bare = BRACKETED.sub("", line).strip()
    words = bare.split()
    if (
        not any(c.isalpha() for c in after)
        or not in_capitals(bare)
        or len(bare) < 2
        or len(words) > _MOST_WORDS_OF_A_CUE
    ):
        return False
    if TRANSITION.fullmatch(line) or is_heading(line) or in_capitals(BRACKETED.sub("", after)):
        return False
    return may_speak(bare)


def may_speak(name: str) -> bool:
    """Return whether a name without notes in brackets may be that of somebody who speaks."""
    if not name or not could_be_a_name(name) or label_of(name) or is_direction(name) or voice_of(name).narrator:
        return False
    return not (any(word in _NO_NAMES for word in name.casefold().split()) or size_of(name) or movement_of(name))


def in_capitals(text: str) -> bool:
    """Return whether a text is written in capitals."""
    return text.upper() == text and text.lower() != text
