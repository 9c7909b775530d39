"""Get the files that a language's voices need, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clash.config import Settings
from clash.documents.voices import VoiceList
from clash.errors import StorageError, UsageError
from clash.providers.model_limits import spoken_in
from clash.providers.registry import Registry
from clash.providers.voices import FetchesVoices
from clash.reports.voices import list_voices


async def get_voices(
    language: str, settings: Settings, say: Callable[[str], None], source: Path | None = None
) -> VoiceList:
    """Fetch the files of a language's voices, and return its voices. What is here already is not fetched again.

    `source`: a folder or file of this machine to copy from, without the network.
    `say` is told how large it is, under which licence, from where and to where. Raises `UsageError` for a language
    whose voices need no files or that has none, `ProviderError` and `StorageError` for what cannot be fetched or kept.
    """
    provider = Registry(settings).default("speech").provider
    packs = list(provider.voice_packs()) if isinstance(provider, FetchesVoices) else []
    pack = next((pack for pack in packs if spoken_in(language, (pack.language,))), None)
    if pack is None or not isinstance(provider, FetchesVoices):
        known = ", ".join(pack.language for pack in packs) or "none"
        raise UsageError(
            f"there are no voices to get for the language {language!r}; known: {known}", hint="`clash voices ls`"
        )
    if not pack.present:
        say(f"{pack.name}, {pack.license}: {pack.download_bytes / 1e6:.0f} MB, into {pack.folder}")
    try:
        await provider.fetch_voices(pack.language, say, source)
    except OSError as error:
        raise StorageError(
            f"{error.filename or pack.folder} cannot be read or written: {error.strerror or error}",
            hint="free the place, or name another folder with CLASH_KOKORO_DIR",
        ) from None
    say(f"{pack.name} is here: {pack.folder}")
    if pack.install:
        say(f"to hear them, also install: {pack.install}")
    return await list_voices(settings, language=pack.language)
