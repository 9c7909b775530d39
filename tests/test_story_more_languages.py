"""Tables in Turkish, Indonesian, Dutch and Polish."""

from __future__ import annotations

import pytest

from clash.local.screenwriter import write_screenplay
from clash.local.screenwriting.locations import in_title_case
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


TABLES = {
    "pl": """Nr ujęcia;Plan;Miejsce;Pora dnia;Obraz;Postacie;Dialogi;Lektor;Dźwięk;Czas
1;Półzbliżenie;Kuchnia;rano;Jan wchodzi.;Jan i Babcia Zofia;JAN: Zimno jak w psiarni.;;Czajnik: gwiżdże;4 sek.
2;Zbliżenie;Kuchnia;rano;Telefon wibruje.;;MAREK (przez telefon): Mamo? Słyszysz mnie?;;;półtorej sekundy
3;Detal;Kuchnia;rano;Oczy Zofii.;Babcia Zofia;BABCIA ZOFIA (w myślach): Nie poznaję go.;brak;;3,5 s
4;Plan daleki;Latarnia morska, noc;;Światło omiata morze.;;brak dialogu;Światło zgasło.;;około 4 s
""",
    "nl": """Shot nr;Kader;Locatie;Tijd;Beeld;Personages;Dialoog;Voice-over;Geluid;Duur
1;Borstshot;Woonkeuken;'s ochtends;Jan komt binnen.;Jan en Oma Greet;JAN: Het is koud buiten.;;Ketel: fluit;4 sec.
2;Close-up;Woonkeuken;ochtend;De telefoon trilt.;;PIETER (aan de telefoon): Mam? Hoor je mij?;;;anderhalve seconde
3;Detail;Woonkeuken;ochtend;De ogen van Greet.;Oma Greet;OMA GREET (in gedachten): Ik ken hem niet.;geen;;3,5 s
4;Totaal;Vuurtoren, nacht;;Het licht strijkt over de zee.;;geen dialoog;Het licht ging uit.;;ongeveer 4 s
""",
    "tr": """Çekim No;Plan;Mekan;Zaman;Görüntü;Karakterler;Diyalog;Dış Ses;Ses Efekti;Süre
1;Göğüs plan;Mutfak;sabah;Ali girer.;Ali ve Ayşe Teyze;ALİ: Dışarısı çok soğuk.;;Çaydanlık: ıslık;4 sn
2;Yakın plan;Mutfak;sabah;Telefon titrer.;;MEHMET (telefonda): Anne? Beni duyuyor musun?;;;bir buçuk saniye
3;Detay plan;Mutfak;sabah;Ayşe'nin gözleri.;Ayşe Teyze;AYŞE TEYZE (iç ses): Sesini tanımıyorum.;yok;;3,5 sn
4;Uzak plan;Deniz feneri, gece;;Işık denizi tarar.;;diyalog yok;Gece yarısı ışık söndü.;;yaklaşık 4 sn
""",
    "id": """No;Ukuran Gambar;Lokasi;Waktu;Gambar;Tokoh;Dialog;Narasi;Efek Suara;Durasi
1;Sebatas dada;Dapur;pagi;Budi masuk dan duduk.;Budi dan Nenek Sari;BUDI: Di luar dingin sekali.;;Ketel: bersiul;4 dtk
2;Jarak dekat;Dapur;pagi;Telepon bergetar di atas meja.;;ANTON (di telepon): Bu? Dengar aku?;;;satu setengah detik
3;Sangat dekat;Dapur;pagi;Mata Nenek Sari.;Nenek Sari;NENEK SARI (dalam hati): Aku tidak kenal dia.;tidak ada;;3,5 detik
4;Jarak jauh;Mercusuar, malam hari;;Cahaya menyapu laut.;;tanpa dialog;Tengah malam cahaya itu padam.;;sekitar 4 detik
""",
}


@pytest.mark.parametrize("language", TABLES)
def test_a_film_of_a_table(language: str):
    """Two people of one cell, a kettle, a phone, a thought, `none`, and the sides of places come out as meant."""
    story = read(TABLES[language].encode(), name="s.csv").story
    assert story.language == language
    assert [beat.duration_s for beat in story.beats] == [4, 1.5, 3.5, 4]
    assert [bool(beat.narration) for beat in story.beats] == [False, False, False, True]
    assert [len(beat.dialogue) for beat in story.beats] == [1, 1, 1, 0]
    assert [bool(beat.sound) for beat in story.beats] == [True, False, False, False]
    film = write_screenplay(story)
    first, phone, thought, last = film.shots
    names = {character.slug: character.name for character in film.characters}
    assert len(names) == 3
    assert [names[slug] for slug in first.characters] == list(story.beats[0].characters)
    assert (len(phone.dialogue), thought.dialogue[0].speaker) == (1, story.beats[2].characters[0])
    sides = {place.slug: place.setting for place in film.locations}
    assert [sides[shot.location] for shot in film.shots] == ["interior", "interior", "interior", "exterior"]
    assert (first.time, last.time) == ("day", "night")


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("Babcia Zofia kroi chleb przy oknie i patrzy na morze.", "pl", "Babcia Zofia"),
        ("Pan Kowalski czeka na pociąg przy oknie.", "pl", "Pan Kowalski"),
        ("Oma Greet snijdt het brood bij een raam.", "nl", "Oma Greet"),
        ("Ayşe teyze pencerenin önünde bir ekmek kesiyor.", "tr", "Ayşe teyze"),
        ("Pak Budi sedang memotong roti untuk sarapan.", "id", "Pak Budi"),
    ],
)
def test_who_is_named_with_a_word_for_kin_is_a_character(text: str, language: str, name: str):
    """A name beside a word for kin or a title is somebody, although no column says so."""
    film = write_screenplay(read(f"shot|description\n1|{text}\n".encode(), name="s.csv").story)
    assert film.language == language
    assert [character.name for character in film.characters] == [name]


@pytest.mark.parametrize(
    ("written", "shown"), [("BALIKÇI LİMANI", "Balıkçı Limanı"), ("İSKELE", "İskele"), ("LIMANI", "Limani")]
)
def test_turkish_capitals(written: str, shown: str):
    """The two letters i of Turkish stay two."""
    assert in_title_case(written) == shown
