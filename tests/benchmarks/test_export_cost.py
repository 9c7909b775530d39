"""What an export of 300 shots takes, held against opening its media once, which no export can do without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest
from filming import PLUGINS, clash, environment, shot_list

from clash.assets import open_assets
from clash.config import Settings
from clash.exports import use_case
from clash.exports.collect import Film, collect
from clash.story.screenplay import shot_slot

SHOTS, MADE = 300, 3
FORMATS = ("otio", "fcpxml", "premiere", "edl", "srt", "vtt", "ass", "csv", "fountain")
ROUNDS = 3
_MOST = 3.2
"""2 seconds on a machine on which opening the files of 300 shots takes 0.62 s of CPU."""


def best(work: Callable[[], object]) -> float:
    """The seconds of CPU of the quickest of several rounds."""
    took: list[float] = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        took.append(time.process_time() - started)
    return min(took)


def lengthened(film: Film) -> Film:
    """The film with its shots again and again, until there are 300."""
    made = [shot for shot, _ in film.shots]
    shots = [made[n % len(made)].model_copy(update={"number": n + 1}) for n in range(SHOTS)]
    scene = film.screenplay.scenes[0].model_copy(update={"shots": tuple(shots)})
    slots = {shot_slot(n + 1): shot_slot(made[n % len(made)].number) for n in range(SHOTS)}
    return replace(
        film,
        screenplay=film.screenplay.model_copy(update={"scenes": (scene,)}),
        finished={slot: film.finished[first] for slot, first in slots.items()},
        takes={slot: film.takes[first] for slot, first in slots.items()},
    )


def test_an_export_costs_little_more_than_its_media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every timeline, the words and the tables of 300 shots take at most 3.2 times the opening of their files."""
    shot_list(tmp_path / "story.csv", MADE, seconds=0.5, words=True)
    models = ("--image-model", "stock:illustrator", "--video-model", "stock:cinematographer")
    env = environment(METER=str(tmp_path / "meter"))
    ran = clash(tmp_path, "run", "story.csv", "--thread", "t", "--size", "128x72", "--fps", "8", *models, env=env)
    assert ran.code == 0, ran.err
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.chdir(tmp_path)
    settings = Settings(_env_file=None)
    film = lengthened(asyncio.run(collect(settings, open_assets(settings), "t")))

    async def longer(*_: object) -> Film:
        return film

    monkeypatch.setattr(use_case, "collect", longer)

    def export() -> None:
        asyncio.run(use_case.export("t", FORMATS, link=True, stems=False, settings=settings))

    export()
    folder = tmp_path / "output" / "t" / "export"
    media = [path for name in ("media", "sound") for path in sorted((folder / name).iterdir())]
    assert len(media) == 2 * SHOTS

    def opened() -> None:
        for path in media:
            av.open(str(path)).close()

    exported, anchor = best(export), best(opened)
    print(f"\n{SHOTS} shots: export {exported:.2f} s of CPU, opening its {len(media)} files {anchor:.2f} s,", end=" ")
    print(f"ratio {exported / anchor:.2f} (at most {_MOST})")
    assert exported <= _MOST * anchor
