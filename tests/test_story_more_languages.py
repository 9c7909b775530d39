"""Tables in Turkish, Indonesian, Dutch and Polish."""

from __future__ import annotations

import pytest

from clash.story.camera_terms import size_of
from clash.story.durations import seconds_of
from clash.story.headings import heading_of
from clash.story.reader import read

TURKISH = """# Deniz Feneri

| Sahne | Çekim No | Plan | Kamera | Mekan | Görüntü | Dış ses | Diyalog | Süre | Müzik |
|---|---|---|---|---|---|---|---|---|---|
| 1 | 1 | Genel plan | Sabit | Liman, gece | Tekneler limana girer. | Deniz her şeyi hatırlar. | | 4 sn | Ney |
| 1 | 2 | Yakın plan | Sağa pan | Liman, gece | Ali feneri yakar. | | Ali: Eve döndük.<br>Zeynep: Hoş geldin. | 3 sn | |
"""
INDONESIAN = """Adegan;Gambar;Narasi;Dialog;Durasi
1;Budi berjalan di pantai.;Pagi yang tenang di Bali.;;4 detik
2;Sari melambaikan tangan.;;Sari: Budi, ayo pulang!;3 dtk
"""


def test_a_turkish_shot_list():
    """Pictures, the narrator's words, dialogue, sizes and lengths are read as they are meant."""
    story = read(TURKISH.encode(), name="s.md").story
    assert (story.language, story.kind, story.warnings) == ("tr", "shot_list", ())
    first, second = story.beats
    assert (first.description, first.narration) == ("Tekneler limana girer.", "Deniz her şeyi hatırlar.")
    assert (first.shot_size, first.movement, first.duration_s, first.music) == ("Genel plan", "Sabit", 4, "Ney")
    assert (first.location, first.time) == ("Liman", "night")
    assert [(line.speaker, line.text) for line in second.dialogue] == [
        ("Ali", "Eve döndük."),
        ("Zeynep", "Hoş geldin."),
    ]


def test_an_indonesian_story():
    """The narrator's words are no picture."""
    story = read(INDONESIAN.encode(), name="s.csv").story
    assert (story.language, story.warnings) == ("id", ())
    assert [beat.description for beat in story.beats] == ["Budi berjalan di pantai.", "Sari melambaikan tangan."]
    assert [beat.narration for beat in story.beats] == ["Pagi yang tenang di Bali.", ""]
    assert [beat.duration_s for beat in story.beats] == [4, 3]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "nl",
            "Scène;Shot nr;Kader;Locatie;Beeld;Verteller;Dialoog;Duur;Muziek\n"
            "1;1;Totaal;Haven, nacht;De boten varen de haven binnen.;De zee vergeet niet.;;4 seconden;fluit\n"
            "1;2;Dichtbij;;Jan steekt het licht aan.;;Jan: Kom maar mee.;3 seconden;\n",
        ),
        (
            "pl",
            "Scena;Nr ujęcia;Plan;Miejsce;Obraz;Lektor;Dialogi;Czas trwania;Muzyka\n"
            "1;1;Plan daleki;Port, noc;Łodzie wpływają do portu.;Morze pamięta.;;4 sekundy;flet\n"
            "1;2;Zbliżenie;;Jan zapala światło.;;Jan: Jesteśmy w domu.;3 sek.;\n",
        ),
    ],
)
def test_shot_lists_in_dutch_and_polish(language: str, text: str):
    """Every column is used, and sizes, times of day and lengths are read."""
    story = read(text.encode(), name="s.csv").story
    assert (story.language, story.kind, story.warnings) == (language, "shot_list", ())
    first, second = story.beats
    assert (first.scene, first.shot, first.time, first.duration_s, second.duration_s) == ("1", "1", "night", 4, 3)
    assert all((first.location, first.description, first.narration, first.music, first.shot_size))
    assert [line.speaker for line in second.dialogue] == ["Jan"]
    assert size_of(first.shot_size) == "wide"
    assert size_of(second.shot_size) == "close_up"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("4 sn", 4), ("yarım dakika", 30), ("yaklaşık 3 saniye", 3), ("1 dk", 60), ("4 dtk", 4), ("dua menit", 120)],
)
def test_lengths(text: str, seconds: float):
    """Units and small numbers of both languages."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("text", "place", "side", "time"),
    [
        ("İÇ. MUTFAK - GECE", "MUTFAK", "interior", "night"),
        ("DIŞ. LİMAN - GÜN", "LİMAN", "exterior", "day"),
        ("EKS. PANTAI - SORE", "PANTAI", "exterior", "dusk"),
        ("Pantai, malam hari", "Pantai", "", "night"),
        ("EXT. GUN SHOP - DAY", "GUN SHOP", "EXT", "DAY"),
    ],
)
def test_headings(text: str, place: str, side: str, time: str):
    """Sides and times of both languages; a word of another language without its accents stays with the place."""
    found = heading_of(text)
    assert (found.place, found.int_ext, found.time) == (place, side, time)
