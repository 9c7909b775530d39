"""What a clip model can do beside a clip of a keyframe: end on a given picture, and make the sound of what is seen."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from clash.providers.ports import Request, VideoRequest
from clash.providers.registry import Model


@runtime_checkable
class TakesLastFrame(Protocol):
    """A provider with clip models that can end a clip on a given picture. Of any other, none can."""

    def takes_last_frame(self, model: str) -> bool:
        """Return whether this clip model takes `VideoRequest.last_frame`."""
        ...


@runtime_checkable
class MakesSound(Protocol):
    """A provider with clip models that make sound with the picture. Of any other, none does."""

    def makes_sound(self, model: str) -> bool:
        """Return whether this clip model honours `VideoRequest.generate_audio`."""
        ...


def takes_last_frame(model: Model) -> bool:
    """Return whether clips of this model can end on a given picture."""
    provider = model.provider
    return isinstance(provider, TakesLastFrame) and provider.takes_last_frame(model.name)


def makes_sound(model: Model) -> bool:
    """Return whether clips of this model can have sound of their own."""
    provider = model.provider
    return isinstance(provider, MakesSound) and provider.makes_sound(model.name)


def fitted(model: Model, request: Request) -> Request:
    """Return the request as this model is asked: without what it cannot do, which its call's key must not depend on."""
    if not isinstance(request, VideoRequest) or not request.asks_for_more:
        return request
    update: dict[str, Any] = {}
    if request.last_frame is not None and not takes_last_frame(model):
        update["last_frame"] = None
    if request.generate_audio and not makes_sound(model):
        update["generate_audio"] = False
    return request.model_copy(update=update) if update else request
