"""Get the files of the Chinese voices, once: from their publishers, or from a folder of this machine."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clash.errors import ProviderError, UsageError
from clash.http.downloads import UNFINISHED, download, remove_abandoned
from clash.local.mandarin.weights import FILES, GET, VoiceFile, is_valid


async def fetch_voice(folder: Path, say: Callable[[str], None], *, files: Mapping[str, VoiceFile] = FILES) -> None:
    """Fetch the files that a folder lacks. Each appears there whole, or not at all; those that are right stay.

    Raises `ProviderError` for what cannot be fetched or is not what it must be, `OSError` for a disk that is full.
    """
    missing = await asyncio.to_thread(_missing, folder, files)
    for number, name in enumerate(missing, start=1):
        file = files[name]
        say(f"{number}/{len(missing)}: {file.url} ({file.size / 1e6:.1f} MB)")
        try:
            await download(file.url, folder / name, size=file.size, sha256=file.sha256)
        except ProviderError as error:
            raise ProviderError(
                error.message,
                hint=f"check the network and its proxy (HTTPS_PROXY), then `{GET}`: what is here is kept. Files that"
                f" were fetched on another machine: `{GET} --from DIR`",
            ) from error


async def copy_voice(
    folder: Path, source: Path, say: Callable[[str], None], *, files: Mapping[str, VoiceFile] = FILES
) -> None:
    """Copy the files that a folder lacks from another folder, or one of them from a file.

    Raises `UsageError` when `source` does not have them, `OSError` for a disk that is full.
    """
    missing = await asyncio.to_thread(_missing, folder, files)
    wanted = await asyncio.to_thread(_wanted, source, missing, files)
    absent: list[str] = []
    for name in wanted:
        if (found := await asyncio.to_thread(_found, source, name, files[name])) is None:
            absent.append(name)
            continue
        say(f"{found} -> {folder / name}")
        await asyncio.to_thread(_copy, found, folder / name)
    if absent:
        raise UsageError(
            f"{source} has no {', '.join(absent)} that is what clash knows by its sha256; the others were copied",
            hint=f"`{GET}` fetches what is missing; `clash voices ls --json` tells the address of each file",
        )


def _missing(folder: Path, files: Mapping[str, VoiceFile]) -> list[str]:
    """Make the folder, and return the names of the files that are not there or are not what they must be."""
    folder.mkdir(parents=True, exist_ok=True)
    remove_abandoned(folder)
    return [name for name, file in files.items() if not is_valid(folder / name, file)]


def _wanted(source: Path, missing: Sequence[str], files: Mapping[str, VoiceFile]) -> Sequence[str]:
    """Return which of the missing files a folder is to have, or a file is to be."""
    if source.is_dir():
        return missing
    if not source.exists():
        raise UsageError(f"{source} does not exist", hint=f"name a folder that has the files, or fetch them: `{GET}`")
    if source.name not in files:
        raise UsageError(
            f"{source} is none of the files of the voice: {', '.join(files)}",
            hint="give it the name that it has at its publisher: `clash voices ls --json`",
        )
    return [name for name in missing if name == source.name]


def _found(source: Path, name: str, file: VoiceFile) -> Path | None:
    candidates = sorted(source.rglob(name)) if source.is_dir() else [source] if source.name == name else []
    return next((path for path in candidates if is_valid(path, file)), None)


def _copy(source: Path, target: Path) -> None:
    """Give the copy its name when all of it is on the disk."""
    with tempfile.TemporaryDirectory(dir=target.parent, suffix=UNFINISHED) as work:
        shutil.copyfile(source, Path(work, target.name))
        Path(work, target.name).replace(target)
