"""Write Final Cut Pro 7 XML (xmeml), which Premiere Pro, DaVinci Resolve and Avid import."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from clash.exports.timeline import Media, Rate, Sound, Timeline, Track
from clash.exports.words import file_url
from clash.exports.xml import add, document

_VERSION = "4"
_SOUND_RATE = "48000"


def premiere(timeline: Timeline, folder: str) -> str:
    """Return the timeline as XML for Premiere Pro. `folder`: the path, or the URL, of the folder of the media."""
    return _Writer(timeline, folder).document()


class _Writer:
    def __init__(self, timeline: Timeline, folder: str) -> None:
        self._timeline = timeline
        self._folder = folder
        self._files: dict[str, str] = {}
        self._items = 0

    def document(self) -> str:
        timeline, rate = self._timeline, self._timeline.rate
        root = Element("xmeml", {"version": _VERSION})
        sequence = add(root, "sequence", id="sequence-1")
        add(sequence, "name", timeline.title or timeline.name)
        add(sequence, "duration", timeline.frames)
        _add_rate(sequence, rate)
        timecode = add(sequence, "timecode")
        _add_rate(timecode, rate)
        add(timecode, "string", rate.timecode(rate.start))
        add(timecode, "frame", rate.start)
        add(timecode, "displayformat", "NDF")
        media = add(sequence, "media")
        self._add_picture(add(media, "video"))
        self._add_sound(add(media, "audio"))
        for shot in timeline.shots:
            marker = add(sequence, "marker")
            add(marker, "comment", shot.note)
            add(marker, "name", shot.labelled)
            add(marker, "in", shot.start)
            add(marker, "out", -1)
        return document(root, "xmeml")

    def _add_picture(self, video: Element) -> None:
        timeline, rate = self._timeline, self._timeline.rate
        facts = add(add(video, "format"), "samplecharacteristics")
        _add_rate(facts, rate)
        _add_size(facts, timeline.width, timeline.height)
        track = add(video, "track")
        for shot in timeline.shots:
            if shot.selected is not None:
                item = self._item(track, shot.selected.media, shot.start, shot.shown)
                notes = add(item, "logginginfo")
                add(notes, "scene", shot.scene)
                add(notes, "shottake", f"{shot.name} T{shot.selected.number}")
                add(notes, "lognote", shot.note)

    def _add_sound(self, audio: Element) -> None:
        add(audio, "numOutputChannels", 2)
        facts = add(add(audio, "format"), "samplecharacteristics")
        add(facts, "depth", 16)
        add(facts, "samplerate", _SOUND_RATE)
        for track in self._timeline.tracks:
            channels = min(2, max((sound.media.channels for sound in track.sounds), default=1))
            if track.name.startswith("Dialogue"):
                channels = 1
            for channel in range(channels):
                self._add_channel(audio, track, channel, channels)

    def _add_channel(self, audio: Element, track: Track, channel: int, channels: int) -> None:
        """Add one channel of a track: Premiere joins the channels of a stereo track by these attributes."""
        element = add(
            audio,
            "track",
            currentExplodedTrackIndex=str(channel),
            totalExplodedTrackCount=str(channels),
            premiereTrackType="Stereo" if channels == 2 else "Mono",
        )
        add(element, "name", track.name)
        for sound in track.sounds:
            item = self._item(element, sound.media, sound.start, sound.frames)
            source = add(item, "sourcetrack")
            add(source, "mediatype", "audio")
            add(source, "trackindex", channel + 1)
            if sound.gain_db:
                _add_level(item, sound)
            if sound.text:
                notes = add(item, "logginginfo")
                add(notes, "lognote", f"{sound.speaker}: {sound.text}" if sound.speaker else sound.text)
        add(element, "outputchannelindex", channel + 1)

    def _item(self, track: Element, media: Media, start: int, frames: int) -> Element:
        self._items += 1
        item = add(track, "clipitem", id=f"clipitem-{self._items}")
        add(item, "name", media.stem)
        add(item, "enabled", "TRUE")
        add(item, "duration", self._timeline.rate.whole_frames(media.seconds))
        _add_rate(item, self._timeline.rate)
        for tag, value in (("start", start), ("end", start + frames), ("in", 0), ("out", frames)):
            add(item, tag, value)
        self._add_file(item, media)
        return item

    def _add_file(self, item: Element, media: Media) -> None:
        """Describe a file where it is named first; later items only name it."""
        if media.path in self._files:
            add(item, "file", id=self._files[media.path])
            return
        file_id = self._files[media.path] = f"file-{len(self._files) + 1}"
        rate = media.rate or self._timeline.rate
        file = add(item, "file", id=file_id)
        add(file, "name", media.name)
        url = file_url(self._folder, media.path)
        add(file, "pathurl", f"file://localhost/{url[8:]}" if url.startswith("file:///") else url)
        _add_rate(file, rate)
        add(file, "duration", rate.whole_frames(media.seconds))
        kinds = add(file, "media")
        if media.rate is not None:
            facts = add(add(kinds, "video"), "samplecharacteristics")
            _add_rate(facts, rate)
            _add_size(facts, media.width, media.height)
        if media.channels:
            sound = add(kinds, "audio")
            facts = add(sound, "samplecharacteristics")
            add(facts, "depth", 16)
            add(facts, "samplerate", _SOUND_RATE)
            add(sound, "channelcount", media.channels)


def _add_rate(parent: Element, rate: Rate) -> None:
    element = add(parent, "rate")
    add(element, "timebase", rate.base)
    add(element, "ntsc", "TRUE" if rate.is_ntsc else "FALSE")


def _add_size(parent: Element, width: int, height: int) -> None:
    add(parent, "width", width)
    add(parent, "height", height)
    add(parent, "pixelaspectratio", "square")
    add(parent, "fielddominance", "none")


def _add_level(item: Element, sound: Sound) -> None:
    effect = add(add(item, "filter"), "effect")
    for tag, value in (
        ("name", "Audio Levels"),
        ("effectid", "audiolevels"),
        ("effectcategory", "audiolevels"),
        ("effecttype", "audiolevels"),
        ("mediatype", "audio"),
    ):
        add(effect, tag, value)
    parameter = add(effect, "parameter")
    add(parameter, "parameterid", "level")
    add(parameter, "name", "Level")
    add(parameter, "valuemin", 0)
    add(parameter, "valuemax", "3.98109")
    add(parameter, "value", f"{min(10 ** (sound.gain_db / 20), 3.98109):.5f}")
