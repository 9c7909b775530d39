"""Who is heard but not seen is in no picture, in every language that tables are written in."""

from __future__ import annotations

import pytest

from clash.local.screenwriter import write_screenplay
from clash.local.screenwriting.names import is_off_screen, is_only_heard
from clash.story.reader import read_story
from clash.story.screenplay import Screenplay
from clash.story.vocabulary import languages


def written(description: str, dialogue: str, seen: str) -> Screenplay:
    """The screenplay of two rows: somebody is heard in the first, and `seen` speaks in the second."""
    table = f"shot|description|dialogue\n1|{description}|{dialogue}\n2|{description}|{seen.upper()}: Sí.\n"
    return write_screenplay(read_story(table.encode(), name="story.csv"))


@pytest.mark.parametrize(
    ("description", "dialogue", "seen"),
    [
        ("Ana abre la puerta.", "RAMÓN (off): Vuelve mañana.", "Ana"),
        ("Ana abre la puerta.", "RAMÓN (en off): Vuelve mañana.", "Ana"),
        ("Ana abre la puerta.", "RAMÓN (en off, susurrando): Vuelve mañana.", "Ana"),
        ("Ana abre la puerta.", "RAMÓN: (fuera de campo) Vuelve mañana.", "Ana"),
        ("Ana abre la puerta.", "RAMÓN EN OFF: Vuelve mañana.", "Ana"),
        ("Marie marche seule dans la rue.", "PAUL (voix off): Je savais.", "Marie"),
        ("Marie marche seule dans la rue.", "PAUL (hors champ): Je savais.", "Marie"),
        ("Marie marche seule dans la rue.", "PAUL VOIX OFF: Je savais.", "Marie"),
        ("Marie marche seule dans la rue.", "PAUL (off) — Je savais.", "Marie"),
        ("Greta wartet und liest.", "PAUL (aus dem Off): Ich wusste es.", "Greta"),
        ("Anna apre la porta.", "PAOLO (fuori campo): Lo sapevo.", "Anna"),
        ("Ana abre a porta.", "PAULO (em off): Eu sabia.", "Ana"),
        ("Анна открывает дверь.", "ИВАН (за кадром): Я знал.", "Анна"),
    ],
)
def test_who_is_off_screen_is_not_drawn(description: str, dialogue: str, seen: str) -> None:
    """Only who is there is in the picture, and the words still have their speaker."""
    shot = written(description, dialogue, seen).shots[0]
    assert shot.characters == (seen.casefold(),)
    assert [line.speaker for line in shot.dialogue] == [dialogue.split(" (")[0].split()[0].strip(":").capitalize()]


def test_every_language_says_who_is_elsewhere() -> None:
    """Each note of the lists is understood; where somebody is elsewhere, nobody is seen either."""
    for language in languages():
        speech = language.sections.get("speech", {})
        for note in filter(None, (word.strip() for word in speech.get("elsewhere", "").split(","))):
            assert is_off_screen(f"Mara ({note})"), (language.tag, note)
            assert is_only_heard(f"Mara ({note})"), (language.tag, note)


@pytest.mark.parametrize("note", ["voz en off", "voix off", "голос за кадром", "V.O.", "旁白", "voice over"])
def test_who_tells_may_be_seen_all_the_same(note: str) -> None:
    """A voice over a picture of its own speaker leaves the speaker in it where the picture names them."""
    assert is_only_heard(f"Mara ({note})")
    assert not is_off_screen(f"Mara ({note})")


@pytest.mark.parametrize("note", ["softly", "takes her coat off", "en voz baja", "leise", "on phone", "am Telefon"])
def test_other_notes_leave_people_in_the_picture(note: str) -> None:
    """How somebody speaks says nothing of where they are, and who telephones may be seen doing it."""
    assert not is_only_heard(f"Mara ({note})")
    assert not is_off_screen(f"Mara ({note})")
