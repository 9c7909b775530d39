"""What a model cannot do is said before the first call: for every model of the catalogue and of the vendors' files."""

from __future__ import annotations

import pytest

from clash.config import Settings
from clash.errors import UsageError
from clash.production.clip_warnings import clip_warnings
from clash.providers.catalogue import load_catalogue
from clash.providers.clip_abilities import fitted, makes_sound, takes_last_frame
from clash.providers.http.files import vendor_file
from clash.providers.http.sample import sample_of
from clash.providers.model_limits import ModelLimits
from clash.providers.picture_prompts import references_for
from clash.providers.ports import ImageRequest, Priced, Request, VideoRequest
from clash.providers.registry import Model, Registry
from clash.providers.vendor_names import vendor_names
from clash.story.screenplay import Story
from clash.workflow.context import Format

SETTINGS = Settings(**{"CLASH_ALLOW_UNPRICED": True})
REGISTRY = Registry(SETTINGS)


def known(kind: str) -> list[ModelLimits]:
    """All paid models of a kind: those of the catalogue, then those of the vendors' files."""
    cards: list[ModelLimits] = [card for card in load_catalogue(SETTINGS).cards if card.provider == "fal"]
    for name in vendor_names(None):
        cards += vendor_file(name, None).models
    return [card for card in cards if card.kind == kind]


def model_of(card: ModelLimits) -> Model:
    """The model as a run has it."""
    return REGISTRY.model(card.kind, card.spec)


def quoted(model: Model, request: Request) -> None:
    """Have the request quoted, as every run does before its first call."""
    assert isinstance(model.provider, Priced)
    model.provider.quote(model.name, fitted(model, request))


def clip(seconds: int, *, more: bool = False) -> VideoRequest:
    """A clip so long; with `more` it ends on a picture and has sound."""
    request = sample_of("video", references=0, language="en", last_frame=more, sound=more)
    assert isinstance(request, VideoRequest)
    return request.model_copy(update={"frames": seconds * request.fps})


def test_there_are_models_of_many_vendors() -> None:
    """The tests below go over something."""
    assert len({card.provider for kind in ("image", "video", "speech") for card in known(kind)}) >= 9


@pytest.mark.parametrize("card", known("video"), ids=lambda card: card.spec)
def test_a_clip_model_says_how_long_its_clips_are(card: ModelLimits) -> None:
    """Its longest clip is quoted; a second more is refused, before anything is sent."""
    longest = max(card.durations_s or card.duration_range_s or (0,))
    assert longest, f"{card.spec} names no lengths"
    model = model_of(card)
    quoted(model, clip(longest))
    with pytest.raises(UsageError) as refused:
        quoted(model, clip(longest + 1))
    assert refused.value.code == "too_long_for_model"
    assert f"at most {longest} s" in refused.value.message


@pytest.mark.parametrize("card", known("video"), ids=lambda card: card.spec)
def test_a_clip_model_says_what_it_leaves_out(card: ModelLimits) -> None:
    """A last frame and sound that it cannot make are warned of by name, and not sent; what it can make is."""
    model = model_of(card)
    story = Story.model_validate({"title": "T", "kind": "shot_list", "language": "en", "beats": [], "sha256": "0"})
    told = " ".join(clip_warnings(model, story, Format(1280, 720, 24, chain=True, generate_audio=True)))
    asked = fitted(model, clip(1, more=True))
    assert isinstance(asked, VideoRequest)
    assert ("takes no last frame" in told) == (asked.last_frame is None) == (not takes_last_frame(model))
    assert ("have no sound of their own" in told) == (not asked.generate_audio) == (not makes_sound(model))
    assert (card.spec in told) == bool(told)


@pytest.mark.parametrize("card", known("image"), ids=lambda card: card.spec)
def test_a_picture_model_gets_no_more_references_than_it_takes(card: ModelLimits) -> None:
    """Of many references the first few are shown; each kind of picture that clash asks for is quoted."""
    request = sample_of("image", references=2, language="en", last_frame=False)
    assert isinstance(request, ImageRequest)
    many = request.model_copy(update={"references": request.references * 10})
    assert len(references_for(card, many)) <= card.most_references
    for width, height in ((1344, 768), (768, 1344), (1024, 1024)):
        quoted(model_of(card), many.model_copy(update={"width": width, "height": height}))


@pytest.mark.parametrize("card", known("speech"), ids=lambda card: card.spec)
def test_a_speech_model_says_what_it_speaks(card: ModelLimits) -> None:
    """A language of its own is quoted; one that it lacks is refused, with those that it has."""
    model = model_of(card)
    for language in card.languages:
        quoted(model, sample_of("speech", references=0, language=language, last_frame=False))
    with pytest.raises(UsageError) as refused:
        quoted(model, sample_of("speech", references=0, language="tlh", last_frame=False))
    assert refused.value.code == "no_voice"
