"""Find a look that a changed description says otherwise: only words of somebody's known look were replaced in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from clash.editing.looks import LookChange, replaced, reworded
from clash.editing.rows import plain
from clash.story.screenplay import Character, Shot

_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+(?:['’-]\w+)*"
)
_CONTEXT = 3
_LEAST_WORDS = 2
"""A phrase of one word (old, new) may be about anything; with a word beside it (old coat), it is the look's."""


@dataclass(frozen=True)
class ToldLook:
    """Words of a character's look, and those that stand in their place now."""

    slug: str
    before: str
    after: str


def told_looks(
    before: str, after: str, shots: Sequence[Shot], cast: Sequence[Character], others: Iterable[str]
) -> tuple[ToldLook, ...]:
    """Whose look a description says otherwise now; none if it says anything else otherwise.

    `shots` are those of its row, and `others` the descriptions of all other rows: where one still says the old words,
    the look is not changed.
    """
    shown = {slug for shot in shots for slug in shot.characters}
    looks = {character.slug: character.look for character in cast if character.slug in shown and character.look}
    phrases = _replaced_phrases(plain(before), plain(after)) if looks else []
    remaining = ""
    found: list[ToldLook] = []
    for candidates in phrases:
        owned = [
            ToldLook(slug, old, new)
            for old, new in candidates
            for slug, look in looks.items()
            if replaced(look, old, new)[1]
        ]
        if len({look.slug for look in owned}) != 1:
            return ()
        remaining = remaining or "\n".join(map(plain, others))
        if any(replaced(remaining, look.before, look.after)[1] for look in owned):
            return ()
        found.append(owned[0])
    return tuple(found)


def with_told(changes: Sequence[LookChange], told: Iterable[ToldLook], cast: Sequence[Character]) -> list[LookChange]:
    """All changes of looks, those of the column of characters first."""
    found = list(changes)
    now = {character.slug: character for character in cast}
    now |= {change.after.slug: change.after for change in found}
    for one in dict.fromkeys(told):
        before = now[one.slug]
        update = {name: replaced(getattr(before, name), one.before, one.after)[0] for name in ("look", "description")}
        update["voice"] = reworded(before.voice, one.before, one.after)[0]
        now[one.slug] = before.model_copy(update=update)
        found.append(LookChange(before, now[one.slug], ((one.before, one.after),)))
    return found


def with_told_words(shots: Sequence[Shot], told: Sequence[ToldLook], *, aloud: bool) -> list[Shot]:
    """The shots of the row, which say the new words where they said the old ones. `aloud`: its description is read."""
    found: list[Shot] = []
    for shot in shots:
        update: dict[str, str] = {}
        for name in ("action", "image_prompt", "video_prompt", *(("narration",) if aloud else ())):
            text = getattr(shot, name)
            for one in told:
                text = replaced(text, one.before, one.after)[0]
            if text != getattr(shot, name):
                update[name] = text
        found.append(shot.model_copy(update=update) if update else shot)
    return found


def _replaced_phrases(before: str, after: str) -> list[list[tuple[str, str]]]:
    """For each place where words were replaced by others: the phrases of both, the longest context first.

    Empty if words were only added or taken away anywhere.
    """
    old, new = ([(m.start(), m.end(), m[0].casefold()) for m in _TOKEN.finditer(text)] for text in (before, after))
    matcher = SequenceMatcher(None, [word for *_, word in old], [word for *_, word in new], autojunk=False)
    found: list[list[tuple[str, str]]] = []
    for tag, start, end, to, until in matcher.get_opcodes():
        if tag == "equal":
            continue
        if tag != "replace":
            return []
        candidates: list[tuple[str, str]] = []
        for left in range(_CONTEXT, -1, -1):
            for right in range(_CONTEXT, -1, -1):
                if start - left < 0 or end + right > len(old) or to - left < 0 or until + right > len(new):
                    continue
                if end - start + left + right < _LEAST_WORDS:
                    continue
                one = before[old[start - left][0] : old[end + right - 1][1]]
                other = after[new[to - left][0] : new[until + right - 1][1]]
                candidates.append((one, other))
        found.append(sorted(candidates, key=lambda pair: -len(pair[0])))
    return found
