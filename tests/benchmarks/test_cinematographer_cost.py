"""What the local cinematographer costs, against a fixed anchor: x264 veryfast alone on the same frames.

The anchor is not our own encoder: when that becomes cheaper, the ratio falls instead of rising.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from PIL import Image, ImageFilter

from clash.film.camera import frames
from clash.film.encoder import Frame
from clash.local.cinematographer import film_clip
from clash.providers.ports import Caption, Reference, VideoRequest
from clash.story.screenplay import Shot

SIZE = {"width": 1280, "height": 720, "fps": 24}
COUNT = 96
MOST = 2.2


def _keyframe() -> Image.Image:
    """A picture as busy as a drawn keyframe: soft shapes, hard edges, grain."""
    chance = np.random.default_rng(7)
    coarse = Image.fromarray(chance.integers(20, 220, (9, 16, 3), np.uint8)).resize((2560, 1440))
    shapes = np.asarray(coarse.filter(ImageFilter.GaussianBlur(3)).quantize(24).convert("RGB"))
    return Image.fromarray((shapes + chance.normal(0, 3, shapes.shape)).clip(0, 255).astype(np.uint8))


def _anchor(pictures: Iterable[Frame]) -> bytes:
    """Encode frames with x264's preset veryfast at crf 20 on one thread, and nothing of ours."""
    target = io.BytesIO()
    with cast(Any, av.open(target, "w", format="mp4")) as container:
        stream = container.add_stream("libx264", rate=SIZE["fps"])
        stream.width, stream.height, stream.pix_fmt = SIZE["width"], SIZE["height"], "yuv420p"
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "veryfast", "crf": "20"}
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, SIZE["fps"])
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


def _cpu_seconds(*works: Callable[[], object]) -> list[float]:
    """CPU seconds of all threads for a second of film, for each work the best of three turns.

    They take turns, so that what else the machine is busy with weighs on all alike.
    """
    best = [float("inf")] * len(works)
    for _ in range(3):
        for number, work in enumerate(works):
            start = time.process_time()
            work()
            best[number] = min(best[number], time.process_time() - start)
    return [seconds / (COUNT / SIZE["fps"]) for seconds in best]


def test_filming_costs_little_more_than_encoding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From keyframe file to clip, captions and check included: at most 2.2 times the anchor."""
    path = tmp_path / "keyframe.png"
    still = _keyframe()
    still.save(path)
    request = VideoRequest(
        shot=Shot(number=1, movement="push_in", location="pier", action="She waits.", duration_s=4.0),
        prompt="",
        keyframe=Reference(role="shot:001", sha256="a", media_type="image/png"),
        frames=COUNT,
        captions=(Caption(start_s=0.3, end_s=3.8, text="You came back. I wasn't sure you would.", speaker="Tomas"),),
        slate="SC 01  SHOT 001  MS  PUSH IN",
        **SIZE,
    )
    pictures = list(frames(still, "push_in", count=COUNT, **SIZE))
    alone, whole = _cpu_seconds(
        lambda: _anchor(pictures),
        lambda: film_clip(request, {"a": path}),
    )
    with capsys.disabled():
        print(f"\n  CPU s per film s: filming {whole:.3f}, the anchor {alone:.3f}, ratio {whole / alone:.2f}")
    assert whole <= MOST * alone
