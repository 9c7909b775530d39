"""The file that a finished prompt made: which of the outputs it is, and as which type clash keeps it."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from typing import Any, cast

from clash.errors import ProviderError
from clash.providers.comfyui.notes import Made
from clash.providers.comfyui.workflow import Workflow
from clash.providers.media import bad_file

_SUFFIXES: Mapping[Made, tuple[str, ...]] = {
    "image": (".png", ".jpg", ".jpeg", ".webp"),
    "video": (".mp4", ".webm", ".mov", ".m4v", ".mkv"),
    "speech": (".wav", ".mp3", ".flac", ".opus", ".ogg", ".m4a"),
}
_IN_MP4 = frozenset({"h264", "hevc", "vp9", "av1", "mpeg4"})
"""Codecs that an MP4 file can hold as they are."""
_MOST_SOUND_BYTES = 256 << 20
_RATE = 48_000


def output_file(spec: str, workflow: Workflow, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return `filename`, `subfolder` and `type` of the result in a prompt's history. Raises `ProviderError`.

    Nodes name their list of files as they like: `images` (also Save Video), `gifs` (Video Combine), `audio`.
    """
    outputs: object = entry.get("outputs")
    by_node = cast("dict[str, Any]", outputs) if isinstance(outputs, dict) else {}
    mine: object = by_node.get(workflow.output)
    lists = cast("dict[str, object]", mine) if isinstance(mine, dict) else {}
    seen: list[str] = []
    for files in lists.values():
        for item in cast("list[object]", files) if isinstance(files, list) else []:
            name = cast("dict[str, Any]", item).get("filename") if isinstance(item, dict) else None
            if not isinstance(name, str):
                continue
            seen.append(name[:100])
            if name.lower().endswith(_SUFFIXES[workflow.kind]):
                return cast("dict[str, Any]", item)
    where = workflow.node_words(workflow.output)
    told = f"it made {', '.join(seen[:3])}" if seen else "it made no file"
    raise ProviderError(
        f"{spec}: {where} should make one of {', '.join(_SUFFIXES[workflow.kind])}; {told}",
        code="bad_answer",
        hint="choose another format in that node, or another node by the title clash:output, and export again",
    )


def made_by(workflow: Workflow, entry: Mapping[str, Any]) -> bool:
    """Return whether a prompt in the history was made by this workflow: it has the outputs of its output node."""
    outputs: object = entry.get("outputs")
    return isinstance(outputs, dict) and workflow.output in outputs


def as_kept(kind: Made, content: bytes) -> bytes:
    """Return the file as a type that clash keeps: clips as MP4, speech as WAV, MP3 or MP4. Raises `ProviderError`."""
    try:
        if kind == "video" and content[4:8] != b"ftyp":
            return _mp4(content)
        if kind == "speech" and content[:4] in (b"fLaC", b"OggS"):
            return _wav(content)
    except ProviderError:
        raise
    except Exception as error:  # what a decoder makes of bytes that anybody can have made has no end of types
        raise bad_file(f"the file of ComfyUI cannot be decoded ({len(content)} bytes): {error}") from error
    return content


def _mp4(content: bytes) -> bytes:
    """Return a WebM or Matroska clip as MP4. The picture is not encoded again."""
    import av

    made = io.BytesIO()
    with av.open(io.BytesIO(content), "r", format="matroska") as source, av.open(made, "w", format="mp4") as opened:
        target: Any = opened  # PyAV's types leave the options of its streams open
        if not source.streams.video:
            raise bad_file("the clip of ComfyUI has no picture")
        stream = source.streams.video[0]
        if stream.codec_context.name not in _IN_MP4 and stream.codec_context.codec.canonical_name not in _IN_MP4:
            raise bad_file(
                f"the clip of ComfyUI is {stream.codec_context.name}, which no MP4 holds; choose h264-mp4 in its node"
            )
        kept = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = kept
                target.mux(packet)
    return made.getvalue()


def _wav(content: bytes) -> bytes:
    """Return FLAC or Ogg sound as WAV: 16 bits, one channel."""
    import av

    made = io.BytesIO()
    with av.open(io.BytesIO(content), "r") as source, wave.open(made, "wb") as target:
        if not source.streams.audio:
            raise bad_file("the speech of ComfyUI has no sound")
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(_RATE)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
        for decoded in source.decode(source.streams.audio[0]):
            for frame in resampler.resample(decoded):
                target.writeframes(bytes(frame.planes[0])[: frame.samples * 2])
            if made.tell() > _MOST_SOUND_BYTES:
                raise bad_file(f"the speech of ComfyUI is longer than {_MOST_SOUND_BYTES >> 20} MB")
        for frame in resampler.resample(None):
            target.writeframes(bytes(frame.planes[0])[: frame.samples * 2])
    return made.getvalue()
