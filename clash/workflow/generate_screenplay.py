"""Can this screenplay be shot? A writer, ours or a model, may have left out or misnamed something."""

from __future__ import annotations

from collections import Counter

from clash.calls.spec import CallSpec
from clash.errors import ProviderError
from clash.providers.ports import ScreenplayRequest, screenplay_of
from clash.story.screenplay import Screenplay

LONGEST_SHOT_S = 600.0


def screenplay_call(request: ScreenplayRequest) -> CallSpec:
    """The call that has the screenplay written. One that cannot be shot is no success, and is never reused."""
    return CallSpec(
        "generate_screenplay",
        "screenplay",
        "screenplay",
        request,
        inspect=lambda content: check_screenplay(screenplay_of(content)),
    )


def check_screenplay(screenplay: Screenplay) -> None:
    """Raises `ProviderError` (code `bad_screenplay`) that names every fault."""
    faults = [*_slug_faults(screenplay), *_shot_faults(screenplay)]
    if faults:
        raise ProviderError(
            "the screenplay cannot be shot: " + "; ".join(faults[:10]), code="bad_screenplay", slots=("screenplay",)
        )


def _slug_faults(screenplay: Screenplay) -> list[str]:
    faults: list[str] = []
    for kind, subjects in (("character", screenplay.characters), ("location", screenplay.locations)):
        counts = Counter(subject.slug for subject in subjects)
        faults += [f"two {kind}s are called {name}" for name, count in counts.items() if count > 1]
        faults += [f"a {kind} has no name" for name in counts if not name]
    return faults


def _shot_faults(screenplay: Screenplay) -> list[str]:
    shots = screenplay.shots
    if not shots:
        return ["it has no shots"]
    characters = {character.slug for character in screenplay.characters}
    locations = {location.slug for location in screenplay.locations}
    faults: list[str] = []
    for expected, shot in enumerate(shots, start=1):
        if shot.number != expected:
            faults.append(f"shot {shot.number} stands where shot {expected} belongs")
        if shot.location not in locations:
            faults.append(f"shot {shot.number} plays at an unknown place {shot.location!r}")
        faults += [
            f"shot {shot.number} shows an unknown {name!r}" for name in shot.characters if name not in characters
        ]
        if not 0 < shot.duration_s <= LONGEST_SHOT_S:
            faults.append(f"shot {shot.number} lasts {shot.duration_s} s")
    return faults
