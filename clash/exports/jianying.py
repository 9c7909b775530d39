"""Write a draft of 剪映 (JianYing, CapCut): a folder with the timeline as JSON and the media inside.

The format is not documented. It is what version 5.9 writes, which 6.0 and newer accept as plain text and encrypt when
they open it; `draft_info.json` is its name since 6.0, `draft_content.json` before. Times are whole microseconds.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from clash.exports.timeline import Media, Shot, Sound, Timeline
from clash.exports.words import xml_text
from clash.film.subtitles import Cue, in_order

FOLDER = "jianying"
TIMELINES = (f"{FOLDER}/draft_content.json", f"{FOLDER}/draft_info.json")
META = f"{FOLDER}/draft_meta_info.json"
_HERE = "##_draftpath_placeholder_0E685133-18CE-45ED-8CB8-2904A212EC80_##"
"""What 剪映 replaces by the draft's own folder, wherever that is."""
_NAMESPACE = uuid.UUID("5f0c1d1e-6b7a-5d0f-9a57-3a1f0c7b9e42")
_LOUDEST = 10.0
_MATERIALS = [
    "ai_translates",
    "audio_balances",
    "audio_effects",
    "audio_fades",
    "audio_track_indexes",
    "audios",
    "beats",
    "canvases",
    "chromas",
    "color_curves",
    "digital_humans",
    "drafts",
    "effects",
    "flowers",
    "green_screens",
    "handwrites",
    "hsl",
    "images",
    "log_color_wheels",
    "loudnesses",
    "manual_deformations",
    "masks",
    "material_animations",
    "material_colors",
    "multi_language_refs",
    "placeholders",
    "plugin_effects",
    "primary_color_wheels",
    "realtime_denoises",
    "shapes",
    "smart_crops",
    "smart_relights",
    "sound_channel_mappings",
    "speeds",
    "stickers",
    "tail_leaders",
    "text_templates",
    "texts",
    "time_marks",
    "transitions",
    "video_effects",
    "video_trackings",
    "videos",
    "vocal_beautifys",
    "vocal_separations",
]
_KEYFRAMES = ["adjusts", "audios", "effects", "filters", "handwrites", "stickers", "texts", "videos"]


def draft(timeline: Timeline, cues: Iterable[Cue]) -> dict[str, str]:
    """Return the documents of the draft by their paths in the export. Its media are below the folder of the draft."""
    content = _Draft(timeline).content(in_order(cues))
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    return {**dict.fromkeys(TIMELINES, text), META: json.dumps(_meta(timeline), ensure_ascii=False, indent=1) + "\n"}


def media_path(media: Media) -> str:
    """Return the path that a file has a second time in the export: inside the draft, where a Mac lets 剪映 read it."""
    return f"{FOLDER}/{media.path}"


class _Draft:
    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._materials: dict[str, list[dict[str, Any]]] = {name: [] for name in _MATERIALS}
        self._ids: dict[str, str] = {}

    def content(self, cues: Sequence[Cue]) -> dict[str, Any]:
        timeline = self._timeline
        tracks = [
            self._track(
                "video",
                "Picture",
                [self._picture(shot, shot.selected.media) for shot in timeline.shots if shot.selected],
            ),
            *(
                self._track("audio", track.name, [self._sound(sound) for sound in track.sounds])
                for track in timeline.tracks
            ),
        ]
        if cues:
            tracks.append(self._track("text", "Words", [self._words(number, cue) for number, cue in enumerate(cues)]))
        for order, track in enumerate(tracks):
            for segment in track["segments"]:
                segment["render_index"] = order
        return {
            "id": self._id("draft").upper(),
            "name": "",
            "duration": _microseconds(timeline.rate.seconds(timeline.frames)),
            "fps": float(timeline.rate.exact),
            "canvas_config": {"width": timeline.width, "height": timeline.height, "ratio": "original"},
            "color_space": 0,
            # Gaps stay: the main track does not pull its clips together.
            "config": {"maintrack_adsorb": False, "video_mute": False, "material_save_mode": 0},
            "platform": _PLATFORM,
            "last_modified_platform": _PLATFORM,
            "materials": self._materials,
            "tracks": tracks,
            "keyframes": {name: [] for name in _KEYFRAMES},
            "keyframe_graph_list": [],
            "relationships": [],
            "render_index_track_mode_on": False,
            "free_render_index_mode_on": False,
            "source": "default",
            "static_cover_image_path": "",
            "version": 360000,
            "new_version": "110.0.0",
            "create_time": 0,
            "update_time": 0,
        }

    def _id(self, what: str) -> str:
        """An id that is the same whenever this film is exported."""
        return self._ids.setdefault(what, uuid.uuid5(_NAMESPACE, f"{self._timeline.name} {what}").hex)

    def _track(self, kind: str, name: str, segments: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._id(f"track {name}"),
            "type": kind,
            "name": name,
            "is_default_name": False,
            "attribute": 0,
            "flag": 0,
            "segments": segments,
        }

    def _picture(self, shot: Shot, media: Media) -> dict[str, Any]:
        rate = self._timeline.rate
        start, end = (_microseconds(rate.seconds(frame)) for frame in (shot.start, shot.start + shot.shown))
        material = self._id(media.path)
        self._materials["videos"].append(
            {
                "id": material,
                "material_id": material,
                "local_material_id": "",
                "type": "video",
                "material_name": media.name,
                "path": f"{_HERE}/{media.path}",
                "media_path": "",
                "duration": max(_microseconds(media.seconds), end - start),
                "width": media.width,
                "height": media.height,
                "category_id": "",
                "category_name": "local",
                "check_flag": 63487,
                "crop": _WHOLE,
                "crop_ratio": "free",
                "crop_scale": 1.0,
                "audio_fade": None,
            }
        )
        # A clip's own sound is not in the film.
        segment = self._segment(f"shot {shot.name}", material, start, end, volume=0.0 if media.channels else 1.0)
        return {**segment, "clip": _CLIP, "uniform_scale": {"on": True, "value": 1.0}, "hdr_settings": _HDR}

    def _sound(self, sound: Sound) -> dict[str, Any]:
        length = _microseconds(sound.media.seconds)
        start = _microseconds(sound.seconds)
        end = min(start + length, _microseconds(sound.seconds + self._timeline.rate.seconds(sound.frames)))
        material = self._id(sound.media.path)
        self._materials["audios"].append(
            {
                "id": material,
                "local_material_id": material,
                "music_id": material,
                "type": "extract_music",
                "name": sound.media.name,
                "path": f"{_HERE}/{sound.media.path}",
                "duration": length,
                "app_id": 0,
                "category_id": "",
                "category_name": "local",
                "check_flag": 3,
                "copyright_limit_type": "none",
                "effect_id": "",
                "formula_id": "",
                "source_platform": 0,
                "wave_points": [],
            }
        )
        volume = min(_LOUDEST, 10 ** (sound.gain_db / 20))
        return {**self._segment(f"sound {sound.media.path}", material, start, end, volume=volume), "clip": None}

    def _words(self, number: int, cue: Cue) -> dict[str, Any]:
        text = xml_text(cue.text)
        material = self._id(f"words {number}")
        style = {
            "fill": {"alpha": 1.0, "content": {"render_type": "solid", "solid": {"alpha": 1.0, "color": [1, 1, 1]}}},
            "range": [0, len(text.encode("utf-16-le")) // 2],
            "size": 8.0,
            "bold": False,
            "italic": False,
            "underline": False,
            "strokes": [],
        }
        self._materials["texts"].append(
            {
                "id": material,
                "type": "subtitle",
                "content": json.dumps({"styles": [style], "text": text}, ensure_ascii=False),
                "alignment": 1,
                "typesetting": 0,
                "letter_spacing": 0.0,
                "line_spacing": 0.02,
                "line_feed": 1,
                "line_max_width": 0.82,
                "force_apply_line_max_width": False,
                "check_flag": 7,
                "global_alpha": 1.0,
            }
        )
        start, end = (_microseconds(Fraction(time)) for time in (cue.start_s, cue.end_s))
        low = {**_CLIP, "transform": {"x": 0.0, "y": -0.8}}
        segment = self._segment(f"words {number}", material, start, end, volume=1.0)
        return {**segment, "source_timerange": None, "clip": low, "uniform_scale": {"on": True, "value": 1.0}}

    def _segment(self, what: str, material: str, start: int, end: int, *, volume: float) -> dict[str, Any]:
        speed = self._id(f"speed of {what}")
        self._materials["speeds"].append({"id": speed, "type": "speed", "mode": 0, "speed": 1.0, "curve_speed": None})
        return {
            "id": self._id(f"segment {what}"),
            "material_id": material,
            "target_timerange": {"start": start, "duration": end - start},
            "source_timerange": {"start": 0, "duration": end - start},
            "extra_material_refs": [speed],
            "speed": 1.0,
            "volume": round(volume, 4),
            "last_nonzero_volume": round(volume, 4) or 1.0,
            "visible": True,
            "reverse": False,
            "is_tone_modify": False,
            "common_keyframes": [],
            "keyframe_refs": [],
            "track_attribute": 0,
            "track_render_index": 0,
            "enable_adjust": True,
            "enable_lut": True,
        }


_PLATFORM = {"app_id": 3704, "app_source": "lv", "app_version": "5.9.0", "os": "windows"}
_CLIP: Mapping[str, Any] = {
    "alpha": 1.0,
    "flip": {"horizontal": False, "vertical": False},
    "rotation": 0.0,
    "scale": {"x": 1.0, "y": 1.0},
    "transform": {"x": 0.0, "y": 0.0},
}
_HDR = {"intensity": 1.0, "mode": 1, "nits": 1000}
_WHOLE = {
    f"{side}_{axis}": float(side.endswith("right") if axis == "x" else side.startswith("lower"))
    for side in ("upper_left", "upper_right", "lower_left", "lower_right")
    for axis in "xy"
}


def _microseconds(seconds: Fraction) -> int:
    """Return whole microseconds. Both ends of a span are rounded, never its length, so that neighbours meet."""
    return math.floor(seconds * 1_000_000 + Fraction(1, 2))


def _meta(timeline: Timeline) -> dict[str, Any]:
    name = xml_text(timeline.title or timeline.name)
    imported = [
        {
            "id": uuid.uuid5(_NAMESPACE, f"{timeline.name} imported {media.path}").hex,
            "type": 0,
            "metetype": "video" if media.rate else "music",
            "file_Path": f"{_HERE}/{media.path}",
            "extra_info": media.name,
            "duration": _microseconds(media.seconds),
            "width": media.width,
            "height": media.height,
            "roughcut_time_range": {"start": 0, "duration": _microseconds(media.seconds)},
        }
        for media in timeline.media
    ]
    kinds = [{"type": kind, "value": imported if kind == 0 else []} for kind in (0, 1, 2, 3, 6, 7, 8)]
    return {
        "draft_id": str(uuid.uuid5(_NAMESPACE, f"{timeline.name} draft")).upper(),
        "draft_name": name,
        "draft_fold_path": "",
        "draft_root_path": "",
        "draft_materials": kinds,
        "draft_materials_copied_info": [],
        "draft_segment_extra_info": [],
        "draft_is_invisible": False,
        "draft_type": "",
        "tm_draft_removed": 0,
        "tm_duration": _microseconds(timeline.rate.seconds(timeline.frames)),
    }
