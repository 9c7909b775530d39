"""The requests that a vendor's file would send, with placeholders for keys, pictures and ids. Nothing is sent."""

from __future__ import annotations

import hashlib
from typing import Any

from clash.config import Kind
from clash.errors import UsageError
from clash.providers.http.asking import chosen, quote, sample_body, submit_of
from clash.providers.http.exchange import Asked, asked_of
from clash.providers.http.vendor import VendorFile, VendorModel
from clash.providers.ports import ImageRequest, Reference, Request, SpeechRequest, VideoRequest
from clash.providers.prices import PriceList
from clash.story.screenplay import Character, Location, Shot

_WIDTH, _HEIGHT, _FPS, _SECONDS = 1280, 720, 24, 5


def sample_request(model: VendorModel) -> Request:
    """Return a request that asks for all that a model can do; of a clip for 5 seconds, or as many as it can make."""
    shots = range(_SECONDS, 0, -1) if model.kind == "video" else (_SECONDS,)
    wanted = [
        sample_of(
            model.kind,
            references=model.most_references,
            language=next(iter(model.languages), "en"),
            last_frame=model.last_frame,
            sound=model.sound,
            seconds=seconds,
        )
        for seconds in shots
    ]
    return next((one for one in wanted if _can_be_made(model, one)), wanted[-1])


def _can_be_made(model: VendorModel, request: Request) -> bool:
    """Whether a clip of the model can be as long as what is asked for."""
    try:
        if isinstance(request, VideoRequest):
            chosen(model, request)
    except UsageError:
        return False
    return True


def sample_of(
    kind: Kind, *, references: int, language: str, last_frame: bool, sound: bool = False, seconds: int = _SECONDS
) -> Request:
    """Return a request of a kind that asks for these things."""
    shot = Shot(number=1, location="quay", action="A boat comes in.", duration_s=seconds)
    if kind == "image":
        roles = ["character:mara", "location:quay"][:references]
        return ImageRequest(
            subject="keyframe",
            prompt="A boat comes in.",
            style="watercolour",
            width=_WIDTH,
            height=_HEIGHT,
            shot=shot,
            cast=(Character(slug="mara", name="Mara", look="teal coat"),),
            location=Location(slug="quay", name="Quay"),
            references=tuple(_picture(role) for role in roles),
        )
    if kind == "speech":
        return SpeechRequest(text="The boat comes in.", speaker="narrator", language=language)
    return VideoRequest(
        shot=shot,
        prompt="A boat comes in.",
        keyframe=_picture("keyframe"),
        frames=seconds * _FPS,
        fps=_FPS,
        width=_WIDTH,
        height=_HEIGHT,
        last_frame=_picture("last_frame") if last_frame else None,
        generate_audio=sound,
    )


def _picture(role: str) -> Reference:
    digest = hashlib.sha256(role.encode()).hexdigest()
    return Reference(role=role, sha256=digest, media_type="image/jpeg")


def sample_requests(vendor: VendorFile, model: VendorModel, base_url: str) -> list[dict[str, Any]]:
    """Return what would be sent for the sample request: the call, and for a job how it is looked at and fetched."""
    endpoint, request = vendor.endpoints[model.endpoint], sample_request(model)
    values = {
        "key": f"<{vendor.key}>",
        "token": f"<token of {vendor.key}, signed with {vendor.secret}>",
        "call": "<key of the call>",
        "model": model.name or model.id,
        "job": "<job>",
        "file": "<file>",
        "voice": model.voices(request).voice(request) if isinstance(request, SpeechRequest) else "",
    }
    body = sample_body(vendor, model, request)
    calls = [
        ("submit", submit_of(endpoint, model, request)),
        ("find", endpoint.find),
        ("poll", endpoint.poll),
        ("fetch", endpoint.fetch),
    ]
    return [
        _shown(step, asked_of(vendor, endpoint, call, values, base_url=base_url, body=body))
        for step, call in calls
        if call
    ]


def _shown(step: str, asked: Asked) -> dict[str, Any]:
    address = asked.url.replace("%3C", "<").replace("%3E", ">").replace("%20", " ")
    body = dict(asked.body) if asked.body is not None else None
    return {"step": step, "method": asked.method, "url": address, "headers": dict(asked.headers), "body": body}


def sample_price(model: VendorModel, prices: PriceList) -> dict[str, Any]:
    """Return what the sample request would cost, and for a clip its resolution and length. Raises `SettingsError`."""
    request = sample_request(model)
    made = ""
    if isinstance(request, VideoRequest):
        resolution, seconds = chosen(model, request)
        made = f"{resolution or f'{_WIDTH}x{_HEIGHT}'}, {seconds} s"
    quoted = quote(model, prices, request)
    return {"made": made, "quote": quoted}
