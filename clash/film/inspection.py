"""Inspect the finished film: decode every frame and every sample, and name each fault by its slot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, cast

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from clash.errors import Action, FilmError, Remedy

SAMPLED_LINES = 90
"""Pictures are sampled on a grid of about this many lines, and as many columns as their shape gives."""
BLACK_LEVEL = 32
BLACK_SHARE = 0.98
"""A picture is black when this share of it is darker than `BLACK_LEVEL` (of 16 to 235): it may carry a caption."""
CHANGE_LEVEL = 6
STILL_SHARE = 0.12
LEAST_DETAIL = 0.003
"""Pixels that differ by more than `CHANGE_LEVEL` have changed; neighbours that do are detail. Nothing has moved where
less than `STILL_SHARE` of the detail changes. Measured over 0.75 s: a static shot's drift changes 0.4 and more, the
encoder alone at most 0.03. In a picture with less detail than `LEAST_DETAIL` no motion could be seen."""
FREE_OF_WORDS = (0.12, 0.6)
"""The rows, as shares of the height, that neither the slate nor captions cover."""
SHORTEST_SPAN_S = 0.75
"""Shorter black or still stretches are normal between two shots."""
LINES_TO_SEE_A_DRIFT = 320
"""On fewer lines the same drift takes longer to be seen: over 0.75 s of 64 lines it is a third of a pixel, and changes
as little as 0.04; thin, faint detail, such as rain on 180 lines, takes 0.8 s where the camera starts slowly. Therefore
the fewer the lines, the longer a still stretch must be."""
LATE_S = 0.2
_RATE = 48_000


class SoundMeter(Protocol):
    """What measures loudness: `clash.sound.loudness.LoudnessMeter`."""

    def add(self, chunk: NDArray[np.float32], /) -> None:
        """Measure more sound, shaped (samples, 2), float32 at 48 kHz."""
        ...

    def finish(self) -> float:
        """Return the loudness of all the sound in LUFS."""
        ...


@dataclass(frozen=True)
class Span:
    """Frames `start` to `end - 1`."""

    start: int
    end: int


@dataclass(frozen=True)
class FilmFacts:
    """What a film file holds. Durations in seconds, loudness in LUFS (None without sound or without a meter)."""

    streams: tuple[str, ...]
    codecs: tuple[str, ...]
    pix_fmt: str
    width: int
    height: int
    fps: float
    frames: int
    video_s: float
    sound_s: float
    loudness_lufs: float | None
    cues: int
    corrupt: int
    """Frames and packets that could not be decoded completely."""
    misplaced: int
    """Frames whose time is not their number divided by the frame rate."""
    black: tuple[Span, ...] = ()
    still: tuple[Span, ...] = ()


@dataclass(frozen=True)
class ShotSpan:
    """A shot's frames in the film. `still_allowed`: the shot asks for a picture that does not move.

    `words_from`: the row, as a share of the height, from which down words are laid over the shot, captions aside.
    """

    slot: str
    start_frame: int
    frames: int
    still_allowed: bool = False
    black_allowed: bool = False
    words_from: float = 1.0


def inspect_film(path: Path, meter: SoundMeter | None = None, shots: Sequence[ShotSpan] = ()) -> FilmFacts:
    """Decode the whole film once and return what it holds. Raises `FilmError` when it cannot be opened.

    `meter` measures its loudness; without one the loudness stays unknown. `shots`: those over which words are laid.
    """
    try:
        with av.open(str(path), "r") as container:
            return _inspected(container, meter, shots)
    except (av.error.FFmpegError, OSError) as problem:
        raise FilmError(f"the film {path.name} cannot be read: {problem.strerror}") from problem


def check_film(
    facts: FilmFacts,
    *,
    expected_frames: int,
    fps: int,
    shots: Sequence[ShotSpan],
    sound: bool = True,
    subtitles: int = 1,
) -> None:
    """Raise `FilmError`, naming every fault and the slots that have it, unless the film is complete.

    Complete: H.264 yuv420p with AAC sound (unless `sound` is False) and as many subtitle tracks as `subtitles`;
    all frames, each at its time; picture and sound as long as the shots, within 0.2 s; nothing undecodable; no black or
    still stretch that the shots did not ask for.
    """
    faults = [*_wrong_streams(facts, sound, subtitles), *_wrong_length(facts, expected_frames, fps, sound)]
    slots: list[str] = []
    for kind, spans in (("black", facts.black), ("still", facts.still)):
        shortest = SHORTEST_SPAN_S if kind == "black" else shortest_still_s(facts.width, facts.height)
        for slot, seconds in _unasked(spans, shots, kind, fps, shortest):
            faults.append(f"{slot} is {kind} for {seconds:.1f} s")
            slots.append(slot)
    if faults:
        raise FilmError(
            "the film is faulty: " + "; ".join(faults),
            remedy=Remedy(Action.RESUME, "make the shots named again" if slots else "resume to join the film again"),
            slots=tuple(dict.fromkeys(slots)),
        )


def _wrong_streams(facts: FilmFacts, sound: bool, subtitles: int) -> Iterator[str]:
    wanted = [("video", "h264")]
    wanted += [("subtitle", "mov_text")] if subtitles else []
    wanted += [("audio", "aac")] if sound else []
    there = list(zip(facts.streams, facts.codecs, strict=True))
    for stream, codec in wanted:
        if (stream, codec) not in there:
            yield f"it has no {codec} {stream}"
    tracks = there.count(("subtitle", "mov_text"))
    if 0 < tracks < subtitles:
        yield f"it has {tracks} of {subtitles} subtitle tracks"
    if facts.pix_fmt != "yuv420p":
        yield f"its pixels are {facts.pix_fmt or 'missing'}, not yuv420p"


def _wrong_length(facts: FilmFacts, frames: int, fps: int, sound: bool) -> Iterator[str]:
    if facts.frames != frames:
        yield f"it has {facts.frames} frames of {frames}"
    if facts.misplaced:
        yield f"{facts.misplaced} frames are out of place"
    if facts.corrupt:
        yield f"{facts.corrupt} frames or packets cannot be decoded"
    if abs(facts.fps - fps) > 0.001:
        yield f"it has {facts.fps:g} frames a second, not {fps}"
    lengths = [("picture", facts.video_s)] + ([("sound", facts.sound_s)] if sound else [])
    for track, seconds in lengths:
        if abs(seconds - frames / fps) > LATE_S:
            yield f"its {track} lasts {seconds:.2f} s, not {frames / fps:.2f} s"


def shortest_still_s(width: int, height: int) -> float:
    """Return for how many seconds a picture of this size must not move to count as still: the smaller, the longer."""
    return SHORTEST_SPAN_S * max(1.0, LINES_TO_SEE_A_DRIFT / max(1, min(width, height)))


def _unasked(
    spans: Iterable[Span], shots: Sequence[ShotSpan], kind: str, fps: int, shortest_s: float
) -> Iterator[tuple[str, float]]:
    """Yield the shots that a span covers for long enough to be seen, unless they allow it."""
    for span in spans:
        for shot in shots:
            covered = min(span.end, shot.start_frame + shot.frames) - max(span.start, shot.start_frame)
            allowed = shot.black_allowed or (kind == "still" and shot.still_allowed)
            if covered >= shortest_s * fps and not allowed:
                yield shot.slot, covered / fps


class _PictureCheck:
    """Checks frames one by one; finds black and still stretches, misplaced frames and corrupt ones."""

    def __init__(self, fps: float, width: int, height: int, shots: Sequence[ShotSpan]) -> None:
        self._fps = fps
        self._words_from = [
            (shot.start_frame, shot.start_frame + shot.frames, shot.words_from) for shot in shots if shot.words_from < 1
        ]
        self._shortest = max(2, round(SHORTEST_SPAN_S * fps))
        self._shortest_still = max(2, round(shortest_still_s(width, height) * fps))
        self._black_from = self._still_from = 0
        self._first_of_stretch: NDArray[np.uint8] | None = None
        self.black: list[Span] = []
        self.still: list[Span] = []
        self.frames = self.misplaced = self.corrupt = 0

    def add(self, picture: av.VideoFrame) -> None:
        """Check the next frame."""
        plane = picture.planes[0]
        rows = np.frombuffer(cast(Any, plane), np.uint8).reshape(plane.height, plane.line_size)
        step = max(1, min(plane.width, plane.height) // SAMPLED_LINES)
        luma = np.ascontiguousarray(rows[step // 2 :: step, step // 2 : plane.width : step])
        if np.count_nonzero(luma < BLACK_LEVEL) < BLACK_SHARE * luma.size:
            self._end_black()
            self._black_from = self.frames + 1
        upper, lower = FREE_OF_WORDS
        seen = luma[round(upper * luma.shape[0]) : int(min(lower, self._free_until()) * luma.shape[0])]
        before = self._first_of_stretch
        if before is None or before.shape != seen.shape or _has_moved(before, seen):
            self._end_still()
            self._first_of_stretch, self._still_from = seen, self.frames
        self.corrupt += bool(picture.is_corrupt)
        self.misplaced += abs((picture.time or 0.0) * self._fps - self.frames) > 0.01
        self.frames += 1

    def finish(self) -> None:
        """Close the stretches that reach the film's end."""
        self._end_black()
        self._end_still()

    def _free_until(self) -> float:
        """Return the row of this frame, as a share of the height, down to which no words are laid over it."""
        while self._words_from and self._words_from[0][1] <= self.frames:
            del self._words_from[0]
        start, _, share = self._words_from[0] if self._words_from else (self.frames + 1, 0, 1.0)
        return share if start <= self.frames else 1.0

    def _end_black(self) -> None:
        if self.frames - self._black_from >= self._shortest:
            self.black.append(Span(self._black_from, self.frames))

    def _end_still(self) -> None:
        """Keep a long enough stretch. Frames are compared with its first one, so that a slow drift adds up."""
        if self.frames - self._still_from >= self._shortest_still:
            self.still.append(Span(self._still_from, self.frames))


def _has_moved(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """Return whether two pictures differ, in proportion to the detail that could differ."""
    detail = _share_of_changes(after[:, 1:], after[:, :-1])
    return detail < LEAST_DETAIL or _share_of_changes(after, before) > STILL_SHARE * detail


def _share_of_changes(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the share of pixels that differ by more than `CHANGE_LEVEL`; 0 where there are none."""
    apart = np.maximum(one, other) - np.minimum(one, other)
    return np.count_nonzero(apart > CHANGE_LEVEL) / max(1, apart.size)


class _SoundCheck:
    """Measures the length of the sound, frame by frame, and its loudness (EBU R 128) where there is a meter."""

    def __init__(self, rate: int, meter: SoundMeter | None) -> None:
        self._rate = rate
        self._meter = meter
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_RATE)
        self._waiting = np.empty((2, _RATE), np.float32)
        """Sound that is not measured yet: a second at a time costs less than a frame at a time."""
        self._filled = 0
        self._samples = 0
        self.loudness: float | None = None

    def add(self, frame: av.AudioFrame) -> None:
        """Measure the next frame."""
        self._samples += frame.samples
        self._measure(frame)

    def finish(self) -> None:
        """Measure what the resampler held back."""
        self._measure(None)
        if self._meter:
            self._pass_on(self._meter)
            self.loudness = round(self._meter.finish(), 3)

    def _measure(self, frame: av.AudioFrame | None) -> None:
        if not self._meter:
            return
        for resampled in self._resampler.resample(frame):
            planes = [np.frombuffer(cast(Any, plane), np.float32, resampled.samples) for plane in resampled.planes]
            taken = 0
            while taken < resampled.samples:
                part = min(resampled.samples - taken, _RATE - self._filled)
                for channel, plane in enumerate(planes):
                    self._waiting[channel, self._filled : self._filled + part] = plane[taken : taken + part]
                self._filled += part
                taken += part
                if self._filled == _RATE:
                    self._pass_on(self._meter)

    def _pass_on(self, meter: SoundMeter) -> None:
        """Have the sound that waits measured."""
        meter.add(self._waiting[:, : self._filled].T.copy(order="K"))
        self._filled = 0

    @property
    def seconds(self) -> float:
        """The length of the sound so far."""
        return self._samples / self._rate


def _inspected(container: Any, meter: SoundMeter | None, shots: Sequence[ShotSpan]) -> FilmFacts:
    """Inspect all streams in one pass over their packets."""
    pictures = container.streams.video[0] if container.streams.video else None
    sounds = container.streams.audio[0] if container.streams.audio else None
    fps = float(pictures.average_rate or 0) if pictures else 0.0
    size = (pictures.width, pictures.height) if pictures else (0, 0)
    picture_check = _PictureCheck(fps, *size, shots)
    sound_check = _SoundCheck(sounds.rate, meter) if sounds else None
    if pictures:
        pictures.thread_type = "AUTO"
    cues = corrupt = 0
    for packet in container.demux():
        if packet.stream.type == "subtitle":
            cues += packet.size > 2
            continue
        if packet.stream not in (pictures, sounds):
            continue
        try:
            for frame in packet.decode():
                if packet.stream is pictures:
                    picture_check.add(frame)
                elif sound_check:
                    sound_check.add(frame)
        except av.error.InvalidDataError:
            corrupt += 1
    picture_check.finish()
    if sound_check:
        sound_check.finish()
    context = pictures.codec_context if pictures else None
    return FilmFacts(
        streams=tuple(stream.type for stream in container.streams),
        codecs=tuple(_codec(stream) for stream in container.streams),
        pix_fmt=(context.pix_fmt or "") if context else "",
        width=context.width if context else 0,
        height=context.height if context else 0,
        fps=fps,
        frames=picture_check.frames,
        video_s=_length(pictures),
        sound_s=sound_check.seconds if sound_check else 0.0,
        loudness_lufs=sound_check.loudness if sound_check else None,
        cues=cues,
        corrupt=corrupt + picture_check.corrupt,
        misplaced=picture_check.misplaced,
        black=tuple(picture_check.black),
        still=tuple(picture_check.still),
    )


def _codec(stream: Any) -> str:
    return stream.codec_context.name if stream.codec_context else ""


def _length(stream: Any) -> float:
    """Return how long a track lasts by its own index, in seconds."""
    return float((stream.duration or 0) * (stream.time_base or Fraction(0))) if stream else 0.0
