"""A call is what its provider is sent: what is not sent does not change its key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from clash.calls.content_key import content_key, keys_of, older_keys
from clash.config import Settings
from clash.local import LocalProvider
from clash.providers.fal import FalProvider
from clash.providers.openai import OpenAIProvider
from clash.providers.ports import (
    Answer,
    Caption,
    Context,
    ImageRequest,
    Kind,
    Reference,
    Request,
    ScreenplayRequest,
    SpeechRequest,
    VideoRequest,
)
from clash.providers.registry import Model
from clash.story.screenplay import Beat, Line, Location, Shot, Story

SHOT = Shot(
    number=3,
    location="pier",
    action="Mara ties up the boat.",
    duration_s=4,
    source_row=4,
    sound="rain",
    music="slow",
    dialogue=(Line(speaker="Mara", text="You came back."),),
    narration="Years later.",
    transition="cut",
)
PICTURE = ImageRequest(
    subject="keyframe",
    prompt="",
    style="ink",
    width=256,
    height=144,
    shot=SHOT,
    location=Location(slug="pier", name="Pier"),
    references=(Reference(role="location:pier", sha256="a" * 64, media_type="image/png"),),
)
CLIP = VideoRequest(
    shot=SHOT,
    prompt="",
    keyframe=Reference(role="keyframe", sha256="b" * 64, media_type="image/png"),
    frames=96,
    fps=24,
    width=256,
    height=144,
    captions=(Caption(start_s=0, end_s=1, text="You came back."),),
    slate="SC 01   SHOT 003",
)
POSITIONS: dict[str, Any] = {"number": 9, "source_row": 12}
HEARD: dict[str, Any] = {
    "dialogue": (),
    "narration": "",
    "sound": "wind",
    "music": "",
    "transition": "fade",
    "duration_s": 4.5,
}
SETTINGS = Settings(**{"OPENAI_API_KEY": "sk-" + "a" * 20, "FAL_KEY": "a:b"})


class Paid:
    """A plug-in that says nothing of identities."""

    name, endpoint, idempotent, concurrency = "paid", "https://paid.example", False, 1

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        return {"image": ("m",), "video": ("m",)}

    def revision(self, model: str, request: Request) -> str:
        return "1"

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        raise AssertionError("no call is made here")


def of_shot(request: Any, **changes: Any) -> Any:
    """The request with a changed shot."""
    return request.model_copy(update={"shot": request.shot.model_copy(update=changes)})


PAID = Model(Paid(), "m")
FAL_PICTURE = Model(FalProvider(SETTINGS), "fal-ai/nano-banana-2")
FAL_CLIP = Model(FalProvider(SETTINGS), "fal-ai/ltx-2/image-to-video/fast")
OPENAI_PICTURE = Model(OpenAIProvider(SETTINGS), "gpt-image-1-mini")


@pytest.mark.parametrize("model", [PAID, FAL_PICTURE, OPENAI_PICTURE], ids=lambda model: model.spec)
@pytest.mark.parametrize("changes", [POSITIONS, HEARD], ids=["positions", "heard"])
def test_a_picture_keeps_its_key(model: Model, changes: dict[str, Any]) -> None:
    """A shot's position, its words, sounds and length are not sent to a picture model."""
    assert content_key(model, of_shot(PICTURE, **changes)) == content_key(model, PICTURE)


@pytest.mark.parametrize("model", [PAID, FAL_PICTURE, OPENAI_PICTURE], ids=lambda model: model.spec)
def test_a_picture_of_something_else_is_another(model: Model) -> None:
    """The action, the place's look and a reference's content are sent."""
    keys = {
        content_key(model, PICTURE),
        content_key(model, of_shot(PICTURE, action="Mara leaves.")),
        content_key(model, of_shot(PICTURE, time="night")),
        content_key(model, PICTURE.model_copy(update={"style": "oil"})),
        content_key(model, PICTURE, take=2),
    }
    assert len(keys) == 5


@pytest.mark.parametrize("model", [PAID, FAL_PICTURE, OPENAI_PICTURE], ids=lambda model: model.spec)
def test_a_reference_counts_by_its_content(model: Model) -> None:
    """Another card is another picture, except for a model that is shown none."""
    other = (Reference(role="location:pier", sha256="c" * 64, media_type="image/png"),)
    same = content_key(model, PICTURE.model_copy(update={"references": other})) == content_key(model, PICTURE)
    assert same == (model is OPENAI_PICTURE and not _shows_references(model))


def _shows_references(model: Model) -> bool:
    card = OpenAIProvider(SETTINGS)._card(model.name, PICTURE)
    return card.most_references > 0


@pytest.mark.parametrize("model", [PAID, FAL_CLIP], ids=lambda model: model.spec)
def test_a_clip_keeps_its_key(model: Model) -> None:
    """A clip's position, slate and sounds are not sent, nor is its planned length beside its frames."""
    for changes in (POSITIONS, {**HEARD, "dialogue": SHOT.dialogue, "narration": SHOT.narration}):
        assert content_key(model, of_shot(CLIP, **changes)) == content_key(model, CLIP)
    assert content_key(model, CLIP.model_copy(update={"slate": ""})) == content_key(model, CLIP)


def test_captions_count_unless_a_provider_says_otherwise() -> None:
    """A plug-in may burn captions in; fal is not told them, so other words leave its clip as it is."""
    other = CLIP.model_copy(update={"captions": (Caption(start_s=0, end_s=1, text="You left."),)})
    assert content_key(PAID, other) != content_key(PAID, CLIP)
    assert content_key(FAL_CLIP, other) == content_key(FAL_CLIP, CLIP)


def test_a_longer_clip_is_another_where_the_model_is_told() -> None:
    """fal's model makes clips of six, eight, ... seconds: a length within one of them asks for the same clip."""
    five, seven = CLIP.model_copy(update={"frames": 120}), CLIP.model_copy(update={"frames": 168})
    assert content_key(FAL_CLIP, five) == content_key(FAL_CLIP, CLIP)
    assert content_key(FAL_CLIP, seven) != content_key(FAL_CLIP, CLIP)


def test_the_local_camera_draws_no_lettering() -> None:
    """A clip of the free local provider is its keyframe and the move over it: slate and captions do not count."""
    local = Model(LocalProvider(), "cinematographer")
    assert content_key(local, CLIP.model_copy(update={"slate": "", "captions": ()})) == content_key(local, CLIP)
    assert content_key(local, CLIP.model_copy(update={"frames": CLIP.frames + 1})) != content_key(local, CLIP)


def test_a_story_counts_by_its_rows() -> None:
    """A screenplay's key does not change with the file's digest, warnings, or where its rows stand."""
    story = Story(title="t", kind="beats", language="en", beats=(Beat(row=2, description="A boat."),), sha256="0" * 64)
    moved = story.model_copy(
        update={"sha256": "1" * 64, "warnings": ("w",), "beats": (Beat(row=5, description="A boat."),)}
    )
    writer = Model(LocalProvider(), "screenwriter")
    assert content_key(writer, ScreenplayRequest(story=moved)) == content_key(writer, ScreenplayRequest(story=story))


def test_speech_counts_whole() -> None:
    """The words, the speaker, the voice and the language all count."""
    line = SpeechRequest(text="You came back.", speaker="mara", voice="low", language="en")
    changed = [{"text": "You left."}, {"speaker": "ivo"}, {"voice": "high"}, {"language": "zh"}]
    assert len({content_key(PAID, line.model_copy(update=one)) for one in ({}, *changed)}) == 5


def test_older_keys_follow_the_present_one() -> None:
    """The present key is looked up first; what the local camera made under an older clash is not looked up."""
    keys = keys_of(PAID, PICTURE)
    assert keys[0] == content_key(PAID, PICTURE)
    assert len(keys) == 2
    assert len(keys_of(FAL_PICTURE, PICTURE)) == 3, "fal's revision said more in clash 0.1"
    assert keys_of(Model(LocalProvider(), "cinematographer"), CLIP) == (
        content_key(Model(LocalProvider(), "cinematographer"), CLIP),
    )


def test_older_keys_are_those_of_earlier_revisions() -> None:
    """A free picture has the key of each revision before today's, newest first; a paid model has none."""
    local = Model(LocalProvider(), "illustrator")
    today = local.provider.revision("illustrator", PICTURE)
    number = int(today.removeprefix("illustrator-"))
    older = [content_key(local, PICTURE, revision=f"illustrator-{earlier}") for earlier in range(number - 1, 0, -1)]
    assert list(older_keys(local, PICTURE)) == older
    assert older_keys(FAL_PICTURE, PICTURE) == ()
