"""Which languages a story is spoken in, and whether the chosen speech model speaks them: checked before any payment."""

from __future__ import annotations

from collections.abc import Iterator

from clash.config import Settings
from clash.errors import UsageError
from clash.providers.catalogue import load_catalogue
from clash.providers.model_limits import spoken_in
from clash.providers.ports import KeepsTime, Multilingual
from clash.providers.registry import Model
from clash.story.screenplay import Screenplay, Story
from clash.story.translations import words_of
from clash.workflow.generate_shots import spoken_language


def check_speech(story: Story | Screenplay, model: Model, settings: Settings) -> tuple[str, ...]:
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
            where = f"shot {row}" if isinstance(story, Screenplay) else f"row {row}"
            raise _no_voice(model, language, where, settings)
        warnings.append(sentence)
    return tuple(dict.fromkeys(warnings))


def _languages_of(story: Story | Screenplay) -> dict[str, int]:
    """The languages that are spoken, each with the first row (of a screenplay: the first shot) that speaks it."""
    found: dict[str, int] = {}
    for row, text in _spoken_in_shots(story) if isinstance(story, Screenplay) else _spoken(story):
        found.setdefault(spoken_language(text, story.language), row)
    return found


def _spoken_in_shots(screenplay: Screenplay) -> Iterator[tuple[int, str]]:
    for shot in screenplay.shots:
        yield from ((shot.number, line.text) for line in words_of(shot))


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


def _no_voice(model: Model, language: str, where: str, settings: Settings) -> UsageError:
    cards = load_catalogue(settings).cards
    others = [card.spec for card in cards if card.kind == "speech" and spoken_in(language, card.languages)]
    silence = "--speech-model local:voice keeps time in silence, with subtitles"
    choice = f"choose one that does with --speech-model: {', '.join(others)}; or" if others else ""
    return UsageError(
        f"{model.spec} does not speak the language of {where}, {language}",
        code="no_voice",
        hint=f"{choice or 'no model of the catalogue speaks it;'} {silence}",
    )
