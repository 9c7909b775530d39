"""Kokoro: phonemes in, speech out, in one of its Chinese voices. The same phonemes give the same bytes."""

from __future__ import annotations

import importlib
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clash.errors import ProviderError
from clash.installation import install_command
from clash.local.mandarin.phonemes import English, phonemes
from clash.local.mandarin.voices import Timbre, timbre_of
from clash.local.mandarin.weights import MODEL, check_file, voice_folder
from clash.local.wave_files import levelled
from clash.providers.ports import SpeechRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_STYLE_SIZE = 256
_LEAST_SPEED, _MOST_SPEED = 0.5, 2.0
_NUMBERED = {
    1: ";:,.!?",
    9: "—…",
    12: "()“” ",
    18: "ʣʥʦʨᵝꭧAI",
    31: "O",
    33: "Q",
    35: "ST",
    39: "W",
    41: "Yᵊabcdef",
    50: "hijklmnopqrstuvwxyzɑɐɒæ",
    76: "ɔɕ",
    81: "ðʤə",
    85: "ɚɛɜ",
    92: "ɡ",
    99: "ɥ",
    101: "ɨɪ",
    112: "ŋ",
    123: "ɹ",
    125: "ɾɻ",
    130: "ʂʃ",
    133: "ʧ",
    135: "ʊ",
    138: "ʌ",
    140: "ɤ",
    147: "ʒ",
    156: "ˈˌː",
    162: "ʰ",
    169: "↓",
    171: "→↗↘",
    177: "ᵻ",
}
_SYMBOLS = {symbol: first + place for first, run in _NUMBERED.items() for place, symbol in enumerate(run)}
"""The number of each phoneme that a Chinese line may have, as Kokoro was taught them."""

_speaking = threading.Lock()
"""One line at a time: the network uses the memory of one, and films ask for many at once."""


def say_in_chinese(
    text: str, request: SpeechRequest, take: int, folder: Path | None, english: English | None = None
) -> tuple[str, Samples]:
    """Return the voice's id and the spoken text; no samples for a text without a word. Raises `ProviderError`.

    `english` reads the English words in it.
    """
    timbre = timbre_of(request.speaker, request.voice, request.voice_id, take)
    return timbre.id, levelled(_say(text, timbre, voice_folder(folder), english))


def _say(text: str, timbre: Timbre, folder: Path, english: English | None) -> Samples:
    import numpy as np

    numbers = [_numbers(piece) for piece in phonemes(text, english)]
    speed = np.asarray([min(max(timbre.pace / timbre.pitch, _LEAST_SPEED), _MOST_SPEED)], np.float32)
    parts: list[Samples] = []
    with _speaking:
        session, styles = _session(folder), _styles(folder, timbre.base)
        try:
            for piece in numbers:
                if len(piece) > 2:
                    style = styles[min(len(piece) - 2, styles.shape[0] - 1)][None]
                    tokens = np.asarray([piece], np.int64)
                    spoken: Samples = session.run(None, {"tokens": tokens, "style": style, "speed": speed})[0]
                    parts.append(_at_pitch(spoken, timbre.pitch))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ProviderError(f"the voice could not say “{text[:60]}”: {error}") from error
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _numbers(piece: str) -> list[int]:
    return [0, *(_SYMBOLS[sound] for sound in piece if sound in _SYMBOLS), 0]


def _at_pitch(spoken: Samples, pitch: float) -> Samples:
    """Play the samples faster (a higher pitch and a shorter throat) or slower."""
    import numpy as np

    if pitch == 1.0:
        return spoken
    places = np.arange(int(spoken.size / pitch)) * pitch
    return np.interp(places, np.arange(spoken.size), spoken).astype(np.float32)


@cache
def _session(folder: Path) -> Any:
    """The loaded network. One thread, so that sums keep their order."""
    check_file(folder / MODEL)
    try:
        runtime: Any = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return runtime.InferenceSession(str(folder / MODEL), options, providers=["CPUExecutionProvider"])
    except (ImportError, OSError, RuntimeError) as error:
        raise ProviderError(
            f"the Chinese voice cannot be loaded: {error}", hint=f"reinstall it: {install_command('voice-zh')}"
        ) from error


@cache
def _styles(folder: Path, base: str) -> Samples:
    """What one voice sounds like, for each number of phonemes."""
    import numpy as np

    path = folder / f"{base}.bin"
    check_file(path)
    return np.fromfile(path, "<f4").reshape(-1, _STYLE_SIZE)
