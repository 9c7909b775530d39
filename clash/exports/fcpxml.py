"""Write Final Cut Pro XML: shots in the spine, sounds connected below them, the takes of a shot as an audition.

Version 1.8, which every Final Cut Pro since 10.4 reads, and DaVinci Resolve. Times are fractions of a second on frame
borders; a clip's `offset` counts from the timecode at which the sequence begins.
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree.ElementTree import Element

from clash.exports.timeline import Media, Rate, Shot, Sound, Take, Timeline
from clash.exports.words import file_url
from clash.exports.xml import add, document

_VERSION = "1.8"
_ROLES = {"Dialogue": "dialogue", "Music": "music", "Effects": "effects"}
_REEL = "com.apple.proapps.studio.reel"
_CONFORMED = {
    Fraction(24000, 1001): "23.98",
    Fraction(24): "24",
    Fraction(25): "25",
    Fraction(30000, 1001): "29.97",
    Fraction(30): "30",
    Fraction(60): "60",
}
"""Rates of clips that Final Cut Pro names where they are not those of the sequence."""


def fcpxml(timeline: Timeline, folder: str) -> str:
    """Return the timeline as FCPXML. `folder`: the path, or the URL, of the folder in which the media are."""
    return _Writer(timeline, folder).document()


class _Writer:
    def __init__(self, timeline: Timeline, folder: str) -> None:
        self._timeline = timeline
        self._folder = folder
        self._root = Element("fcpxml", {"version": _VERSION})
        self._resources = add(self._root, "resources")
        self._formats: dict[tuple[int, int, Fraction], str] = {}
        self._assets: dict[str, str] = {}
        self._ids = 0
        self._format = self._format_of(timeline.width, timeline.height, timeline.rate)

    def document(self) -> str:
        timeline, rate = self._timeline, self._timeline.rate
        event = add(add(self._root, "library"), "event", name=timeline.title or timeline.name)
        project = add(event, "project", name=timeline.title or timeline.name)
        sequence = add(
            project,
            "sequence",
            format=self._format,
            duration=_frames(timeline.frames, rate),
            tcStart=_frames(rate.start, rate),
            tcFormat="NDF",
            audioLayout="stereo",
            audioRate="48k",
        )
        spine = add(sequence, "spine")
        parts = [part for shot in timeline.shots for part in self._shot(spine, shot)]
        self._connect(parts)
        for (start, _, element), shot in zip(parts, _shots_of(timeline, parts), strict=True):
            if shot is not None and start == shot.start:
                self._mark(element, shot)
        return document(self._root, "fcpxml")

    def _shot(self, spine: Element, shot: Shot) -> list[tuple[int, int, Element]]:
        """Add a shot to the spine. Return its parts: first frame, frames, and the element that sounds are tied to."""
        if shot.selected is None:
            return [(shot.start, shot.frames, self._gap(spine, shot.start, shot.frames))]
        parent = add(spine, "audition") if len(shot.takes) > 1 else spine
        clips = [self._clip(parent, shot, take) for take in shot.takes]
        parts = [(shot.start, shot.shown, clips[0])]
        if shot.shown < shot.frames:
            start, frames = shot.start + shot.shown, shot.frames - shot.shown
            parts.append((start, frames, self._gap(spine, start, frames)))
        return parts

    def _clip(self, parent: Element, shot: Shot, take: Take) -> Element:
        rate = self._timeline.rate
        shown = min(shot.shown, rate.whole_frames(take.media.seconds))
        clip = add(
            parent,
            "asset-clip",
            ref=self._asset(take.media),
            name=take.media.stem,
            offset=_frames(rate.start + shot.start, rate),
            duration=_frames(shown, rate),
            format=self._format_of(take.media.width, take.media.height, take.media.rate or rate),
            tcFormat="NDF",
            srcEnable="video",
        )
        own = (take.media.rate or rate).exact
        if own != rate.exact and own in _CONFORMED:
            add(clip, "conform-rate", scaleEnabled="0", srcFrameRate=_CONFORMED[own])
        return clip

    def _gap(self, spine: Element, start: int, frames: int) -> Element:
        rate = self._timeline.rate
        offset, duration = _frames(rate.start + start, rate), _frames(frames, rate)
        return add(spine, "gap", name="Gap", offset=offset, start="0s", duration=duration)

    def _connect(self, parts: list[tuple[int, int, Element]]) -> None:
        for lane, track in enumerate(self._timeline.tracks, start=1):
            waiting = list(track.sounds)
            for start, frames, element in parts:
                while waiting and waiting[0].start < start + frames:
                    self._sound(element, waiting.pop(0), start, -lane, track.name)

    def _sound(self, parent: Element, sound: Sound, start: int, lane: int, track: str) -> None:
        rate = self._timeline.rate
        clip = add(
            parent,
            "asset-clip",
            ref=self._asset(sound.media),
            lane=str(lane),
            name=sound.media.stem,
            offset=_frames(sound.start - start, rate),
            duration=_frames(sound.frames, rate),
            audioRole=_ROLES.get(track.partition(" ")[0], "dialogue"),
        )
        if sound.text:
            add(clip, "note", f"{sound.speaker}: {sound.text}" if sound.speaker else sound.text)
        if sound.gain_db:
            add(clip, "adjust-volume", amount=f"{sound.gain_db:.2f}dB")

    def _mark(self, element: Element, shot: Shot) -> None:
        frame = _frames(1, self._timeline.rate)
        add(element, "marker", start="0s", duration=frame, value=shot.labelled, note=shot.note)

    # -- resources ---------------------------------------------------------------------------------------------

    def _next_id(self) -> str:
        self._ids += 1
        return f"r{self._ids}"

    def _format_of(self, width: int, height: int, rate: Rate) -> str:
        key = (width, height, rate.exact)
        if key not in self._formats:
            self._formats[key] = self._next_id()
            add(
                self._resources,
                "format",
                id=self._formats[key],
                frameDuration=f"{rate.exact.denominator}/{rate.exact.numerator}s",
                width=str(width),
                height=str(height),
                colorSpace="1-1-1 (Rec. 709)",
            )
        return self._formats[key]

    def _asset(self, media: Media) -> str:
        if media.path not in self._assets:
            rate = media.rate or self._timeline.rate
            facts: dict[str, str] = {}
            if media.rate is not None:
                facts |= {"hasVideo": "1", "format": self._format_of(media.width, media.height, rate)}
            if media.channels:
                facts |= {"hasAudio": "1", "audioSources": "1", "audioChannels": str(media.channels)}
                facts |= {"audioRate": "48000"}
            length = _frames(rate.whole_frames(media.seconds), rate) if media.rate else _seconds(media.seconds)
            asset_id = self._assets[media.path] = self._next_id()
            url = file_url(self._folder, media.path)
            asset = add(
                self._resources, "asset", id=asset_id, name=media.stem, start="0s", duration=length, src=url, **facts
            )
            add(add(asset, "metadata"), "md", key=_REEL, value=media.stem)
        return self._assets[media.path]


def _shots_of(timeline: Timeline, parts: list[tuple[int, int, Element]]) -> list[Shot | None]:
    """Return the shot that begins with each part of the spine; None for the gap behind a clip that is too short."""
    by_start = {shot.start: shot for shot in timeline.shots}
    return [by_start.get(start) for start, _, _ in parts]


def _frames(frames: int, rate: Rate) -> str:
    return _seconds(rate.seconds(frames))


def _seconds(seconds: Fraction) -> str:
    return f"{seconds.numerator}s" if seconds.denominator == 1 else f"{seconds.numerator}/{seconds.denominator}s"
