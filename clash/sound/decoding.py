"""Decode a sound file of any format, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from clash.errors import FilmError
from clash.sound.loudness import RATE

_OPENING = {"max_probe_packets": "2"}
"""How many packets decide what a sound is coded in. Without a limit all of a WAV file is searched for DTS, which takes
ten times as long as to decode it."""


def decoded(path: Path, layout: Literal["mono", "stereo"], what: str) -> Iterator[NDArray[np.float32]]:
    """Yield the sound of a file at 48 kHz, shaped (channels, samples), piece by piece.

    Raises `FilmError` if it cannot be decoded; `what` the file is, for its message: "speech file", "music".
    """
    try:
        with av.open(str(path), options=_OPENING) as container:
            if not container.streams.audio:
                raise FilmError(f"the {what} {path.name} has no sound")
            resampler: Any = av.AudioResampler(format="fltp", layout=layout, rate=RATE)
            for frame in container.decode(container.streams.audio[0]):
                yield from (np.asarray(part.to_ndarray(), np.float32) for part in resampler.resample(frame))
            yield from (np.asarray(part.to_ndarray(), np.float32) for part in resampler.resample(None))
    except (av.error.FFmpegError, OSError) as error:
        raise FilmError(f"the {what} {path.name} cannot be read: {error.strerror}") from error
