"""The people: what a look takes from its words, and that figures are drawn as said."""

from __future__ import annotations

import numpy as np
import pytest

from clash.local.figures.canvas import Canvas, ellipse, ring, smooth, tube
from clash.local.figures.face import EXPRESSIONS
from clash.local.figures.figure import Light, Stance, feet_of, figure_layer
from clash.local.figures.look import Look, look_of
from clash.local.figures.pose import POSES, expression_of, mood_of, pose_of
from clash.local.figures.props import thing_in
from clash.story.screenplay import Character, slug

LIGHT = Light((255, 230, 190), (120, 110, 150), -1.0)


def person(look: str, *, name: str = "Kit", description: str = "", voice: str = "") -> Look:
    """The look of a character with this prose."""
    return look_of(Character(slug=slug(name), name=name, description=description, look=look, voice=voice))


def drawn(look: Look, pose: str = "standing", mood: str = "neutral", *, behind: bool = False) -> np.ndarray:
    """The pixels of a whole figure, 240 x 400, RGBA."""
    stance = Stance(0.3, POSES[pose], EXPRESSIONS[mood], behind=behind)
    unit = 52.0
    head = (120.0, 380 - feet_of(look, POSES[pose]) * unit)
    return np.asarray(figure_layer(look, stance, size=(240, 400), head=head, unit=unit, light=LIGHT).image)


def test_english_words_become_garment_hair_and_their_colours() -> None:
    """ "Teal oilskin coat, copper hair" is a teal coat and copper hair, on any person."""
    look = person("Teal oilskin coat, copper hair, salt-stained cuffs")
    assert look.garment == "coat"
    assert look.cloth == (38, 106, 118)
    assert look.hair == (158, 74, 36)


def test_each_colour_goes_to_its_own_noun() -> None:
    """In a list of garments every colour stays with the thing that it was said of."""
    look = person("a red coat with a white scarf, short black hair and a navy cap")
    assert look.cloth == (178, 58, 54)
    assert look.scarf == (236, 232, 224)
    assert look.hat == "cap"
    assert look.hat_colour == (38, 52, 88)
    assert look.hair == (38, 34, 42)


def test_chinese_words_become_garment_hair_and_their_colours() -> None:
    """A look in Chinese is understood as well as one in English."""
    look = person("红色毛衣，两条黑色麻花辫，戴眼镜，围着黄围巾", name="小禾", description="十岁的女孩")
    assert look.garment == "sweater"
    assert look.cloth == (178, 58, 54)
    assert look.hair_style == "braids"
    assert look.hair == (38, 34, 42)
    assert look.glasses
    assert look.scarf == (226, 186, 78)
    assert (look.gender, look.age) == ("woman", "child")


@pytest.mark.parametrize(
    ("prose", "field", "value"),
    [
        ("long braided hair", "hair_style", "braids"),
        ("a shaved head", "hair_style", "bald"),
        ("光头，长袍", "hair_style", "bald"),
        ("头发花白，藏蓝制服", "hair", (158, 158, 164)),
        ("藏蓝制服", "cloth", (38, 52, 88)),
        ("橄榄绿夹克", "cloth", (108, 110, 62)),
        ("a bearded man", "beard", "full"),
        ("八字胡", "beard", "moustache"),
        ("an olive hoodie", "garment", "hoodie"),
        ("straw hat", "hat", "sunhat"),
        ("戴斗笠", "hat", "straw"),
        ("a grey wool robe", "garment", "robe"),
        ("a chef in a white apron over a shirt", "garment", "apron"),
        ("aged 71", "age", "old"),
        ("an eleven-inch knife, 11 years old", "age", "child"),
        ("七十岁的老人", "age", "old"),
        ("her mother's coat, she is young", "gender", "woman"),
        ("老渔夫，他的大衣", "gender", "man"),
    ],
)
def test_a_word_of_the_look_is_drawn(prose: str, field: str, value: object) -> None:
    """What the prose says is in the look, in either language."""
    assert getattr(person(prose), field) == value


@pytest.mark.parametrize(
    ("name", "description", "kind"),
    [
        ("Bolt", "a small rusty robot", "robot"),
        ("Pip", "A fox who steals lanterns", "fox"),
        ("小白", "一只白色的兔子", "rabbit"),
        ("铁蛋", "机器人", "robot"),
        ("Ana", "A girl with a cat", "human"),
        ("Sam", "The dog's owner, a tired man", "human"),
        ("老李", "养猫的男人", "human"),
    ],
)
def test_animals_and_robots_are_told_from_people(name: str, description: str, kind: str) -> None:
    """A fox is a fox; who only keeps a cat is a person."""
    assert person("", name=name, description=description).kind == kind


def test_what_is_not_said_comes_from_the_slug_alone() -> None:
    """Two characters without a look differ; the same one is the same again, whatever its voice."""
    looks = {person("", name=name) for name in ("Mara", "Tomas", "Ines", "Odd", "阿明", "阿珍")}
    assert len(looks) == 6
    assert person("", name="Mara") == person("", name="Mara", voice="She speaks low.")


def test_the_garment_is_drawn_in_its_colour() -> None:
    """A red coat is red on the picture, a teal one teal."""
    red, teal = drawn(person("red coat")), drawn(person("teal coat"))
    chest = (slice(170, 210), slice(108, 132))
    red_chest, teal_chest = red[chest][..., :3].mean(axis=(0, 1)), teal[chest][..., :3].mean(axis=(0, 1))
    assert red_chest[0] > red_chest[2] + 40
    assert teal_chest[2] > teal_chest[0] + 25


def test_a_child_is_smaller_on_the_same_ground() -> None:
    """Children are shorter; all feet are at the same height."""
    adult, child = drawn(person("a woman of 40 years")), drawn(person("a girl, 8 years old"))
    tops = [int(np.argmax(figure[..., 3].max(axis=1) > 128)) for figure in (adult, child)]
    feet = [int(400 - np.argmax(figure[::-1, :, 3].max(axis=1) > 128)) for figure in (adult, child)]
    assert tops[1] - tops[0] > 60
    assert abs(feet[0] - feet[1]) <= 4


@pytest.mark.parametrize("pose", sorted(POSES))
def test_every_pose_is_drawn_in_one_piece(pose: str) -> None:
    """No pose leaves a hand or a leg floating apart from the body."""
    alpha = drawn(person("a man in a grey shirt, short hair, clean"), pose)[..., 3] > 100
    assert alpha.any(axis=1).sum() > 200
    assert pieces(alpha) == 1


def pieces(mask: np.ndarray) -> int:
    """How many connected parts of more than a few pixels the mask has."""
    left = mask.copy()
    found = 0
    while left.any():
        part = np.zeros_like(left)
        part[np.unravel_index(int(np.argmax(left)), left.shape)] = True
        while True:
            grown = part.copy()
            grown[1:] |= part[:-1]
            grown[:-1] |= part[1:]
            grown[:, 1:] |= part[:, :-1]
            grown[:, :-1] |= part[:, 1:]
            grown &= left
            if (grown == part).all():
                break
            part = grown
        found += int(part.sum() > 12)
        left &= ~part
    return found


def test_moods_look_different() -> None:
    """A happy, a sad, an angry and a frightened face are four different pictures."""
    look = person("short brown hair")
    faces = [drawn(look, mood=mood)[..., :3].astype(int) for mood in ("happy", "sad", "angry", "afraid")]
    for index, face in enumerate(faces):
        assert all(int(np.abs(face - other).sum()) > 200 for other in faces[index + 1 :])


def test_from_behind_there_is_no_face() -> None:
    """The skin of the face is seen from the front only."""
    look = person("long black hair, a navy coat, pale")
    middle = (slice(36, 56), slice(112, 130))
    front, back = drawn(look)[middle], drawn(look, behind=True)[middle]
    assert front[..., :3].mean() > back[..., :3].mean() + 50


@pytest.mark.parametrize(
    ("emotion", "action", "mood"),
    [
        ("", "She smiles at him", "happy"),
        ("愤怒", "", "angry"),
        ("anxious", "She smiles", "afraid"),
        ("", "他哭了", "weeping"),
        ("", "A quiet street", "neutral"),
    ],
)
def test_the_emotion_decides_the_mood_before_the_action(emotion: str, action: str, mood: str) -> None:
    """The emotion column decides; without it the words of the action do."""
    assert mood_of(emotion, action) == mood


def test_who_speaks_opens_the_mouth() -> None:
    """A speaker's mouth is open, a listener's is not."""
    assert expression_of("", "", speaking=True).mouth > 0.3
    assert expression_of("", "").mouth == 0


@pytest.mark.parametrize(
    ("action", "name"),
    [("Mara points at the lamp", "pointing"), ("玛拉挥手告别", "raised"), ("She holds the letter", "holding")],
)
def test_gestures_follow_the_action(action: str, name: str) -> None:
    """Who points, points; who waves, waves."""
    pose = pose_of(
        person(""), action=action, mood="neutral", speaking=False, prop=thing_in(action), whole=True, seed="s"
    )
    assert pose.name == name


def test_who_holds_something_is_drawn_with_it() -> None:
    """ "She holds the letter" puts the letter in her hand; without it the hand is empty."""
    pose = pose_of(
        person(""), action="She holds the letter", mood="neutral", speaking=False, prop="letter", whole=True, seed="s"
    )
    assert pose.prop == "letter"
    empty = pose_of(
        person(""), action="She holds her breath", mood="neutral", speaking=False, prop="", whole=True, seed="s"
    )
    assert (empty.prop, empty.near.grip) == ("", "relaxed")


def test_an_unlit_canvas_is_empty_and_shapes_have_clean_edges() -> None:
    """Edges of shapes are smooth: a disc has pixels that are neither full nor empty all around it."""
    canvas = Canvas(100, 100, origin=(50, 50), unit=40)
    assert not np.asarray(canvas.layer())[..., 3].any()
    canvas.fill(ellipse(0, 0, 1, 1), (255, 0, 0))
    alpha = np.asarray(canvas.layer())[..., 3]
    assert alpha[50, 50] == 255
    partly = (alpha > 0) & (alpha < 255)
    assert partly.sum() > 100
    assert abs(float(alpha.sum()) / 255 - np.pi * 40**2) < 60


def test_a_ring_has_a_hole_and_a_tube_has_none() -> None:
    """Closed lines leave their middle free; limbs are solid."""
    canvas = Canvas(100, 100, origin=(50, 50), unit=40)
    canvas.fill(ring(ellipse(0, 0, 0.8, 0.8), 0.1), (0, 0, 0))
    assert np.asarray(canvas.layer())[50, 50, 3] == 0
    canvas.fill(tube([(-0.5, 0), (0.5, 0)], (0.2, 0.2)), (0, 0, 0))
    assert np.asarray(canvas.layer())[50, 50, 3] == 255


def test_a_point_given_twice_is_a_corner() -> None:
    """The curve passes through every point and does not loop at a corner."""
    square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
    path = smooth([point for point in square for _ in range(2)])
    for point in square:
        assert point in path
    assert max(max(abs(x), abs(y)) for x, y in path) <= 1.07
