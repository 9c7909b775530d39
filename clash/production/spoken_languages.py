"""Which languages a story is spoken in, and whether the chosen speech model speaks them: checked before any payment."""

from __future__ import annotations

from collections.abc import Iterator

from clash.config import Settings
from clash.errors import UsageError
from clash.providers.catalogue import load_catalogue, spoken_in
from clash.providers.ports import KeepsTime, Multilingual
from clash.providers.registry import Model
from clash.story.screenplay import Story
from clash.workflow.generate_shots import spoken_language


def check_speech(story: Story, model: Model, settings: Settings) -> tuple[str, ...]:
    """Return what there is to say of languages in which nobody will be heard, once each.

    Raises `UsageError` (`no_voice`) for a model that speaks only other languages and does not keep time in silence.
    """
    provider = model.provider
    known = provider.languages(model.name) if isinstance(provider, Multilingual) else None
    if known is None:
        return ()
    warnings: list[str] = []
    for language, row in _languages_of(story).items():
        if spoken_in(language, known) is not None:
            continue
        sentence = provider.silence(model.name, language) if isinstance(provider, KeepsTime) else None
        if sentence is None:
            raise _no_voice(model, language, row, settings)
        warnings.append(sentence)
    return tuple(dict.fromkeys(warnings))


def _languages_of(story: Story) -> dict[str, int]:
    """The languages that are spoken, each with the first row that speaks it."""
    found: dict[str, int] = {}
    for row, text in _spoken(story):
        found.setdefault(spoken_language(text, story.language), row)
    return found


def _spoken(story: Story) -> Iterator[tuple[int, str]]:
    """Every text that is heard, with its row; where nothing is, a story of beats is told by its descriptions."""
    texts = [
        (beat.row, text)
        for beat in story.beats
        for text in (beat.narration, *(line.text for line in beat.dialogue))
        if text.strip()
    ]
    if not texts and story.kind == "beats":
        texts = [(beat.row, beat.description) for beat in story.beats if beat.description.strip()]
    yield from texts


def _no_voice(model: Model, language: str, row: int, settings: Settings) -> UsageError:
    cards = load_catalogue(settings).cards
    others = [card.spec for card in cards if card.kind == "speech" and spoken_in(language, card.languages)]
    silence = "--speech-model local:voice keeps time in silence, with subtitles"
    choice = f"choose one that does with --speech-model: {', '.join(others)}; or" if others else ""
    return UsageError(
        f"{model.spec} does not speak the language of row {row}, {language}",
        code="no_voice",
        hint=f"{choice or 'no model of the catalogue speaks it;'} {silence}",
    )
