"""Takes by the local models: each is visibly another picture or clip, and the first is what it always was."""

from __future__ import annotations

import asyncio
import hashlib
import io
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from clash.calls.content_key import kind_of
from clash.film.camera import CameraMove
from clash.local import LocalProvider
from clash.local.figures.look import look_of
from clash.local.staging import Frame, Player, stage
from clash.providers.ports import (
    Answer,
    Context,
    ImageRequest,
    Reference,
    Request,
    ScreenplayRequest,
    SpeechRequest,
    VideoRequest,
)
from clash.story.reader import read_story
from clash.story.screenplay import Character, Location, Movement, Shot

WIDTH, HEIGHT = 320, 180
VISIBLE = 2.0
"""Of 255, on average over all pixels: a noise of compression is a tenth of it."""
MARA = Character(slug="mara", name="Mara", look="Teal oilskin coat, copper hair.", voice="Low, unhurried.")
TOMAS = Character(slug="tomas", name="Tomas", description="The old keeper", look="navy coat and cap, white beard")
CLIFF = Location(slug="headland", name="Headland", description="A cliff above the sea")
KITCHEN = Location(slug="kitchen", name="Kitchen", setting="interior")
STREET = Location(slug="old-street", name="Old street")


def shot(size: str, place: Location, action: str = "They wait.", **more: object) -> Shot:
    """A shot of a size in a place."""
    told: dict[str, object] = {"number": 1, "size": size, "location": place.slug, "action": action, "duration_s": 3}
    return Shot.model_validate(told | more)


def picture(subject: str, **of: object) -> ImageRequest:
    """A request for a picture."""
    asked = {"subject": subject, "prompt": "", "style": "", "width": WIDTH, "height": HEIGHT}
    return ImageRequest.model_validate(asked | of)


def keyframe(of: Shot, place: Location, *cast: Character, **more: object) -> ImageRequest:
    """A request for a keyframe."""
    return picture("keyframe", shot=of, location=place, cast=cast, **more)


PICTURES: dict[str, ImageRequest] = {
    "a character": picture("character", character=MARA),
    "a place outside": picture("location", location=CLIFF),
    "a place inside": picture("location", location=KITCHEN),
    "one face": keyframe(shot("close_up", CLIFF), CLIFF, MARA),
    "one person in the rain": keyframe(shot("wide", STREET, weather="rain"), STREET, MARA),
    "two people": keyframe(shot("medium", KITCHEN), KITCHEN, MARA, TOMAS),
    "a gesture that is told": keyframe(shot("full", CLIFF, "Tomas walks."), CLIFF, TOMAS),
    "nobody": keyframe(shot("extreme_wide", KITCHEN, "An empty kitchen."), KITCHEN),
    "the sea at night": keyframe(shot("extreme_wide", CLIFF, "Waves.", time="night"), CLIFF),
    "fog": keyframe(shot("medium", CLIFF, "Mara waits.", weather="fog"), CLIFF, MARA),
    "a thing": keyframe(shot("insert", KITCHEN, "A letter on the table."), KITCHEN),
    "a thing in a hand": keyframe(shot("insert", KITCHEN, "Mara holds a lantern."), KITCHEN, MARA),
}


def answer(request: Request, files: dict[str, Path] | None = None, **take: int) -> Answer:
    """What the local provider answers to a take; without one, to the request as it was always asked."""
    local = LocalProvider()
    (model,) = local.models()[kind_of(request)]
    return asyncio.run(local.call(model, request, Context("key", model, files or {}, **take)))


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """How far two pictures are from each other, on average over all pixels."""
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def pixels(made: Answer) -> NDArray[np.uint8]:
    """The decoded picture."""
    return np.asarray(Image.open(io.BytesIO(made.content)).convert("RGB"))


@pytest.mark.parametrize("request_", PICTURES.values(), ids=PICTURES.keys())
def test_takes_of_a_picture_are_visibly_apart(request_: ImageRequest) -> None:
    """The first four takes differ from each other, have one size, and are the same each time."""
    first, *others = (answer(request_, take=number) for number in range(1, 5))
    assert hashlib.sha256(first.content).digest() == hashlib.sha256(answer(request_).content).digest()
    assert answer(request_, take=2).content == others[0].content
    shown = [pixels(made) for made in (first, *others)]
    assert {each.shape for each in shown} == {shown[0].shape}
    assert min(apart(a, b) for i, a in enumerate(shown) for b in shown[:i]) > VISIBLE


def test_a_panel_stays_the_same_picture(tmp_path: Path) -> None:
    """The story's own panel is cut a little differently in another take; nothing is drawn in its place."""
    panel = tmp_path / "panel.png"
    y, x = np.mgrid[0:360, 0:640]
    Image.fromarray(np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8)).save(panel)
    reference = Reference(role="reference_image", sha256="a", media_type="image/png")
    asked = keyframe(shot("medium", CLIFF), CLIFF, MARA, references=(reference,))
    first, second = (answer(asked, {"a": panel}, take=number) for number in (1, 2))
    assert first.content == answer(asked, {"a": panel}).content
    assert VISIBLE < apart(pixels(first), pixels(second)) < 40


@pytest.mark.parametrize("number", [2, 3, 4])
@pytest.mark.parametrize("size", ["close_up", "medium", "full", "wide"])
def test_people_stay_who_they_are(size: str, number: int) -> None:
    """A take changes neither looks nor sizes nor who stands left of whom."""
    of = shot(size, KITCHEN)

    def players(take: int) -> list[Player]:
        return sorted(stage(of, (MARA, TOMAS), Frame(1280, 720, 0.88, take=take)), key=lambda player: player.x)

    first, other = players(1), players(number)
    assert [player.look for player in other] == [player.look for player in first]
    assert [player.unit for player in other] == [player.unit for player in first]
    assert {player.look for player in other} <= {look_of(MARA), look_of(TOMAS)}


def test_what_is_told_is_done_in_every_take() -> None:
    """A pose that the words tell stays; one that they leave open changes."""
    told, open_ = shot("full", CLIFF, "Tomas walks."), shot("full", CLIFF, "Tomas waits.")

    def poses(of: Shot) -> set[str]:
        return {stage(of, (TOMAS,), Frame(1280, 720, 0.88, take=take))[0].stance.pose.name for take in (1, 2, 3)}

    assert len(poses(told)) == 1
    assert len(poses(open_)) > 1


@pytest.mark.parametrize("movement", ["push_in", "pan_left", "tilt_up", "static"])
def test_takes_of_a_clip_are_visibly_apart(tmp_path: Path, movement: Movement) -> None:
    """Three takes of one movement differ from their first frame to their last; the first take is as before."""
    still = tmp_path / "keyframe.png"
    Image.open(io.BytesIO(answer(PICTURES["two people"]).content)).save(still)
    asked = VideoRequest(
        shot=shot("medium", KITCHEN, movement=movement),
        prompt="",
        keyframe=Reference(role="keyframe", sha256="a", media_type="image/png"),
        frames=24,
        fps=24,
        width=WIDTH,
        height=HEIGHT,
    )
    clips = [answer(asked, {"a": still}, take=number) for number in (1, 2, 3)]
    assert clips[0].content == answer(asked, {"a": still}).content
    shown = [_ends(clip) for clip in clips]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert min(apart(a, b) for a, b in zip(shown[one], shown[other], strict=True)) > VISIBLE


def _ends(clip: Answer) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The first and the last frame."""
    with av.open(io.BytesIO(clip.content), "r") as container:
        frames = [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)]
    return frames[0], frames[-1]


@pytest.mark.parametrize("movement", ["push_in", "pull_out", "pan_right", "tilt_down", "static"])
@pytest.mark.parametrize("number", [2, 3, 7, 40])
def test_the_camera_never_meets_the_edge(movement: Movement, number: int) -> None:
    """In no take does the view have to be held back at the edge of the still, where the move would stop."""
    move = CameraMove.of(movement, 12.0).take(number)
    for step in range(121):
        view = move.at(step / 10)
        left, upper, right, lower = move.box(step / 10, 1920, 1080)
        assert ((left + right) / 2, (upper + lower) / 2) == pytest.approx((view.x * 1920, view.y * 1080))


def test_takes_of_a_line_differ_in_pace() -> None:
    """The installed voice says a line a little slower or faster in another take; the first is as before."""
    pytest.importorskip("hibari")
    line = SpeechRequest(text="After all of these years.", speaker="tomas", voice="an old man", language="en")
    takes = [answer(line, take=number) for number in (1, 2, 3)]
    assert takes[0].content == answer(line).content
    assert len({made.facts["duration_s"] for made in takes}) == 3
    assert {made.facts["voice"] for made in takes} == {takes[0].facts["voice"]}
    assert max(made.facts["duration_s"] for made in takes) < 1.25 * min(made.facts["duration_s"] for made in takes)


def test_the_writer_says_that_takes_are_the_same() -> None:
    """Another take of a screenplay is the same one, with a warning that says what to do; the first has none."""
    story = read_story(b"description\nA door opens in the desert.\n", name="door.csv")
    first, second, told = (
        answer(ScreenplayRequest(story=story, note=note), take=take)
        for take, note in ((1, ""), (2, ""), (1, "shorter"))
    )
    assert first.content == second.content == told.content
    assert "warning" not in first.facts
    assert "another writer (--model)" in second.facts["warning"] == told.facts["warning"]


def test_silence_is_the_same_in_every_take() -> None:
    """Where nobody is heard, another take is the same silence, with the warning that says why."""
    line = SpeechRequest(text="你回来了。", speaker="tomas", language="zh")
    first, second = (answer(line, take=number) for number in (1, 2))
    assert first.content == second.content
    assert "clash voices get zh" in second.facts["warning"]
