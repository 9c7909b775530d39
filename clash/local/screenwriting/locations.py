"""Where a row plays: from its column, from a scene heading, or from the places that its text speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from clash.local.place_words import UNKNOWN_PLACES, is_tent, kind_of_place
from clash.local.screenwriting.atmosphere import setting_in_column, time_in_column
from clash.local.screenwriting.names import Slugs
from clash.local.vocabulary import is_surely_english, vocabulary_for
from clash.story.place_kinds import INTERIORS, PlaceKind
from clash.story.place_vocabulary import vocabulary
from clash.story.places import place_kind
from clash.story.screenplay import Beat, Language, Location, Setting, TimeOfDay
from clash.story.sides import side_told
from clash.story.words import is_cjk, listed, simplified, small_letters

_HEADING = re.compile(
    r"^\s*(?P<set>int\.?\s*/\s*ext\.?|i\s*/\s*e|int\.|ext\.|int(?=\s)|ext(?=\s)|内景|外景|内外景)[\s.,:：·—-]*(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_PARTS = re.compile(
    r"\s+[-–—·|]+\s+|[·—]+|\s*[-–]{2,}\s*|(?<=[\u4e00-\u9fff])[\s,，、/／-]+|\s*[,，]\s*(?=(?:day|night|dawn|dusk)\b)",
    re.I,
)
_SETTING_ONLY = re.compile(r"(?:int|ext|interior|exterior|内|外|内景|外景|室内|室外)\.?", re.IGNORECASE)
_TIME_ONLY = re.compile(
    r"(?:day|night|dawn|dusk|morning|evening|afternoon|noon|later|continuous|same|moments later|sunset|sunrise"
    r"|日|夜|晨|昏|暮|日景|夜景|白天|夜晚|清晨|黄昏|傍晚|黎明|早晨|深夜|凌晨|下午|中午)",
    re.IGNORECASE,
)
_SAME_TIME = re.compile(r"later|continuous|same(?: time)?|moments later|稍后|同时|连续", re.IGNORECASE)
"""What stands in place of a time of day and says none."""
_AT_A_PLACE = re.compile(
    r"(?P<before>\b\w+\s+)?\b(?:in|into|inside|on|onto|at|through|along|outside|across|reach(?:es|ed)?|enters?|entered)\s+"
    r"(?:the|a|an|his|her|their|my|our)\s+(?P<words>[a-z][\w'’-]*(?:\s+[a-z][\w'’-]*){0,2})",
    re.IGNORECASE,
)
_ONLY_LOOKED_AT = re.compile(r"\b(?:look|star|gaz|point|glanc|shout|smil|nod|wav|peer)\w*\s*$", re.IGNORECASE)
_FROM_AFAR = re.compile(
    r"\b(?:look|star|gaz|point|glanc|peer)\w*\s+(?:\w+\s+)?(?:at|to|towards?)\s+(?:(?:the|a|an|his|her|their)\s+)?$",
    re.I,
)
_WORD = re.compile(r"[A-Za-z][\w'’-]+")
_CLAUSE = re.compile(r"[，。！？；：、,.!?;:\n]+")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*(?=\S)")
_PRONOUN = re.compile(r"\b(?:he|she|they|him|her|them|his|their)\b|[他她]", re.IGNORECASE)
_FIRST_PART = re.compile(r"的|在|到|进|入|出|过|[走跑跳爬登][上下回向]|[一那这][家座条间个处片]|[，。\s]")
_LONGEST_NAME = 60
_SMALL = frozenset(
    listed(
        "of, the, a, an, in, on, at, by, to, and, or, for, with, from, de, da, do, das, dos, e, em, no, na, "
        "del, la, las, los, el, y, en, du, des, le, les, au, aux, et, sur, d, von, der, die, das, dem, den, "
        "im, am, und, zu, zum, zur, bei, di, della, dei, delle, il, lo, gli, con"
    )
)


_SIDES = (", interior", ", exterior"), ("，内", "，外")
"""What tells the other side of a place from that which the story shows first, by whether the film is Chinese."""
_EITHER: frozenset[PlaceKind] = frozenset({"station", "market"})
UNSAID = ""
"""The name of the place where everything plays of which the story does not say where it plays."""


class Places:
    """The locations of a film, each found by its name, in the order they first appear."""

    def __init__(self, language: Language, known: Sequence[Location] = (), spoken: str = "") -> None:
        """Begin with the places that are known. `spoken` is the tag of the story's own language."""
        self._language: Language = language
        self._spoken = spoken
        self._known = {location.slug: location for location in known}
        self._slugs = Slugs({location.name: location.slug for location in known})
        self._names = {location.slug: location.name for location in known}
        self._settings: dict[str, Setting] = {location.slug: location.setting for location in known}
        self._texts: dict[str, list[str]] = {location.slug: [] for location in known}
        self._sided = set(self._settings)
        self._said: dict[str, Setting] = dict(self._settings)
        self._latest: dict[str, str] = {}

    def of(self, beat: Beat, *, inherited: str | None) -> str:
        """Return the slug of the place where `beat` plays; `inherited` is that of the row above, if it holds on.

        A column or a scene heading says it; else the words do; else it is inherited; else it stays unsaid.
        """
        setting = setting_in_column(beat.int_ext)
        for written in (beat.location, *(t for t in (beat.title, beat.scene) if is_heading(t))):
            name, from_heading = heading_parts(written)
            if name:
                return self._remember(name, setting or from_heading, beat)
        found = place_in(beat.description, self._language, anywhere=inherited is None)
        if found:
            return self._remember(found, setting, beat)
        if inherited is not None:
            self._texts[inherited].append(beat.description)
            return inherited
        sides = ("室内", "室外") if self._language == "zh" else ("Interior", "Exterior")
        return self._remember(sides[setting == "exterior"] if setting else UNSAID, setting or "exterior", beat)

    def name(self, slug: str) -> str:
        """The place's name as the story writes it."""
        return self._names[slug]

    def setting(self, slug: str) -> Setting:
        """Interior or exterior."""
        return self._settings[slug]

    def is_side_known(self, slug: str) -> bool:
        """Return whether the story, or the kind of the place, says that it is inside or outside."""
        return slug in self._sided

    def locations(self, people: re.Pattern[str] | None) -> tuple[Location, ...]:
        """All places. Sentences that match `people` describe somebody rather than the place."""
        return tuple(
            self._known.get(slug)
            or Location(
                slug=slug,
                name=name,
                description=self._description(slug, people),
                setting=self._settings[slug],
            )
            for slug, name in self._names.items()
        )

    def _remember(self, name: str, setting: Setting | None, beat: Beat) -> str:
        shown = " ".join(name.split())[:_LONGEST_NAME].strip()
        written = slug = self._slugs.of(shown)
        if setting and self._said.setdefault(slug, setting) != setting:
            shown = f"{shown}{_SIDES[self._language == 'zh'][setting == 'exterior']}"
            slug = self._slugs.of(shown)
        elif not setting:
            slug = self._latest.get(written, written)
        self._latest[written] = slug
        if slug not in self._names:
            self._names[slug] = shown
            self._settings[slug] = setting or setting_by_words(shown, beat.description, self._spoken)
            if setting or self._settings[slug] == "interior" or _is_known(shown, beat.description, self._spoken):
                self._sided.add(slug)
            self._texts[slug] = []
        self._texts[slug].append(beat.description)
        return slug

    def _description(self, slug: str, people: re.Pattern[str] | None) -> str:
        if self._names[slug] == UNSAID:
            return ""
        known = kind_of_place(Location(slug="", name=self._names[slug]), "", self._spoken) not in UNKNOWN_PLACES
        for text in self._texts[slug][:8]:
            for sentence in _SENTENCE.split(text[:2000]):
                if not known and self._names[slug] not in sentence:
                    continue  # another place, seen from a place of which the rules know nothing
                about_people = _PRONOUN.search(sentence) or (people and people.search(sentence))
                if not about_people and _is_place(sentence[:200].casefold()):
                    return sentence.strip()[:240]
        return ""


def is_heading(text: str) -> bool:
    """Return whether a text is a scene heading that names its side first: `INT. KITCHEN - NIGHT`."""
    return _HEADING.match(text) is not None


def heading_parts(text: str) -> tuple[str, Setting | None]:
    """The place's name and its setting in a cell or a scene heading.

    >>> heading_parts("INT. LAMP ROOM - NIGHT")
    ('Lamp Room', 'interior')
    >>> heading_parts("面馆 内 夜")
    ('面馆', 'interior')
    """
    match = _HEADING.match(text)
    setting = setting_in_column(match["set"]) if match else None
    rest = match["rest"] if match else text
    kept: list[str] = []
    parts = [part for part in _PARTS.split(rest.strip()) if part.strip()]
    while len(parts) > 1 and _SAME_TIME.fullmatch(parts[-1].strip()):
        parts.pop()
    for part in parts:
        if _SETTING_ONLY.fullmatch(simplified(part.strip())):
            setting = setting or setting_in_column(part)
        elif not (_TIME_ONLY.fullmatch(simplified(part.strip())) and time_in_column(part) is not None):
            kept.append(part.strip())
    name = " ".join(kept).strip(" .,，-")
    if len(name) > 3 and name.isupper():
        name = in_title_case(name)
    return name, setting


def in_title_case(name: str) -> str:
    """The name of a place that is written in capitals as names are written.

    >>> in_title_case("PRAIA DE COPACABANA"), in_title_case("LAMP ROOM"), in_title_case("MARA'S HOUSE")
    ('Praia de Copacabana', 'Lamp Room', "Mara's House")
    """
    words = small_letters(name).split(" ")
    capital_i = "İ" if "İ" in name else "I"

    def begun(first: re.Match[str]) -> str:
        return capital_i if first[0] == "i" else first[0].upper()

    return " ".join(
        word if at and word in _SMALL else re.sub(r"(?<![\w'’])\w", begun, word) for at, word in enumerate(words)
    )


def time_in_heading(text: str) -> TimeOfDay | None:
    """The time of day that a scene heading ends with.

    >>> time_in_heading("EXT. CLIFF - DAWN"), time_in_heading("面馆 内 夜"), time_in_heading("Night market")
    ('dawn', 'night', None)
    """
    parts = [part.strip() for part in _PARTS.split(text.strip())]
    return next((time_in_column(part) for part in parts[1:] if _TIME_ONLY.fullmatch(simplified(part))), None)


def setting_by_words(name: str, text: str, language: str = "") -> Setting:
    """Whether a place is inside, judged by its name in a story's language, else by what the text says of it."""
    kind = kind_of_place(Location(slug="", name=name), "", language)
    if kind in UNKNOWN_PLACES:
        kind = kind_of_place(Location(slug="", name=name), text[:400], language)
        if is_tent(name, language) and _says_inside(name, text[:400]):
            return "interior"
    roofed = kind in INTERIORS or (kind in _EITHER and side_told(name) == "inside")
    return "interior" if roofed else "exterior"


def _says_inside(name: str, text: str) -> bool:
    """Whether a text says that it plays inside a place called by its bare name: テントの中, "in the tent"."""
    plain, sought = text.casefold(), name.casefold()
    for found in re.finditer(re.escape(sought), plain):
        before = " ".join(plain[: found.start()].split()[-2:])
        told = (sought + plain[found.end() : found.end() + size] for size in (1, 2, 3))
        if is_cjk(sought[-1]) and any(side_told(one) in ("inside", "within") for one in told):
            return True
        shorter = before.rpartition(" ")[2]
        if any(one and side_told(f"{one} {sought}") in ("inside", "within") for one in (before, shorter)):
            return True
    return False


def _is_known(name: str, text: str, language: str) -> bool:
    """Whether the name of a place, or else what the text says of it, is of a kind that is known."""
    place = Location(slug="", name=name)
    return any(kind_of_place(place, hint, language) not in UNKNOWN_PLACES for hint in ("", text[:400]))


def place_in(text: str, language: Language, *, anywhere: bool) -> str | None:
    """The place that a text speaks of: where somebody is or goes, or `anywhere` in its first clauses.

    >>> place_in("Mara runs through the night market.", "en", anywhere=False)
    'Night market'
    >>> place_in("雨夜的面馆里，小禾坐下", "zh", anywhere=True)
    '面馆'
    """
    if language == "zh":
        return _chinese_place(text[:400], anywhere)
    if anywhere and not is_surely_english(text):
        spoken = vocabulary_for(text)
        if spoken.tag not in ("en", "zh"):
            word = spoken.pattern("places").search(text[:400])
            return word[0][:1].upper() + word[0][1:] if word else None
    for match in _AT_A_PLACE.finditer(text[:1000]):
        if match["before"] and _ONLY_LOOKED_AT.search(match["before"]):
            continue
        words = match["words"].split()
        for end in range(len(words), 0, -1):
            last, both = words[end - 1].casefold(), " ".join(words[max(0, end - 2) : end]).casefold()
            if _is_place(last) or (_is_place(both) and not _is_place(words[end - 2].casefold())):
                name = " ".join(words[:end])
                return name[:1].upper() + name[1:]
    return _first_place_word(text[:400]) if anywhere else None


def _first_place_word(text: str) -> str | None:
    for match in _WORD.finditer(text):
        word = match[0]
        if word[:1].islower() and _is_place(word.casefold()) and not _FROM_AFAR.search(text, 0, match.start()):
            return word.capitalize()
    return None


def _chinese_place(text: str, anywhere: bool) -> str | None:
    clauses: Sequence[str] = [clause.strip() for clause in _CLAUSE.split(text) if clause.strip()][:6]
    for clause in clauses:
        arrival = re.search(r"(?:在|到|进|入|出|过|沿着|回)(?P<place>.{1,10})", clause)
        candidate = arrival["place"] if arrival else clause[:20] if anywhere else ""
        if candidate and _is_place(candidate):
            return _trimmed(candidate)
    return None


@lru_cache(maxsize=4096)
def _trimmed(clause: str) -> str:
    """The shortest piece of a clause that still names the same place, its last word whole: 城市, not 城."""
    kind = place_kind(Location(slug="", name=clause))
    end = len(clause)
    while end > 1 and place_kind(Location(slug="", name=clause[: end - 1])) == kind:
        end -= 1
    start = 0
    while start < end - 1 and place_kind(Location(slug="", name=clause[start + 1 : end])) == kind:
        start += 1
    end = max(
        end,
        *(word.end() for word in vocabulary()[0].finditer(simplified(clause)) if word.start() <= start < word.end()),
        0,
    )
    return _FIRST_PART.split(clause[max(0, start - 3) : end])[-1] or clause[start:end]


@lru_cache(maxsize=4096)
def _is_place(name: str) -> bool:
    return place_kind(Location(slug="", name=name)) not in UNKNOWN_PLACES
