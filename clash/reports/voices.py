"""Which voices a speech model has, and which files have to be fetched to hear them."""

from __future__ import annotations

from collections.abc import Sequence

from clash.config import Settings
from clash.documents.voices import VoiceItem, VoiceList, VoicePackItem
from clash.providers.catalogue import load_catalogue
from clash.providers.model_limits import spoken_in
from clash.providers.registry import Registry
from clash.providers.voices import FetchesVoices, ListsVoices, Voice, VoicePack, named_voices
from clash.story.language import checked_tag


async def list_voices(settings: Settings, model: str | None = None, language: str | None = None) -> VoiceList:
    """Return the voices of a speech model, by default of the free one; those of one language, if it is given.

    Raises `UsageError` for a model that is not known, and for what is no language.
    """
    language = checked_tag(language) if language else None
    registry = Registry(settings)
    speaking = registry.model("speech", model) if model else registry.default("speech")
    provider = speaking.provider
    if isinstance(provider, ListsVoices):
        voices = list(provider.voices(speaking.name))
    else:
        card = load_catalogue(settings).of(provider.name, speaking.name)
        voices = named_voices(card) if card is not None else []
    packs = provider.voice_packs() if isinstance(provider, FetchesVoices) else ()
    if language:
        voices = [voice for voice in voices if spoken_in(language, (voice.language,))]
        packs = [pack for pack in packs if spoken_in(language, (pack.language,))]
    return VoiceList(items=[_item(speaking.spec, voice) for voice in voices], packs=_items(packs))


def _item(model: str, voice: Voice) -> VoiceItem:
    return VoiceItem(
        model=model,
        id=voice.id,
        language=voice.language,
        gender=voice.gender or None,
        age=voice.age or None,
        narrator=voice.narrator,
        installed=voice.installed,
    )


def _items(packs: Sequence[VoicePack]) -> list[VoicePackItem]:
    return [
        VoicePackItem(
            language=pack.language,
            name=pack.name,
            license=pack.license,
            sources=list(pack.sources),
            download_bytes=pack.download_bytes,
            disk_bytes=pack.disk_bytes,
            folder=str(pack.folder),
            present=pack.present,
            get=None if pack.present else f"clash voices get {pack.language}",
            install=pack.install,
        )
        for pack in packs
    ]
