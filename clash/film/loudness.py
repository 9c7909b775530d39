"""Loudness by EBU R128, measured and set while the sound streams past: no film is ever held in memory.

The measuring and limiting are libavfilter's (`ebur128`, `alimiter`), reached through PyAV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, cast

import av
import av.error
import av.filter
import numpy as np
from numpy.typing import NDArray

Chunk = NDArray[np.float32]
"""Sound of shape (samples, 2) at `RATE`, 1.0 being full scale."""

RATE = 48_000
SILENCE_LUFS = -70.0
"""The absolute gate of R128: what is quieter is no sound."""

_OVERSAMPLING = 4
_LIMITER_MARGIN_DB = 0.5
"""Decibels that the limiter stays under the ceiling: what the way back from 192 kHz may add to a peak."""


def measure(chunks: Iterable[Chunk]) -> float:
    """The integrated loudness in LUFS; `SILENCE_LUFS` for silence and for less than 0.4 s of sound."""
    frames = _filtered(chunks, (("ebur128", "metadata=1"),))
    loudness = SILENCE_LUFS
    for frame in frames:
        said = frame.metadata.get("lavfi.r128.I")
        if said is not None:
            loudness = float(said)
    return loudness if loudness > SILENCE_LUFS else SILENCE_LUFS


def normalised(
    make: Callable[[], Iterator[Chunk]], *, target_lufs: float = -16.0, peak_dbtp: float = -1.5
) -> Iterator[Chunk]:
    """The sound of `make()` brought to `target_lufs`, no true peak above `peak_dbtp`, as many samples as it had.

    `make` is called twice and must give the same sound each time: once to be measured, once to be heard. The
    gain is the same throughout; only peaks are pressed down. Silence stays silence.
    """
    loudness = measure(make())
    if loudness <= SILENCE_LUFS:
        yield from make()
        return
    gain = np.float32(10 ** ((target_lufs - loudness) / 20))
    yield from _limited((chunk * gain for chunk in make()), peak_dbtp)


def _limited(chunks: Iterable[Chunk], peak_dbtp: float) -> Iterator[Chunk]:
    """The same number of samples with true peaks under `peak_dbtp`: limited at four times the rate."""
    ceiling = 10 ** ((peak_dbtp - _LIMITER_MARGIN_DB) / 20)
    taken = given = 0

    def counted() -> Iterator[Chunk]:
        nonlocal taken
        for chunk in chunks:
            taken += len(chunk)
            yield chunk

    limiter = (
        ("aresample", str(RATE * _OVERSAMPLING)),
        ("alimiter", f"limit={ceiling:.6f}:level=0:attack=5:release=80:latency=1"),
        ("aresample", str(RATE)),
        ("aformat", "sample_fmts=fltp:channel_layouts=stereo"),
    )
    for frame in _filtered(counted(), limiter):
        # Resampling may flush a few samples more or less than went in; the film's length is not its to change.
        chunk = cast(Chunk, frame.to_ndarray()).T[: taken - given]
        given += len(chunk)
        if len(chunk):
            yield np.ascontiguousarray(chunk)
    if given < taken:
        yield np.zeros((taken - given, 2), np.float32)


def _filtered(chunks: Iterable[Chunk], filters: Sequence[tuple[str, str]]) -> Iterator[Any]:
    """The frames that come out of a chain of audio filters, each as soon as it is ready."""
    graph = av.filter.Graph()
    last: Any = graph.add_abuffer(sample_rate=RATE, format="fltp", layout="stereo", time_base=Fraction(1, RATE))
    source = last
    for name, options in (*filters, ("abuffersink", "")):
        node = graph.add(name, options or None)
        last.link_to(node)
        last = node
    graph.configure()
    clock = 0
    for chunk in chunks:
        if not len(chunk):
            continue
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), clock
        clock += len(chunk)
        source.push(frame)
        yield from _ready(last)
    source.push(None)
    yield from _ready(last)


def _ready(sink: Any) -> Iterator[Any]:
    """The frames that stand ready at the end of the chain."""
    while True:
        try:
            yield sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
