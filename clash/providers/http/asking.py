"""From a request to what a vendor's model is sent, as its file says; what of it decides the answer; what it costs."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from clash.errors import ProviderError, UsageError
from clash.providers.http.template import fill
from clash.providers.http.vendor import Endpoint, VendorFile, VendorModel
from clash.providers.media import reference_uri
from clash.providers.picture_prompts import clip_prompt, picture_prompt, references_for
from clash.providers.ports import Context, ImageRequest, Quote, Reference, Request, SpeechRequest, VideoRequest
from clash.providers.prices import PriceList

_MILLION = 1_000_000


def body_of(vendor: VendorFile, model: VendorModel, request: Request, context: Context) -> dict[str, Any]:
    """Return what is sent. Reads and shrinks the pictures that go along. Raises `UsageError`, `ProviderError`."""
    values = _values(model, request, lambda reference: reference_uri(context.path_of(reference)))
    seed = context.seed if model.seed else None
    return fill(vendor.body_of(model), {**values, "seed": seed, "call": context.key})


def identity_of(vendor: VendorFile, model: VendorModel, request: Request) -> dict[str, Any]:
    """Return what decides the answer: what is sent, with a digest for each picture, no seed and no key of the call.

    Raises what `body_of` raises.
    """
    values = _values(model, request, lambda reference: f"sha256:{reference.sha256}")
    body = fill(vendor.body_of(model), {**values, "call": ""})
    return {"submit": submit_of(vendor.endpoints[model.endpoint], model, request), "body": body}


def submit_of(endpoint: Endpoint, model: VendorModel, request: Request) -> str:
    """Return the call that asks for it: another one for a clip with a last frame, where the vendor has it so."""
    ends = isinstance(request, VideoRequest) and model.last_frame and request.last_frame is not None
    return endpoint.submit_with_last_frame if ends and endpoint.submit_with_last_frame else endpoint.submit


def sample_body(vendor: VendorFile, model: VendorModel, request: Request) -> dict[str, Any]:
    """Return what would be sent, with placeholders for pictures, seed and key of the call."""
    values = _values(model, request, lambda reference: f"data:image/jpeg;base64,<{reference.role}>")
    seed = 1234567890 if model.seed else None
    return fill(vendor.body_of(model), {**values, "seed": seed, "call": "<key of the call>"})


def voice_of(model: VendorModel, request: Request) -> str:
    """Return the id of the voice that speaks a line; "" for what is not spoken."""
    return model.voices(request).voice(request) if isinstance(request, SpeechRequest) else ""


def _values(model: VendorModel, request: Request, shown: Callable[[Reference], str]) -> dict[str, Any]:
    """The values of a template, by name."""
    values: dict[str, Any] = {"model": model.name or model.id}
    if isinstance(request, ImageRequest):
        references = references_for(model, request)
        width, height = model.size(request)
        pictures = [shown(reference) for reference in references]
        return values | {
            "prompt": picture_prompt(request, references)[: model.most_prompt_characters],
            "references": pictures,
            "references_base64": [_base64(picture) for picture in pictures],
            "width": width,
            "height": height,
            "size": f"{width}x{height}",
            "aspect_ratio": model.aspect_ratio(request),
        }
    if isinstance(request, VideoRequest):
        resolution, seconds = chosen(model, request)
        keyframe = shown(request.keyframe)
        last = shown(request.last_frame) if model.last_frame and request.last_frame is not None else None
        return values | {
            "prompt": clip_prompt(request)[: model.most_prompt_characters],
            "keyframe": keyframe,
            "keyframe_base64": _base64(keyframe),
            "last_frame": last,
            "last_frame_base64": _base64(last) if last is not None else None,
            "width": request.width,
            "height": request.height,
            "size": f"{request.width}x{request.height}",
            "aspect_ratio": model.aspect_ratio(request),
            "resolution": resolution,
            "duration": model.duration_words(seconds),
            "sound": _sound(model, request),
        }
    if isinstance(request, SpeechRequest):
        if len(request.text) > model.most_prompt_characters:
            raise UsageError(
                f"a line has {len(request.text)} characters; {model.spec} takes {model.most_prompt_characters} at most",
                code="too_long_for_model",
                hint="split the line in the story, or choose another --speech-model",
            )
        return values | {
            "text": request.text,
            "voice": model.voices(request).voice(request),
            "language": request.language,
            "language_code": request.language.split("-")[0].lower(),
        }
    raise ProviderError(f"{model.spec} makes no {type(request).__name__}", code="unknown_model")


def _sound(model: VendorModel, request: VideoRequest) -> bool | str | None:
    if not model.sound:
        return None
    return model.sound_words[not request.generate_audio] if model.sound_words else request.generate_audio


def _base64(uri: str) -> str:
    return uri.partition(";base64,")[2] or uri


def chosen(model: VendorModel, request: VideoRequest) -> tuple[str | None, int]:
    """Return the resolution and the whole seconds of a clip: the best resolution that can be as long as the shot.

    Only those count that can have what the clip is asked for. Raises `UsageError` for a shot that no clip of the
    model can fill.
    """
    short = min(request.width, request.height)
    ends = model.last_frame and request.last_frame is not None
    able = set(model.resolutions)
    if ends and model.last_frame_at:
        able &= set(model.last_frame_at)
    if model.sound and request.generate_audio and model.sound_at:
        able &= set(model.sound_at)
    if ends and model.durations_with_last_frame:
        model = model.model_copy(update={"durations_s": model.durations_with_last_frame, "durations_at": {}})
    ranked = sorted(able or model.resolutions, key=lambda name: _rank(model.resolutions[name], short))
    refused: dict[int, UsageError] = {}
    for name in ranked:
        limited = model.durations_at.get(name)
        fitting = model.model_copy(update={"durations_s": limited}) if limited else model
        try:
            return name, fitting.duration_s(request)
        except UsageError as error:
            refused[max(fitting.durations_s or fitting.duration_range_s or (0,))] = error
    if refused:
        raise refused[max(refused)]  # the one that names the longest clip
    return None, model.duration_s(request)


def _rank(lines: int, wanted: int) -> tuple[bool, int]:
    """First those that are no smaller than the film, the smallest of them first; then the largest of the others."""
    return lines < wanted, lines if lines >= wanted else -lines


def quote(model: VendorModel, prices: PriceList, request: Request) -> Quote:
    """Return what it will cost. Raises `SettingsError` (unpriced), `UsageError` for what the model cannot make."""
    if isinstance(request, VideoRequest):
        resolution, seconds = chosen(model, request)
        units = {"clip": Decimal(1), "second": Decimal(seconds)}
        if tokens := model.tokens_per_s.get(resolution or ""):
            units["million tokens"] = Decimal(tokens * seconds) / _MILLION
        variants = (f"{resolution or ''} {seconds}s".strip(), resolution or "")
        sounds = model.sound_always or (model.sound and request.generate_audio)
        return _quoted(model, prices, units, variants, with_sound=sounds)
    if isinstance(request, ImageRequest):
        width, height = model.size(request)
        units = {"image": Decimal(1), "megapixel": Decimal(width * height) / _MILLION}
        return _quoted(model, prices, units, (f"{width}x{height}",))
    if isinstance(request, SpeechRequest):
        model.voices(request)
        return _quoted(model, prices, {"1000 characters": Decimal(_characters(model, request.text)) / 1000}, ())
    raise ProviderError(f"{model.spec} makes no {type(request).__name__}", code="unknown_model")


def _characters(model: VendorModel, text: str) -> int:
    """As how many characters a text is billed."""
    return sum(model.ideograph if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _quoted(
    model: VendorModel,
    prices: PriceList,
    units: dict[str, Decimal],
    variants: tuple[str, ...],
    *,
    with_sound: bool = False,
) -> Quote:
    price = prices.price_of_variants(model.spec, variants, with_sound=with_sound)
    if price is None and model.free:
        return Quote(Decimal(0))
    if price is None or price.unit not in units:
        return prices.unpriced(model.spec)
    count = units[price.unit]
    estimated = model.estimated or price.unit in ("megapixel", "million tokens")
    return Quote(count * price.price, count, price.unit, price.price, estimated=estimated)
