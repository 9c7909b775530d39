"""From a request to what fal's models are asked, as their cards in `models.toml` say; and what it will cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clash.errors import ProviderError
from clash.providers.catalogue import Card, filled
from clash.providers.media import reference_uri
from clash.providers.picture_prompts import clip_prompt, picture_prompt, references_for
from clash.providers.ports import Context, ImageRequest, Quote, Reference, Request, SpeechRequest, VideoRequest
from clash.providers.prices import PriceList


@dataclass(frozen=True)
class Asked:
    """What is sent, and where to."""

    endpoint: str
    arguments: Mapping[str, Any]


def asked_of(card: Card, request: Request, context: Context) -> Asked:
    """What a model is asked. Reads and shrinks the pictures that go along. Raises `UsageError`, `ProviderError`.

    A seed is sent for takes after the first only: the first request is what every earlier clash sent.
    """
    asked = _asked(card, request, lambda reference: reference_uri(context.path_of(reference)))
    if card.seed_argument and context.take > 1:
        return Asked(asked.endpoint, {**asked.arguments, card.seed_argument: context.seed})
    return asked


def identity_of(card: Card, request: Request) -> dict[str, Any]:
    """The same, with a sha256 digest in the place of each picture, and no seed: it follows from the call's key.

    Raises what `asked_of` raises.
    """
    asked = _asked(card, request, lambda reference: f"sha256:{reference.sha256}")
    return {"endpoint": asked.endpoint, "arguments": dict(asked.arguments)}


def _asked(card: Card, request: Request, shown: Callable[[Reference], str]) -> Asked:
    if isinstance(request, ImageRequest):
        return _picture(card, request, shown)
    if isinstance(request, VideoRequest):
        values = {
            "prompt": clip_prompt(request)[: card.most_prompt_characters],
            "keyframe": shown(request.keyframe),
            "duration": card.duration(request),
            "resolution": card.resolution(request),
            "aspect_ratio": card.aspect_ratio(request),
        }
        endpoint, arguments = card.id, card.arguments
        if request.last_frame is not None and card.takes_last_frame:
            values["last_frame"] = shown(request.last_frame)
            endpoint = card.with_last_frame or endpoint
            arguments = card.arguments_with_last_frame or arguments
        return Asked(endpoint, {**filled(arguments, values), **_more(card, request, shown)})
    if isinstance(request, SpeechRequest):
        voices = card.voices(request)
        return Asked(
            voices.endpoint or card.id, filled(card.arguments, {"text": request.text, "voice": voices.voice(request)})
        )
    raise ProviderError(f"the provider fal makes no {type(request).__name__}", code="unknown_model")


def _more(card: Card, request: VideoRequest, shown: Callable[[Reference], str]) -> dict[str, Any]:
    """The arguments for what a clip may have beside a keyframe, where it is asked for and the model can do it."""
    more: dict[str, Any] = {}
    if card.last_frame_argument and request.last_frame is not None:
        more[card.last_frame_argument] = shown(request.last_frame)
    if card.sound_argument and request.generate_audio:
        more[card.sound_argument] = True
    return more


def _picture(card: Card, request: ImageRequest, shown: Callable[[Reference], str]) -> Asked:
    references = references_for(card, request)
    width, height = card.size(request)
    values = {
        "prompt": picture_prompt(request, references)[: card.most_prompt_characters],
        "references": [shown(reference) for reference in references],
        "width": width,
        "height": height,
        "size": f"{width}x{height}",
        "aspect_ratio": card.aspect_ratio(request),
    }
    endpoint = card.with_references if references and card.with_references else card.id
    return Asked(endpoint, filled(card.arguments, values))


def quote(card: Card, prices: PriceList, request: Request) -> Quote:
    """What it will cost. Raises `SettingsError` (unpriced), `UsageError` for what the model cannot make."""
    if isinstance(request, ImageRequest):
        width, height = card.size(request)
        units = {"image": Decimal(1), "megapixel": Decimal(width * height) / 1_000_000}
        return prices.quote(card.spec, units, f"{width}x{height}")
    if isinstance(request, VideoRequest):
        has_sound = bool(card.sound_argument) and request.generate_audio
        variant = card.resolution(request) or ""
        return prices.quote(card.spec, {"second": Decimal(card.duration_s(request))}, variant, with_sound=has_sound)
    if isinstance(request, SpeechRequest):
        card.voices(request)
        return prices.quote(card.spec, {"1000 characters": Decimal(len(request.text)) / 1000})
    raise ProviderError(f"the provider fal makes no {type(request).__name__}", code="unknown_model")
