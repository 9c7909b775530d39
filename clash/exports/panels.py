"""The panels of a storyboard, from what a run has made."""

from __future__ import annotations

from collections.abc import Iterator

from clash.assets import AssetStore
from clash.exports.collect import Film
from clash.exports.media import shot_name
from clash.exports.storyboard import Panel
from clash.story.translations import words_of
from clash.workflow.prompts import size_label


def storyboard_panels(film: Film, assets: AssetStore) -> Iterator[Panel]:
    """Yield a panel per shot. Raises `StorageError` for a keyframe that is lost."""
    for shot, done in film.shots:
        seconds = done["frames"] / film.format.fps if done is not None else shot.duration_s
        words = [line for line in words_of(shot) if line.speaker or line.text.strip() != shot.action.strip()]
        yield Panel(
            label=f"{shot_name(shot.number)}{film.labels.beside(shot.number)}   {size_label(shot)}   {seconds:.1f} s",
            picture=assets.fetch(done["keyframe"]["sha256"]) if done is not None else None,
            action=shot.action,
            words=(
                *(f"SUPER: {text}" for text in shot.on_screen_text.splitlines()),
                *(f"{line.speaker}: {line.text}" if line.speaker else line.text for line in words),
            ),
        )
