"""One shot: its words are spoken, its keyframe is drawn, and then the camera moves over it for as long as both need."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from clash.calls.spec import CallResult, CallSpec
from clash.editing.cast import CastSheet, prop_references, prop_words, props_in
from clash.editing.takes import Take, Takes, spec_of_take
from clash.film.timing import time_shot, windows
from clash.providers.ports import Caption, ImageRequest, Kind, Reference, SpeechRequest, VideoRequest
from clash.providers.voices import Person, VoiceIds
from clash.story.last_frames import ends_on
from clash.story.screenplay import Character, Language, Line, Location, Screenplay, Shot, shot_slot, slug
from clash.story.translations import bare_shot, words_of
from clash.workflow.context import CallLedger, Format, GroupingLedger
from clash.workflow.prompts import slate
from clash.workflow.state import FinishedShot, ShotTask, Speaker, Spoken, StoredFile
from clash.workflow.takes import Judge, all_or_first_error, approve_all, make_takes

_STEP = "generate_shots"
NARRATOR = "narrator"
_LONGEST_SPEECH_S = 3600.0


async def make_shot(
    task: ShotTask, ledger: CallLedger, film: Format, takes: Takes | None = None, judge: Judge = approve_all
) -> FinishedShot:
    """Make a shot of the selected takes, and the other takes that people asked for.

    Every call that it needs is made or found, also when one of them fails; then the first error is raised. What
    `judge` does not pass raises its error before anything is made of it.
    """
    chosen = takes or Takes()
    if not isinstance(ledger, GroupingLedger):
        return await _made(task, ledger, film, chosen, judge)

    async def plan(estimate: CallLedger) -> FinishedShot:
        return await _made(task, estimate, film, chosen, approve_all)

    with ledger.together(int(task["shot"]["number"]), plan) as grouped:
        return await _made(task, grouped, film, chosen, judge)


async def _made(task: ShotTask, ledger: CallLedger, film: Format, takes: Takes, judge: Judge) -> FinishedShot:
    """Make a shot with the calls of this ledger."""
    shot = Shot.model_validate(task["shot"])
    words = words_of(shot)
    clips = takes.to_make(task["slot"])
    of_takes = tuple(take.of_take for take in clips if take.of_take)
    end = task.get("ends_on")
    made = await all_or_first_error(
        make_takes(ledger, takes, keyframe_call(task, shot, film), also=of_takes),
        *(make_takes(ledger, takes, speech_call(task, line, number)) for number, line in enumerate(words, start=1)),
        *([make_takes(ledger, takes, keyframe_call(end, Shot.model_validate(end["shot"]), film))] if end else []),
    )
    last_frame = made.pop().selected if end else None
    keyframes, speeches = made[0], [speech.selected for speech in made[1:]]
    keyframe = keyframes.selected
    judge("keyframes", f"{task['slot']}/keyframe", keyframe.sha256)
    if end and last_frame is not None:
        judge("keyframes", f"{end['slot']}/keyframe", last_frame.sha256)
    lengths = [_length_s(speech) for speech in speeches]
    timing = time_shot(shot.duration_s, lengths, film.fps)
    spoken = [
        Spoken(file=stored(speech), start_s=round(start, 3), end_s=round(end, 3), speaker=line.speaker, text=line.text)
        for line, speech, (start, end) in zip(words, speeches, windows(timing, lengths), strict=True)
    ]

    async def make_clip(take: Take) -> CallResult:
        of_take = keyframes.of(take.of_take) or keyframe
        spec = clip_call(task, shot, of_take, timing.frames, spoken, film, last_frame)
        return await ledger.call(
            spec_of_take(spec, take, selected=take is clips[-1], recorded=task["slot"] in takes.slots)
        )

    clip = (await all_or_first_error(*(make_clip(take) for take in clips)))[-1]
    judge("shots", task["slot"], clip.sha256)
    finished = FinishedShot(clip=stored(clip), keyframe=stored(keyframe), frames=timing.frames, words=spoken)
    if film.generate_audio and await asyncio.to_thread(_has_sound, clip):
        finished["has_sound"] = True
    return finished


def calls_of_shot(task: ShotTask, takes: Takes) -> dict[Kind, int]:
    """Return how many calls of each kind a shot needs."""
    slot = task["slot"]
    lines = len(words_of(Shot.model_validate(task["shot"])))
    return {
        "image": len(takes.to_make(f"{slot}/keyframe")) + ("ends_on" in task),
        "speech": sum(len(takes.to_make(f"{slot}/speech-{number}")) for number in range(1, lines + 1)),
        "video": len(takes.to_make(slot)),
    }


def _has_sound(clip: CallResult) -> bool:
    """Whether a clip has a sound track: as its provider says, else as the file itself does."""
    said = clip.facts.get("has_sound")
    if isinstance(said, bool) or not clip.path.is_file():
        return said is True
    from clash.sound.clip_sound import has_sound

    return has_sound(clip.path)


def _length_s(speech: CallResult) -> float:
    """How long a speech lasts: as its provider says, else as the file itself does."""
    said = speech.facts.get("duration_s")
    if isinstance(said, int | float) and 0 < said < _LONGEST_SPEECH_S:
        return float(said)
    from clash.sound.speech import duration_s

    return duration_s(speech.path)


def spoken_language(text: str, film: str) -> Language:
    """Return the language of a line: an English line of a Chinese film is English, and the other way round."""
    base = film.split("-")[0]
    if base not in ("en", "zh"):
        return film
    if any("\u4e00" <= letter <= "\u9fff" for letter in text):
        return film if base == "zh" else "zh"
    return ("en" if base == "zh" else film) if any(c.isascii() and c.isalpha() for c in text) else film


def keyframe_call(task: ShotTask, shot: Shot, film: Format) -> CallSpec:
    """Return the call that draws the keyframe of a shot."""
    width, height = film.still_size
    request = ImageRequest(
        subject="keyframe",
        prompt=shot.image_prompt,
        style=task["style"],
        width=width,
        height=height,
        location=Location.model_validate(task["place"]),
        shot=shot,
        cast=tuple(Character.model_validate(character) for character in task["cast"]),
        references=tuple(Reference.model_validate(reference) for reference in task["references"]),
    )
    return CallSpec(_STEP, f"{task['slot']}/keyframe", "keyframe", request, asset_slot=task["slot"], order=shot.number)


def speech_call(task: ShotTask, line: Line, number: int) -> CallSpec:
    """Return the call that speaks a line of a shot; `number` counts its lines from 1."""
    unnamed = Speaker(slug=slug(line.speaker) if line.speaker else NARRATOR, voice="")
    speaker = task["speakers"].get(line.speaker, unnamed)
    language = spoken_language(line.text, task["language"])
    request = SpeechRequest(
        text=line.text,
        speaker=speaker["slug"],
        voice=line.voice or speaker["voice"],
        language=language,
        voice_id=_voice_id(line, speaker, language),
    )
    return CallSpec(_STEP, f"{task['slot']}/speech-{number}", "speech", request, order=int(task["shot"]["number"]))


def _voice_id(line: Line, speaker: Speaker, language: str) -> str:
    """Return the voice that was chosen for the speaker; none where the line itself says how it sounds."""
    return "" if line.voice else speaker.get("voice_ids", {}).get(language.split("-")[0].casefold(), "")


def clip_call(
    task: ShotTask,
    shot: Shot,
    keyframe: CallResult,
    frames: int,
    words: list[Spoken],
    film: Format,
    last_frame: CallResult | None = None,
) -> CallSpec:
    """Return the call that makes the clip of a shot from its keyframe. `last_frame`: the keyframe that it ends on."""
    request = VideoRequest(
        shot=shot,
        prompt=shot.video_prompt,
        keyframe=_picture("keyframe", keyframe),
        frames=frames,
        fps=film.fps,
        width=film.width,
        height=film.height,
        captions=tuple(
            Caption(start_s=word["start_s"], end_s=word["end_s"], text=word["text"], speaker=word["speaker"])
            for word in words
        ),
        slate=slate(task["scene"], shot),
        last_frame=None if last_frame is None else _picture("last_frame", last_frame),
        generate_audio=film.generate_audio,
    )
    return CallSpec(_STEP, task["slot"], "shot", request, order=shot.number)


def _picture(role: str, made: CallResult) -> Reference:
    return Reference(role=role, sha256=made.sha256, media_type=made.media_type)


def stored(made: CallResult) -> StoredFile:
    """A made file as the state names it."""
    return StoredFile(sha256=made.sha256, media_type=made.media_type)


class ShotTasks:
    """The tasks of all shots of a film, each made when it is asked for: of a long film there are thousands."""

    def __init__(
        self,
        screenplay: Screenplay,
        cards: Mapping[str, StoredFile],
        panels: Mapping[str, StoredFile],
        sheet: CastSheet | None = None,
        *,
        voices: VoiceIds | None = None,
        chain: bool = False,
    ) -> None:
        """`cards` and `panels`: the pictures that shots refer to. `sheet`: the cast that a person gave.

        `voices`: what `voices_of` returns. `chain`: clips end on the keyframe of the next shot at the same place.
        """
        self._screenplay = screenplay
        self._cards = cards
        self._panels = panels
        self._sheet = sheet or CastSheet()
        self._voices = voices or {}
        self._characters = {character.slug: character for character in screenplay.characters}
        self._named = {character.name: character for character in screenplay.characters}
        self._locations = {location.slug: location for location in screenplay.locations}
        self._shots = {shot_slot(shot.number): (scene, shot) for scene in screenplay.scenes for shot in scene.shots}
        ends = ends_on(screenplay, chain=chain)
        self._ends = {shot_slot(number): shot_slot(end) for number, end in ends.items()}

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of the shots, in the order of the film."""
        return tuple(self._shots)

    def __iter__(self) -> Iterator[ShotTask]:
        """Make the tasks in the order of the film."""
        return map(self.of, self._shots)

    def of(self, slot: str) -> ShotTask:
        """Return the task of a shot, with the slice of the film that it needs."""
        task = self._of(slot)
        if end := self._ends.get(slot):
            task["ends_on"] = self._of(end)
        return task

    def _of(self, slot: str) -> ShotTask:
        scene, shot = self._shots[slot]
        roles = [f"character:{name}" for name in shot.characters] + [f"location:{shot.location}"]
        references = [_reference(role, self._cards[role]) for role in roles if role in self._cards]
        props = props_in(shot, self._sheet)
        references += [reference.model_dump() for reference in prop_references(props, self._sheet)]
        if words := prop_words(props):
            told = f"{shot.image_prompt or shot.action} ({words})"
            shot = shot.model_copy(update={"image_prompt": told})
        shot = shot.model_copy(update={"last_frame": ""})  # what the task ends on says it; no model is told
        if panel := self._panels.get(shot.reference_image):
            references.append(_reference("reference_image", panel))
        speakers = [self._named[line.speaker] for line in shot.dialogue if line.speaker in self._named]
        return ShotTask(
            slot=slot,
            style=self._screenplay.style,
            language=self._screenplay.language,
            scene=scene.number,
            shot=bare_shot(shot).model_dump(mode="json"),
            place=self._locations[shot.location].model_dump(mode="json"),
            cast=[self._characters[name].model_dump(mode="json") for name in shot.characters],
            references=references,
            speakers={speaker.name: self._speaker(speaker) for speaker in speakers},
        )

    def _speaker(self, character: Character) -> Speaker:
        speaker = Speaker(slug=character.slug, voice=character.voice)
        if chosen := self._voices.get(character.slug):
            speaker["voice_ids"] = dict(chosen)
        return speaker


def voices_of(screenplay: Screenplay, ledger: CallLedger) -> VoiceIds:
    """Return the voices that the speech model chooses for those who speak in the film."""
    speaking = {line.speaker for scene in screenplay.scenes for shot in scene.shots for line in shot.dialogue}
    return ledger.cast_voices(
        [Person(slug=one.slug, voice=one.voice) for one in screenplay.characters if one.name in speaking]
    )


def _reference(role: str, file: StoredFile) -> dict[str, str]:
    return Reference(role=role, sha256=file["sha256"], media_type=file["media_type"]).model_dump()
