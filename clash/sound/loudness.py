"""Loudness by EBU R128, measured and set while the sound streams past: no film is ever held in memory.

Filters are libavfilter's, reached through PyAV. Its `ebur128` is not among them: it answers in the metadata of frames,
which PyAV 15 does not show. The gates of the standard are a few lines.
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

_STEP = RATE // 10
_STEPS_A_BLOCK = 4
"""Loudness is that of blocks of 0.4 s, each overlapping the next by three quarters."""
_BS1770_OFFSET_DB = -0.691
_K_WEIGHTING = (
    ("biquad", "b0=1.53512485958697:b1=-2.69169618940638:b2=1.19839281085285"
               ":a0=1:a1=-1.69065929318241:a2=0.73248077421585:r=f64"),
    ("biquad", "b0=1:b1=-2:b2=1:a0=1:a1=-1.99004745483398:a2=0.99007225036621:r=f64"),
    ("aformat", "sample_fmts=dblp"),
)  # fmt: skip
"""How the ear weighs frequencies: the head's shelf and a high-pass (BS.1770-4, tables 1 and 2, for 48 kHz)."""

_OVERSAMPLING = 4
_LIMITER_MARGIN_DB = 0.5
"""Decibels that the limiter stays under the ceiling: what the way back from 192 kHz may add to a peak."""


def measure(chunks: Iterable[Chunk]) -> float:
    """The integrated loudness in LUFS; `SILENCE_LUFS` for silence and for less than 0.4 s of sound."""
    steps = np.fromiter(_step_powers(chunks), np.float64)
    if steps.size < _STEPS_A_BLOCK:
        return SILENCE_LUFS
    blocks = np.convolve(steps, np.full(_STEPS_A_BLOCK, 1 / _STEPS_A_BLOCK), "valid")
    blocks = blocks[blocks > _power(SILENCE_LUFS)]
    if not blocks.size:
        return SILENCE_LUFS
    blocks = blocks[blocks > blocks.mean() / 10]
    return float(10 * np.log10(blocks.mean())) + _BS1770_OFFSET_DB


def _power(lufs: float) -> float:
    return 10 ** ((lufs - _BS1770_OFFSET_DB) / 10)


def _step_powers(chunks: Iterable[Chunk]) -> Iterator[float]:
    """The weighted power of each tenth of a second, both sides together (ITU-R BS.1770-4, annex 1)."""
    rest = np.zeros((2, 0), np.float64)
    for frame in _filtered(chunks, _K_WEIGHTING):
        heard = np.concatenate([rest, cast(NDArray[np.float64], frame.to_ndarray())], axis=1)
        whole = heard.shape[1] // _STEP * _STEP
        yield from np.square(heard[:, :whole]).sum(axis=0).reshape(-1, _STEP).mean(axis=1).tolist()
        rest = heard[:, whole:]


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
