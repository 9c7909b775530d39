"""Cards: a character or a place on one sheet, to compare every later picture with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from clash.film.typeface import drawable, font, is_chinese, wrap
from clash.local.backdrops import draw_backdrop
from clash.local.figures.canvas import Colour, darker, mix
from clash.local.figures.face import EXPRESSIONS
from clash.local.figures.figure import Light, Stance, figure_layer
from clash.local.figures.look import Digest, Look, look_of
from clash.local.figures.pose import POSES
from clash.local.place_words import kind_of_place
from clash.local.takes import WITHOUT_PEOPLE, mirrored, photographed
from clash.story.place_kinds import INTERIORS
from clash.story.screenplay import Angle, Character, Location, Setting, TimeOfDay

PAPER: Colour = (243, 236, 224)
INK: Colour = (35, 31, 32)
QUIET: Colour = (93, 81, 72)
LABEL: Colour = (150, 134, 114)
ACCENT: Colour = (184, 67, 63)
RULE: Colour = (205, 191, 169)

MOODS = ("happy", "sad", "angry", "surprised")
"""The faces on a character's card."""
SITTINGS = ("standing", "relaxed", "hand_on_hip", "clasped", "crossed")
"""The poses of a character in the takes of its card."""
HOURS: tuple[TimeOfDay, ...] = ("dawn", "dusk", "night")
"""The lights on a place's card, beside the day of its picture."""

HEIGHTS: Mapping[Setting, tuple[Angle, ...]] = {"exterior": ("eye_level", "high"), "interior": ("eye_level", "low")}
"""Where the camera is in the takes of a place's card."""

Vignette = Callable[[int, int], Image.Image]
"""Draws one small picture of a width and height."""

WORDS: dict[str, tuple[str, str]] = {
    "character": ("CHARACTER", "角色"),
    "location": ("LOCATION", "场景"),
    "look": ("LOOK", "形象"),
    "voice": ("VOICE", "声音"),
    "interior": ("INT.", "内景"),
    "exterior": ("EXT.", "外景"),
}


@dataclass(frozen=True)
class Sheet:
    """Where things are on a card, in pixels: the picture, and the column of text beside or below it."""

    picture: tuple[int, int, int, int]
    text: tuple[int, int, int, int]
    em: float
    """The size of running text."""


def character_card(character: Character, width: int, height: int, take: int = 1) -> Image.Image:
    """The card of a character: portrait, name, description, look, voice, faces, colours. RGB.

    Another `take` shows the same look in another pose, light and colour behind it.
    """
    chinese = _chinese(character.name, character.description, character.look)
    sheet = _sheet(width, height, portrait=True)
    card = _paper(width, height)
    left, top, right, bottom = sheet.picture
    _mount(card, _portrait(character, right - left, bottom - top, take), sheet)
    rows = [(_word("look", chinese), character.look), (_word("voice", chinese), character.voice)]
    foot = _write(card, sheet, _word("character", chinese), character.name, character.description, rows)
    faces: list[Vignette] = [partial(_face, character, mood, take) for mood in MOODS]
    _strip(card, sheet, foot, faces, shape=1.0)
    _swatches(card, sheet, look_of(character).swatches)
    return card


def location_card(location: Location, width: int, height: int, take: int = 1) -> Image.Image:
    """The card of a place: a picture of it, name, inside or outside, description, other hours, colours. RGB.

    Another `take` shows the same place from another height, under other clouds.
    """
    chinese = _chinese(location.name, location.description)
    sheet = _sheet(width, height, portrait=False)
    card = _paper(width, height)
    left, top, right, bottom = sheet.picture
    picture = _place(location, "day", take, right - left, bottom - top)
    _mount(card, picture, sheet)
    label = f"{_word('location', chinese)} · {_word(location.setting, chinese)}"
    foot = _write(card, sheet, label, location.name, location.description, [])
    _strip(card, sheet, foot, [partial(_place, location, time, take) for time in HOURS], shape=1.4)
    _swatches(card, sheet, _palette(picture))
    return card


def _place(location: Location, time: TimeOfDay, take: int, width: int, height: int) -> Image.Image:
    heights = HEIGHTS["interior" if kind_of_place(location) in INTERIORS else "exterior"]

    def draw(width: int, height: int) -> Image.Image:
        return draw_backdrop(
            location,
            time=time,
            weather="clear",
            size="wide",
            angle=heights[(take - 1) % len(heights)],
            width=width,
            height=height,
            seed=location.slug,
            aboard=kind_of_place(location) != "bridge",  # its card shows the bridge itself
            take=take,
        ).image

    return photographed(draw, width, height, take, WITHOUT_PEOPLE)


def _chinese(*texts: str) -> bool:
    return any(is_chinese(text) for text in texts)


def _word(key: str, chinese: bool) -> str:
    return WORDS[key][1 if chinese else 0]


def _sheet(width: int, height: int, *, portrait: bool) -> Sheet:
    """Side by side where the card is wide enough, else one above the other."""
    short = min(width, height)
    edge = round(short * 0.06)
    if width >= height * 1.15:
        share = 0.40 if portrait else 0.50
        across = min(round(width * share), round((height - 2 * edge) * (0.92 if portrait else 1.25)))
        picture = (edge, edge, edge + across, height - edge)
        text = (edge + across + round(short * 0.075), edge, width - edge, height - edge)
        em = min(height * 0.038, (text[2] - text[0]) / 19)
    else:
        share = 0.52 if portrait else 0.46
        down = round(height * share)
        picture = (edge, edge, width - edge, edge + down)
        text = (round(edge * 1.3), edge + down + round(edge * 0.8), width - round(edge * 1.3), height - edge)
        em = min((text[3] - text[1]) / 16.5, width * 0.043)
    return Sheet(picture, text, em)


def _paper(width: int, height: int) -> Image.Image:
    """Paper, a little darker towards its corners."""
    card = Image.new("RGB", (width, height), PAPER)
    glow = Image.radial_gradient("L").resize((width, height), Image.Resampling.BILINEAR)
    card.paste((214, 200, 178), (0, 0), glow.point([round(max(0, v - 90) * 0.5) for v in range(256)]))
    return card


def _rounded(size: tuple[int, int], radius: float) -> Image.Image:
    """A mask with rounded corners and clean edges."""
    large = Image.new("L", (size[0] * 2, size[1] * 2))
    ImageDraw.Draw(large).rounded_rectangle([0, 0, size[0] * 2 - 1, size[1] * 2 - 1], radius * 2, fill=255)
    return large.reduce(2)


def _mount(card: Image.Image, art: Image.Image, sheet: Sheet) -> None:
    """The picture in its frame, with a soft shadow on the paper."""
    left, top, right, bottom = sheet.picture
    radius = sheet.em * 1.1
    soft = max(1.0, sheet.em * 0.55)
    small = Image.new("L", (max(1, card.width // 4), max(1, card.height // 4)))
    drop = sheet.em * 0.3
    box = [(left + drop * 0.6) / 4, (top + drop) / 4, (right + drop * 0.6) / 4, (bottom + drop) / 4]
    ImageDraw.Draw(small).rounded_rectangle(box, radius / 4, fill=104)
    shadow = small.filter(ImageFilter.GaussianBlur(soft / 4 + 0.5)).resize(card.size, Image.Resampling.BILINEAR)
    card.paste((62, 44, 30), (0, 0), shadow)
    card.paste(art, (left, top), _rounded(art.size, radius))


def _portrait(character: Character, width: int, height: int, take: int) -> Image.Image:
    """The character to the waist before a quiet ground that sets off its colours."""
    look = look_of(character)
    unit = min(height * 0.385, width * 0.47) * (0.95 if look.age == "child" else 1.0)
    head = (width * 0.49, height * 0.375 + (0.045 * height if look.hat else 0.0))
    return _sitter(look, character.slug, "neutral", (width, height), head, unit, take)


def _face(character: Character, mood: str, take: int, width: int, height: int) -> Image.Image:
    """Only the face, in a mood."""
    look = look_of(character)
    head = (width * 0.49, height * (0.52 if look.hat else 0.49))
    return _sitter(look, character.slug, mood, (width, height), head, height * (0.56 if look.hat else 0.64), take)


def _sitter(
    look: Look, slug: str, mood: str, size: tuple[int, int], head: tuple[float, float], unit: float, take: int
) -> Image.Image:
    ground = _ground_for(look.cloth, look.hair, slug, take)
    art = _shaded_ground(*size, ground)
    side = -1.0 if mirrored(take) else 1.0
    if side < 0:
        art = ImageOps.mirror(art)
    light = Light((255, 232, 196), mix(ground, (120, 110, 140), 0.5), -side)
    stance = Stance(0.30 * side, POSES[SITTINGS[(take - 1) % len(SITTINGS)]], EXPRESSIONS[mood])
    figure_layer(look, stance, size=size, head=head, unit=unit, light=light).onto(art, (0, 0), light)
    return art


def _ground_for(cloth: Colour, hair: Colour, slug: str, take: int) -> Colour:
    """A ground that is neither the garment's nor the hair's colour."""
    grounds: Sequence[Colour] = ((214, 170, 122), (150, 176, 176), (196, 146, 134), (170, 168, 140), (160, 152, 184))
    far = sorted(grounds, key=lambda g: -min(sum(abs(a - b) for a, b in zip(g, c, strict=True)) for c in (cloth, hair)))
    return Digest(slug).pick("ground", far[:3], take)


def _shaded_ground(width: int, height: int, colour: Colour) -> Image.Image:
    """From light to dark, with a glow behind the head."""
    fall = Image.linear_gradient("L").resize((width, height), Image.Resampling.BILINEAR)
    art = Image.composite(
        Image.new("RGB", (width, height), darker(colour, 0.52)),
        Image.new("RGB", (width, height), mix(colour, (255, 244, 222), 0.22)),
        fall,
    )
    glow = ImageChops.invert(Image.radial_gradient("L")).resize(
        (round(width * 1.1), round(height * 0.9)), Image.Resampling.BILINEAR
    )
    glow = glow.point([round(max(0, v - 70) * 0.62) for v in range(256)])
    art.paste((255, 240, 208), (round(-width * 0.22), round(-height * 0.14)), glow)
    return art


def _palette(picture: Image.Image) -> list[Colour]:
    """Four colours that tell a place from others, from its picture."""
    small = picture.resize((64, 64), Image.Resampling.BOX)
    reduced = small.quantize(7, method=Image.Quantize.MEDIANCUT, kmeans=2)
    flat = reduced.getpalette() or []
    counts = reduced.histogram()
    found: list[Colour] = []
    for index in sorted(range(len(flat) // 3), key=lambda index: -counts[index]):
        colour: Colour = (flat[index * 3], flat[index * 3 + 1], flat[index * 3 + 2])
        if all(sum(abs(a - b) for a, b in zip(colour, other, strict=True)) > 60 for other in found):
            found.append(colour)
    return found[:4]


def _write(
    card: Image.Image, sheet: Sheet, label: str, name: str, description: str, rows: Sequence[tuple[str, str]]
) -> float:
    """The column of text: label, name, description, rows. Returns the height below it, in pixels."""
    draw = ImageDraw.Draw(card)
    left, top, right, bottom = sheet.text
    em, width = sheet.em, right - left
    y = top + em * 0.2
    draw.text((left, y), drawable(label), font=font(round(em * 0.82), 700), fill=ACCENT)
    y += em * 1.4
    y = _name(draw, (left, y), drawable(name), width, em)
    y = _lines(draw, (left, y), drawable(description), em * 1.04, width, most=4, fill=QUIET, weight=400)
    y += em * 0.6
    foot = bottom - em * 3.0
    rows = [(key, drawable(value)) for key, value in rows if drawable(value).strip()]
    if rows and y < foot - em * 2:
        draw.line([(left, y), (right, y)], fill=RULE, width=max(1, round(em * 0.08)))
        y += em * 0.8
    for key, value in rows:
        room = int((foot - em * 0.4 - y) / (em * 1.46))
        if room < 1:
            break
        draw.text((left, y + em * 0.14), key, font=font(round(em * 0.78), 700), fill=LABEL)
        column = em * (3.4 if is_chinese(key) else 4.6)
        y = _lines(draw, (left + column, y), value, em, width - column, most=min(5, room), fill=INK, weight=450)
        y += em * 0.5
    return y


def _strip(card: Image.Image, sheet: Sheet, top: float, vignettes: Sequence[Vignette], *, shape: float) -> None:
    """Small pictures in a row between text and colours, where there is room for them. `shape` is width over height."""
    em = sheet.em
    left, right, bottom = sheet.text[0], sheet.text[2], sheet.text[3] - em * 3.2
    gap = em * 0.55
    across = (right - left - gap * (len(vignettes) - 1)) / len(vignettes)
    down = min(across / shape, bottom - top - em * 0.4, em * 6.5)
    if down < em * 2.2:
        return
    size = (round(down * shape), round(down))
    mask = _rounded(size, em * 0.5)
    for index, vignette in enumerate(vignettes):
        x = round(left + index * (size[0] + gap))
        card.paste(vignette(*size), (x, round(bottom - down)), mask)


def _swatches(card: Image.Image, sheet: Sheet, colours: Sequence[Colour]) -> None:
    """The colours at the foot of the text."""
    left, _, _, bottom = sheet.text
    side = round(sheet.em * 2.4)
    mask = _rounded((side, side), sheet.em * 0.5)
    for index, colour in enumerate(colours):
        card.paste(Image.new("RGB", (side, side), colour), (round(left + index * side * 1.2), bottom - side), mask)


def _name(draw: ImageDraw.ImageDraw, at: tuple[float, float], name: str, width: float, em: float) -> float:
    """The name as large as it fits on one line, or on two when it is long; the height below it."""
    x, y = at
    size = em * 2.75
    while size > em * 1.5 and font(round(size), 800).getlength(name) > width:
        size *= 0.92
    face = font(round(size), 800)
    for line in wrap(name, face, width, 2):
        draw.text((x, y), line, font=face, fill=INK)
        y += size * 1.24
    return y + em * 0.35


def _lines(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: float,
    width: float,
    *,
    most: int,
    fill: Colour,
    weight: int,
) -> float:
    """Running text; the height below it."""
    x, y = at
    face = font(round(size), weight)
    for line in wrap(text, face, width, most):
        draw.text((x, y), line, font=face, fill=fill)
        y += size * 1.46
    return y
