"""The files of the Chinese voices: where they are, and what they must be."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clash.errors import ProviderError
from clash.installation import install_command
from clash.providers.voices import VoicePack

MANDARIN_REVISION = "kokoro-82m-1.0-int8-zh-1"
"""Raise the last number when the same request would sound different."""
MODEL = "kokoro-v1.0.int8.onnx"
VARIABLE = "CLASH_KOKORO_DIR"
GET = "clash voices get zh"
_PACKAGES = ("onnxruntime", "pypinyin")
_STYLE_BYTES = 522_240


_MODEL_OF = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0"
_STYLES_OF = (
    "https://huggingface.co/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/1939ad2a8e416c0acfeecc08a694d14ef25f2231/voices"
)


@dataclass(frozen=True)
class VoiceFile:
    """One file of the voices: where its publisher offers it, and what it must be."""

    url: str
    size: int
    sha256: str


FILES: Mapping[str, VoiceFile] = {
    MODEL: VoiceFile(
        f"{_MODEL_OF}/{MODEL}", 92_361_271, "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
    ),
    **{
        f"{name}.bin": VoiceFile(f"{_STYLES_OF}/{name}.bin", _STYLE_BYTES, sha256)
        for name, sha256 in {
            "zf_xiaobei": "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640",
            "zf_xiaoni": "08892b62a39af0a615cd0581238db7e19e44c578e8fa0bfd0e586e93327d9cba",
            "zf_xiaoxiao": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
            "zf_xiaoyi": "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3",
            "zm_yunjian": "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa",
            "zm_yunxi": "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b",
            "zm_yunxia": "6b2b8fc15b3df19a368daebe5c581c7fabf433ee5b8a17ffd6b3d723cff8936d",
            "zm_yunyang": "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42",
        }.items()
    },
}
"""By file name: the network, and what each of the eight voices sounds like."""


def is_mandarin(language: str) -> bool:
    """Whether a BCP 47 tag is Chinese."""
    return language.split("-")[0].casefold() in ("zh", "cmn")


def voice_folder(given: Path | None = None) -> Path:
    """Return the folder of the voice's files: the given one, else that of `CLASH_KOKORO_DIR`, else the usual one."""
    if given is not None:
        return given
    if named := os.environ.get(VARIABLE):
        return Path(named)
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "clash" / "voices" / "kokoro-v1.0"


def files_are_here(folder: Path) -> bool:
    """Whether all files are in the folder, each of its right size."""
    try:
        return all((folder / name).stat().st_size == file.size for name, file in FILES.items())
    except OSError:
        return False


def packages_are_here() -> bool:
    """Whether the Python packages that the voice needs are installed. Imports none of them."""
    try:
        return all(importlib.util.find_spec(name) is not None for name in _PACKAGES)
    except (ImportError, ValueError):
        return False


def is_ready(folder: Path | None = None) -> bool:
    """Whether Chinese can be heard on this machine."""
    return packages_are_here() and files_are_here(voice_folder(folder))


def mandarin_gap(folder: Path | None = None) -> str | None:
    """Return one sentence for the person when no Chinese will be heard, and what to type; else None."""
    steps = [] if packages_are_here() else [f"`{install_command('voice-zh')}`"]
    if not files_are_here(voice_folder(folder)):
        steps.append(f"`{GET}`")
    if not steps:
        return None
    return (
        "No Chinese voice is installed, so the film keeps time in silence, with subtitles. To hear it: "
        + ", then ".join(steps)
    )


def check_file(path: Path) -> None:
    """Raise `ProviderError` if one of the voice's files is not what it must be: a call's key says which voice spoke."""
    if not is_valid(path, FILES[path.name]):
        raise ProviderError(
            f"{path} is not the file that clash knows as a part of the Chinese voice", hint=f"get it again: `{GET}`"
        )


def voice_pack(folder: Path | None = None) -> VoicePack:
    """Return what there is to fetch for the Chinese voices."""
    place = voice_folder(folder)
    size = sum(file.size for file in FILES.values())
    return VoicePack(
        language="zh",
        name="Kokoro-82M v1.0 (int8) with 8 Chinese voices",
        license="Apache-2.0",
        sources=tuple(file.url for file in FILES.values()),
        download_bytes=size,
        disk_bytes=size,
        folder=place,
        present=files_are_here(place),
        install=None if packages_are_here() else install_command("voice-zh"),
    )


def is_valid(path: Path, file: VoiceFile) -> bool:
    """Whether a file is here and is what it must be."""
    try:
        if path.stat().st_size != file.size:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
    except OSError:
        return False
