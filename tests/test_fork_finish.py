"""A fork that is only cut otherwise: captions, slate, title card, music. It pays nothing."""

from __future__ import annotations

import wave
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, clash
from takes_room import TakesRoom

STORY = """shot,location,characters,description,dialogue,duration
1,Pier,Mara,Mara walks along the pier.,MARA: We go.,1
"""


@pytest.fixture
def room(tmp_path: Path, database_url: str) -> TakesRoom:
    """A folder with a film of metered models."""
    made = TakesRoom(tmp_path / "room", database_url)
    (made.folder / "story.csv").write_text(STORY)
    made.ok("run", "story.csv", "--thread", "t", *SMALL, *METERED)
    return made


def music(path: Path) -> Path:
    """A file of music: five seconds of a tone."""
    tone = 0.3 * np.sin(2 * np.pi * 330 * np.arange(5 * 24_000) / 24_000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes((tone * 32767).astype("<i2").tobytes())
    return path


def streams(film: Path) -> tuple[int, bytes, int]:
    """How many subtitle tracks a film has, the first picture, and how many frames."""
    with av.open(str(film)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        return len(container.streams.subtitles), frames[4].tobytes(), len(frames)


def fork(room: TakesRoom, name: str, *flags: str, source: str = "t") -> Any:
    """Fork a run with these flags; the meter stands still."""
    plan = room.ok("fork", source, "--thread", name, *flags, "--dry-run")
    assert (plan["calls"]["to_make"], plan["price"]["total_usd"]) == (0, "0.000000")
    before = len(room.charged)
    made = room.ok("fork", source, "--thread", name, *flags)
    assert len(room.charged) == before
    assert made["status"] == "completed"
    return made


@on_both_databases
def test_a_fork_cuts_the_film_again_for_nothing(room: TakesRoom) -> None:
    """Words, slate and music are as the fork says; what it does not say is as in its source, also in a fork of it."""
    source = room.folder / "output/t/film.mp4"
    burned = fork(room, "burned", "--captions", "burned", "--slate")
    assert streams(source)[1] != streams(room.folder / burned["film"]["path"])[1]
    none = fork(room, "none", "--captions", "none", "--no-slate", source="burned")
    assert streams(room.folder / none["film"]["path"])[0] == 0
    assert streams(room.folder / none["film"]["path"])[1] == streams(source)[1]
    kept = fork(room, "kept", source="burned")
    assert kept["film"]["sha256"] == burned["film"]["sha256"]


def test_a_price_says_whether_the_budget_suffices(room: TakesRoom) -> None:
    """A budget of a cent less than a change costs does not suffice."""
    change = ("fork", "t", "--thread", "wide", "--size", "208x120", "--dry-run")
    price = Decimal(room.ok(*change)["price"]["total_usd"])
    assert price > 0
    for budget, suffices in ((price - Decimal("0.01"), False), (price, True)):
        plan = room.ok(*change, "--budget", f"{budget}")
        assert (plan["budget_usd"], plan["within_budget"]) == (f"{budget}", suffices)


def test_the_music_of_a_fork(room: TakesRoom) -> None:
    """A file, none, or the composed score again; the file is kept with the run."""
    score = room.ok("runs", "show", "t")["film"]["sha256"]
    played = fork(room, "played", "--music", str(music(room.folder / "m.wav")), "--music-volume", "6")
    (room.folder / "m.wav").unlink()
    again = fork(room, "again", source="played")
    silent = fork(room, "silent", "--music", "none", source="played")
    back = fork(room, "back", "--music", "score", "--music-volume", "0", source="played")
    assert len({score, played["film"]["sha256"], silent["film"]["sha256"]}) == 3
    assert again["film"]["sha256"] == played["film"]["sha256"]
    assert back["film"]["sha256"] == score
    missing = room.type("fork", "t", "--thread", "x", "--music", "gone.wav")
    assert missing.code == 3


def test_a_title_card_needs_a_title(room: TakesRoom) -> None:
    """A story without a title has no card, and is told so; one with a title has it; a fork can take it away."""
    plain = fork(room, "plain", "--titles")
    assert any("no title" in warning for warning in plain["warnings"])
    assert plain["film"]["sha256"] == room.ok("runs", "show", "t")["film"]["sha256"]
    (room.folder / "titled.json").write_text(
        '{"title": "The Pier", "shots": [{"shot": 1, "location": "Pier", "description": "Mara stops.", "duration": 1}]}'
    )
    titled = room.ok("run", "titled.json", "--thread", "titled", *SMALL, "--titles")
    assert not any("title" in warning for warning in titled["warnings"])
    bare = fork(room, "bare", "--no-titles", source="titled")
    frames = [streams(room.folder / one["film"]["path"])[2] for one in (titled, bare)]
    assert frames[0] > frames[1]
    assert streams(room.folder / fork(room, "card", "--titles", source="bare")["film"]["path"])[2] == frames[0]


def test_a_film_without_a_title_begins_with_its_first_shot(tmp_path: Path) -> None:
    """The file's name is no title: `run --titles` warns, and shows no card."""
    (tmp_path / "story.csv").write_text(STORY)
    run = ("run", "story.csv", *SMALL, "--json")
    plain = clash(tmp_path, *run, "--thread", "a").document
    titles = clash(tmp_path, *run, "--thread", "b", "--titles").document
    assert any("no title" in warning for warning in titles["warnings"])
    assert titles["film"]["sha256"] == plain["film"]["sha256"]


def test_bad_words_for_captions_are_refused(room: TakesRoom) -> None:
    """As `run` refuses them: exit 2, and nothing is made."""
    assert room.type("fork", "t", "--thread", "x", "--captions", "loud").code == 2
    assert room.type("fork", "t", "--thread", "x", "--music-volume", "90").code == 2
