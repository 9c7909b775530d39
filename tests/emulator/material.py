"""What the emulated vendors make: real files, and screenplays that keep to the story they are asked for."""

from __future__ import annotations

import base64
import io
import wave
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from clash.film.encoder import encode_clip, planes_of
from clash.providers.openai.draft import Draft, DraftCharacter, DraftLine, DraftLocation, DraftScene, DraftShot
from clash.story.reader import read_story
from clash.story.screenplay import Story, slug
from emulator import Emulator

CLIP_S, CLIP_FPS, CLIP_SIZE = 6, 25, (320, 180)


@cache
def picture(width: int = 672, height: int = 384, hue: int = 0) -> bytes:
    """A PNG that is not all one colour."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    pixels = np.stack([across, down, np.full_like(across, hue)], axis=2).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@cache
def clip(seconds: float = CLIP_S, size: tuple[int, int] = CLIP_SIZE, fps: int = CLIP_FPS) -> bytes:
    """An MP4 in which something moves."""
    width, height = size

    def frames() -> Any:
        ramp = np.linspace(40, 200, width)
        for number in range(round(seconds * fps)):
            frame = np.full((height * 3 // 2, width), 128, np.uint8)
            planes_of(frame, width, height)[0][:] = np.roll(ramp, number * 3).astype(np.uint8)
            yield frame

    return encode_clip(frames(), width=width, height=height, fps=fps)


@cache
def sound(seconds: float = 1.2, rate: int = 24_000) -> bytes:
    """A WAV of one tone."""
    tone = (np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 220 / rate) * 12_000).astype("<i2")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(tone.tobytes())
    return stream.getvalue()


def story_of(path: Path) -> Story:
    """The story of a file."""
    return read_story(path.read_bytes(), name=path.name)


def draft_of(story: Story, rows: slice = slice(None)) -> Draft:
    """A draft of these rows of the story without a fault: one shot per row."""
    place, characters, scenes = "", dict[str, DraftCharacter](), list[DraftScene]()
    places: dict[str, DraftLocation] = {}
    for beat in story.beats[rows]:
        place = beat.location or place or "Somewhere"
        places[slug(place)] = DraftLocation(name=place, description=f"{place}, plainly seen", setting="exterior")
        for name in (*beat.characters, *(line.speaker for line in beat.dialogue)):
            person = DraftCharacter(
                name=name, description="", look=f"{name} in a coat of one colour", voice="a calm woman"
            )
            characters.setdefault(slug(name), person)
        shot = DraftShot(
            source_row=beat.row,
            size="medium",
            angle="eye_level",
            movement="push_in",
            location=place,
            time="night",
            weather="rain",
            characters=list(beat.characters),
            action=beat.description,
            dialogue=[DraftLine(speaker=line.speaker, text=line.text) for line in beat.dialogue],
            narration=beat.narration,
            duration_s=3.0,
            emotion=beat.emotion,
            sound=beat.sound,
            music="",
            image_prompt=f"A picture of row {beat.row}",
            video_prompt=f"Row {beat.row} moves",
        )
        if not scenes or scenes[-1].number != beat.scene:
            scenes.append(
                DraftScene(
                    number=beat.scene, title=beat.title, location=place, time="night", weather="rain", shots=[shot]
                )
            )
        else:
            scenes[-1].shots.append(shot)
    return Draft(
        title=story.title,
        logline="Somebody comes home.",
        style="watercolour, low light",
        characters=list(characters.values()),
        locations=list(places.values()),
        scenes=scenes,
    )


def chat(content: str, *, read: int = 3000, written: int = 2500, **match: Any) -> dict[str, Any]:
    """A fixture: the language model answers this."""
    usage = {"prompt_tokens": read, "completion_tokens": written}
    return {"match": {"endpoint": "chat", **match}, "response": {"content": content, "usage": usage}}


def drawn(content: bytes) -> dict[str, Any]:
    """A fixture: OpenAI's pictures are this."""
    return {"match": {"endpoint": "image"}, "response": {"image": {"b64Json": base64.b64encode(content).decode()}}}


def job(model: str, result: dict[str, Any], *, billed: float | None = None, **match: Any) -> dict[str, Any]:
    """A fixture: fal's jobs of this model come to this."""
    response: dict[str, Any] = {"json": result}
    if billed is not None:
        response["billableUnits"] = billed
    return {"match": {"endpoint": "fal", "model": model, **match}, "response": response}


PICTURES = ("fal-ai/nano-banana-2", "fal-ai/nano-banana-2/edit")
CLIPS = "fal-ai/ltx-2/image-to-video/fast"
SPEECH = "fal-ai/kokoro/american-english"


def at_work(emulator: Emulator, story: Story) -> None:
    """Every vendor of the preset `final` does what it is asked, and fal bills it."""
    picture_url = emulator.file("picture.png", picture())
    clip_url = emulator.file("clip.mp4", clip())
    sound_url = emulator.file("sound.wav", sound())
    emulator.answers(
        chat(draft_of(story).model_dump_json()),
        *(job(model, {"images": [{"url": picture_url}]}, billed=1) for model in PICTURES),
        job(CLIPS, {"video": {"url": clip_url}}, billed=CLIP_S),
        job(SPEECH, {"audio": {"url": sound_url}}),
    )
