"""The identity of a call: what is asked, of whom. Two calls of one key would buy the same thing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from clash.providers.ports import ImageRequest, Kind, Reference, Request, ScreenplayRequest, VideoRequest
from clash.providers.registry import Model


def kind_of(request: Request) -> Kind:
    """Which kind of call a request is."""
    if isinstance(request, ScreenplayRequest):
        return "screenplay"
    if isinstance(request, ImageRequest):
        return "image"
    return "video" if isinstance(request, VideoRequest) else "speech"


def references_of(request: Request) -> tuple[Reference, ...]:
    """The stored files that a request refers to."""
    if isinstance(request, ImageRequest):
        return request.references
    return (request.keyframe,) if isinstance(request, VideoRequest) else ()


def canonical_json(value: Any) -> str:
    """JSON of which one value has one text: sorted keys, no spaces, letters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_key(model: Model, request: Request, *, take: int = 1) -> str:
    """sha256 (hex) of everything that decides the answer. A reference counts by its content, not by its name."""
    material = {
        "provider": model.provider.name,
        "model": model.name,
        "revision": model.provider.revision(model.name, request),
        "kind": kind_of(request),
        "request": request.model_dump(mode="json"),
        "take": take,
    }
    return hashlib.sha256(canonical_json(material).encode()).hexdigest()
