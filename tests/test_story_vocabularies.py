"""Every language that tables are read in has words for everything that its tables may say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clash.local.place_words import kind_of_place
from clash.local.screenwriting.locations import setting_by_words
from clash.local.vocabulary import tags, vocabulary
from clash.local.voice import voice_gap
from clash.story.language import language_of
from clash.story.places import place_kind
from clash.story.screenplay import Location
from clash.story.unseen import unseen_voice
from clash.story.vocabulary import languages

OLDEST = frozenset({"de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "vi", "zh"})
WITHOUT_NUMBER_WORDS = frozenset({"ja", "ko", "zh"})
GAPS = {
    # Said with the words of English, or in no words of their own: figures, letters and signs.
    ("angles", "dutch"): OLDEST - {"es"},
    ("angles", "over_shoulder"): OLDEST - {"fr", "ja"},
    ("angles", "pov"): {"en", "vi", "zh"},
    ("behind_a_place", "within"): OLDEST | {"id", "nl", "pl"},
    ("behind_a_place", "beside"): OLDEST | {"id", "nl", "pl"},
    ("beside_a_place", "within"): {"tr"},
    ("beside_a_place", "beside"): {"tr"},
    **{("counts", number): WITHOUT_NUMBER_WORDS for number in ("0.5", "1", "2", "3", "4", "5")},
    **{("counts", number): WITHOUT_NUMBER_WORDS | {"vi"} for number in ("6", "7", "8", "9")},
    ("counts", "10"): WITHOUT_NUMBER_WORDS,
    ("counts", "1.5"): OLDEST - {"de", "ru"},
    ("counts", "2.5"): OLDEST - {"de"},
    ("counts", "3.5"): OLDEST - {"de"} | {"id", "pl", "tr"},
    ("counts", "4.5"): OLDEST - {"de"} | {"id", "nl", "pl", "tr"},
    ("counts", "5.5"): OLDEST - {"de"} | {"id", "nl", "pl", "tr"},
    ("header_words", "inside"): OLDEST - {"en"},
    ("header_words", "negative"): {"de", "es", "fr", "it", "pt", "ru", "vi"},
    ("header_words", "video"): {"de", "es", "fr", "it", "pt", "ru", "vi", "id", "nl", "pl", "tr"},
    ("header_words", "plain"): {"vi"},
    ("header_words", "descriptive"): {"vi"},
    ("header_words", "whole"): {"vi"},
    ("headers", "place"): OLDEST - {"en", "ja", "zh"} | {"id", "nl", "pl", "tr"},
    ("headers", "graphics"): {"ja", "ko", "pt", "ru", "vi", "zh"},
    ("headers", "subject"): OLDEST - {"en", "zh"} | {"id", "nl", "pl", "tr"},
    ("language", "stop"): {"ja", "ko", "ru", "zh"},
    ("lengths", "and"): {"ja", "ko", "vi", "zh"},
    ("lengths", "about"): {"vi"},
    ("lengths", "to"): {"vi"},
    ("movements", "tilt_up"): {"en", "vi", "zh"},
    ("movements", "tilt_down"): {"en", "vi", "zh"},
    ("other_movements", "push_in"): {"vi"},
    ("other_movements", "tilt_down"): {"vi"},
    ("rows", "film"): {"vi"},
    ("rows", "scene"): {"vi"},
    ("rows", "sheet"): {"vi"},
    ("rows", "types"): OLDEST - {"en", "zh"} | {"id", "nl", "pl", "tr"},
    ("sizes", "insert"): OLDEST - {"fr"} | {"id", "nl", "pl", "tr"},
    ("speech", "heard"): OLDEST - {"ja", "ko", "zh"} | {"id", "nl", "pl", "tr"},
    ("speech", "on_phone"): {"es", "fr", "it", "ja", "pt", "ru", "vi"},
    ("speech", "pictured"): OLDEST - {"en"} | {"id", "nl", "pl", "tr"},
    ("speech", "voice"): {"vi"},
    ("speech", "voice_kinds"): {"vi"},
    ("units", "frames"): {"vi"},
    ("units", "ms"): OLDEST - {"en", "ru", "zh"},
    **{("headers", name): {"vi"} for name in ("act", "end", "episode", "image_prompt", "int_ext", "lens")},
    **{("headers", name): {"vi"} for name in ("reference_image", "script", "start", "timecode", "video_prompt")},
    **{("headers", name): {"vi"} for name in ("weather", "who")},
}
"""Which languages have no words of their own for something, as far as that is known."""
PEOPLE_AND_PLACES = (
    "places",
    "vague_places",
    "times",
    "weather",
    "age",
    "sex",
    "trades",
    "garments",
    "hair",
    "colours",
)


def lacking() -> dict[tuple[str, str], set[str]]:
    """The languages that lack a list, by section and key."""
    every = {
        (section, key)
        for language in languages()
        for section, lists in language.sections.items()
        if isinstance(lists, dict)
        for key in lists
    }
    found = {
        named: {one.tag for one in languages() if not one.sections.get(named[0], {}).get(named[1])} for named in every
    }
    return {named: tags_without for named, tags_without in found.items() if tags_without}


def test_no_language_lacks_a_list_unknown_to_us():
    """A language lacks only what is noted as missing; what was filled in is noted no longer."""
    assert lacking() == {named: set(tags_without) for named, tags_without in GAPS.items()}


def test_people_and_places_have_words_in_every_language():
    """Kinds of places, hours, weather and people; English and Chinese places are in the story's own vocabulary."""
    without = {one.tag for one in languages()} - set(tags())
    assert without == {"vi"}
    missing = [
        (tag, section)
        for tag in tags()
        if tag not in ("en", "zh")
        for section in PEOPLE_AND_PLACES
        if not vocabulary(tag).section(section)
    ]
    assert missing == []
    assert [tag for tag in tags() if tag not in ("ja", "ko") and not vocabulary(tag).listed("honorific")] == []


def forms() -> Iterator[tuple[str, str, str]]:
    """Language, English word and place, of the languages whose words stand apart."""
    for tag in tags():
        if vocabulary(tag).apart:
            for english, listed in vocabulary(tag).section("places").items():
                for word in listed.split("|"):
                    yield tag, english, word.replace("*", "")


def test_places_are_of_their_kind_in_their_own_language():
    """In a story of its language every word of a place is of the kind of the English one that it stands under."""
    wrong = [
        (tag, english, word)
        for tag, english, word in forms()
        if kind_of_place(Location(slug="", name=word), "", tag) != place_kind(Location(slug="", name=english))
    ]
    assert wrong == []


@pytest.mark.parametrize("word", ["Las", "Most", "Tent", "Pole", "Trap", "Slot", "Market month", "Chimpanzee", "Adam"])
def test_a_word_of_another_language_is_no_place(word: str):
    """Small words that are places in one language mean nothing in a story of another."""
    known = place_kind(Location(slug="", name=word))
    assert kind_of_place(Location(slug="", name=word)) == known
    assert setting_by_words(word, "") == "exterior"


@pytest.mark.parametrize(
    ("name", "tag", "side"),
    [
        *((name, "pl", "interior") for name in ("Kuchnia", "W kuchni", "W domu", "Wewnątrz latarni morskiej")),
        *((name, "pl", "exterior") for name in ("Las", "Na ulicy", "Przed szkołą", "Dom Zofii", "Pole")),
        *((name, "tr", "interior") for name in ("Mutfak", "Mutfakta", "Evde", "Evin içinde", "Oturma odası")),
        *((name, "tr", "exterior") for name in ("Sokak", "Okulun önünde", "Ormanın içinde", "Deniz feneri")),
        *((name, "id", "interior") for name in ("Dapur", "Di rumah Budi", "Warung kopi", "Di dalam mercusuar")),
        *((name, "id", "exterior") for name in ("Pantai", "Air terjun", "Di depan sekolah", "Jalan raya")),
        *((name, "nl", "interior") for name in ("Woonkeuken", "In het huis", "Studeerkamer", "Bakkerij")),
        *((name, "nl", "exterior") for name in ("Haven", "Voor de school", "Dorpsplein", "Bos")),
    ],
)
def test_sides_of_places(name: str, tag: str, side: str):
    """Inflected words, compounds and words around a name tell the side."""
    assert setting_by_words(name, "", tag) == side


@pytest.mark.parametrize(
    ("name", "text", "side"),
    [
        ("テント", "テントの中で二人は眠る。", "interior"),
        ("テント", "雪の中のテント。", "exterior"),
        ("テントの中", "", "interior"),
        ("帐篷", "帐篷里，小禾点灯。", "interior"),
        ("帐篷里", "", "interior"),
        ("帐篷外", "帐篷里有灯。", "exterior"),
        ("Tent", "Inside the tent, Mara reads.", "interior"),
        ("Tent", "The wind pulls at the tent.", "exterior"),
        ("Im Zelt", "", "interior"),
    ],
)
def test_a_tent_is_inside_where_the_story_says_so(name: str, text: str, side: str):
    """A tent is a place outside until its name, or what happens in it, says otherwise."""
    assert setting_by_words(name, text) == side


def test_the_silent_voice_names_the_language():
    """Every language that a story may be found in has a name in the warning."""
    texts = {
        "el": "φάρος",
        "ar": "منارة",
        "he": "מגדלור",
        "hi": "प्रकाश",
        "th": "ประภาคาร",
        "uk": "маяк її їжа їх ґанок",
    }
    found = {tag: language_of([text]) for tag, text in texts.items()}
    assert found == {tag: tag for tag in texts}
    gaps = [voice_gap(tag) or "" for tag in (*texts, *(one.tag for one in languages() if one.tag not in ("en", "zh")))]
    assert [gap for gap in gaps if "the language" in gap] == []
    assert "does not speak Polish" in (voice_gap("pl") or "")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Ali'nin iç sesi", "Ali"),
        ("gedachten van Jan", "Jan"),
        ("Budi dalam hati", "Budi"),
        ("Zofia w myślach", "Zofia"),
    ],
)
def test_thoughts(written: str, name: str):
    """Whose thoughts they are, as each language says it."""
    unseen = unseen_voice(written)
    assert unseen is not None
    assert (unseen.kind, unseen.name) == ("inner", name)
