"""The breakdown of a row of the table into shots, before their framing is chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from clash.local.screenwriting.casting import Cast, goes_on
from clash.local.screenwriting.names import is_narrator, is_only_heard
from clash.local.screenwriting.rhythm import Role, shows_a_detail
from clash.story.screenplay import Beat, Language, Line
from clash.story.speakers import spoken_by

_WORDS_A_SECOND = 2.4
_CHARACTERS_A_SECOND = 4.0
_PAUSE_S = 0.8
_SILENT_S = 3.0
_SPOKEN_S = 2.5
_LONGEST_S = 12.0
_LONGEST_WHILE_ACTING_S = 4.0
_MOST_ACTIONS = 4
_WORDS_IN_ONE_LINE_SHOT = 24.0 / _WORDS_A_SECOND

_SENTENCE_END = re.compile(
    r"(?:(?<=[.!?…])|(?<=[.!?][\"”’']))(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\bSt\.)\s+(?=[\"“‘'(]?[^\sa-z])"
    r"|(?<=[。！？])(?![”’」』])\s*(?=\S)|(?<=[。！？][”’」』])\s*(?=\S)|\n+"
)
_SOMEBODYS = re.compile(r"\b(?:his|her|he|she)\b|[他她]", re.IGNORECASE)
_THE_OTHERS = re.compile(r"\b(?:hers|him|theirs|each other)\b", re.IGNORECASE)
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class Draft:
    """A shot that is planned but not framed. `seconds` is None until the words decide it."""

    role: Role
    action: str
    characters: tuple[str, ...]
    dialogue: tuple[Line, ...] = ()
    narration: str = ""
    seconds: float | None = None
    is_only_talk: bool = False

    @property
    def natural_s(self) -> float:
        """How long the shot would last if the story does not say; an action takes as long as one without words."""
        seconds = seconds_for(self.narration, *(line.text for line in self.dialogue))
        return seconds if self.is_only_talk else max(_SILENT_S, seconds)


def seconds_for(*texts: str) -> float:
    """Seconds that a shot needs for the words spoken in it, at least 3 when there are none, at most 12.

    >>> seconds_for(""), seconds_for("You came back. I was not sure you would.")
    (3.0, 4.5)
    """
    spoken = sum(_spoken_s(text) for text in texts)
    if not spoken:
        return _SILENT_S
    return round(min(_LONGEST_S, max(_SPOKEN_S, spoken + _PAUSE_S)), 1)


def keep_row(beat: Beat, cast: Cast, language: Language, *, place: str, before: tuple[str, ...]) -> Draft:
    """A row of a shot list: one shot, whatever it holds."""
    dialogue, narration = _voices(beat, cast)
    seen = cast.seen_in(beat, before)
    speaks = any(not line.narrator for line in dialogue)
    if beat.description.strip():
        role: Role = "action" if seen else "establishing"
        if speaks and seen:
            role = "line"
        elif shows_a_detail(beat.description):
            role = "detail"
        action = beat.description
    else:
        role = "line" if speaks and seen else "action" if seen else "establishing"
        action = _unwritten_action(beat, cast, seen, speaks, language, place)
    return Draft(role, action, seen, dialogue, narration, beat.duration_s)


def break_down(
    beat: Beat, cast: Cast, language: Language, *, place: str, new_place: bool, before: tuple[str, ...]
) -> list[Draft]:
    """A row of prose: an establishing shot where a place is new, the action, and one shot for each line.

    Narration is heard over the first shot; a row that is narrated by its own description, sentence by sentence.
    """
    dialogue, narration = _voices(beat, cast)
    seen = cast.seen_in(beat, before)
    sentences = sentences_of(beat.description)
    drafts: list[Draft] = []
    if new_place:
        first = sentences.pop(0) if sentences else _arrival(place, language)
        drafts.append(
            Draft("establishing", first, cast.mentioned(first) or (seen if goes_on(first) or not sentences else ()))
        )
    for group in _grouped(sentences, joined=" " if language == "en" else ""):
        drafts.append(_action_shot(group, cast.mentioned(group), seen, dialogue, cast))
    told_first = next((at for at, line in enumerate(dialogue) if not line.narrator), len(dialogue))
    drafts = _with_lines(drafts, _line_shots(beat, dialogue[told_first:], cast, seen, language))
    if not drafts:
        drafts.append(Draft("action", _unwritten_action(beat, cast, seen, False, language, place), seen))
    if told_first:
        drafts[0] = replace(drafts[0], dialogue=(*dialogue[:told_first], *drafts[0].dialogue))
    if narration and narration == beat.description:
        drafts = [draft if draft.is_only_talk else replace(draft, narration=draft.action) for draft in drafts]
    else:
        drafts[0] = replace(drafts[0], narration=narration)
    return drafts if beat.duration_s is None else _within(drafts, beat.duration_s)


def _action_shot(
    text: str, named: tuple[str, ...], seen: tuple[str, ...], dialogue: Sequence[Line], cast: Cast
) -> Draft:
    """What somebody does, or a thing close by. "His hands" are those of the next speaker.

    "Tomas lays his hand over hers" shows two people: the one who is named and the only other there.
    """
    if not shows_a_detail(text):
        return Draft("action", text, named or seen)
    speakers = [member.slug for line in dialogue if (member := cast.find(line.speaker)) and member.slug in seen]
    if len(named) == 1 and len(seen) == 2 and _THE_OTHERS.search(text):
        return Draft("detail", text, (*named, *(slug for slug in seen if slug not in named)))
    owner = tuple((speakers or list(seen))[:1]) if _SOMEBODYS.search(text) else ()
    return Draft("detail", text, named or owner)


def _with_lines(actions: list[Draft], lines: list[Draft]) -> list[Draft]:
    """A person who acts alone says the first line while acting; the film cuts to the others."""
    if actions and lines and actions[-1].role == "action" and len(actions[-1].characters) == 1:
        first = lines[0]
        if first.characters[:1] == actions[-1].characters and first.natural_s <= _LONGEST_WHILE_ACTING_S:
            said = replace(actions[-1], dialogue=first.dialogue)
            return [*actions[:-1], said, *lines[1:]]
    return [*actions, *lines]


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, without empty ones.

    >>> sentences_of("Dr. Lee waits. “Now?” She nods.")
    ['Dr. Lee waits.', '“Now?”', 'She nods.']
    """
    return [piece.strip() for piece in _SENTENCE_END.split(text) if piece and piece.strip()]


def _spoken_s(text: str) -> float:
    return len(_WORD.findall(text)) / _WORDS_A_SECOND + len(_IDEOGRAPH.findall(text)) / _CHARACTERS_A_SECOND


def _voices(beat: Beat, cast: Cast) -> tuple[tuple[Line, ...], str]:
    """The row's lines under the names of the cast, and its narration with the narrator's own lines."""
    lines: list[Line] = []
    told = [beat.narration] if beat.narration else []
    for line in beat.dialogue:
        member = cast.find(line.speaker)
        if _is_told(line):
            told.append(line.text)
        else:
            lines.append(spoken_by(line, member.name) if member else line)
    return tuple(lines), "\n".join(told)


def _is_told(line: Line) -> bool:
    return bool(line.speaker) and is_narrator(line.speaker)


def _line_shots(
    beat: Beat, dialogue: Sequence[Line], cast: Cast, seen: Sequence[str], language: Language
) -> list[Draft]:
    """One shot for each change of speaker; a speaker who is only heard is listened to."""
    spoken = [line for line in beat.dialogue if not _is_told(line)]
    heard = [is_only_heard(line.speaker) for line in spoken[len(spoken) - len(dialogue) :]]
    shots: list[Draft] = []
    for line, offscreen in zip(dialogue, heard, strict=True):
        if line.narrator and shots:
            shots[-1] = replace(shots[-1], dialogue=(*shots[-1].dialogue, line))
            continue
        member = cast.find(line.speaker)
        others = tuple(slug for slug in seen if member is None or slug != member.slug)
        people = others if offscreen or member is None else (member.slug, *others)
        last = shots[-1] if shots else None
        if last and last.dialogue[-1].speaker == line.speaker:
            words = sum(_spoken_s(said.text) for said in (*last.dialogue, line))
            if words <= _WORDS_IN_ONE_LINE_SHOT:
                shots[-1] = replace(last, dialogue=(*last.dialogue, line))
                continue
        shots.append(
            Draft(
                "line", _speaking(line.speaker, beat.emotion, offscreen, language), people, (line,), is_only_talk=True
            )
        )
    return shots


def _speaking(name: str, emotion: str, offscreen: bool, language: Language) -> str:
    mood = emotion.strip()[:80]
    if language == "zh":
        who = name or "有人"
        return f"画外传来{who}的声音。" if offscreen else f"{who}{mood}地说话。" if mood else f"{who}说话。"
    who = name or "Somebody"
    what = "is heard from off screen" if offscreen else "speaks"
    return f"{who} {what}, {mood}." if mood else f"{who} {what}."


def _unwritten_action(beat: Beat, cast: Cast, seen: Sequence[str], speaks: bool, language: Language, place: str) -> str:
    """What is seen in a row that does not say it."""
    prompt = beat.image_prompt or beat.video_prompt
    if prompt:
        return prompt
    spoken = next((line for line in beat.dialogue if not line.narrator), None)
    if speaks and spoken:
        member = cast.find(spoken.speaker)
        return _speaking(
            member.name if member else spoken.speaker, beat.emotion, is_only_heard(spoken.speaker), language
        )
    names = [cast.named(slug) for slug in seen]
    if names:
        return f"{'、'.join(names)}在画面中。" if language == "zh" else f"{', '.join(names)} in the picture."
    return _arrival(place, language)


def _arrival(place: str, language: Language) -> str:
    if language == "zh":
        return f"{place or '此地'}的全貌。"
    return f"A view of {place}." if place else "A view of the place."


def _grouped(sentences: Sequence[str], *, joined: str) -> list[str]:
    """Two sentences a shot; a long text is spread over at most four shots."""
    if not sentences:
        return []
    shots = min(_MOST_ACTIONS, (len(sentences) + 1) // 2)
    bounds = [round(i * len(sentences) / shots) for i in range(shots + 1)]
    return [joined.join(sentences[start:end]) for start, end in pairwise(bounds) if end > start]


def _within(drafts: list[Draft], seconds: float) -> list[Draft]:
    """Share the beat's own length among its shots; a beat too short for them has fewer."""
    keep = max(1, min(len(drafts), int(seconds // _SPOKEN_S)))
    last = drafts[keep - 1]
    for dropped in drafts[keep:]:
        last = replace(
            last,
            action=last.action
            if dropped.role == "line" and not dropped.action
            else f"{last.action} {dropped.action}".strip(),
            characters=tuple(dict.fromkeys((*last.characters, *dropped.characters))),
            dialogue=(*last.dialogue, *dropped.dialogue),
            narration=last.narration or dropped.narration,
        )
    kept = [*drafts[: keep - 1], last]
    natural = sum(draft.natural_s for draft in kept)
    lengths = [max(0.1, round(seconds * draft.natural_s / natural, 1)) for draft in kept[:-1]]
    lengths.append(round(max(0.1, seconds - sum(lengths)), 3))
    return [replace(draft, seconds=length) for draft, length in zip(kept, lengths, strict=True)]
