"""What a language model is asked to write: a screenplay without the numbers and slugs that are ours to give.

No field has a default and none may be left out: what the strict mode of structured output wants of a schema.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from clash.story.screenplay import Angle, Movement, Setting, ShotSize, TimeOfDay, Weather


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


NARRATOR = "NARRATOR"
"""The speaker of a line that is told between or after the lines of people."""


class DraftLine(_Strict):
    """Words, and the name of who says them."""

    speaker: str
    text: str


class DraftShot(_Strict):
    """A shot; characters and location by the names that the draft lists."""

    source_row: int
    size: ShotSize
    angle: Angle
    movement: Movement
    location: str
    time: TimeOfDay
    weather: Weather
    characters: list[str]
    action: str
    dialogue: list[DraftLine]
    narration: str
    duration_s: float
    emotion: str
    sound: str
    music: str
    image_prompt: str
    video_prompt: str


class DraftScene(_Strict):
    """A scene: shots in order."""

    number: str
    title: str
    location: str
    time: TimeOfDay
    weather: Weather
    shots: list[DraftShot]


class DraftCharacter(_Strict):
    """A person."""

    name: str
    description: str
    look: str
    voice: str


class DraftLocation(_Strict):
    """A place."""

    name: str
    description: str
    setting: Setting


class Draft(_Strict):
    """A screenplay, or a part of one."""

    title: str
    logline: str
    style: str
    characters: list[DraftCharacter]
    locations: list[DraftLocation]
    scenes: list[DraftScene]

    @property
    def shots(self) -> list[DraftShot]:
        """All shots in order."""
        return [shot for scene in self.scenes for shot in scene.shots]


TOOL_NAME = "screenplay"
"""The name of the schema, and of the tool that takes a screenplay where a server knows no schemas."""


def draft_schema() -> dict[str, Any]:
    """The draft's JSON schema."""
    return Draft.model_json_schema()


def response_format() -> dict[str, Any]:
    """The draft's schema, as chat completions take it."""
    return {
        "type": "json_schema",
        "json_schema": {"name": TOOL_NAME, "strict": True, "schema": draft_schema()},
    }
