"""The plain values that the whole house speaks of: a `Story` as it was read, a `Screenplay` to be shot.

All are frozen pydantic models of plain JSON types, so that one value can be hashed into a call's key, stored
as an asset, and asked of a language model as structured output.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

Language = str
"""A BCP 47 tag: `en`, `zh`, `es`, `pt-BR`."""
Translations = dict[
    Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")],
    Annotated[str, Field(min_length=1)],
]
"""The same words in other languages, by BCP 47 tag: they are shown as subtitles, and never spoken."""
ShotSize = Literal[
    "extreme_wide",
    "wide",
    "full",
    "medium_wide",
    "medium",
    "medium_close_up",
    "close_up",
    "extreme_close_up",
    "insert",
]
Angle = Literal["eye_level", "low", "high", "overhead", "dutch", "over_shoulder", "pov"]
Movement = Literal["static", "push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down"]
TimeOfDay = Literal["dawn", "day", "dusk", "night"]
Weather = Literal["clear", "cloud", "rain", "storm", "snow", "fog"]
Setting = Literal["interior", "exterior"]


class Value(BaseModel):
    """A frozen value; unknown fields are an error, so that a misspelt one is never lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SparseValue(Value):
    """A value that is written without the fields of `omitted_when_unset` that are not set.

    What needs none of the later fields is written as before them: its calls keep their keys.
    """

    omitted_when_unset: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_unset(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return {name: value for name, value in values.items() if value or name not in self.omitted_when_unset}


class Line(SparseValue):
    """Words spoken by a character. `speaker` is the name as the story writes it; "" when it does not say.

    `direction` says how they are spoken, and is never spoken itself. `narrator`: the words are told between or after
    the lines, by nobody in the picture, perhaps in the `voice` that the story asks for.
    """

    omitted_when_unset: ClassVar[frozenset[str]] = frozenset({"direction", "narrator", "voice", "translations"})

    speaker: str = ""
    text: str
    direction: str = ""
    narrator: bool = False
    voice: str = ""
    translations: Translations = Field(default_factory=dict)


class Beat(SparseValue):
    """One row of the story's table. `row` counts the table's lines from 1, the header being row 1.

    `last_frame`: the shot whose keyframe the row's last clip ends on: "next", "none", or a shot as the table names it.
    `on_screen_text`: words that the audience reads and nobody speaks, one line of them on each line.
    """

    omitted_when_unset: ClassVar[frozenset[str]] = frozenset({"last_frame", "narration_translations", "on_screen_text"})

    row: int
    description: str
    scene: str = ""
    shot: str = ""
    title: str = ""
    act: str = ""
    location: str = ""
    int_ext: str = ""
    time: str = ""
    characters: tuple[str, ...] = ()
    dialogue: tuple[Line, ...] = ()
    narration: str = ""
    narration_translations: Translations = Field(default_factory=dict)
    on_screen_text: str = ""
    duration_s: float | None = None
    shot_size: str = ""
    angle: str = ""
    movement: str = ""
    lens: str = ""
    sound: str = ""
    music: str = ""
    transition: str = ""
    last_frame: str = ""
    image_prompt: str = ""
    video_prompt: str = ""
    reference_image: str = ""
    emotion: str = ""
    notes: str = ""
    extra: dict[str, str] = Field(default_factory=dict)


class Story(Value):
    """A story as it was read.

    `kind` is "shot_list" when the table plans shots (one row stays one shot), else "beats".
    `sha256` is the digest of the bytes that were read (hex), before any decoding.
    """

    title: str
    kind: Literal["beats", "shot_list"]
    language: Language
    beats: tuple[Beat, ...]
    sha256: str
    warnings: tuple[str, ...] = ()


class Character(Value):
    """A person of the film. `look` is prose ("teal oilskin coat, copper hair"), the same in every shot."""

    slug: str
    name: str
    description: str = ""
    look: str = ""
    voice: str = ""


class Location(Value):
    """A place of the film."""

    slug: str
    name: str
    description: str = ""
    setting: Setting = "exterior"


class Shot(SparseValue):
    """One shot. `number` counts from 1 through the whole film; `duration_s` is planned, in seconds.

    `last_frame`: the shot whose keyframe its clip ends on, "next" or a slot (`shot:004`); "none": no other's.
    `on_screen_text`: words that are laid over the shot when the film is cut; no model is told them.
    """

    omitted_when_unset: ClassVar[frozenset[str]] = frozenset({"last_frame", "narration_translations", "on_screen_text"})

    number: int
    size: ShotSize = "wide"
    angle: Angle = "eye_level"
    movement: Movement = "static"
    location: str
    time: TimeOfDay = "day"
    weather: Weather = "clear"
    characters: tuple[str, ...] = ()
    action: str
    dialogue: tuple[Line, ...] = ()
    narration: str = ""
    narration_translations: Translations = Field(default_factory=dict)
    on_screen_text: str = ""
    duration_s: float
    emotion: str = ""
    lens: str = ""
    sound: str = ""
    music: str = ""
    transition: str = ""
    last_frame: str = ""
    image_prompt: str = ""
    video_prompt: str = ""
    reference_image: str = ""
    source_row: int = 0


class Scene(Value):
    """A scene: shots that share a place and a time. `number` is as the story writes it or counted from 1."""

    number: str
    title: str = ""
    location: str
    time: TimeOfDay = "day"
    weather: Weather = "clear"
    shots: tuple[Shot, ...]


class Screenplay(Value):
    """The film to be shot. `style` is the style guide that every picture follows."""

    title: str
    logline: str = ""
    language: Language
    style: str
    characters: tuple[Character, ...]
    locations: tuple[Location, ...]
    scenes: tuple[Scene, ...]

    @property
    def shots(self) -> tuple[Shot, ...]:
        """All shots in the order of the film."""
        return tuple(shot for scene in self.scenes for shot in scene.shots)


_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


def slug(name: str) -> str:
    """The name in lower case, with runs of anything that is neither a letter (of any script) nor a digit as `-`.

    >>> slug("Town Square"), slug("小禾"), slug("...")
    ('town-square', '小禾', 'unnamed')
    """
    text = unicodedata.normalize("NFKC", name).lower()
    return _NEITHER_LETTER_NOR_DIGIT.sub("-", text).strip("-") or "unnamed"


def shot_slot(number: int) -> str:
    """The slot of a shot: `shot:003`.

    >>> shot_slot(3)
    'shot:003'
    """
    return f"shot:{number:03d}"
