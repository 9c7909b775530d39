"""Moves of the camera in the words of their author: what a prompt says of a move that has no name of its own here."""

from __future__ import annotations

import re
from functools import cache

from clash.story.camera_terms import angle_of, movement_of, named_exactly, other_movement_of
from clash.story.screenplay import Beat
from clash.story.vocabulary import languages
from clash.story.words import fold, has_cjk, is_cjk, listed

_LONGEST = 200
_PARTS = re.compile(r"\s*[,，、;；/／|+・]\s*|\s+[-–—]\s+")
_PLAIN = frozenset(
    listed(
        "a, the, to, from, and, of, with, at, very, on, shot, camera, slow, slowly, gentle, gently, slight, "
        "slightly, subtle, steady, smooth, pan, pans, panning, tilt, tilts, tilting, push, pushes, pushing, "
        "pull, pulls, pulling, dolly, dollies, zoom, zooms, zooming, in, out, up, down, left, right, back, "
        "forward, static, fixed, lock, locked, off, still, tripod, none, widen, widens, lento, lenta, "
        "lentamente, suave, lent, lente, lentement, doucement, langsam, langsame, langsamer, leicht, leichte, "
        "leichter, sanft, lentamente, leggera, медленно, медленный, плавно, cham, từ"
    )
)
"""Words beside which a move is still the plain one, and slow as the names of moves say it."""
_PLAIN_WIDE = frozenset("缓慢轻微推拉近远进出摇左右上下向往前后镜头机位固定静止不动无至到从由の천천히ゆっくり ")


@cache
def _listed() -> tuple[frozenset[str], tuple[str, ...]]:
    """The single words of the lists of moves, and those without spaces between words, the longest first."""
    single: set[str] = set()
    wide: set[str] = set()
    for language in languages():
        for values in language.sections.get("movements", {}).values():
            for phrase in listed(values):
                (wide if has_cjk(phrase) else single).update([phrase] if has_cjk(phrase) else phrase.split())
    return frozenset(single), tuple(sorted(wide, key=len, reverse=True))


def has_a_name(text: str) -> bool:
    """Whether a cell says one of the seven moves and nothing else, so that the move's name says all of it.

    >>> has_a_name("Slow push in"), has_a_name("缓推"), has_a_name("orbit"), has_a_name("push in on her hands")
    (True, True, False, False)
    """
    if movement_of(text) is None or other_movement_of(text):
        return False
    if len({movement_of(part) for part in _PARTS.split(text) if part} - {None}) > 1:
        return False
    if named_exactly(text):
        return True
    plain = fold(text).replace("→", " ")
    single, wide = _listed()
    for phrase in wide:
        plain = plain.replace(phrase, " ")
    rest = re.findall(r"[^\W_]+", plain)
    return all(set(word) <= _PLAIN_WIDE if is_cjk(word[0]) else word in single or word in _PLAIN for word in rest)


def own_words(text: str) -> str:
    """The move in the words of a table, without sizes and angles beside it; "" where a name says all of it.

    >>> own_words("MS, low angle, handheld"), own_words("static"), own_words("")
    ('handheld', '', '')
    """
    written = " ".join(text.split())[:_LONGEST]
    if not written or not any(letter.isalpha() for letter in written) or has_a_name(written):
        return ""
    parts = [part for part in _PARTS.split(written) if part]
    kept = [part for part in parts if not _is_framing(part)]
    if len(kept) == len(parts):
        return written
    joined = ("，" if has_cjk(written) else ", ").join(kept)
    return "" if not joined or has_a_name(joined) else joined


def _is_framing(part: str) -> bool:
    if other_movement_of(part) or movement_of(part):
        return False
    return named_exactly(part, "sizes") or angle_of(part) is not None


def replaced_move(beat: Beat) -> str:
    """The words of a row for a move that is none of the seven; "" where it has none."""
    text = " ".join(beat.movement.split())
    if not text or not any(letter.isalpha() for letter in text):
        return ""
    found = movement_of(text)
    return own_words(text) if found is None or other_movement_of(text) else ""
