"""The illustrator: cards and keyframes, as files that are decoded and looked at."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pictures import FRAME, HEADLAND, MARA, ROOM, TOMAS, XIAOHE, keyframe, pixels, players, shot
from PIL import Image

from clash.errors import ProviderError
from clash.film.typeface import drawable
from clash.local import LocalProvider, cards
from clash.local.figures.figure import feet_of
from clash.local.figures.look import look_of
from clash.local.illustrator import illustrate
from clash.local.staging import FACE_ENDS, Frame, stage
from clash.providers.ports import Answer, ImageRequest, Reference
from clash.story.screenplay import Character, Line, Location, ShotSize

SMALL = {"width": 320, "height": 180}


def card(of: Character | Location, width: int = 640, height: int = 360) -> Answer:
    """The answer to a card request."""
    kind = "character" if isinstance(of, Character) else "location"
    request = ImageRequest.model_validate(
        {"subject": kind, "prompt": "", "style": "", "width": width, "height": height, kind: of}
    )
    return illustrate(request, {})


SCRIPT = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_illustrator import MARA, XIAOHE, HEADLAND, shot, keyframe, card
for answer in (keyframe(shot("close_up", emotion="sad")), card(XIAOHE), card(HEADLAND)):
    print(hashlib.sha256(answer.content).hexdigest())
"""


def test_another_process_draws_the_same_picture() -> None:
    """Same story, same pictures: twice here, and once more in a fresh interpreter."""
    makers = [lambda: keyframe(shot("close_up", emotion="sad")), lambda: card(XIAOHE), lambda: card(HEADLAND)]
    once = [hashlib.sha256(make().content).hexdigest() for make in makers]
    again = [hashlib.sha256(make().content).hexdigest() for make in makers]
    here = str(Path(__file__).parent)
    fresh = subprocess.run([sys.executable, "-c", SCRIPT, here], capture_output=True, text=True, check=True)
    assert once == again == fresh.stdout.split()


@pytest.mark.parametrize("seen", [{"weather": "rain"}, {"dialogue": (Line(speaker="Mara", text="Wait."),)}])
def test_a_moved_shot_is_the_same_picture(seen: dict[str, object]) -> None:
    """Its number and its words do not count: the picture has the same key, and would be drawn the same."""
    words = {"dialogue": (Line(speaker="Mara", text="Never mind."),)} if "dialogue" in seen else {}
    one, moved = shot(**seen), shot(**(seen | words | {"number": 7, "source_row": 12}))
    keys = [
        LocalProvider().identity("illustrator", ImageRequest(subject="keyframe", prompt="", style="", shot=of, **SMALL))
        for of in (one, moved, shot(**seen, action="They run."))
    ]
    assert keys[0] == keys[1] != keys[2]
    assert keyframe(one).content == keyframe(moved).content


@pytest.mark.parametrize(("width", "height"), [(320, 180), (180, 320), (300, 300), (478, 200), (641, 361)])
def test_pictures_have_the_size_that_was_asked_for(width: int, height: int) -> None:
    """Wide, tall, square, scope, odd: keyframes and cards are exactly as large as the film needs."""
    for answer in (
        keyframe(shot("medium"), width=width, height=height),
        card(MARA, width, height),
        card(HEADLAND, width, height),
    ):
        assert Image.open(io.BytesIO(answer.content)).size == (width, height)
        assert answer.media_type == "image/jpeg"
        assert answer.facts == {"width": width, "height": height}


def test_a_keyframe_in_4k_has_every_pixel() -> None:
    """The largest film is drawn as well."""
    picture = Image.open(io.BytesIO(keyframe(shot("close_up"), width=3840, height=2160).content))
    assert picture.size == (3840, 2160)


SIZES: list[ShotSize] = [
    "extreme_wide",
    "wide",
    "full",
    "medium_wide",
    "medium",
    "medium_close_up",
    "close_up",
    "extreme_close_up",
]


def test_each_shot_size_comes_nearer_than_the_one_before() -> None:
    """A head grows from the extreme wide to the extreme close-up, by at least a fifth each time."""
    heads = [max(player.unit for player in stage(shot(size), (MARA,), FRAME)) for size in SIZES]
    assert all(nearer > 1.2 * farther for farther, nearer in pairwise(heads))


def test_a_close_up_is_cut_at_the_shoulders() -> None:
    """Wide shots show the feet, a medium shot ends at the waist, a close-up at the shoulders."""

    def heads_shown(size: ShotSize) -> float:
        player = stage(shot(size), (MARA,), FRAME)[0]
        return (FRAME.height - player.y) / player.unit

    feet = feet_of(look_of(MARA), stage(shot("full"), (MARA,), FRAME)[0].stance.pose)
    assert heads_shown("full") > feet
    assert 1.9 < heads_shown("medium") < 3.2
    assert heads_shown("close_up") < 1.5


def test_the_coat_is_recognised_in_every_shot_and_on_the_card() -> None:
    """Mara's teal coat is there in close-ups, wides, at night and on her card."""
    for answer in (
        keyframe(shot("close_up"), (MARA,), width=640, height=360),
        keyframe(shot("medium", time="night"), (MARA,), width=640, height=360),
        keyframe(shot("full", time="dusk", number=7), (MARA,), width=640, height=360, place=ROOM),
        card(MARA),
    ):
        picture = pixels(answer)
        red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
        teal = (green > red * 1.35) & (blue > red * 1.5) & (np.abs(green - blue) < 60) & (green > 12)
        assert teal.mean() > 0.01


def test_a_look_does_not_change_from_shot_to_shot() -> None:
    """Whatever happens in a shot, the same person is drawn."""
    shots = [shot(size, number=number, emotion="angry") for number, size in enumerate(SIZES, 1)]
    assert {stage(each, (MARA,), FRAME)[0].look for each in shots} == {look_of(MARA)}


def test_two_people_look_at_each_other_and_keep_their_sides() -> None:
    """The one on the left looks right, and nobody crosses the line when the table names them the other way round."""
    left, right = players(shot("medium"))
    assert left.stance.turn > 0 > right.stance.turn
    swapped = players(shot("medium_wide"), (TOMAS, MARA))
    assert [p.look for p in swapped] == [left.look, right.look]
    single = players(shot("close_up", action="Tomas listens."))[0]
    assert single.look == right.look
    assert single.stance.turn < 0


def test_the_speaker_has_the_close_up_and_an_open_mouth() -> None:
    """A close-up with a line shows who speaks it."""
    (player,) = stage(shot("close_up", dialogue=(Line(speaker="Tomas", text="You came back."),)), (MARA, TOMAS), FRAME)
    assert player.look == look_of(TOMAS)
    assert player.stance.mood.mouth > 0.3


def test_over_the_shoulder_one_is_seen_from_behind() -> None:
    """An over-shoulder shot has a large blurred back at the edge, and beyond it a face."""
    far, near = stage(shot("medium", angle="over_shoulder"), (MARA, TOMAS), FRAME)
    assert near.part == "foreground"
    assert near.stance.behind
    assert not far.stance.behind
    assert near.unit > far.unit
    assert abs(near.x - FRAME.width / 2) > FRAME.width * 0.25


@pytest.mark.parametrize("frame", [FRAME, Frame(720, 1280, 0.9), Frame(1000, 1000, 0.85), Frame(1720, 720, 0.88)])
@pytest.mark.parametrize("size", SIZES[:-1])
def test_faces_stay_clear_of_the_captions_and_inside_the_frame(size: ShotSize, frame: Frame) -> None:
    """No chin is in the lower thirty hundredths of the frame, no face leaves it, in any shape of film."""
    cast = (MARA, TOMAS, XIAOHE)
    for angle in ("eye_level", "low", "high", "over_shoulder"):
        for player in stage(shot(size, angle=angle), cast, frame):
            if player.part == "player" and not player.stance.behind:
                assert player.y + 0.5 * player.unit <= frame.height * (FACE_ENDS + 0.015)
                assert player.y - 0.62 * player.unit >= 0
                assert 0.30 * player.unit <= player.x <= frame.width - 0.30 * player.unit


def test_a_crowd_is_drawn_to_five_and_the_rest_are_silhouettes() -> None:
    """Twelve people: five with faces, the others as dark shapes behind them."""
    cast = tuple(Character(slug=f"p{n}", name=f"P{n}") for n in range(12))
    staged = stage(shot("wide"), cast, FRAME)
    assert sum(player.part == "player" for player in staged) == 5
    assert sum(player.part == "silhouette" for player in staged) == 7
    assert Image.open(io.BytesIO(keyframe(shot("wide"), cast).content)).size == (320, 180)


def test_a_shot_without_people_is_the_place_alone() -> None:
    """No cast, no figures; a point of view does not show its own eyes."""
    assert stage(shot("wide"), (), FRAME) == []
    assert stage(shot("medium", angle="pov"), (MARA,), FRAME) == []


def test_an_insert_shows_the_thing() -> None:
    """An insert of a letter is not the empty place, and not a lantern."""
    empty = pixels(keyframe(shot("insert", action="Nothing."), ()))
    letter = pixels(keyframe(shot("insert", action="A letter on the desk."), ()))
    lantern = pixels(keyframe(shot("insert", action="A lantern burns."), ()))
    held = pixels(keyframe(shot("insert", action="Mara holds a letter."), (MARA,)))
    pictures = [empty, letter, lantern, held]
    for index, one in enumerate(pictures):
        for other in pictures[index + 1 :]:
            assert np.abs(one - other).mean() > 3


def test_light_and_place_change_the_picture() -> None:
    """Night is darker than day, and on people too."""
    day = pixels(keyframe(shot("medium", time="day"))).mean()
    night = pixels(keyframe(shot("medium", time="night"))).mean()
    assert night < day - 40


def test_every_angle_gives_another_picture() -> None:
    """Low, high, overhead, tilted, over the shoulder: none looks like another."""
    angles = ("eye_level", "low", "high", "overhead", "dutch", "over_shoulder")
    pictures = [pixels(keyframe(shot("medium", angle=angle))) for angle in angles]
    for index, one in enumerate(pictures):
        for other in pictures[index + 1 :]:
            assert np.abs(one - other).mean() > 4


def test_labels_are_in_the_language_of_the_text() -> None:
    """A Chinese character has a Chinese card; every sign on either card is one that the face can draw."""
    for chinese, english in ((cards.WORDS[key][1], cards.WORDS[key][0]) for key in cards.WORDS):
        assert drawable(chinese) == chinese
        assert drawable(english) == english
        assert chinese != english
    for text in (XIAOHE.name, XIAOHE.description, XIAOHE.look, XIAOHE.voice):
        assert drawable(text) == text
    renamed = XIAOHE.model_copy(update={"name": "Xiaohe", "description": "", "look": "", "voice": ""})
    top = (slice(20, 40), slice(300, 400))
    assert np.abs(pixels(card(XIAOHE))[top] - pixels(card(renamed))[top]).mean() > 1


def test_a_card_with_hostile_or_endless_text_keeps_its_shape() -> None:
    """NUL, right-to-left, emoji and 20,000 characters: still a card, the portrait untouched."""
    wild = MARA.model_copy(
        update={
            "name": "Ma\0ra [/b] 🙂 مرحبا " + "very " * 40,
            "description": "Her mother. " + "长" * 20000,
            "voice": "x" * 20000,
        }
    )
    plain, odd = pixels(card(MARA)), pixels(card(wild))
    assert odd.shape == plain.shape
    portrait = (slice(40, 320), slice(40, 200))
    assert np.abs(plain[portrait] - odd[portrait]).mean() < 1.0


def reference(path: Path) -> tuple[ImageRequest, dict[str, Path]]:
    """A keyframe request with the user's own panel."""
    panel = Reference(role="reference_image", sha256="ab" * 32, media_type="image/png")
    card_of_mara = Reference(role="character:mara", sha256="cd" * 32, media_type="image/png")
    request = ImageRequest(
        subject="keyframe",
        prompt="",
        style="",
        width=320,
        height=180,
        shot=shot(),
        location=HEADLAND,
        references=(card_of_mara, panel),
    )
    return request, {"ab" * 32: path}


def test_the_users_own_panel_becomes_the_keyframe(tmp_path: Path) -> None:
    """A reference image fills the frame, cropped, not stretched; transparency is set on white."""
    panel = Image.new("RGBA", (400, 400), (200, 30, 30, 255))
    panel.paste((0, 0, 0, 0), (0, 150, 200, 250))
    panel.save(tmp_path / "panel.png")
    picture = pixels(illustrate(*reference(tmp_path / "panel.png")))
    assert picture.shape == (180, 320, 3)
    assert np.abs(picture[80, 280] - (200, 30, 30)).max() < 12
    assert picture[80, 40].min() > 240


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 64])
def test_a_broken_panel_is_an_error_with_a_code(tmp_path: Path, content: bytes) -> None:
    """What cannot be decoded is named, with the code that scripts look for."""
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(ProviderError) as caught:
        illustrate(*reference(path))
    assert caught.value.code == "reference_image"
    assert caught.value.hint


def test_a_truncated_panel_is_an_error_with_a_code(tmp_path: Path) -> None:
    """Half a file is not taken for a picture."""
    noise = Image.effect_noise((300, 300), 80).convert("RGB")
    noise.save(tmp_path / "whole.jpg")
    half = tmp_path / "half.jpg"
    half.write_bytes((tmp_path / "whole.jpg").read_bytes()[:4000])
    with pytest.raises(ProviderError) as caught:
        illustrate(*reference(half))
    assert caught.value.code == "reference_image"


def test_a_panel_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    """A picture of 400 megapixels would take more than a gigabyte: refused by its header."""
    path = tmp_path / "huge.png"
    Image.new("1", (20000, 20000)).save(path)
    with pytest.raises(ProviderError) as caught:
        illustrate(*reference(path))
    assert caught.value.code == "reference_image"


def test_a_request_without_its_subject_is_refused() -> None:
    """A card of nobody is a mistake of the caller, said plainly."""
    with pytest.raises(ProviderError):
        illustrate(ImageRequest(subject="character", prompt="", style="", width=320, height=180), {})
