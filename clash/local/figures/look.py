"""From words to a drawable look: what a character's prose says, and the rest from the digest of its slug."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from clash.local.figures import words
from clash.local.figures.canvas import Colour, darker, luminance, mix
from clash.local.figures.told import UNKNOWN_BEING, told_of
from clash.story.screenplay import Character

Choice = TypeVar("Choice")

SKIN_TONES: Sequence[Colour] = (
    (245, 214, 188),
    (240, 200, 166),
    (222, 174, 134),
    (196, 144, 102),
    (150, 100, 70),
    (110, 74, 54),
)
EAST_ASIAN_SKIN_TONES = SKIN_TONES[:3]
HAIR_TONES: Sequence[Colour] = (
    (42, 36, 44),
    (58, 38, 32),
    (88, 56, 40),
    (132, 84, 50),
    (198, 150, 84),
    (150, 68, 38),
)
GREY_TONES: Sequence[Colour] = ((228, 226, 224), (192, 196, 206), (158, 158, 166))
EYE_COLOURS: Sequence[Colour] = ((70, 44, 32), (92, 62, 38), (62, 96, 118), (74, 104, 76), (48, 40, 44))
CLOTHES: Sequence[Colour] = (
    (38, 106, 118),
    (150, 62, 58),
    (62, 112, 82),
    (98, 72, 124),
    (188, 140, 58),
    (56, 76, 116),
    (172, 98, 70),
    (92, 104, 112),
)
TROUSERS: Sequence[Colour] = ((48, 54, 74), (66, 58, 56), (60, 72, 80), (92, 80, 64))
SHIRTS: Sequence[Colour] = ((240, 232, 216), (208, 216, 224), (198, 206, 190))
GARMENTS_OF_MEN = ("jacket", "coat", "sweater", "shirt", "hoodie")
GARMENTS_OF_WOMEN = ("coat", "dress", "sweater", "jacket", "shirt")
GARMENTS_OF_CHILDREN = ("hoodie", "sweater", "shirt", "jacket")
STYLES_OF_MEN = ("short", "short", "spiky", "curly", "crop")
STYLES_OF_WOMEN = ("long", "bob", "bun", "ponytail", "curly", "braids")
OUTERMOST_FIRST = ("apron", "cloak", "coat", "robe", "uniform", "suit", "jacket", "hoodie", "dress", "sweater", "shirt")

_CLAUSE = re.compile(r"[,;:.!?\n，、；：。！？]|\b(?:and|with|under|over|plus)\b")
_CJK = re.compile(r"[\u3400-\u9fff]")
_WOMEN_NAMED = re.compile(
    r"(?:[芳娜丽婷玉花梅兰莉娟雪霞燕静妈奶婆姐妹女婶姨嫂娘婉莹倩薇岚]|(?:a|ie|elle|ine|yn|lin|rose|mei|lily|ruth|grace|joy))$",
    re.IGNORECASE,
)
_MEN_NAMED = re.compile(
    r"(?:[刚强伟军明龙虎爷叔伯爸哥弟勇杰涛磊公翁汉]|(?:luca|joshua|ezra|elisha|noah|us|er|as|an|on|ck|rd|ob|im|om))$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Look:
    """All that is drawn of a character; the same for every picture of it."""

    kind: str
    gender: str
    age: str
    build: str
    skin: Colour
    hair: Colour
    hair_style: str
    eyes: Colour
    beard: str
    garment: str
    cloth: Colour
    shirt: Colour
    trousers: Colour
    shoes: Colour
    hat: str
    hat_colour: Colour
    scarf: Colour | None
    glasses: bool
    jaw: float
    """0 (narrow) to 1 (square)."""
    brow: float
    """0 (fine) to 1 (heavy)."""
    nose: float
    """0 (small) to 1 (long)."""
    earrings: bool

    @property
    def human(self) -> bool:
        """Whether it is drawn as a person."""
        return self.kind == "human"

    @property
    def swatches(self) -> tuple[Colour, ...]:
        """The colours that tell the character from others: garment, hair, skin, accent."""
        accent = self.scarf or (self.hat_colour if self.hat else self.trousers)
        return self.cloth, self.hair, self.skin, accent


class Digest:
    """Choices from the digest of a text: the same text, the same choices."""

    def __init__(self, text: str) -> None:
        self._text = text

    def number(self, topic: str) -> int:
        """A number of 32 bits about `topic`."""
        return int.from_bytes(hashlib.sha256(f"{self._text}\0{topic}".encode()).digest()[:4], "big")

    def share(self, topic: str) -> float:
        """A number from 0 to 1 about `topic`."""
        return self.number(topic) / 0xFFFFFFFF

    def pick(self, topic: str, choices: Sequence[Choice], take: int = 1) -> Choice:
        """One of `choices` about `topic`; another take has another."""
        return choices[(self.number(topic) + take - 1) % len(choices)]


def look_of(character: Character) -> Look:
    """Return the look of a character: what its prose says, the rest from the digest of its slug.

    What the digest chooses is for the drawing alone: it is in no prompt and in no screenplay.
    """
    digest = Digest(character.slug)
    told = told_of(character)
    prose = list(told.prose)
    look = prose[0]
    east_asian = bool(_CJK.search(character.name))
    kind = told.being or "human"
    age = _age(told.years, [*prose, character.name], digest)
    gender = _gender(character, prose, digest)
    skin_tones = EAST_ASIAN_SKIN_TONES if east_asian else SKIN_TONES
    skin = words.said(words.SKINS, prose) or digest.pick("skin", skin_tones)
    hair, style = _hair(prose, digest, gender, age, skin, east_asian)
    garment, cloth = _garment(prose, digest, gender, age)
    hat = words.said(words.HATS, [look]) or ""
    scarf_said = words.pattern(words.SCARF).search(look)
    beard = words.said(words.BEARDS, prose) or ""
    if not beard and gender == "man" and age in {"adult", "old"} and digest.share("beard") < 0.3:
        beard = digest.pick("beard kind", ("full", "stubble", "moustache", "goatee"))
    if kind not in ("human", UNKNOWN_BEING):
        hair = _coat_of(kind, prose, digest)
    if kind == "robot":
        garment, cloth, skin, hat, age = "plate", hair, darker(hair, 0.42), "", "adult"
    accents = sorted(CLOTHES, key=lambda colour: -_apart(colour, cloth))[:5]
    return Look(
        kind=kind,
        gender=gender,
        age=age,
        build=words.said(words.BUILDS, prose) or digest.pick("build", ("medium", "medium", "slim", "broad")),
        skin=skin,
        hair=hair,
        hair_style=style,
        eyes=digest.pick("eyes", EYE_COLOURS[:2] if east_asian else EYE_COLOURS),
        beard=beard,
        garment=garment,
        cloth=cloth,
        shirt=digest.pick("shirt", sorted(SHIRTS, key=lambda colour: -_apart(colour, cloth))[:3]),
        trousers=darker(hair, 0.16)
        if kind == "robot"
        else digest.pick("trousers", sorted(TROUSERS, key=lambda colour: -_apart(colour, cloth))[:3]),
        shoes=darker(hair, 0.5)
        if kind == "robot"
        else digest.pick("shoes", ((54, 42, 40), (40, 40, 48), (94, 62, 44))),
        hat=hat,
        hat_colour=_colour_of(look, "|".join(words.HATS)) or _hat_colour(hat, cloth, digest.pick("hat", accents)),
        scarf=(_colour_of(look, words.SCARF) or digest.pick("scarf", accents)) if scarf_said else None,
        glasses=any(words.pattern(words.GLASSES).search(text) for text in prose),
        jaw=digest.share("jaw"),
        brow=digest.share("brow"),
        nose=digest.share("nose"),
        earrings=gender == "woman" and age != "child" and digest.share("earrings") < 0.5,
    )


def _coat_of(kind: str, prose: Sequence[str], digest: Digest) -> Colour:
    """The colour of fur, feathers or metal: what is said of it, else one that the kind may have."""
    nouns = "|".join(("fur|coat|feathers|plumage|metal|paint|毛|羽|皮", *words.KINDS))
    for text in prose:
        said = _colour_of(text, nouns)
        if said:
            return said
    return digest.pick("fur", words.FURS[kind])


def _age(years: int | None, texts: Sequence[str], digest: Digest) -> str:
    if years is not None:
        return "child" if years < 14 else "young" if years < 30 else "adult" if years < 62 else "old"
    return words.said(words.AGES, texts) or digest.pick("age", ("young", "adult", "adult"))


def _gender(character: Character, prose: Sequence[str], digest: Digest) -> str:
    said = words.said(words.GENDERS, [*prose, character.voice, character.name])
    if said:
        return said
    if any(words.pattern("|".join(words.BEARDS)).search(text) for text in prose):
        return "man"
    if _MEN_NAMED.search(character.name):
        return "man"
    if _WOMEN_NAMED.search(character.name):
        return "woman"
    return digest.pick("gender", ("woman", "man"))


def _hair(
    prose: Sequence[str], digest: Digest, gender: str, age: str, skin: Colour, east_asian: bool
) -> tuple[Colour, str]:
    clauses = [
        clause for text in prose for clause in _CLAUSE.split(text) if words.pattern(words.HAIR).search(clause)
    ] or [clause for text in prose for clause in _CLAUSE.split(text) if words.said(words.BEARDS, [clause])]
    if age == "old":
        tones = GREY_TONES
    elif east_asian or luminance(skin) < 0.5:
        tones = HAIR_TONES[:2]
    elif luminance(skin) < 0.65:
        tones = HAIR_TONES[:3]
    else:
        tones = HAIR_TONES
    colour = words.said(words.HAIR_COLOURS, clauses) or digest.pick("hair", tones)
    style = words.said(words.HAIR_STYLES, clauses)
    if style in {"long", "short"}:
        style = _finer_style(style, clauses)
    if style == "short" and gender == "woman":
        style = "bob"
    if style is None:
        style = digest.pick("hair style", STYLES_OF_WOMEN if gender == "woman" else STYLES_OF_MEN)
        if age == "old":
            style = digest.pick("hair style", ("bun", "bob") if gender == "woman" else ("short", "bald", "short"))
    return colour, style


def _finer_style(style: str, clauses: Sequence[str]) -> str:
    """ "Long braids" are braids, "short curls" are curls."""
    finer = {key: value for key, value in words.HAIR_STYLES.items() if value not in {"long", "short"}}
    return words.said(finer, clauses) or style


def _garment(prose: Sequence[str], digest: Digest, gender: str, age: str) -> tuple[str, Colour]:
    for text in prose:
        worn = {value: key for key, value in words.GARMENTS.items() if words.pattern(key).search(text)}
        for garment in OUTERMOST_FIRST:
            if garment in worn:
                return garment, _colour_of(text, worn[garment]) or digest.pick("cloth", CLOTHES)
    choices = GARMENTS_OF_CHILDREN if age == "child" else GARMENTS_OF_WOMEN if gender == "woman" else GARMENTS_OF_MEN
    return digest.pick("garment", choices), digest.pick("cloth", CLOTHES)


def _hat_colour(hat: str, cloth: Colour, accent: Colour) -> Colour:
    """The colour that a hat of this kind has when nothing is said: a cap goes with the coat."""
    known = {
        "straw": (214, 178, 108),
        "sunhat": (222, 190, 124),
        "crown": (218, 176, 74),
        "cap": darker(cloth, 0.3),
        "hood": cloth,
    }
    return known.get(hat, darker(accent, 0.15))


def _colour_of(text: str, nouns: str) -> Colour | None:
    """The colour said of a noun: the last one before it that is not another noun's, else the next after it.

    >>> _colour_of("a white scarf and teal oilskin coat", "coat")
    (38, 106, 118)
    """
    things = "|".join((nouns, *words.GARMENTS, *words.HATS, *words.BEARDS, words.SCARF, words.HAIR, words.GLASSES))
    for clause in _CLAUSE.split(text):
        noun = words.pattern(nouns).search(clause)
        if noun is None:
            continue
        others = [match.span() for match in words.pattern(things).finditer(clause)]
        start = max((end for _, end in others if end <= noun.start()), default=0)
        stop = min((begin for begin, _ in others if begin >= noun.end()), default=len(clause))
        before = [
            (match.end(), match.end() - match.start(), colour)
            for said, colour in words.COLOURS.items()
            for match in words.pattern(said).finditer(clause, start, noun.start())
        ]
        if before:
            return max(before, key=lambda hit: hit[:2])[2]
        if stop == len(clause):
            return words.said(words.COLOURS, [clause[noun.end() : stop]])
    return None


def _apart(a: Colour, b: Colour) -> float:
    """How far two colours are from each other, 0 to about 440."""
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5


def trim_of(cloth: Colour) -> Colour:
    """A colour for lapels, seams and pockets that shows on `cloth`."""
    return mix(cloth, (255, 250, 238), 0.16) if luminance(cloth) < 0.72 else darker(cloth, 0.14)
