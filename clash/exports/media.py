"""The files of an export: what each is called, and how long it is."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error

from clash.errors import FilmError
from clash.exports.timeline import Media, Rate
from clash.story.screenplay import slug

PICTURES, SOUNDS = "media", "sound"
TITLE = f"{PICTURES}/TITLE.mp4"
_SUFFIXES = {
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/wave": ".wav",
    "audio/mpeg": ".mp3",
    "audio/mp3": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
}
_NARRATOR = "narrator"
_LONGEST_NAME_BYTES = 120
_PLAIN_PART = re.compile(r"[\w\- ()+,&!@#.]{1,80}(?<![. ])")
_NOT_PLAIN = re.compile(r"[^\w-]+")


def shot_name(number: int) -> str:
    """Return what a shot is called in an editor.

    >>> shot_name(6)
    'SH006'
    """
    return f"SH{number:03d}"


def clip_path(number: int, take: int, media_type: str) -> str:
    """Return the path of a clip in the export's folder.

    >>> clip_path(6, 2, "video/mp4")
    'media/SH006_T2.mp4'
    """
    return f"{PICTURES}/{shot_name(number)}_T{take}{_suffix(media_type)}"


def speech_path(number: int, speaker: str, line: int, media_type: str) -> str:
    """Return the path of a spoken line, the `line`-th of its shot.

    >>> speech_path(6, "Mara", 1, "audio/wav"), speech_path(7, "阿岚", 2, "audio/mpeg")
    ('sound/SH006_mara_1.wav', 'sound/SH007_阿岚_2.mp3')
    >>> speech_path(8, "", 1, "audio/wav")
    'sound/SH008_narrator_1.wav'
    """
    return f"{SOUNDS}/{shot_name(number)}_{_speaker(speaker)}_{line}{_suffix(media_type)}"


def _speaker(name: str) -> str:
    """Return a name as a part of a file name that every system takes, and that no editor reads as a sequence."""
    plain = _NOT_PLAIN.sub("-", unicodedata.normalize("NFC", slug(name))).strip("-") if name.strip() else _NARRATOR
    while len(plain.encode()) > _LONGEST_NAME_BYTES:
        plain = plain[:-1]
    return plain.strip("-") or "unnamed"


def _suffix(media_type: str) -> str:
    base = media_type.partition(";")[0].strip().lower()
    return _SUFFIXES.get(base) or mimetypes.guess_extension(base) or ".bin"


def picture_path(name: str, sha256: str) -> str:
    """Return the path of a picture that the story names: the same one, unless it would lead out of the folder.

    >>> picture_path("refs/1.png", "ab12" * 16), picture_path("../secret/1.png", "ab12" * 16)
    ('refs/1.png', 'reference/ab12ab12ab12.png')
    """
    parts = name.split("/")
    is_plain = all(_PLAIN_PART.fullmatch(part) and not part.startswith(".") for part in parts)
    if is_plain and parts[0].casefold() not in (PICTURES, SOUNDS, "jianying"):
        return name
    ending = name.rpartition(".")[2]
    return f"reference/{sha256[:12]}.{ending if ending.isalnum() and len(ending) <= 5 else 'png'}"


def probe(path: Path, name: str, target: str) -> Media:
    """Return what a file of picture or sound is, for an export in which its path is `target`.

    `name`: what it is called in messages. Raises `FilmError` for a file that cannot be read.
    """
    try:
        with av.open(str(path)) as container:
            sound = container.streams.audio[0] if container.streams.audio else None
            channels = sound.codec_context.channels if sound is not None else 0
            if container.streams.video:
                return _picture(container, channels, target)
            if sound is None:
                raise FilmError(f"{name} has neither picture nor sound")
            return Media(target, _length(sound) or _decoded(container, sound), channels=channels)
    except (av.error.FFmpegError, OSError) as problem:
        raise FilmError(
            f"{name} cannot be read: {problem.strerror}", hint="run it again under a new thread: it is made again"
        ) from problem


def _picture(container: Any, channels: int, target: str) -> Media:
    stream = container.streams.video[0]
    rate = Rate(stream.average_rate or Fraction(24))
    seconds = Fraction(stream.frames) / rate.exact if stream.frames else _length(stream)
    if not seconds:
        frames = sum(1 for packet in container.demux(stream) if packet.size)
        seconds = frames / rate.exact
    width, height = stream.codec_context.width, stream.codec_context.height
    return Media(target, seconds, width=width, height=height, rate=rate, channels=channels)


def _length(stream: Any) -> Fraction:
    return Fraction(stream.duration * stream.time_base) if stream.duration and stream.time_base else Fraction(0)


def _decoded(container: Any, stream: Any) -> Fraction:
    return sum((Fraction(frame.samples, frame.sample_rate) for frame in container.decode(stream)), Fraction(0))
