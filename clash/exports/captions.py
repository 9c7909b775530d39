"""Write the words of a film as WebVTT and as Advanced SubStation Alpha; SubRip is written with the film itself."""

from __future__ import annotations

from collections.abc import Iterable

from clash.exports.words import one_line
from clash.film.subtitles import Cue, in_order

_ASS_HEAD = """[Script Info]
Title: {title}
ScriptType: v4.00+
WrapStyle: 0
ScaledBorderAndShadow: yes
PlayResX: {width}
PlayResY: {height}

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,{size},&H00FFFFFF,&H000000FF,&H00101010,&H80000000,0,0,0,0,100,100,0,0,1,{outline},0,2,\
{side},{side},{bottom},1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
_SAFE_SIDE, _SAFE_BOTTOM, _SAFE_BOTTOM_UPRIGHT = 0.05, 0.06, 0.2
"""Shares of the picture that no words reach; below an upright picture are the buttons of a phone."""


def vtt(cues: Iterable[Cue], language: str) -> str:
    """Return the cues as a WebVTT file, its language in a comment."""
    head = f"WEBVTT\n\nNOTE language: {_without_arrow(one_line(language))}\n"
    return head + "".join(
        f"\n{number}\n{_clock(cue.start_s)} --> {_clock(cue.end_s)}\n{_vtt_text(cue.text)}\n"
        for number, cue in enumerate(in_order(cues), 1)
    )


def ass(cues: Iterable[Cue], title: str, width: int, height: int) -> str:
    """Return the cues as an ASS file for a picture of this size."""
    bottom = _SAFE_BOTTOM if width >= height else _SAFE_BOTTOM_UPRIGHT
    px = round(min(0.055 * height, 0.06 * width))
    head = _ASS_HEAD.format(
        title=one_line(title),
        width=width,
        height=height,
        size=max(8, px),
        outline=max(1, round(px / 14)),
        side=round(_SAFE_SIDE * width),
        bottom=round(bottom * height),
    )
    return head + "".join(
        f"Dialogue: 0,{_ass_clock(cue.start_s)},{_ass_clock(cue.end_s)},Default,,0,0,0,,{_ass_text(cue.text)}\n"
        for cue in in_order(cues)
    )


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _without_arrow(text: str) -> str:
    return text.replace("-->", "→")


def _ass_text(text: str) -> str:
    """Return the text so that none of it is a command: braces begin one, and so does a backslash."""
    # A word joiner after a backslash keeps it from being read as a command, and is not seen.
    plain = text.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}")
    return plain.replace("\n", "\\N")


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"


def _ass_clock(seconds: float) -> str:
    whole = round(seconds * 100)
    minutes, hundredths = divmod(whole, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{hundredths // 100:02d}.{hundredths % 100:02d}"
