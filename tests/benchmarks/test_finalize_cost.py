"""What finalize takes, against what no finalize can do without: decoding the film once and encoding its sound once."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import av
import pytest
from filming import clash, environment, shot_list

from clash.assets import AssetStore, open_assets
from clash.config import Settings
from clash.exports.collect import Film, collect
from clash.film.assembly import SAMPLE_RATE, SOUND_BIT_RATE
from clash.story.screenplay import shot_slot
from clash.workflow.context import StepContext
from clash.workflow.finalize import finish_film
from clash.workflow.state import ProductionState

SHOTS, MADE, SECONDS = 20, 4, 3.0
ROUNDS = 2
MOST = 2.0


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Film, AssetStore]:
    """Twenty shots of three seconds, spoken: four that were made, again and again."""
    shot_list(tmp_path / "story.csv", MADE, seconds=SECONDS, words=True)
    ran = clash(tmp_path, "run", "story.csv", "--thread", "t", "--size", "160x90", env=environment())
    assert ran.code == 0, ran.err
    monkeypatch.chdir(tmp_path)
    settings = Settings(_env_file=None)
    assets = open_assets(settings)
    made = asyncio.run(collect(settings, assets, "t"))
    first = [shot for shot, _ in made.shots]
    shots = [first[number % MADE].model_copy(update={"number": number + 1}) for number in range(SHOTS)]
    scene = made.screenplay.scenes[0].model_copy(update={"shots": tuple(shots)})
    slots = {shot_slot(number + 1): shot_slot(first[number % MADE].number) for number in range(SHOTS)}
    longer = replace(
        made,
        screenplay=made.screenplay.model_copy(update={"scenes": (scene,)}),
        finished={slot: made.finished[source] for slot, source in slots.items()},
    )
    return longer, assets


def finalizing(film: Film, assets: AssetStore, folder: Path) -> Callable[[], Path]:
    """The step as a run does it: it returns the film's file."""

    async def ignored(*_: object) -> None:
        """Nothing is recorded here."""

    context = StepContext(
        ledger=cast(Any, None),
        assets=assets,
        format=film.format,
        folder=folder,
        record=ignored,
        plan=ignored,
        done=lambda *_: None,
        failed=lambda _: None,
        check_stop=lambda: None,
        finish=film.finish,
    )
    digest = assets.put(film.screenplay.model_dump_json().encode())
    state: Mapping[str, Any] = {"screenplay": digest, "cards": {}, "shots": film.finished}
    return lambda: assets.path(finish_film(film.screenplay, cast(ProductionState, state), context)[0]["sha256"])


def anchor(path: Path) -> None:
    """Decode every frame and every sample of a film, and encode the sound to AAC."""
    with av.open(str(path)) as film, cast(Any, av.open(io.BytesIO(), "w", format="mp4")) as target:
        film.streams.video[0].thread_type = "AUTO"
        sound = target.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        sound.bit_rate = SOUND_BIT_RATE
        for packet in film.demux(film.streams.video[0], film.streams.audio[0]):
            for frame in packet.decode():
                if isinstance(frame, av.AudioFrame):
                    target.mux(sound.encode(frame))
        target.mux(sound.encode(None))


def test_finalize_takes_little_more_than_its_codecs(
    film: tuple[Film, AssetStore], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sound design, loudness, joining, inspection, contact sheet and publishing: at most 2.0 times the codecs."""
    work = finalizing(*film, tmp_path / "published")
    path = work()
    took = {"finalize": float("inf"), "anchor": float("inf")}
    for _ in range(ROUNDS):
        for name, run in (("finalize", work), ("anchor", lambda: anchor(path))):
            started = time.process_time()
            run()
            took[name] = min(took[name], time.process_time() - started)
    ratio = took["finalize"] / took["anchor"]
    with capsys.disabled():
        print(f"\n  CPU s: finalize {took['finalize']:.2f}, the anchor {took['anchor']:.2f}, ratio {ratio:.2f}")
    assert ratio <= MOST
