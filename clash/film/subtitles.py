"""Put subtitle cues in order, and write them as SubRip text (a file beside the film) and 3GPP timed text (a track)."""

from __future__ import annotations

import math
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from clash.film.typeface import font, is_chinese, wrap, wrap_evenly

LINE_EMS = 22
"""The width of a line: about 42 Latin letters or 22 Chinese characters, which a viewer reads at a glance."""
LINES = 2
SHORTEST_S = 0.8
_MOST_BYTES = 65_535


@dataclass(frozen=True)
class Cue:
    """Words that are spoken from `start_s` to `end_s`, seconds from the start of the film. `speaker` may be ""."""

    start_s: float
    end_s: float
    text: str
    speaker: str = ""


def in_order(cues: Iterable[Cue]) -> list[Cue]:
    """Return the cues as they can be shown: clean text, in order, never two at once, none too long to be read.

    A cue that overlaps the next ends where that begins; cues that begin together become one. A text of more than two
    lines is shown in parts, each for a time in proportion to its letters. Times are whole milliseconds.
    """
    shown: list[Cue] = []
    for cue in sorted(filter(_has_time, map(_tidy, cues)), key=lambda cue: cue.start_s):
        if shown and cue.start_s == shown[-1].start_s:
            both = f"{shown[-1].text}\n{cue.text}"
            shown[-1] = replace(shown[-1], end_s=max(shown[-1].end_s, cue.end_s), text=both)
        else:
            shown.append(cue)
    ends = [min(cue.end_s, after.start_s) for cue, after in pairwise(shown)] + [cue.end_s for cue in shown[-1:]]
    return [part for cue, end in zip(shown, ends, strict=True) for part in _in_parts(replace(cue, end_s=end))]


def srt(cues: Iterable[Cue]) -> str:
    """Return the cues as a SubRip file; "" for none."""
    return "".join(
        f"{number}\n{_clock(cue.start_s)} --> {_clock(cue.end_s)}\n{cue.text.replace('-->', '→')}\n\n"
        for number, cue in enumerate(in_order(cues), 1)
    )


@dataclass(frozen=True)
class Sample:
    """One sample of a timed-text track: `start_ms`, `duration_ms`, and its bytes."""

    start_ms: int
    duration_ms: int
    data: bytes


def timed_text(cues: Iterable[Cue], duration_s: float) -> Iterator[Sample]:
    """Yield the cues within the film's length as samples of a `mov_text` track. MP4 muxers fill the gaps themselves.

    A sample is the text's length in bytes (16 bits, big endian) and the text in UTF-8 (3GPP TS 26.245, 5.17).
    """
    film_end = round(duration_s * 1000)
    for cue in in_order(cues):
        start, end = round(cue.start_s * 1000), min(round(cue.end_s * 1000), film_end)
        if end > start:
            text = cue.text.encode()[:_MOST_BYTES].decode(errors="ignore").encode()
            yield Sample(start, end - start, struct.pack(">H", len(text)) + text)


def switch_off_subtitles(film: Path) -> None:
    """Switch the film's subtitles off by default, so that players offer them: the picture already has captions.

    Clears "track enabled" in the header of each subtitle track (ISO 14496-12, 8.3.2), which FFmpeg's muxer always
    sets for the first track of a kind.
    """
    with film.open("r+b") as stream:
        for track_start, track_end in _boxes(stream, [b"moov", b"trak"], 0, film.stat().st_size):
            for handler, _ in _boxes(stream, [b"mdia", b"hdlr"], track_start, track_end):
                stream.seek(handler + 8)
                if stream.read(4) == b"sbtl":
                    for header, _ in _boxes(stream, [b"tkhd"], track_start, track_end):
                        _clear_lowest_bit(stream, header + 3)


def _boxes(stream: BinaryIO, path: Sequence[bytes], start: int, end: int) -> list[tuple[int, int]]:
    """Return where the contents of the boxes at `path` begin and end, within `start` to `end` of the file."""
    found: list[tuple[int, int]] = []
    while start + 8 <= end:
        stream.seek(start)
        size, name = struct.unpack(">I4s", stream.read(8))
        content = start + 8
        if size == 1:
            (size,) = struct.unpack(">Q", stream.read(8))
            content += 8
        after = start + size if size else end
        if name == path[0]:
            found += _boxes(stream, path[1:], content, after) if path[1:] else [(content, after)]
        if after <= start:
            break
        start = after
    return found


def _clear_lowest_bit(stream: BinaryIO, position: int) -> None:
    stream.seek(position)
    (value,) = stream.read(1)
    stream.seek(position)
    stream.write(bytes([value & 0xFE]))


def _tidy(cue: Cue) -> Cue:
    """Return the cue with white space folded, without control characters, the speaker's name before the words."""
    if not (math.isfinite(cue.start_s) and math.isfinite(cue.end_s)):
        return replace(cue, start_s=0.0, end_s=0.0)
    text, speaker = _plain(cue.text), _plain(cue.speaker)
    if text and speaker:
        text = f"{speaker}：{text}" if is_chinese(text) else f"{speaker}: {text}"
    return Cue(round(max(0.0, cue.start_s), 3), round(cue.end_s, 3), text)


def _plain(text: str) -> str:
    spaced = "".join(
        " " if letter.isspace() else letter
        for letter in text
        if letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cs")
    )
    return " ".join(spaced.split())


def _has_time(cue: Cue) -> bool:
    return bool(cue.text) and cue.end_s > cue.start_s


def _in_parts(cue: Cue) -> Iterator[Cue]:
    face = font(20)
    lines = [line for text in cue.text.split("\n") for line in wrap(text, face, 20 * LINE_EMS)]
    if len(lines) == LINES and "\n" not in cue.text:
        lines = wrap_evenly(cue.text, face, 20 * LINE_EMS, LINES)
    seconds = cue.end_s - cue.start_s
    most = max(1, int(seconds / SHORTEST_S))
    parts = min(-(-len(lines) // LINES), most)
    cuts = [round(len(lines) * part / parts) for part in range(parts + 1)]
    groups = [lines[first:last] for first, last in pairwise(cuts)]
    times = _borders(cue.start_s, cue.end_s, groups)
    for group, (start, end) in zip(groups, pairwise(times), strict=True):
        yield Cue(start, end, "\n".join(group))


def _borders(start: float, end: float, groups: Sequence[Sequence[str]]) -> list[float]:
    """Return the times between groups of lines, each shown for a time in proportion to its letters."""
    letters = [sum(map(len, group)) for group in groups]
    done, times = 0, [start]
    for count in letters[:-1]:
        done += count
        times.append(round(start + (end - start) * done / sum(letters), 3))
    return [*times, end]


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d},{milliseconds % 1000:03d}"
