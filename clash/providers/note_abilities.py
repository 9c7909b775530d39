"""Whether a model is told in words what to make: whether a note of a person, or a prompt, changes anything."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from clash.providers.registry import Model


@runtime_checkable
class ReadsNotes(Protocol):
    """A provider with models that read no notes and no prompts. Of any other, all do."""

    def reads_notes(self, model: str) -> bool:
        """Return whether what this model makes depends on the words of a note or a prompt."""
        ...


def reads_notes(model: Model) -> bool:
    """Return whether a note changes what this model makes."""
    provider = model.provider
    return not isinstance(provider, ReadsNotes) or provider.reads_notes(model.name)
