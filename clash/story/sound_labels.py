"""Sounds and music in cells of words, behind a label: `[SFX: rain]`, （音效）门声, `SFX - rain`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from clash.story.cues import OPEN
from clash.story.speakers import could_be_a_name, label_of, voice_of
from clash.story.things import is_a_noise, is_a_sentence, is_heard

_LABELLED = re.compile(
    r"[ \t]*[(（\[【［]\s?(?P<name>[^()（）\[\]【】［］:：\n]{1,20})[:：]"
    r"(?P<inside>[^()（）\[\]【】［］\n]{1,500})[)）\]】］][ \t]*"
    r"|^[ \t]*(?P<bracket>[(（\[【［])(?P<label>[^()（）\[\]【】［］:：\n]{1,20})[)）\]】］][ \t]*"
    r"(?P<behind>[^\s:：][^\n:：]*)$",
    re.MULTILINE,
)
_BEHIND_STROKES = re.compile(r"[ \t]*(?<!:)//[ \t]*(?P<words>[^/\n:：]{2,40})(?=//|\n|$)")
_ABBREVIATED = re.compile(r"^(?P<name>SFX|BGM)(?P<dash>[ \t]+[-–—])?[ \t]+(?P<behind>[^\s:：][^\n:：]*)$", re.MULTILINE)
_FIRST_LABEL = re.compile(
    r"[ \t]*(?:[(（\[【［](?P<inside>[^()（）\[\]【】［］:：\n]{1,20})[)）\]】］]"
    r"|(?P<before>[^:：()（）\[\]【】［］\n]{1,20})[:：])"
    r"|(?P<short>SFX|BGM)[ \t]"
)
_NAME_BEHIND = re.compile(r"(?<=[.!?。！？…])[ \t]*(?=(?P<name>[^\s.!?。！？…:：，,][^.!?。！？…:：，,\n]{0,39})[:：])")


def without_labelled(text: str, heard: Mapping[str, list[str]], *, has_speaker: bool) -> str:
    """Return the text without the sounds and the music that have a label; they go to `heard`, by "sound" and "music".

    `has_speaker` says whether somebody is known to speak the words that have no name. A label whose
    words are said stays in round brackets, as a direction.
    """

    def kept(found: re.Match[str]) -> str:
        label, inside = found["name"] or found["label"], found["inside"]
        kind = label_of(label)
        if kind not in ("sound", "music"):
            return found[0]
        if not inside and not is_heard(
            label, found["behind"], square=found["bracket"] in "[【［", has_speaker=has_speaker
        ):
            return f"({label}) {found['behind']}"
        heard[kind].append((inside or found["behind"]).strip())
        return " " if inside else ""

    if "//" in text:
        text = _BEHIND_STROKES.sub(lambda found: _heard_behind(found, heard), text)

    def with_label(found: re.Match[str]) -> str:
        fragment = found["dash"] or is_a_noise(found["behind"])
        is_label = fragment or not (has_speaker or is_a_sentence(found["behind"]))
        return f"{found['name']}: {found['behind']}" if is_label else found[0]

    text = "\n".join(_parted(line) for line in text.split("\n"))
    if any(sign in text for sign in OPEN):
        text = _LABELLED.sub(kept, text)
    return _ABBREVIATED.sub(with_label, text)


def _parted(line: str) -> str:
    """A line that begins with a label, broken where somebody speaks behind it: `[SFX] A door creaks. Anna: Hello?`"""
    first = _FIRST_LABEL.match(line)
    if not first or not label_of(first["inside"] or first["before"] or first["short"]):
        return line
    parts: list[str] = []
    position = 0
    for found in _NAME_BEHIND.finditer(line, first.end()):
        name = found["name"].strip()
        if could_be_a_name(name) or voice_of(name).narrator or label_of(name):
            parts.append(line[position : found.start()])
            position = found.end()
    return "\n".join([*parts, line[position:]])


def _heard_behind(found: re.Match[str], heard: Mapping[str, list[str]]) -> str:
    """What is left of words behind two strokes: nothing where they are a word for a sound or for music."""
    kind = label_of(found["words"].strip())
    if kind not in ("sound", "music"):
        return found[0]
    heard[kind].append(found["words"].strip())
    return ""
