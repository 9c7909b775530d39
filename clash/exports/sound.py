"""The stems of a film in an export, and how loud each spoken line is in the film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, cast

from clash.assets import AssetStore
from clash.exports import media
from clash.exports.collect import Film
from clash.exports.folder import ExportFolder
from clash.exports.timeline import Media
from clash.sound.soundtrack import borders_of
from clash.sound.stems import STEMS, utterance_gain_db, write_stems
from clash.sound.textures import RATE
from clash.workflow.film_sound import music_of, sound_shots

_ON_THE_TIMELINE = ("music", "effects")
"""Stems on tracks of their own; the dialogue is there as its lines."""


STEM_PATHS = {name: f"{media.SOUNDS}/{name}.wav" for name in STEMS}
"""The path of each stem in the export's folder."""


@dataclass(frozen=True)
class Levels:
    """The stems that are on the timeline, and how many decibels louder each spoken file is in the film, by sha256."""

    stems: Sequence[Media] = ()
    gains: Mapping[str, float] = field(default_factory=dict[str, float])
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the folder notes, so that the next export of the same film finds its stems again."""


def film_levels(film: Film, assets: AssetStore, folder: ExportFolder, before: Mapping[str, Any]) -> Levels:
    """Make the stems, or keep those of the last export if it was of the same film. Raises `FilmError`, `OSError`."""
    made = [(shot, done) for shot, done in film.shots if done is not None]
    shots = sound_shots(film.screenplay, made, assets, film.format, film.finish)
    seconds = Fraction(borders_of(shots)[-1], RATE)
    stems = [Media(STEM_PATHS[name], seconds, channels=2) for name in _ON_THE_TIMELINE]
    if film.cut and before.get("cut") == film.cut and all(folder.again(path) for path in STEM_PATHS.values()):
        return Levels(stems, cast("Mapping[str, float]", before.get("gains") or {}))
    gain = write_stems(
        shots, music_of(film.finish, assets), {name: folder.path(path) for name, path in STEM_PATHS.items()}
    )
    for path in STEM_PATHS.values():
        folder.made(path)
    spoken = {word["file"]["sha256"] for _, done in made for word in done["words"]}
    gains = {sha256: round(utterance_gain_db(assets.path(sha256), gain), 2) for sha256 in sorted(spoken)}
    return Levels(stems, gains, {"cut": film.cut, "gains": gains})
