"""The stories in `examples/`: what a newcomer's first film is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from clash.local.screenwriter import write_screenplay
from clash.story.places import place_kind
from clash.story.reader import read_story
from clash.story.screenplay import Screenplay, Story

EXAMPLES = Path(__file__).parent.parent / "examples"


def story(name: str) -> Story:
    return read_story((EXAMPLES / name).read_bytes(), name=name)


def screenplay(name: str) -> Screenplay:
    return write_screenplay(story(name))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.csv")), ids=lambda path: path.name)
def test_examples_are_read_without_a_warning(path: Path):
    """No example shows its reader a warning, and every line and narration of it is in its film."""
    read = story(path.name)
    shots = write_screenplay(read).shots
    assert read.warnings == ()
    said = [line.text for shot in shots for line in shot.dialogue]
    assert said == [line.text for beat in read.beats for line in beat.dialogue]
    assert [s.narration for s in shots if s.narration] == [b.narration for b in read.beats if b.narration]


def test_the_lighthouse():
    """Beats in English: ten rows, three people, a film of 16 to 22 shots and 75 to 95 seconds."""
    read, film = story("lighthouse.csv"), screenplay("lighthouse.csv")
    assert (read.kind, read.language, read.title) == ("beats", "en", "Lighthouse")
    assert 8 <= len(read.beats) <= 12
    assert 16 <= len(film.shots) <= 22
    assert 75 <= sum(shot.duration_s for shot in film.shots) <= 95
    assert [character.name for character in film.characters] == ["Mara", "Tomas", "Pim"]
    look = {character.name: character.look for character in film.characters}
    assert "long copper hair and a teal oilskin coat" in look["Mara"]
    assert "old man" in look["Tomas"]
    assert "boy" in look["Pim"]


def test_the_cliff_path_is_a_cliff():
    """The path of the second scene is no road, and where two hands meet two people are in the shot."""
    film = screenplay("lighthouse.csv")
    assert {place.slug: place_kind(place) for place in film.locations}["cliff-path"] == "cliff"
    (over_hers,) = (shot for shot in film.shots if shot.action == "Tomas lays his hand over hers.")
    assert over_hers.characters == ("tomas", "mara")


def test_rainy_night_noodles():
    """A shot list in Chinese: one shot per row, 45 to 60 seconds."""
    read, film = story("雨夜面馆.csv"), screenplay("雨夜面馆.csv")
    assert (read.kind, read.language) == ("shot_list", "zh")
    assert 10 <= len(read.beats) <= 14
    assert len(film.shots) == len(read.beats)
    assert 45 <= sum(shot.duration_s for shot in film.shots) <= 60
    assert [character.name for character in film.characters] == ["小禾", "老周"]
    assert [shot.duration_s for shot in film.shots] == [beat.duration_s for beat in read.beats]


@pytest.mark.parametrize("name", ["lighthouse.csv", "雨夜面馆.csv"])
def test_examples_look_varied(name: str):
    """Each film shows at least three kinds of place, two times of day, two kinds of weather, five sizes, four moves."""
    film = screenplay(name)
    assert len({place_kind(place) for place in film.locations}) >= 3
    assert not {"exterior", "interior"} & {place_kind(place) for place in film.locations}
    assert len({shot.time for shot in film.shots}) >= 2
    assert len({shot.weather for shot in film.shots}) >= 2
    assert len({shot.size for shot in film.shots}) >= 5
    assert len({shot.movement for shot in film.shots}) >= 4
