"""Write an EDL (CMX 3600): one event per shot and per sound, with the file of each, and a locator per shot."""

from __future__ import annotations

from collections.abc import Iterator

from clash.exports.timeline import Media, Rate, Timeline
from clash.exports.words import one_line

_CHANNELS = {"Music": "A2", "Effects": "A3"}
"""The channel of each track; dialogue is on the first."""
_REEL = 8
_LONGEST_REMARK = 240


def edl(timeline: Timeline) -> str:
    """Return the timeline as an EDL in UTF-8, lines ended by CR LF. Media paths are relative to the file."""
    return "".join(f"{line}\r\n" for line in _lines(timeline))


def _lines(timeline: Timeline) -> Iterator[str]:
    rate = timeline.rate
    yield f"TITLE: {one_line(timeline.title or timeline.name)[:70]}"
    yield "FCM: NON-DROP FRAME"
    number = 0
    for shot in timeline.shots:
        if shot.selected is None:
            continue
        number += 1
        media = shot.selected.media
        yield _event(number, media.stem.replace("_", ""), "V", shot.start, shot.shown, rate)
        yield from _files(media)
        yield f"* LOC: {rate.timecode(rate.start + shot.start)} CYAN    {_short(f'{shot.labelled} {shot.note}')}"
    for track in timeline.tracks:
        channel = _CHANNELS.get(track.name, "A")
        for sound in track.sounds:
            number += 1
            yield _event(number, "AX", channel, sound.start, sound.frames, rate)
            yield from _files(sound.media)
            if sound.text:
                yield f"* COMMENT: {_short(f'{sound.speaker}: {sound.text}' if sound.speaker else sound.text)}"


def _event(number: int, reel: str, channel: str, start: int, frames: int, rate: Rate) -> str:
    record = rate.start + start
    times = " ".join(rate.timecode(frame) for frame in (0, frames, record, record + frames))
    return f"{number:03d}  {reel:<{_REEL}} {channel:<4}  C        {times}"


def _files(media: Media) -> Iterator[str]:
    yield f"* FROM CLIP NAME: {media.name}"
    yield f"* SOURCE FILE: {media.path}"


def _short(text: str) -> str:
    return one_line(text)[:_LONGEST_REMARK].rstrip()
