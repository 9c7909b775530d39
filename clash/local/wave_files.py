"""Speech as files: at one loudness, without silence at its ends, as mono 16-bit WAV."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

SPEECH_RATE = 24_000
"""Samples a second of both offline voices."""
_SPOKEN_RMS = 10 ** (-19 / 20)
_SPOKEN_PEAK = 10 ** (-3 / 20)


def wav_file(pcm: bytes, rate: int) -> bytes:
    """Return a mono 16-bit WAV file of these bytes."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return out.getvalue()


def levelled(samples: Samples) -> Samples:
    """Return speech without the silence at both ends, at -19 dBFS RMS and its peaks rounded off under -3 dBFS."""
    import numpy as np

    window = SPEECH_RATE // 100
    frames = samples[: samples.size // window * window].reshape(-1, window)
    power = np.sqrt(np.mean(frames.astype(np.float64) ** 2, axis=1))
    if not power.size or power.max() < 1e-4:
        return np.zeros(0, np.float32)
    heard = np.flatnonzero(power > power.max() * 10 ** (-42 / 20))
    cut = samples[max(0, heard[0] - 3) * window : (heard[-1] + 4) * window].astype(np.float64)
    loud = np.asarray(power[power > power.max() * 10 ** (-25 / 20)], np.float64)
    cut *= _SPOKEN_RMS / np.sqrt(np.mean(loud * loud))
    knee = 0.6 * _SPOKEN_PEAK
    over = np.maximum(np.abs(cut) - knee, 0) / (_SPOKEN_PEAK - knee)
    cut = np.sign(cut) * (np.minimum(np.abs(cut), knee) + (_SPOKEN_PEAK - knee) * np.tanh(over))
    fade = np.linspace(0, 1, min(window // 2, cut.size // 2))
    cut[: fade.size] *= fade
    cut[cut.size - fade.size :] *= fade[::-1]
    return cut.astype(np.float32)
