"""Put the changed words of a row into its shots: each line into the shot in which it was spoken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from clash.editing.rows import NOTE, plain
from clash.story.cells import split_list
from clash.story.screenplay import Beat, Character, Line, Shot
from clash.story.speakers import is_off, name_key, spoken_by, voice_of


@dataclass(frozen=True)
class _Heard:
    """The words of a row: what is told over its pictures, and its lines."""

    narration: str
    lines: tuple[Line, ...]


def with_words(old: Beat, new: Beat, shots: Sequence[Shot], cast: Sequence[Character]) -> list[Shot] | None:
    """The shots of a row with its new words; None where only a writer can say who speaks, and in which shot."""
    if _newly_seen(old, new, shots, cast):
        return None
    names = {name_key(character.name): character.name for character in cast}
    heard = _as_the_shots_hear(old, new, shots, names)
    if len(shots) == 1:
        after = heard[1] if heard else _read(new, names, told=False)
        return [_spoken(shots[0], after.narration, _kept_lines(shots[0].dialogue, after.lines))]
    if heard is None:
        return None
    before, after = heard
    narrations = _narrations(before, after, shots)
    owners = _owners(before.lines, after.lines, shots)
    said: list[Shot] = []
    for index, shot in enumerate(shots):
        lines = [line for line, owner in zip(after.lines, owners, strict=True) if owner == index]
        said.append(_spoken(shot, narrations[index], _kept_lines(shot.dialogue, lines)))
    return said


def _newly_seen(old: Beat, new: Beat, shots: Sequence[Shot], cast: Sequence[Character]) -> set[str]:
    """The keys of the names of those who speak now, and whom neither the row nor its pictures had."""
    shown = {slug for shot in shots for slug in shot.characters}
    seen = {name_key(character.name) for character in cast if character.slug in shown}
    known = {name_key(character.name) for character in cast}
    before = {name_key(name) for name in _speakers(old)}
    return {
        key
        for name in _speakers(new)
        if (key := name_key(name)) not in before | seen and not (key in known and _is_only_heard(name))
    }


def _is_only_heard(name: str) -> bool:
    return any(is_off(match["note"]) for match in NOTE.finditer(name))


def _spoken(shot: Shot, narration: str, dialogue: Sequence[Line]) -> Shot:
    if narration == shot.narration and tuple(dialogue) == shot.dialogue:
        return shot
    return shot.model_copy(update={"narration": narration, "dialogue": tuple(dialogue)})


def _speakers(beat: Beat) -> set[str]:
    return {
        name
        for line in beat.dialogue
        if line.speaker and not line.narrator and not voice_of(line.speaker).narrator
        for name in split_list(line.speaker)
    }


def _read(beat: Beat, names: Mapping[str, str], *, told: bool) -> _Heard:
    """The words of a row. `told`: lines of a speaker who is a narrator are told with the narration."""
    narration = [beat.narration] if beat.narration else []
    lines: list[Line] = []
    for line in beat.dialogue:
        if told and line.speaker and voice_of(line.speaker).narrator:
            narration.append(line.text)
        elif line.narrator or not line.speaker:
            lines.append(line)
        else:
            name = names.get(name_key(line.speaker))
            lines.append(spoken_by(line, name) if name else line)
    return _Heard("\n".join(narration), tuple(lines))


def _is_heard(heard: _Heard, shots: Sequence[Shot]) -> bool:
    """Whether these are just the words of the shots."""
    narration = " ".join(shot.narration for shot in shots)
    lines = [plain(line.text) for shot in shots for line in shot.dialogue]
    return plain(narration) == plain(heard.narration) and lines == [plain(line.text) for line in heard.lines]


def _as_the_shots_hear(
    old: Beat, new: Beat, shots: Sequence[Shot], names: Mapping[str, str]
) -> tuple[_Heard, _Heard] | None:
    """The words of the old row and of the new one, both read as the writer of these shots read them."""
    for told in (False, True):
        before = _read(old, names, told=told)
        if _is_heard(before, shots):
            return before, _read(new, names, told=told)
    if not old.narration and not old.dialogue and not any(shot.dialogue for shot in shots):
        # The description is read aloud; without a narration of its own the row goes on to be.
        before, after = _Heard(" ".join(shot.narration for shot in shots), ()), _read(new, names, told=False)
        return before, after if after.narration else _Heard(before.narration, after.lines)
    return None


def _kept_lines(before: Sequence[Line], after: Sequence[Line]) -> list[Line]:
    """The lines of a shot; one that says what it said stays as it was written."""
    waiting = list(before)
    kept: list[Line] = []
    for line in after:
        same = next((one for one in waiting if _same(one, line)), None)
        if same is not None:
            waiting.remove(same)
        kept.append(same or line)
    return kept


def _same(one: Line, other: Line) -> bool:
    return (
        name_key(one.speaker) == name_key(other.speaker)
        and plain(one.text) == plain(other.text)
        and (one.direction, one.narrator, one.voice) == (other.direction, other.narrator, other.voice)
    )


def _owners(before: Sequence[Line], after: Sequence[Line], shots: Sequence[Shot]) -> list[int]:
    """The shot (its index) of each line: that of the line in whose place it stands, else that of the line before it."""
    of_before = [index for index, shot in enumerate(shots) for _ in shot.dialogue]
    found: list[int | None] = [None] * len(after)
    matcher = SequenceMatcher(None, *([_key(line) for line in lines] for lines in (before, after)), autojunk=False)
    for _, start, end, to, until in matcher.get_opcodes():
        for one, other in zip(range(start, end), range(to, until), strict=False):
            found[other] = of_before[one]
    first = next((owner for owner in found if owner is not None), len(shots) - 1)
    owners: list[int] = []
    for owner in found:
        owners.append(owner if owner is not None else owners[-1] if owners else first)
    return owners


def _key(line: Line) -> tuple[str, str]:
    return name_key(line.speaker), plain(line.text)


def _narrations(before: _Heard, after: _Heard, shots: Sequence[Shot]) -> list[str]:
    """The narration of each shot: cut where it was cut before, as far as its words are the same."""
    if plain(before.narration) == plain(after.narration):
        return [shot.narration for shot in shots]
    told = [index for index, shot in enumerate(shots) if shot.narration.strip()]
    found = ["" for _ in shots]
    if len(told) < 2:
        found[told[0] if told else 0] = after.narration
        return found
    old, new = before.narration.split(), after.narration.split()
    cuts: list[int] = []
    for index in told[:-1]:
        cuts.append((cuts[-1] if cuts else 0) + len(shots[index].narration.split()))
    moved = [_moved(cut, SequenceMatcher(None, old, new, autojunk=False).get_opcodes()) for cut in cuts]
    for index, start, end in zip(told, [0, *moved], [*moved, len(new)], strict=True):
        found[index] = " ".join(new[start:end])
    return found


def _moved(cut: int, opcodes: Sequence[tuple[str, int, int, int, int]]) -> int:
    """Where a cut between two words of the old text is in the new one."""
    for tag, start, end, to, until in opcodes:
        if start <= cut < end:
            return to + cut - start if tag == "equal" else to
        if cut == end and tag != "insert":
            return until
    return opcodes[-1][4] if opcodes else 0
