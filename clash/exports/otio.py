"""Write OpenTimelineIO (`.otio`): the takes of a shot are the media references of its clip, the selected one active."""

from __future__ import annotations

import json
from typing import Any

from clash.exports.timeline import Media, Rate, Shot, Sound, Timeline, Track

_MARKER_COLOUR = "CYAN"


def otio(timeline: Timeline) -> str:
    """Return the timeline as JSON of OpenTimelineIO. Media paths are relative to the file."""
    rate = timeline.rate
    document: dict[str, Any] = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": timeline.title or timeline.name,
        "global_start_time": _time(rate.start, rate),
        "metadata": {
            "clash": {
                "thread_id": timeline.name,
                "language": timeline.language,
                "size": [timeline.width, timeline.height],
            }
        },
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "name": "tracks",
            "metadata": {},
            "source_range": None,
            "effects": [],
            "markers": [],
            "enabled": True,
            "children": [
                _track("Picture", "Video", [item for shot in timeline.shots for item in _shot(shot, rate)]),
                *(_track(track.name, "Audio", _sounds(track, rate)) for track in timeline.tracks),
            ],
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _track(name: str, kind: str, children: list[dict[str, Any]]) -> dict[str, Any]:
    return {**_item("Track.1", name), "kind": kind, "children": children}


def _item(schema: str, name: str, **metadata: Any) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": schema,
        "name": name,
        "metadata": {"clash": metadata} if metadata else {},
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def _shot(shot: Shot, rate: Rate) -> list[dict[str, Any]]:
    selected = shot.selected
    if selected is None:
        return [_gap(shot.frames, rate, [_marker(shot, rate)])]
    clip = {
        **_item("Clip.2", shot.name, scene=shot.scene, action=shot.action, notes=list(shot.notes)),
        "source_range": _range(0, shot.shown, rate),
        "markers": [_marker(shot, rate)],
        "media_references": {f"T{take.number}": _media(take.media, rate) for take in shot.takes},
        "active_media_reference_key": f"T{selected.number}",
    }
    return [clip, _gap(shot.frames - shot.shown, rate)] if shot.shown < shot.frames else [clip]


def _sounds(track: Track, rate: Rate) -> list[dict[str, Any]]:
    children: list[dict[str, Any]] = []
    clock = 0
    for sound in track.sounds:
        if sound.start > clock:
            children.append(_gap(sound.start - clock, rate))
        children.append(_sound(sound, rate))
        clock = sound.start + sound.frames
    return children


def _sound(sound: Sound, rate: Rate) -> dict[str, Any]:
    facts = {"speaker": sound.speaker, "text": sound.text, "gain_db": round(sound.gain_db, 2)}
    return {
        **_item("Clip.2", sound.media.stem, **facts),
        "source_range": _range(0, sound.frames, rate),
        "media_references": {"DEFAULT_MEDIA": _media(sound.media, rate)},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _gap(frames: int, rate: Rate, markers: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {**_item("Gap.1", ""), "source_range": _range(0, frames, rate), "markers": markers or []}


def _marker(shot: Shot, rate: Rate) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": shot.labelled,
        "comment": shot.note,
        "color": _MARKER_COLOUR,
        "marked_range": _range(0, shot.shown if shot.takes else shot.frames, rate),
        "metadata": {"clash": {"scene": shot.scene}},
    }


def _media(media: Media, rate: Rate) -> dict[str, Any]:
    own = media.rate or rate
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": media.name,
        "metadata": {},
        "available_range": _range(0, own.whole_frames(media.seconds), own),
        "available_image_bounds": None,
        "target_url": media.path,
    }


def _range(start: int, frames: int, rate: Rate) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(frames, rate)}


def _time(frames: int, rate: Rate) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate.exact), "value": float(frames)}
