"""What decides a provider's answer, for a provider that does not say so itself.

Positions do not count: a shot's number, its row in the table, its slate. Nor does what a picture or clip model is not
told: for pictures the words, sounds and length of the shot; for clips its sounds, and the words that stand in
`captions` already. References count by their content.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from clash.providers.ports import ImageRequest, Request, ScreenplayRequest, SpeechRequest
from clash.story.screenplay import Story

_POSITIONS = {"number", "source_row", "reference_image"}
_HEARD = {"dialogue", "narration", "sound", "music", "transition", "duration_s"}
_OF_THE_FILE = {"sha256", "warnings"}
_OF_THE_ROW = {"row", "shot"}


@runtime_checkable
class Revised(Protocol):
    """A free provider whose earlier answers are used again where something paid was made of them."""

    def older_revisions(self, model: str, request: Request) -> tuple[str, ...]:
        """What `revision` was for this request in the releases before, newest first."""
        ...


def default_identity(request: Request) -> dict[str, Any]:
    """The request as plain JSON, without positions and without what its kind of model is not told."""
    if isinstance(request, ScreenplayRequest):
        return {**request.model_dump(mode="json", exclude={"story"}), "story": _story(request.story)}
    if isinstance(request, SpeechRequest):
        return request.model_dump(mode="json")
    told = request.model_dump(mode="json", exclude={"slate", "keyframe", "last_frame", "references"})
    if isinstance(told.get("shot"), dict):
        told["shot"] = {name: value for name, value in told["shot"].items() if name not in _POSITIONS | _HEARD}
    if isinstance(request, ImageRequest):
        told["references"] = [[reference.role, reference.sha256] for reference in request.references]
    else:
        told["keyframe"] = request.keyframe.sha256
        if request.last_frame is not None:
            told["last_frame"] = request.last_frame.sha256
        if request.generate_audio:
            told["sound"] = request.shot.sound
    return told


def _story(story: Story) -> dict[str, Any]:
    return {
        **story.model_dump(mode="json", exclude={"beats", *_OF_THE_FILE}),
        "beats": [beat.model_dump(mode="json", exclude=_OF_THE_ROW) for beat in story.beats],
    }
