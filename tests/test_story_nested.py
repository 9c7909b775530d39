"""JSON of scenes with shots in them, whatever language its keys are in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clash.errors import StoryError
from clash.story.reader import read
from clash.story.screenplay import Story

NESTED = {
    "en": ("title", "scenes", "location", "time", "shots", "action", "dialogue", "duration", "night"),
    "es": ("título", "escenas", "lugar", "hora", "planos", "descripción", "diálogo", "duración", "noche"),
    "fr": ("titre", "scènes", "lieu", "moment", "plans", "description", "dialogue", "durée", "nuit"),
    "de": ("Titel", "Szenen", "Ort", "Tageszeit", "Einstellungen", "Beschreibung", "Dialog", "Dauer", "Nacht"),
    "it": ("titolo", "scene", "luogo", "momento", "inquadrature", "descrizione", "dialogo", "durata", "notte"),
    "pt": ("título", "cenas", "local", "hora do dia", "planos", "descrição", "diálogo", "duração", "noite"),
    "ru": ("название", "сцены", "место", "время", "кадры", "описание", "диалог", "длительность", "ночь"),
    "zh": ("片名", "场景", "地点", "时间", "镜头", "画面", "台词", "时长", "夜"),
    "ja": ("タイトル", "シーン", "場所", "時間帯", "カット", "内容", "セリフ", "秒数", "夜"),
}


def story_of(document: Any) -> Story:
    """The story of a JSON document."""
    return read(json.dumps(document, ensure_ascii=False).encode(), name="film.json").story


@pytest.mark.parametrize("keys", NESTED.values(), ids=NESTED)
def test_scenes_and_shots_are_read_in_any_language(keys: tuple[str, ...]) -> None:
    """Each shot is a row with the place and the time of its scene; nothing is read as prose, nothing is left out."""
    title, scenes, place, time, shots, action, dialogue, duration, night = keys
    spoken = {action: "A.", dialogue: "ANA: Oh.", duration: 3}
    story = story_of(
        {
            title: "Lumen",
            scenes: [
                {
                    place: "Pier",
                    time: night,
                    shots: [spoken, {action: "B."}],
                },
                {place: "Tower", shots: [{action: "C."}]},
            ],
        }
    )
    assert (story.title, story.warnings) == ("Lumen", ())
    places = [(beat.description, beat.location) for beat in story.beats]
    assert places == [("A.", "Pier"), ("B.", "Pier"), ("C.", "Tower")]
    assert {beat.time for beat in story.beats[:2]} <= {"night", night}
    (line,) = story.beats[0].dialogue
    assert (line.speaker, line.text, story.beats[0].duration_s) == ("ANA", "Oh.", 3)


def test_a_film_may_be_nested_deeper() -> None:
    """Below acts, and in a script beside what is said about the project; a scene's number is not that of its shots."""
    scene = {
        "numero": 7,
        "planos": [{"numero": 1, "accion": "Ana mira.", "dialogos": [{"personaje": "Ana", "texto": "Sí."}]}],
    }
    story = story_of({"proyecto": {"título": "El faro"}, "guion": {"actos": [{"acto": "I", "escenas": [scene]}]}})
    (beat,) = story.beats
    assert (story.title, beat.scene, beat.shot, beat.description) == ("El faro", "7", "1", "Ana mira.")
    assert [(line.speaker, line.text) for line in beat.dialogue] == [("Ana", "Sí.")]


def test_shots_under_an_unknown_key_are_found() -> None:
    """A list of objects that say what is seen holds rows, whatever it is called; lines of speech are none."""
    shot = {"description": "Ana waits.", "angle": "low", "lines": [{"who": "Ana", "text": "Soon."}]}
    (beat,) = story_of({"scenes": [{"location": "Pier", "bits": [shot]}]}).beats
    assert (beat.description, beat.location, beat.angle) == ("Ana waits.", "Pier", "low")
    assert [(line.speaker, line.text) for line in beat.dialogue] == [("Ana", "Soon.")]


def test_a_list_that_nobody_knows_is_refused_by_its_keys() -> None:
    """It is not read aloud as prose: the message names the list and its keys."""
    with pytest.raises(StoryError, match=r"'trozos' holds a list of objects.*'qué', 'dice'") as raised:
        story_of({"tomas": [{"lugar": "Puerto", "trozos": [{"qué": "Ana mira.", "dice": "Hola."}]}]})
    assert "shots or scenes" in (raised.value.hint or "")
