"""A film of any size and rate that is allowed is made; any other is refused before anything is."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from filming import clash, environment

from clash.errors import UsageError
from clash.frame_size import check_fps, parse_size

STORY = (
    "scene,location,characters,description,dialogue\n"
    '1,Kitchen,"Mara, Tomas",Mara and Tomas eat at the table.,Mara: Yes\n'
    "2,Sea,,A boat on the sea.,\n"
)


@pytest.mark.parametrize(
    ("size", "fps"), [("64x64", 8), ("66x64", 8), ("64x130", 60), ("192x64", 9), ("64x4096", 8), ("4096x64", 8)]
)
def test_a_small_or_narrow_film_is_made(tmp_path: Path, size: str, fps: int):
    """Of the size and the rate that were asked for."""
    (tmp_path / "s.csv").write_text(STORY, encoding="utf-8")
    ran = clash(tmp_path, "run", "s.csv", "--thread=t", "--size", size, "--fps", str(fps), "--json", env=environment())
    assert ran.code == 0, ran.err[-500:]
    with av.open(str(tmp_path / json.loads(ran.out)["film"]["path"])) as film:
        stream = film.streams.video[0]
        assert (f"{stream.width}x{stream.height}", stream.average_rate) == (size, fps)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--size=62x64"],
        ["--size=65x64"],
        ["--size=64x65"],
        ["--size=4098x64"],
        ["--size=0x0"],
        ["--size=64"],
        ["--fps=7"],
        ["--fps=61"],
        ["--fps=0"],
        ["--fps=-8"],
        ["--fps=23.976"],
    ],
)
def test_another_size_or_rate_is_refused_at_once(tmp_path: Path, arguments: list[str]):
    """Exit 2, and nothing is made."""
    (tmp_path / "s.csv").write_text(STORY, encoding="utf-8")
    ran = clash(tmp_path, "run", "s.csv", "--thread=t", *arguments, env=environment())
    assert (ran.code, sorted(path.name for path in tmp_path.iterdir())) == (2, ["s.csv"]), ran.err


def test_the_bounds_themselves_are_allowed():
    """64 to 4096 pixels, 8 to 60 frames a second."""
    assert (parse_size("64x4096"), check_fps(8), check_fps(60)) == ((64, 4096), 8, 60)
    for size in ("62x4096", "64x4098"):
        with pytest.raises(UsageError):
            parse_size(size)
