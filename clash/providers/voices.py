"""What a provider says of its voices: which there are, who in a film gets which, and what has to be fetched first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from clash.providers.model_limits import ModelLimits


@dataclass(frozen=True)
class Voice:
    """A voice by its id. `gender` (woman, man) and `age` (child, adult, old) are "" where nobody says.

    `narrator`: it tells what no character says. `installed`: it can be heard on this machine.
    """

    id: str
    language: str
    gender: str = ""
    age: str = ""
    narrator: bool = False
    installed: bool = True


@dataclass(frozen=True)
class Person:
    """Somebody who speaks in a film: the slug, and words about the voice (or a voice's id)."""

    slug: str
    voice: str


@dataclass(frozen=True)
class VoicePack:
    """Files that a language's voices need. `install`: the command for a Python package that is missing, else None."""

    language: str
    name: str
    license: str
    sources: tuple[str, ...]
    download_bytes: int
    disk_bytes: int
    folder: Path
    present: bool
    install: str | None


VoiceIds = Mapping[str, Mapping[str, str]]
"""By the slug of a person, then by language: the id of a voice."""


@runtime_checkable
class ListsVoices(Protocol):
    """A provider that knows the ids of its voices."""

    def voices(self, model: str) -> Sequence[Voice]:
        """Return the voices of a speech model."""
        ...


@runtime_checkable
class CastsVoices(Protocol):
    """A provider that chooses the voices of a film's people together, so that no two of them sound the same."""

    def cast(self, model: str, people: Sequence[Person]) -> VoiceIds:
        """Return, by slug and then by language, the id of the voice that somebody has; nobody where it does not choose.

        The same people in the same order get the same voices; one who joins at the end changes nobody else's.
        """
        ...


def cast_voices(provider: object, model: str, people: Sequence[Person]) -> VoiceIds:
    """Return the voices that a provider chooses for a film's people; none where it leaves that to each line."""
    return provider.cast(model, people) if isinstance(provider, CastsVoices) else {}


@runtime_checkable
class FetchesVoices(Protocol):
    """A provider whose voices need files that do not come with clash."""

    def voice_packs(self) -> Sequence[VoicePack]:
        """Return what can be fetched, and whether it is here."""
        ...

    async def fetch_voices(self, language: str, say: Callable[[str], None], source: Path | None = None) -> None:
        """Fetch the files of a language's voices, or copy them from `source`; those that are right stay.

        `say` is told what is being done. Raises `ClashError`, and `OSError` for a disk that cannot be written.
        """
        ...


def named_voices(model: ModelLimits) -> list[Voice]:
    """Return the voices that a model's data names."""
    found: list[Voice] = []
    for language, voices in model.languages.items():
        if voices.narrator:
            found.append(Voice(voices.narrator, language, narrator=True))
        for gender, names in (("woman", voices.female), ("man", voices.male)):
            found += [Voice(name, language, gender) for name in names]
    return found
