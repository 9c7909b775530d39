"""Loudness by EBU R128, measured while the sound streams past, so that no film is held in memory.

The filters are libavfilter's, reached through PyAV. Its `ebur128` is not used: it answers in the metadata of audio
frames, which PyAV shows only from 18.1 on. The gates of the standard are a few lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, Literal, cast

import av
import av.error
import av.filter
import numpy as np
from numpy.typing import NDArray

Chunk = NDArray[np.float32]
"""Sound of shape (samples, 2) at `RATE`, 1.0 being full scale."""
Layout = Literal["mono", "stereo"]

RATE = 48_000
SILENCE_LUFS = -70.0
"""The absolute gate of R128: anything quieter counts as silence."""

_CHANNELS: dict[Layout, int] = {"mono": 1, "stereo": 2}
_STEP = RATE // 10
_STEPS_PER_BLOCK = 4
"""Loudness is that of blocks of 0.4 s, each overlapping the next by three quarters."""
_BS1770_OFFSET_DB = -0.691
_HEAD_SHELF = (
    "b0=1.53512485958697:b1=-2.69169618940638:b2=1.19839281085285:a0=1:a1=-1.69065929318241:a2=0.73248077421585:r=f64"
)
_LOW_CUT = "b0=1:b1=-2:b2=1:a0=1:a1=-1.99004745483398:a2=0.99007225036621:r=f64"
_K_WEIGHTING = (("biquad", _HEAD_SHELF), ("biquad", _LOW_CUT), ("aformat", "sample_fmts=dblp"))
"""How strongly the ear perceives each frequency: BS.1770-4, tables 1 and 2, for 48 kHz."""


class LoudnessMeter:
    """Measures the integrated loudness of sound that is added chunk by chunk.

    Mono, in chunks of shape (samples, 1), is measured as the same sound in both channels.
    """

    def __init__(self, layout: Layout = "stereo") -> None:
        self._weighting = FilterChain(_K_WEIGHTING, layout)
        self._share = 2 / _CHANNELS[layout] / _STEP
        """What each weighted channel counts in the mean power of a step."""
        self._waiting: list[Chunk] = []
        self._waiting_samples = 0
        self._rest = np.zeros((_CHANNELS[layout], 0), np.float64)
        self._powers: list[float] = []
        """The weighted power of each tenth of a second, both channels together (ITU-R BS.1770-4, annex 1)."""

    def add(self, chunk: Chunk) -> None:
        """Measure more sound. It is filtered a second at a time: a frame at a time costs four times as much."""
        self._waiting.append(chunk)
        self._waiting_samples += len(chunk)
        if self._waiting_samples >= RATE:
            self._weigh()

    @property
    def is_heard(self) -> bool:
        """Whether anything so far is louder than silence. The last second may not count yet."""
        return any(power > _power(SILENCE_LUFS) for power in self._blocks())

    def finish(self) -> float:
        """Return the loudness of all the sound in LUFS; `SILENCE_LUFS` for silence and for less than 0.4 s."""
        self._weigh()
        self._measure(self._weighting.finish())
        blocks = self._blocks()
        blocks = blocks[blocks > _power(SILENCE_LUFS)]
        if not blocks.size:
            return SILENCE_LUFS
        blocks = blocks[blocks > blocks.mean() / 10]
        return float(10 * np.log10(blocks.mean())) + _BS1770_OFFSET_DB

    def _blocks(self) -> NDArray[np.float64]:
        """Return the mean power of each block of 0.4 s."""
        steps = np.array(self._powers, np.float64)
        if steps.size < _STEPS_PER_BLOCK:
            return steps[:0]
        return np.convolve(steps, np.full(_STEPS_PER_BLOCK, 1 / _STEPS_PER_BLOCK), "valid")

    def _weigh(self) -> None:
        """Filter and measure the sound that waits."""
        if self._waiting:
            whole = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
            self._waiting, self._waiting_samples = [], 0
            self._measure(self._weighting.push(whole))

    def _measure(self, frames: Iterable[av.AudioFrame]) -> None:
        for frame in frames:
            weighted = np.concatenate([self._rest, cast(NDArray[np.float64], frame.to_ndarray())], axis=1)
            steps = weighted.shape[1] // _STEP
            whole = weighted[:, : steps * _STEP].reshape(len(weighted), steps, _STEP)
            self._powers += (np.einsum("csn,csn->s", whole, whole) * self._share).tolist()
            self._rest = weighted[:, steps * _STEP :]


def measure(chunks: Iterable[Chunk], layout: Layout = "stereo") -> float:
    """Return the integrated loudness in LUFS; `SILENCE_LUFS` for silence and for less than 0.4 s of sound."""
    meter = LoudnessMeter(layout)
    for chunk in chunks:
        meter.add(chunk)
    return meter.finish()


def _power(lufs: float) -> float:
    return 10 ** ((lufs - _BS1770_OFFSET_DB) / 10)


class FilterChain:
    """A chain of libavfilter's audio filters: sound goes in chunk by chunk, frames come out when they are ready."""

    def __init__(self, filters: Sequence[tuple[str, str]], layout: Layout = "stereo") -> None:
        graph = av.filter.Graph()
        self._layout: Layout = layout
        self._source = graph.add_abuffer(sample_rate=RATE, format="fltp", layout=layout, time_base=Fraction(1, RATE))
        last: Any = self._source
        for name, options in (*filters, ("abuffersink", "")):
            node = graph.add(name, options or None)
            last.link_to(node)
            last = node
        graph.configure()
        self._graph = graph
        self._sink = last
        self._samples = 0

    def push(self, chunk: Chunk) -> Iterator[av.AudioFrame]:
        """Filter more sound and yield the frames that are ready."""
        if not len(chunk):
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk.T), format="fltp", layout=self._layout)
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), self._samples
        self._samples += len(chunk)
        self._source.push(frame)
        yield from self._ready()

    def finish(self) -> Iterator[av.AudioFrame]:
        """Tell the filters that no sound follows, and yield the frames that they held back."""
        self._source.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[av.AudioFrame]:
        while True:
            try:
                yield self._sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
