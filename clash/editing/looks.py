"""Change the look of a character whose look the table's column of characters says otherwise now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from clash.editing.rows import RowContent, plain
from clash.story.screenplay import Character, Shot
from clash.story.speakers import name_key

_PARTS = re.compile(r"\s*[,，;；、/]\s*")


@dataclass(frozen=True)
class LookChange:
    """A character before and after, and the words of the table that were replaced."""

    before: Character
    after: Character
    replaced: tuple[tuple[str, str], ...]


def look_changes(
    pairs: Iterable[tuple[RowContent, RowContent]], new: Sequence[RowContent], cast: Sequence[Character]
) -> list[LookChange]:
    """Whose look the table changed. `pairs` are rows of the old and the new story that are the same row."""
    said: dict[str, set[str]] = {}
    for row in new:
        for key, look in row.looks.items():
            said.setdefault(key, set()).add(look)
    found: dict[str, tuple[str, str]] = {}
    for old, row in pairs:
        for key in old.looks.keys() | row.looks.keys():
            before, after = old.looks.get(key, ""), row.looks.get(key, "")
            # What another row still says, or says already, is no change: brackets often stand at a first mention only.
            if before != after and before not in said.get(key, set()) and (after or not said.get(key)):
                found.setdefault(key, (before, after))
    by_key = {name_key(character.name): character for character in cast}
    return [_changed(by_key[key], *found[key]) for key in found if key in by_key]


def is_a_costume(old: RowContent, new: RowContent, looks_of_story: Iterable[RowContent]) -> bool:
    """Whether the brackets of one row differ now from those that other rows still have for the same person."""
    others = [row.looks for row in looks_of_story if row is not new]
    return any(
        look != old.looks.get(key) and any(other.get(key) == old.looks.get(key) for other in others)
        for key, look in new.looks.items()
        if key in old.looks
    )


def with_new_looks(shot: Shot, changes: Sequence[LookChange]) -> Shot:
    """A shot whose prompts say the new look where they said the old one, word for word."""
    update: dict[str, str] = {}
    for change in changes:
        if change.before.slug not in shot.characters:
            continue
        for name in ("image_prompt", "video_prompt"):
            text: str = update[name] if name in update else getattr(shot, name)
            if change.before.look and change.before.look in text:
                text = text.replace(change.before.look, change.after.look)
            else:
                for before, after in change.replaced:
                    text = replaced(text, before, after)[0]
            if text != getattr(shot, name):
                update[name] = text
    return shot.model_copy(update=update) if update else shot


def _changed(character: Character, before: str, after: str) -> LookChange:
    look, voice = character.look, character.voice
    old, new = ([part for part in _PARTS.split(text) if part] for text in (before, after))
    gone, come = [part for part in old if part not in new], [part for part in new if part not in old]
    pairs = list(zip(gone, come, strict=False))
    is_told = True
    for one, other in pairs:
        look, found = reworded(look, one, other)
        voice = reworded(voice, one, other)[0]
        is_told = is_told and found
    for one in gone[len(come) :]:
        look = _without(look, one)
    look = ", ".join(filter(None, [look, *come[len(gone) :]]))
    if not is_told:
        # The look was put in words of the writer's own: those that the table says now contradict nothing.
        look = after
    return LookChange(character, character.model_copy(update={"look": look, "voice": voice}), tuple(pairs))


def reworded(text: str, before: str, after: str) -> tuple[str, bool]:
    """The text with one phrase in place of another, or with the words that differ between them."""
    whole, found = replaced(text, before, after)
    if found:
        return whole, True
    old, new = before.split(), after.split()
    is_whole = bool(text)
    for tag, start, end, to, until in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        whole, found = replaced(whole, " ".join(old[start:end]), " ".join(new[to:until]))
        is_whole = is_whole and found
    return (whole, True) if is_whole else (text, False)


def replaced(text: str, before: str, after: str) -> tuple[str, bool]:
    """The text with one phrase in place of another, and whether it held it: whole words, in capitals or not."""
    if not plain(before):
        return text, False
    pattern = rf"(?<!\w){re.escape(before)}(?!\w)" if before.isascii() else re.escape(before)
    found, count = re.subn(pattern, lambda _: after, text, flags=re.IGNORECASE)
    return found, bool(count)


def _without(text: str, part: str) -> str:
    pattern = (
        rf"(?:[,，;；、]\s*)?(?<!\w){re.escape(part)}(?!\w)" if part.isascii() else rf"[,，;；、]?{re.escape(part)}"
    )
    return re.sub(pattern, "", text, count=1, flags=re.IGNORECASE).strip(" ,，;；、")
