"""What picture and clip models are told: the request's own words, and around them what keeps a film of one piece."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clash.providers.model_limits import ModelLimits
from clash.providers.ports import ImageRequest, Reference, VideoRequest
from clash.providers.prompts import prompt, revision_of

IMAGE_PROMPTS = ("character_card", "location_card", "keyframe")
VIDEO_PROMPTS = ("clip",)
_EMPTY_LINES = re.compile(r"\n{2,}")
_STOPS = ".。!！?？"


def image_prompts_revision() -> str:
    """Changes with the wording."""
    return revision_of(*IMAGE_PROMPTS)


def video_prompts_revision() -> str:
    """Changes with the wording."""
    return revision_of(*VIDEO_PROMPTS)


def references_for(card: ModelLimits, request: ImageRequest) -> tuple[Reference, ...]:
    """The pictures to send along, as many as the model takes: people first, then the place, props, a drawn panel."""
    order = {"character": 0, "location": 1, "prop": 2}
    ranked = sorted(request.references, key=lambda reference: order.get(reference.role.partition(":")[0], 3))
    return tuple(ranked[: card.most_references])


def picture_prompt(request: ImageRequest, references: Sequence[Reference] = ()) -> str:
    """The words for a card or a keyframe. `references` are the pictures that are sent along, in this order."""
    if request.subject == "keyframe":
        return _EMPTY_LINES.sub("\n", _keyframe(request, references))
    return prompt(f"{request.subject}_card", prompt=_sentence(request.prompt), style=request.style or "cinematic")


def _keyframe(request: ImageRequest, references: Sequence[Reference]) -> str:
    shot, place = request.shot, request.location
    action = shot.action if shot else ""
    framing = f"{shot.size} shot, {shot.angle} angle" if shot else "wide shot"
    when = f"{shot.time}, {shot.weather}" if shot else ""
    where = f"Place: {place.name}. {place.description}".strip() if place and place.name else ""
    people = [f"{person.name}: {person.look or person.description}".strip(": ") for person in request.cast]
    return prompt(
        "keyframe",
        prompt=_sentence(request.prompt or action),
        framing=framing.replace("_", " "),
        place=_sentence(f"{where} {when}".strip()),
        cast=_sentence("In the picture: " + "; ".join(people)) if people else "Nobody is in the picture.",
        references=_named(request, references),
        style=request.style or "cinematic",
    )


def _named(request: ImageRequest, references: Sequence[Reference]) -> str:
    """Which of the pictures sent along shows whom."""
    people = {f"character:{person.slug}": person.name for person in request.cast}
    place = request.location.name if request.location else "the place"
    shown: list[str] = []
    for number, reference in enumerate(references, start=1):
        if reference.role in people:
            what = f"{people[reference.role]}, whose face and clothes stay exactly so"
        elif reference.role.startswith("location:"):
            what = place
        elif reference.role.startswith("prop:"):
            what = f"{reference.role.partition(':')[2].replace('-', ' ')}, which looks exactly so"
        else:
            what = "a sketch of this very shot: keep its composition"
        shown.append(f"picture {number} is {what}")
    return f"Of the pictures given, {'; '.join(shown)}." if shown else ""


def clip_prompt(request: VideoRequest) -> str:
    """The words for a clip. Of its sound and of its last picture they tell only a model that is asked for them."""
    shot = request.shot
    told = prompt("clip", prompt=_sentence(request.prompt or shot.action), camera=shot.movement.replace("_", " "))
    if request.last_frame is not None:
        told += "\n" + prompt("clip_end")
    if request.generate_audio:
        told += "\n" + prompt("clip_sound", sound=_sentence(shot.sound) if shot.sound else "the place and the action.")
    return told


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in _STOPS else f"{text}."
