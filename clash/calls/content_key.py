"""The key of a call: the sha256 digest of what decides its answer. Two calls of one key buy the same thing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from clash.calls.first_keys import first_request
from clash.calls.spec import CallSpec
from clash.providers.clip_abilities import fitted
from clash.providers.identity import Revised, default_identity
from clash.providers.ports import (
    Identified,
    ImageRequest,
    Kind,
    Reference,
    Request,
    RevisedSince,
    ScreenplayRequest,
    VideoRequest,
)
from clash.providers.registry import Model, Registry

KEY_VERSION = 2
"""1: clash 0.1, whose keys held the whole request, positions included. 2: what the provider is sent."""


def kind_of(request: Request) -> Kind:
    """Which kind of call a request is."""
    if isinstance(request, ScreenplayRequest):
        return "screenplay"
    if isinstance(request, ImageRequest):
        return "image"
    return "video" if isinstance(request, VideoRequest) else "speech"


def model_of(task: CallSpec, models: Mapping[Kind, Model], registry: Registry) -> Model:
    """Return the model that a call asks: the one that its take names, else the run's."""
    kind = kind_of(task.request)
    return registry.model(kind, task.model) if task.model else models[kind]


def references_of(request: Request) -> tuple[Reference, ...]:
    """The stored files that a request refers to."""
    if isinstance(request, ImageRequest):
        return request.references
    if not isinstance(request, VideoRequest):
        return ()
    return (request.keyframe,) if request.last_frame is None else (request.keyframe, request.last_frame)


def canonical_json(value: Any) -> str:
    """JSON of which one value has one text: sorted keys, no spaces, letters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_key(model: Model, request: Request, *, take: int = 1, revision: str | None = None) -> str:
    """The key of a call, as hex digits. `revision`: in place of the provider's present one."""
    request = fitted(model, request)
    revision = model.provider.revision(model.name, request) if revision is None else revision
    return _digest({**_material(model, request, take), "revision": revision})


def _material(model: Model, request: Request, take: int) -> dict[str, Any]:
    """What decides the answer to a request that fits the model, but for the provider's revision."""
    provider = model.provider
    identified = isinstance(provider, Identified)
    return {
        "version": KEY_VERSION,
        "provider": provider.name,
        "model": model.name,
        "kind": kind_of(request),
        "identity": dict(provider.identity(model.name, request)) if identified else default_identity(request),
        "take": take,
    }


def seed_of(key: str) -> int:
    """Return a seed for the model, derived from the key of the call, which holds its take: from 0 to 2^31 - 1."""
    return int(key[:8] or "0", 16) & 0x7FFF_FFFF


def first_revision(model: Model, request: Request) -> str | None:
    """The provider's revision in clash 0.1; None where what was made then should not serve any more."""
    if isinstance(model.provider, RevisedSince):
        return model.provider.first_revision(model.name, request)
    return model.provider.revision(model.name, request)


def older_revisions(model: Model, request: Request) -> tuple[str, ...]:
    """Earlier revisions of a free provider, newest first; their answers serve where something paid was made of them."""
    if isinstance(model.provider, Revised):
        return model.provider.older_revisions(model.name, request)
    return ()


def first_key(model: Model, request: Request, *, take: int = 1, revision: str | None = None) -> str | None:
    """The key that clash 0.1 gave this call; None where what was made then should not serve any more.

    `revision`: in place of the one that the provider had in clash 0.1.
    """
    request = fitted(model, request)
    revision = revision or first_revision(model, request)
    if revision is None or (isinstance(request, ScreenplayRequest | VideoRequest) and request.asks_for_more):
        return None
    return _digest(
        {
            "provider": model.provider.name,
            "model": model.name,
            "revision": revision,
            "kind": kind_of(request),
            "request": first_request(request),
            "take": take,
        }
    )


def keys_of(
    model: Model, request: Request, *, take: int = 1, older: bool = True, key: str | None = None
) -> tuple[str, ...]:
    """The key of a call; if `older`, also those under which an older clash may have made it. `key`: if it is known."""
    key = key or content_key(model, request, take=take)
    revision = first_revision(model, request) if older else None
    if revision is None:
        return (key,)
    is_same = revision == model.provider.revision(model.name, request)
    revised = key if is_same else content_key(model, request, take=take, revision=revision)
    return tuple(dict.fromkeys(filter(None, (key, revised, first_key(model, request, take=take)))))


def older_keys(model: Model, request: Request, *, take: int = 1) -> tuple[str, ...]:
    """The keys that this call had under earlier revisions of a free provider, newest first."""
    request = fitted(model, request)
    material = _material(model, request, take)
    return tuple(_digest({**material, "revision": revision}) for revision in older_revisions(model, request))


def _digest(material: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_json(material).encode()).hexdigest()
