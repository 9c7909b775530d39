"""The cast of a run: the table that is given with `--cast`, or lies beside the story, and the pictures it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from clash.assets import AssetStore, sha256_of
from clash.editing.cast import CastSheet
from clash.production.story_files import read_cast_file, read_picture, read_sound
from clash.story.cast_table import CastEntry, read_cast
from clash.story.screenplay import Story
from clash.workflow.state import StoredFile

BESIDE = ("cast.csv", "角色表.csv", "cast.xlsx", "角色表.xlsx")
"""Names under which a cast is found in the story's folder."""
NONE = "none"


def is_cast_name(name: str) -> bool:
    """Return whether a file of this name beside a story is the story's cast."""
    return name in BESIDE


@dataclass(frozen=True)
class CastPlan:
    """A cast that was read. `pictures`: slot to media type and bytes; `sounds` likewise, of voices."""

    path: str
    entries: tuple[CastEntry, ...]
    pictures: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    sounds: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    warnings: tuple[str, ...] = ()

    @cached_property
    def sheet(self) -> CastSheet:
        """The cast as the run keeps it."""
        pictures = {
            slot: StoredFile(sha256=sha256_of(content), media_type=media_type)
            for slot, (media_type, content) in self.pictures.items()
        }
        return CastSheet(self.entries, pictures)

    @cached_property
    def sha256(self) -> str:
        """The digest of the sheet's file."""
        return sha256_of(self.sheet.content())

    @property
    def stored_sounds(self) -> dict[str, StoredFile]:
        """The files of the sounds, by the slots of whose voices they are."""
        return {
            slot: StoredFile(sha256=sha256_of(content), media_type=media_type)
            for slot, (media_type, content) in self.sounds.items()
        }

    def warnings_for(self, story: Story) -> tuple[str, ...]:
        """Return what there is to say of the cast, and of people in it whom the story does not name."""
        absent = self.sheet.not_named(story)
        unnamed = [f"{Path(self.path).name}, row {entry.row}: the story does not name {entry.name}" for entry in absent]
        return (*self.warnings, *unnamed)

    async def store(self, assets: AssetStore) -> None:
        """Put the sheet, and all that it names, into the asset store."""
        files = [self.sheet.content(), *(content for _, content in (*self.pictures.values(), *self.sounds.values()))]
        for content in files:
            await assets.share(assets.put(content))


def find_cast(asked: str | Path | None, folder: Path) -> CastPlan | None:
    """Return the cast of a run. `asked`: its file, `none`, or None: the one beside the story, if there is one.

    Raises `StoryError`, `NotFoundError`.
    """
    if asked is not None and str(asked) == NONE:
        return None
    if asked is not None:
        return _read(str(asked))
    try:
        beside = next((path for name in BESIDE if (path := folder / name).is_file()), None)
    except OSError:  # a folder that cannot be looked into: then the story itself was opened by a link or a pipe
        beside = None
    if beside is None:
        return None
    found = _read(str(beside))
    used = f"the cast of {beside.name}, beside the story, is used; --cast {NONE} leaves it out"
    return CastPlan(found.path, found.entries, found.pictures, found.sounds, (used, *found.warnings))


def _read(path: str) -> CastPlan:
    name, folder, content = read_cast_file(path)
    table = read_cast(content, name=name)
    pictures: dict[str, tuple[str, bytes]] = {}
    sounds: dict[str, tuple[str, bytes]] = {}
    for entry in table.entries:
        if entry.image:
            pictures[entry.slot] = read_picture(entry.image, folder, entry.row, table.headers["image"], table=name)
        if entry.reference_audio:
            sounds[entry.slot] = read_sound(
                entry.reference_audio, folder, entry.row, table.headers["reference_audio"], table=name
            )
    warnings = list(table.warnings)
    if sounds:
        warnings.append(f"{name}: reference audio is kept with the run; no speech model takes it yet")
    return CastPlan(path, table.entries, pictures, sounds, tuple(warnings))
