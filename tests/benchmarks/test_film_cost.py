"""What a film takes from the table to the file, against a fixed anchor: encoding its frames once, and nothing else."""

from __future__ import annotations

import csv
import io
import os
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import pytest
from filming import SMALL, command, environment
from measuring import used_by

ROWS = int(os.environ.get("CLASH_BENCHMARK_ROWS", "3"))
"""Of README's story: few, for what a run takes once is a second. It has ten."""
STORY = Path(__file__).parents[2] / "examples" / "lighthouse.csv"
MOST, MOST_MB = 3.6, 540


def anchor_s(film: Path) -> float:
    """Return the CPU seconds that x264 takes with its preset veryfast, crf 20 and one thread."""
    taken = 0.0
    with av.open(str(film)) as source, cast(Any, av.open(io.BytesIO(), "w", format="mp4")) as target:
        shown = source.streams.video[0]
        stream = target.add_stream("libx264", rate=shown.average_rate)
        stream.width, stream.height, stream.pix_fmt = shown.width, shown.height, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "veryfast", "crf": "20"}
        for number, frame in enumerate(source.decode(shown)):
            plain = av.VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
            plain.pts, plain.time_base = number, Fraction(1, 24)
            began = time.process_time()
            target.mux(stream.encode(plain))
            taken += time.process_time() - began
        began = time.process_time()
        target.mux(stream.encode(None))
    return taken + time.process_time() - began


def beginning(path: Path, rows: int) -> Path:
    """Write the first rows of README's story."""
    with STORY.open(encoding="utf-8", newline="") as whole, path.open("w", encoding="utf-8", newline="") as part:
        csv.writer(part).writerows(row for number, row in enumerate(csv.reader(whole)) if number <= rows)
    return path


def compiled(folder: Path) -> dict[str, str]:
    """The environment of a run that finds its bytecode, as after an installation: a small film was made with it."""
    env = environment(PYTHONPYCACHEPREFIX=str(folder / "bytecode"))
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    (folder / "small").mkdir()
    beginning(folder / "small/story.csv", 1)
    used = used_by(command("run", "story.csv", "--thread", "small", *SMALL), folder / "small", env)
    assert used.code == 0
    return env


@pytest.mark.skipif(sys.platform != "linux", reason="what a child took is read the way of Linux")
def test_a_film_takes_little_more_than_its_encoding(tmp_path: Path) -> None:
    """The beginning of README's film, 1280x720 and spoken: CPU seconds of the whole run, and its peak memory."""
    env = compiled(tmp_path)
    beginning(tmp_path / "story.csv", ROWS)
    used = used_by(command("run", "story.csv", "--thread", "t"), tmp_path, env)
    assert used.code == 0
    took, alone, peak_mb = used.seconds, anchor_s(tmp_path / "output/t/film.mp4"), used.peak_bytes >> 20
    print(
        f"\n{ROWS} rows: {took:.1f} CPU s, the anchor {alone:.1f}, ratio {took / alone:.2f} (at most {MOST});"
        f" peak {peak_mb} MB (at most {MOST_MB})"
    )
    assert took <= MOST * alone
    assert peak_mb <= MOST_MB
