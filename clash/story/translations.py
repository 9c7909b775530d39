"""The words of a film in other languages: each stays with the line that it translates, from the story to the cut."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from clash.story.language import script_of
from clash.story.screenplay import Beat, Line, Screenplay, Shot, Story
from clash.story.words import has_cjk

_SENTENCES = re.compile(r"[^.!?…。！？]+[.!?…。！？]*[\"”’」』)）]*|[.!?…。！？]+")
MOST_LANGUAGES = 8
"""Tracks of subtitles that a film has beside those of its own language."""


def without_translations(story: Story) -> Story:
    """The story as writers are given it: what nobody speaks is not paid for, and decides no call's key."""
    if not any(beat.narration_translations or any(line.translations for line in beat.dialogue) for beat in story.beats):
        return story
    beats = tuple(
        beat.model_copy(update={"narration_translations": {}, "dialogue": tuple(map(_bare_line, beat.dialogue))})
        for beat in story.beats
    )
    return story.model_copy(update={"beats": beats})


def bare_shot(shot: Shot) -> Shot:
    """The shot as pictures and clips are made of it: without translations and words on the screen."""
    if not (shot.on_screen_text or shot.narration_translations or any(line.translations for line in shot.dialogue)):
        return shot
    lines = tuple(map(_bare_line, shot.dialogue))
    return shot.model_copy(update={"on_screen_text": "", "narration_translations": {}, "dialogue": lines})


def with_translations(screenplay: Screenplay, story: Story, before: Story | None = None) -> Screenplay:
    """The screenplay with the story's translations of its words.

    With `before`, the story that the screenplay was made of, only those that the table says otherwise now: what a
    person wrote into the screenplay stays.
    """
    pieces, old = _pieces_by_row(story), _pieces_by_row(before) if before else {}
    if not any(piece.translations for row in (*pieces.values(), *old.values()) for piece in row):
        return screenplay
    told = {text: found for row in old.values() for text, found in ((p.text, p.translations) for p in row)}
    shots = {id(shot): shot for shot in screenplay.shots}
    by_row: dict[int, list[Shot]] = defaultdict(list)
    for shot in screenplay.shots:
        by_row[shot.source_row].append(shot)
    for row, found in pieces.items():
        changed = [p for p in found if before is None or told.get(p.text, {}) != p.translations]
        for shot, translated in zip(by_row[row], _translated(by_row[row], changed), strict=True):
            shots[id(shot)] = translated
    scenes = tuple(
        scene.model_copy(update={"shots": tuple(shots[id(shot)] for shot in scene.shots)})
        for scene in screenplay.scenes
    )
    return screenplay.model_copy(update={"scenes": scenes})


def words_of(shot: Shot) -> list[Line]:
    """All words of a shot in the order they are heard; the narrator's have no speaker."""
    narration = [Line(text=shot.narration, translations=shot.narration_translations)] if shot.narration.strip() else []
    return narration + [line for line in shot.dialogue if line.text.strip()]


def languages_beside(screenplay: Screenplay) -> tuple[str, ...]:
    """The languages in which words of the film are written beside its own, in the order of the film."""
    lines = (line for shot in screenplay.shots for line in words_of(shot))
    return tuple(dict.fromkeys(tag for line in lines for tag in line.translations if tag != screenplay.language))


def translated_words(shot: Shot, language: str) -> Iterator[tuple[str, str]]:
    """Speaker and words of each line of a shot in a language; "" where there are none.

    A speaker is named whose name is written as the words are: MARA before English, 阿岚 not.
    """
    for line in words_of(shot):
        text = line.translations.get(language, "")
        yield (line.speaker if script_of(line.speaker) == script_of(text) else ""), text


def shared_out(texts: Sequence[str], beside: Sequence[str]) -> list[str]:
    """Texts shared out over others: one each, where there are as many; else in proportion to their letters.

    >>> shared_out(["You came back. I waited. Sit."], ["你回来了。我等着你。", "坐。"])
    ['You came back. I waited.', 'Sit.']
    """
    if len(texts) == len(beside):
        return list(texts)
    atoms = list(texts) if len(texts) > len(beside) else [s for text in texts for s in _sentences(text)]
    ends = list(accumulate(max(1, len(text)) for text in beside))
    total = sum(map(len, atoms)) or 1
    found: list[list[str]] = [[] for _ in beside]
    done = 0
    for atom in atoms:
        middle = (done + len(atom) / 2) / total * ends[-1]
        found[next((i for i, end in enumerate(ends) if middle <= end), len(ends) - 1)].append(atom)
        done += len(atom)
    return [joined(text) for text in found]


def joined(texts: Iterable[str]) -> str:
    """Texts one after the other, with a space where their script has one."""
    text = ""
    for piece in texts:
        text += piece if not text or has_cjk(text[-1]) or text[-1] in "。！？" else f" {piece}"
    return text


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCES.findall(text) if sentence.strip()]


def _bare_line(line: Line) -> Line:
    return line.model_copy(update={"translations": {}}) if line.translations else line


@dataclass
class _Piece:
    """Words of a row, and what they are in other languages."""

    text: str
    translations: Mapping[str, str]
    is_used: bool = False


def _pieces_by_row(story: Story) -> dict[int, list[_Piece]]:
    found: dict[int, list[_Piece]] = {}
    for beat in story.beats:
        found.setdefault(beat.row, []).extend(_pieces(beat))
    return found


def _pieces(beat: Beat) -> Iterator[_Piece]:
    if beat.narration.strip():
        yield _Piece(_plain(beat.narration), beat.narration_translations)
    for line in beat.dialogue:
        yield _Piece(_plain(line.text), line.translations)


def _translated(shots: Sequence[Shot], pieces: Sequence[_Piece]) -> list[Shot]:
    """The shots of a row with the translations of their words."""
    found: list[Shot] = []
    for shot in shots:
        lines: list[Line] = []
        for line in shot.dialogue:
            piece = next((p for p in pieces if not p.is_used and p.text == _plain(line.text)), None)
            if piece is not None:
                piece.is_used = True
                line = line.model_copy(update={"translations": dict(piece.translations)})
            lines.append(line)
        found.append(shot.model_copy(update={"dialogue": tuple(lines)}))
    return _told(found, [piece for piece in pieces if not piece.is_used])


def _told(shots: Sequence[Shot], pieces: Sequence[_Piece]) -> list[Shot]:
    """The shots with the translations of what is told in them: a whole piece in one, or its parts in several."""
    found: list[dict[str, list[str]] | None] = [None for _ in shots]
    for piece in pieces:
        holding = [i for i, shot in enumerate(shots) if piece.text in _plain(shot.narration)][:1]
        holding = holding or [
            i for i, s in enumerate(shots) if s.narration.strip() and _plain(s.narration) in piece.text
        ]
        parts = [_plain(shots[i].narration) for i in holding]
        of_shots = [told if (told := found[i]) is not None else {} for i in holding]
        for i, told in zip(holding, of_shots, strict=True):
            found[i] = told
        for tag, text in piece.translations.items() if holding else ():
            for told, part in zip(of_shots, shared_out([text], parts), strict=True):
                if part:
                    told.setdefault(tag, []).append(part)
    return [
        shot
        if told is None
        else shot.model_copy(update={"narration_translations": {tag: joined(texts) for tag, texts in told.items()}})
        for shot, told in zip(shots, found, strict=True)
    ]


def _plain(text: str) -> str:
    return " ".join(text.split())
