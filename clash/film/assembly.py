"""Join clips to one film, with one continuous sound track and soft subtitles.

The picture is copied, not encoded again. Everything streams: a few seconds of the film are in memory, whatever its
length, and the index that MP4 keeps: some bytes per frame.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from clash.errors import Action, FilmError, Remedy, StorageError
from clash.film.conform import ClipFacts, at_rate, conformed, facts_of, opened_clip
from clash.film.encoder import REORDERED_FRAMES, Frame, check_shape, encode_clip
from clash.film.freed_memory import give_back_memory
from clash.film.subtitles import Cue, Sample, switch_off_subtitles, timed_text
from clash.film.treatment import NOTHING, Treatment, treated
from clash.story.screenplay import Language

SAMPLE_RATE = 48_000
SOUND_BIT_RATE = 160_000
SOUND_OPTIONS = {"aac_coder": "fast", "aac_is": "0", "aac_pns": "0", "aac_tns": "0"}
"""With its defaults the encoder makes clicks in speech, up to 0.4 of full scale: peaks above the limit of a film."""
_LANGUAGES = (
    "en:eng zh:zho es:spa fr:fra de:deu pt:por it:ita ru:rus ja:jpn ko:kor vi:vie ar:ara he:heb hi:hin th:tha "
    "el:ell nl:nld pl:pol tr:tur uk:ukr sv:swe da:dan nb:nob no:nor fi:fin cs:ces hu:hun ro:ron id:ind ms:msa "
    "ta:tam bn:ben ka:kat hy:hye yue:yue"
)
_LANGUAGE_TAGS = {tag: code for tag, _, code in (pair.partition(":") for pair in _LANGUAGES.split())}
"""ISO 639-2 codes, which MP4 uses, by the language of a screenplay; other languages are "undetermined" (und)."""
SubtitleTrack = Literal["default", "offered", "none"]
"""A track that players show unasked, one that they offer, or none."""
_FEW_S = 10
"""So many seconds of film are encoded again before all else: some megabytes. The rest is encoded when it is reached."""
_MILLISECOND = Fraction(1, 1000)
_MUXING = {"movflags": "+faststart", "fflags": "+bitexact"}


@dataclass(frozen=True)
class Clip:
    """A clip of the film: its file or content, how many frames of it the film shows, and the slot it was made for."""

    path: Path | bytes
    frames: int
    slot: str = ""
    treatment: Treatment = NOTHING

    @property
    def name(self) -> str:
        if self.slot or isinstance(self.path, bytes):
            return f"the clip of {self.slot or 'the title'}"
        return f"the clip {self.path.name}"


def assemble(
    clips: Sequence[Clip],
    output: Path,
    *,
    fps: int,
    sound: Iterable[NDArray[np.float32]] | None,
    cues: Iterable[Cue],
    title: str,
    language: Language,
    size: tuple[int, int] | None = None,
    subtitles: SubtitleTrack = "default",
    translations: Mapping[Language, Sequence[Cue]] | None = None,
) -> None:
    """Write the film to `output` (MP4, index first). The same input gives the same bytes.

    The first frame of each clip is shown at exactly the number of frames before it, divided by `fps`. `sound` comes in
    chunks of any length, shaped (samples, 2), float32 of -1.0 to 1.0 at 48 kHz; it is cut, or filled with silence,
    to the picture's length; None for a film without a sound track. `size` is the film's, in pixels; by default
    the one that most of the frames have. Clips of another format, size or rate, and
    those with a treatment, are encoded again. `subtitles`: whether the film has a subtitle track, and whether players
    show it unasked. `translations`: cues in other languages, of each a track more, which players offer.

    Raises `FilmError` naming the clip that cannot be used, `StorageError` when the film cannot be written.
    """
    cut = _Cut.of(clips, fps, size).with_few_encoded_first()
    seconds = Fraction(sum(clip.frames for clip in clips), fps)
    with _writing(output):
        container = av.open(str(output), "w", format="mp4", options=dict(_MUXING))
    film = _Film(container, output, cut, seconds)
    try:
        shown = {} if subtitles == "none" else {language: cues, **(translations or {})}
        film.open(title, language, sound, {tag: timed_text(track, float(seconds)) for tag, track in shown.items()})
        for number in range(len(clips)):
            film.add(number)
        film.finish()
    finally:
        with _writing(output):
            container.close()
    if subtitles == "offered":
        with _writing(output):
            switch_off_subtitles(output)


@contextmanager
def _writing(output: Path) -> Generator[None, None, None]:
    """Raise `StorageError` where the disk refuses to be written to."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as problem:
        raise StorageError(
            f"the film cannot be written to {output.name}: {problem.strerror}",
            remedy=Remedy(Action.RESUME, "make room and resume"),
        ) from problem


@dataclass(frozen=True)
class _Part:
    """What is copied into the film: frames `first` to `end - 1` of a file, or of a clip that was encoded again."""

    source: Path | bytes
    first: int
    end: int


@dataclass(frozen=True)
class _Cut:
    """The clips in order, and which frames of each must be encoded again, first and end; all others are copied.

    `delay`: by how many frames decoding runs ahead. `made`: what was encoded again so far, by the number of the clip.
    """

    clips: tuple[Clip, ...]
    encoded: tuple[tuple[int, int], ...]
    delay: int
    fps: int
    width: int
    height: int
    made: Mapping[int, bytes] = field(default_factory=dict[int, bytes])

    @classmethod
    def of(cls, clips: Sequence[Clip], fps: int, size: tuple[int, int] | None) -> _Cut:
        if not clips:
            raise FilmError("a film needs at least one clip")
        pixels: dict[bytes, str] = {}
        facts = [_facts(clip, pixels) for clip in clips]
        width, height = size or _commonest_size(clips, facts)
        check_shape(width, height, fps)
        alone = {fact.parameter_sets for clip, fact in zip(clips, facts, strict=True) if clip.treatment.is_empty}
        ours = _our_parameter_sets(width, height, fps)
        if not alone <= {ours}:
            clips = [clip if clip.treatment.is_needed else replace(clip, treatment=NOTHING) for clip in clips]
        fits = [
            fact.regular
            and (fact.codec, fact.width, fact.height) == ("h264/yuv420p", width, height)
            and (fact.rate, fact.frames) == (fps, clip.frames)
            for clip, fact in zip(clips, facts, strict=True)
        ]
        sets = {fact.parameter_sets for fact in facts}
        if not (all(fits) and all(clip.treatment.is_empty for clip in clips) and len(sets) == 1):
            sets = {ours}
        copied = [fit and fact.parameter_sets in sets for fit, fact in zip(fits, facts, strict=True)]
        encoded = tuple(map(_encoded, clips, facts, copied))
        delays = [fact.delay for fact, (first, end) in zip(facts, encoded, strict=True) if end - first < fact.frames]
        delay = max([*delays, REORDERED_FRAMES if any(end > first for first, end in encoded) else 0])
        return cls(tuple(clips), encoded, delay, fps, width, height)

    def with_few_encoded_first(self) -> _Cut:
        """Return the cut with what must be encoded again, if that is little: a fade, mostly.

        Before the film's sound is made, because the encoder and the sound take 60 and 100 MB of memory.
        """
        if not 0 < sum(end - first for first, end in self.encoded) <= _FEW_S * self.fps:
            return self
        made = {number: self._encoded_again(number) for number, (first, end) in enumerate(self.encoded) if end > first}
        give_back_memory()
        return replace(self, made=made)

    def parts(self, number: int) -> Iterator[_Part]:
        """Yield what to copy for this clip, in order: of its file, and of what is encoded again."""
        clip, (first, end) = self.clips[number], self.encoded[number]
        if first:
            yield _Part(clip.path, 0, first)
        if end > first:
            yield _Part(self.made.get(number) or self._encoded_again(number), 0, end - first)
        if end < clip.frames:
            yield _Part(clip.path, end, clip.frames)

    def _encoded_again(self, number: int) -> bytes:
        clip = self.clips[number]
        with _of_slot(clip):
            return conformed(
                clip.path,
                clip.name,
                frames=clip.frames,
                width=self.width,
                height=self.height,
                fps=self.fps,
                change=lambda frames: treated(
                    frames,
                    clip.treatment,
                    count=clip.frames,
                    width=self.width,
                    height=self.height,
                    fps=self.fps,
                    before=(lambda: self._frame(number - 1, last=True)) if number else None,
                    after=(lambda: self._frame(number + 1, last=False)) if number + 1 < len(self.clips) else None,
                ),
                part=self.encoded[number],
            )

    def _frame(self, number: int, *, last: bool) -> Frame:
        """Return the first or the last frame of a clip, as the film shows it without its treatment."""
        clip = self.clips[number]
        with _of_slot(clip):
            frames = at_rate(clip.path, clip.name, clip.frames, self.width, self.height, self.fps)
            return deque(frames, maxlen=1)[0] if last else next(frames)


class _Film:
    """The film file while it is written: picture, sound and subtitles advance together."""

    def __init__(self, container: Any, output: Path, cut: _Cut, seconds: Fraction) -> None:
        self._container, self._output, self._cut = container, output, cut
        self._samples = int(seconds * SAMPLE_RATE)
        self._frame = 0

    def open(
        self,
        title: str,
        language: Language,
        sound: Iterable[NDArray[np.float32]] | None,
        subtitles: Mapping[Language, Iterator[Sample]],
    ) -> None:
        """Add the tracks. The picture's has the parameters of the first clip."""
        tag = _language_tag(language)
        self._parts = self._cut.parts(0)
        self._parts = chain([first := next(self._parts)], self._parts)
        with opened_clip(first.source, self._cut.clips[0].name) as (_, clip):
            self._picture = self._container.add_stream_from_template(clip)
        self._picture.time_base = Fraction(1, self._cut.fps)
        self._sound = None
        if sound is not None:
            self._sound = self._container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo", options=SOUND_OPTIONS)
            self._sound.bit_rate = SOUND_BIT_RATE
            self._sound.metadata["language"] = tag
        self._chunks = _in_chunks(sound or (), self._samples)
        self._encoded_samples = 0
        self._texts = [_Text(self._text_stream(tag), samples) for tag, samples in subtitles.items()]
        self._container.metadata["title"] = "".join(c for c in title if unicodedata.category(c) != "Cc")[:255]

    def _text_stream(self, language: Language) -> Any:
        stream = self._container.add_mux_stream("mov_text")
        stream.time_base = _MILLISECOND
        stream.metadata["language"] = _language_tag(language)
        return stream

    def add(self, number: int) -> None:
        """Copy the clip's picture, with the sound and the subtitles of the same time."""
        clip = self._cut.clips[number]
        base = Fraction(1, self._cut.fps)
        for part in self._cut.parts(number) if number else self._parts:
            for ahead, (packet, shown) in enumerate(self._packets(part, clip)):
                self._advance_to(self._frame + ahead)
                self._put(packet, self._picture, base, self._frame + shown, 1, self._frame + ahead - self._cut.delay)
            self._frame += part.end - part.first

    def _packets(self, part: _Part, clip: Clip) -> Iterator[tuple[Any, int]]:
        """Yield the packets of a part, in decoding order, each with the number of its frame in the part."""
        packets = _packets(part.source, clip)
        first = min(packet.pts for packet in packets)
        frames_a_tick = packets[0].time_base * self._cut.fps
        for packet in packets:
            frame = round((packet.pts - first) * frames_a_tick)
            if part.first <= frame < part.end:
                yield packet, frame - part.first

    def finish(self) -> None:
        """Write sound and subtitles up to the film's end."""
        self._advance_to(self._frame)
        if self._sound is not None:
            self._mux(self._sound.encode(None))

    def _advance_to(self, shown: int) -> None:
        """Encode the sound of the first `shown` frames, and write each subtitle as soon as the one before it has begun.

        The muxer orders the tracks, and would hold back the others while it waits for a subtitle.
        """
        samples = min(-(-shown * SAMPLE_RATE // self._cut.fps), self._samples)
        while self._sound is not None and self._encoded_samples < samples:
            chunk = next(self._chunks)
            frame = av.AudioFrame.from_ndarray(chunk, format="fltp", layout="stereo")
            frame.sample_rate, frame.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
            frame.pts = self._encoded_samples
            self._encoded_samples += chunk.shape[1]
            self._mux(self._sound.encode(frame))
        for text in self._texts:
            for sample in text.up_to(shown * 1000 / self._cut.fps):
                packet = av.Packet(sample.data)
                self._put(packet, text.stream, _MILLISECOND, sample.start_ms, sample.duration_ms, sample.start_ms)

    def _put(self, packet: Any, stream: Any, base: Fraction, shown: int, duration: int, decoded: int) -> None:
        packet.stream, packet.time_base = stream, base
        packet.pts, packet.dts, packet.duration = shown, decoded, duration
        self._mux(packet)

    def _mux(self, packets: Any) -> None:
        with _writing(self._output):
            self._container.mux(packets)


class _Text:
    """A track of subtitles while it is written."""

    def __init__(self, stream: Any, samples: Iterator[Sample]) -> None:
        self.stream = stream
        self._samples = samples
        self._next = next(samples, None)
        self._last_start_ms = 0

    def up_to(self, moment_ms: float) -> Iterator[Sample]:
        """Yield the samples up to a moment, and the one after it."""
        while self._next is not None and self._last_start_ms <= moment_ms:
            shown = self._next
            self._last_start_ms = shown.start_ms
            self._next = next(self._samples, None)
            yield shown


def _encoded(clip: Clip, facts: ClipFacts, is_ours: bool) -> tuple[int, int]:
    """Return the first frame of a clip that must be encoded again, and the one after the last; (0, 0) for none."""
    if not is_ours:
        return 0, clip.frames
    if clip.treatment.is_empty:
        return 0, 0
    first, end = clip.treatment.span(clip.frames)
    before, after = bisect_right(facts.starts, first), bisect_left(facts.starts, end)
    return facts.starts[before - 1], facts.starts[after] if after < len(facts.starts) else clip.frames


def _language_tag(language: Language) -> str:
    return _LANGUAGE_TAGS.get(language.split("-")[0], "und")


def _packets(source: Path | bytes, clip: Clip) -> list[Any]:
    with _of_slot(clip), opened_clip(source, clip.name, to_decode=False) as (container, stream):
        return [packet for packet in container.demux(stream) if packet.size]


def _facts(clip: Clip, pixels: dict[bytes, str]) -> ClipFacts:
    with _of_slot(clip):
        return facts_of(clip.path, clip.name, pixels)


@contextmanager
def _of_slot(clip: Clip) -> Generator[None, None, None]:
    """Add the clip's slot to a `FilmError` that is raised inside."""
    try:
        yield
    except FilmError as problem:
        slots = (clip.slot,) if clip.slot else ()
        raise FilmError(problem.message, code=problem.code, hint=problem.hint, slots=slots) from problem


def _commonest_size(clips: Sequence[Clip], facts: Sequence[ClipFacts]) -> tuple[int, int]:
    """Return the size that most frames of the film have; of equals, the one that comes first."""
    shown: Counter[tuple[int, int]] = Counter()
    for clip, fact in zip(clips, facts, strict=True):
        shown[fact.width, fact.height] += clip.frames
    return max(shown, key=lambda shape: shown[shape])


def _our_parameter_sets(width: int, height: int, fps: int) -> bytes:
    black = np.zeros((height * 3 // 2, width), np.uint8)
    return facts_of(encode_clip([black], width=width, height=height, fps=fps), "a black frame").parameter_sets


def _in_chunks(sound: Iterable[NDArray[np.float32]], samples: int) -> Iterator[NDArray[np.float32]]:
    """Yield the sound in chunks of at most a second, channels first, exactly as long as the film."""
    done = 0
    for chunk in sound:
        for start in range(0, len(chunk), SAMPLE_RATE):
            part = chunk[start : min(start + SAMPLE_RATE, start + samples - done)]
            if not len(part):
                return
            clean = part.clip(-1.0, 1.0)
            if not np.isfinite(np.sum(clean)):  # Clipping leaves only NaN, which makes NaN of every sum.
                clean = np.nan_to_num(clean, nan=0.0)
            done += len(part)
            yield np.ascontiguousarray(clean.T, np.float32)
    while done < samples:
        length = min(SAMPLE_RATE, samples - done)
        done += length
        yield np.zeros((2, length), np.float32)
