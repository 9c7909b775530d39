"""Write the shot list of a screenplay as a table that clash reads again to the same screenplay."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clash.errors import StoryError
from clash.reports.shot_labels import NO_LABELS, ShotLabels
from clash.story.camera_terms import ANGLE_NAMES, MOVEMENT_NAMES, SIZE_NAMES
from clash.story.last_frames import label_key
from clash.story.reader import read_story
from clash.story.screenplay import Beat, Line, Location, Scene, Screenplay, Shot, shot_slot
from clash.story.speakers import parted_mark

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads Chinese as Latin letters."""
_HEADERS: Mapping[str, tuple[str, str]] = {
    "scene": ("Scene", "场次"),
    "shot": ("Shot", "镜号"),
    "title": ("Scene title", "场景标题"),
    "location": ("Location", "场景"),
    "int_ext": ("Int/Ext", "内外"),
    "time": ("Time of day", "日夜"),
    "shot_size": ("Shot size", "景别"),
    "angle": ("Angle", "角度"),
    "movement": ("Movement", "运镜"),
    "lens": ("Lens", "镜头焦距"),
    "characters": ("Characters", "角色"),
    "description": ("Description", "画面"),
    "narration": ("Narration", "旁白"),
    "dialogue": ("Dialogue", "台词"),
    "on_screen_text": ("On-screen text", "屏幕文字"),
    "duration": ("Duration (s)", "时长(秒)"),
    "emotion": ("Emotion", "情绪"),
    "sound": ("Sound", "音效"),
    "music": ("Music", "音乐"),
    "transition": ("Transition", "转场"),
    "last_frame": ("Last frame", "尾帧"),
    "image_prompt": ("Image prompt", "图片提示词"),
    "video_prompt": ("Video prompt", "视频提示词"),
    "reference_image": ("Reference image", "参考图"),
}
"""The columns, by their fields, in English and in Chinese."""
_TIMES = {"day": ("day", "日"), "night": ("night", "夜"), "dawn": ("dawn", "清晨"), "dusk": ("dusk", "黄昏")}
_WEATHERS = {
    "clear": ("clear sky", "晴"),
    "cloud": ("cloudy", "多云"),
    "rain": ("rain", "雨"),
    "storm": ("storm", "暴风雨"),
    "snow": ("snow", "雪"),
    "fog": ("fog", "雾"),
}
_SIDES = {"interior": ("INT", "内"), "exterior": ("EXT", "外")}
_NOBODY = ("nobody", "无人")
_NARRATOR = ("Narrator", "旁白")
_OFF = (" (O.S.)", "（画外音）")
_NOTE = re.compile(r"\s*[(（][^()（）]*[)）]$")
_MOST_NAMED = 6
_VERBATIM = (
    *("scene", "description", "narration", "emotion", "lens", "sound", "music", "transition", "last_frame"),
    *("image_prompt", "video_prompt", "reference_image", "on_screen_text"),
)
_LATER = frozenset({"last_frame", "on_screen_text"})
"""Columns that a table without them does not have."""
"""Fields that are read just as they are written."""


@dataclass(frozen=True)
class ShotList:
    """The table, and what clash would read otherwise than it is written."""

    text: str
    warnings: tuple[str, ...]


def shot_list(
    screenplay: Screenplay, pictures: Mapping[str, str] | None = None, labels: ShotLabels = NO_LABELS
) -> ShotList:
    """Return the table as CSV, one row per shot, in UTF-8 with a byte order mark. A Chinese film has Chinese headers.

    `pictures`: where the pictures that the story names are beside the table. `labels`: what the story calls its shots,
    kept where each names one shot. It is read again at once: what a table cannot say (a line that nobody speaks in a
    shot of one person) is told in `warnings`.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    language = int(screenplay.language.split("-")[0] == "zh")
    named, renamed = _shot_names(screenplay, labels)
    rows = [
        {
            **cells,
            "shot": named[shot_slot(int(cells["shot"]))],
            "last_frame": named.get(cells["last_frame"], cells["last_frame"]),
            "reference_image": (pictures or {}).get(cells["reference_image"], cells["reference_image"]),
        }
        for cells in _rows(screenplay, language)
    ]
    fields = [field for field in _HEADERS if field not in _LATER or any(row[field] for row in rows)]
    writer.writerow(_HEADERS[field][language] for field in fields)
    for row in rows:
        writer.writerow(row[field] for field in fields)
    text = BYTE_ORDER_MARK + stream.getvalue()
    return ShotList(text, (*renamed, *_differences(screenplay, rows, text, named)))


def _shot_names(screenplay: Screenplay, labels: ShotLabels) -> tuple[dict[str, str], list[str]]:
    """Return what each shot is called in the table, by its slot, and a warning where that is not its label.

    The labels of the story, and the numbers of shots without one; the numbers of all where a label names several.
    """
    numbers = {shot_slot(shot.number): str(shot.number) for shot in screenplay.shots}
    named = {slot: labels.by_shot.get(slot) or number for slot, number in numbers.items()}
    count = Counter(label_key(name) for name in named.values())
    several = [slot for slot, name in named.items() if count[label_key(name)] > 1]
    if not several:
        return named, []
    told = ", ".join(labels.told(slot) for slot in several[:_MOST_NAMED])
    more = " ..." if len(several) > _MOST_NAMED else ""
    return numbers, [f"the shot list numbers the shots from 1, since labels of the story name several: {told}{more}"]


def _differences(
    screenplay: Screenplay, rows: Sequence[Mapping[str, str]], text: str, named: Mapping[str, str]
) -> Iterator[str]:
    """Say of each shot which of its fields would be read otherwise than they are in the screenplay."""
    try:
        story = read_story(text.encode(), name="shots.csv")
    except StoryError as error:
        yield f"the shot list cannot be read again: {error.message}"
        return
    read = {label_key(beat.shot): beat for beat in story.beats}
    nameless = {location.slug for location in screenplay.locations if not location.name}
    is_placed = False
    for shot, row in zip(screenplay.shots, rows, strict=True):
        beat = read.get(label_key(named[shot_slot(shot.number)]))
        fields = ["all"] if beat is None else [*_misread(shot, row, beat)]
        if is_placed and shot.location in nameless:
            fields.append("location")  # that of the row above: a table cannot say that a place is not said
        is_placed = is_placed or shot.location not in nameless
        if fields:
            yield f"{shot_slot(shot.number)}: clash would read its {', '.join(fields)} in the shot list otherwise"


def _misread(shot: Shot, row: Mapping[str, str], beat: Beat) -> Iterator[str]:
    for field in _VERBATIM:
        if _plain(getattr(beat, field)) != _plain(row[field]):
            yield field
    wanted = [
        (line.speaker, _plain(line.text), parted_mark(line.direction)[1], line.narrator, line.voice)
        for line in shot.dialogue
    ]
    found = [
        (_without_note(line.speaker), _plain(line.text), line.direction, line.narrator, line.voice)
        for line in beat.dialogue
    ]
    if wanted != found:
        yield "dialogue"
    if beat.duration_s != shot.duration_s:
        yield "duration"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _without_note(speaker: str) -> str:
    """Return a speaker without the note that says that nobody sees them."""
    return _NOTE.sub("", speaker).strip()


def _rows(screenplay: Screenplay, language: int) -> Iterator[dict[str, str]]:
    places = {location.slug: location for location in screenplay.locations}
    names = {character.slug: character.name for character in screenplay.characters}
    everybody = list(names.values())
    ordered = everybody == list(_met(screenplay, names))
    for scene in screenplay.scenes:
        for number, shot in enumerate(scene.shots):
            cells = _row(scene, shot, places[shot.location], names, language, first=number == 0)
            if shot.number == 1 and not ordered:
                # A name with this note is in the cast and not in the picture, so the cast keeps its order.
                heard = [_off(name, language) for name in everybody]
                cells["characters"] = (", ", "、")[language].join([*heard, cells["characters"]])
            yield cells


def _met(screenplay: Screenplay, names: Mapping[str, str]) -> Iterator[str]:
    """The people in the order in which a reader of the table meets them."""
    met = (
        name
        for shot in screenplay.shots
        for name in (*(names[slug] for slug in shot.characters), *(line.speaker for line in shot.dialogue))
        if name in names.values()
    )
    yield from dict.fromkeys(met)


def _row(
    scene: Scene, shot: Shot, place: Location, names: Mapping[str, str], language: int, *, first: bool
) -> dict[str, str]:
    tag = ("en", "zh")[language]
    return {
        "scene": scene.number,
        "shot": str(shot.number),
        "title": scene.title if first else "",
        "location": place.name,
        "int_ext": _SIDES[place.setting][language] if place.name else "",
        "time": (", ", "，")[language].join((_TIMES[shot.time][language], _WEATHERS[shot.weather][language])),
        "shot_size": SIZE_NAMES[tag][shot.size],
        "angle": ANGLE_NAMES[tag][shot.angle],
        "movement": MOVEMENT_NAMES[tag][shot.movement],
        "lens": shot.lens,
        "characters": (", ", "、")[language].join(names[slug] for slug in shot.characters) or _NOBODY[language],
        "description": shot.action,
        "narration": shot.narration,
        "dialogue": "\n".join(_line(line, shot, names, language) for line in shot.dialogue),
        "on_screen_text": shot.on_screen_text,
        "duration": f"{shot.duration_s:g}",
        "emotion": shot.emotion,
        "sound": shot.sound,
        "music": shot.music,
        "transition": shot.transition,
        "last_frame": shot.last_frame,
        "image_prompt": shot.image_prompt,
        "video_prompt": shot.video_prompt,
        "reference_image": shot.reference_image,
    }


def _line(line: Line, shot: Shot, names: Mapping[str, str], language: int) -> str:
    """Return a line with who speaks it before a colon, and with how it is spoken in brackets."""
    colon, brackets = (": ", "({}) ") if not language else ("：", "（{}）")
    mark, told = parted_mark(line.direction)
    direction = brackets.format(told) if told else ""
    if line.narrator:
        who = f"{_NARRATOR[language]} ({line.voice})" if line.voice else _NARRATOR[language]
    else:
        who = line.speaker
        seen = {names[slug] for slug in shot.characters}
        if who and mark:
            who = f"{who}（{mark}）" if language else f"{who} ({mark})"
        elif who and who in names.values() and who not in seen:
            who = _off(who, language)
    return f"{who}{colon}{direction}{line.text}" if who else f"{direction}{line.text}"


def _off(name: str, language: int) -> str:
    """Return a name with the note that its owner is heard and not seen."""
    return f"{name}{_OFF[language]}"
