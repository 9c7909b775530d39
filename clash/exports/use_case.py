"""Export a run: `clash export`, and `clash.export` of the Python API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clash.assets import AssetStore, open_assets, published_path
from clash.config import Settings, load_settings
from clash.documents.exports import Exported
from clash.errors import UsageError
from clash.exports import media
from clash.exports.arrange import Arranged, Arranger, film_cues
from clash.exports.captions import ass, vtt
from clash.exports.collect import Film, collect
from clash.exports.edl import edl
from clash.exports.fcpxml import fcpxml
from clash.exports.folder import ExportFolder, export_folder
from clash.exports.formats import ALL, chosen_formats, file_name, needs_media
from clash.exports.fountain import fountain
from clash.exports.jianying import FOLDER, draft, media_path
from clash.exports.otio import otio
from clash.exports.panels import storyboard_panels
from clash.exports.premiere import premiere
from clash.exports.shot_list import shot_list
from clash.exports.sound import STEM_PATHS, Levels, film_levels
from clash.exports.storyboard import write_storyboard
from clash.exports.timeline import Media, Timeline
from clash.film.subtitles import srt
from clash.film.titles import title_clip
from clash.reports.files import folder_of
from clash.story.translations import languages_beside


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported.

    `output`: the folder; by default `export` in the run's folder. `media_root`: where the media will be for FCPXML and
    Premiere, a path or URL, if not in that folder. `link`: clips are linked to those in the run's folder, not copied.
    """

    thread_id: str
    formats: Sequence[str] = (ALL,)
    output: Path | None = None
    link: bool = False
    all_takes: bool = False
    stems: bool = True
    media_root: str = ""


async def export(
    thread_id: str,
    formats: Iterable[str] = (ALL,),
    *,
    output: str | Path | None = None,
    link: bool = False,
    all_takes: bool = False,
    stems: bool = True,
    media_root: str = "",
    settings: Settings | None = None,
) -> Exported:
    """Export a run for an editor: `await clash.export("demo", ["otio"])`. The document names what was written.

    Raises `NotFoundError` for a run without a screenplay, `UsageError` for a format that there is not, `UsageError`
    for a file of somebody else that would be replaced, `StorageError` for a file that is lost.
    """
    request = ExportRequest(
        thread_id,
        chosen_formats([formats] if isinstance(formats, str) else formats),
        Path(output) if output is not None else None,
        link=link,
        all_takes=all_takes,
        stems=stems,
        media_root=media_root,
    )
    settings = settings or load_settings()
    assets = open_assets(settings)
    film = await collect(settings, assets, thread_id)
    await _fetch(film, request, assets)
    return await asyncio.to_thread(_export, film, request, assets)


async def _fetch(film: Film, request: ExportRequest, assets: AssetStore) -> None:
    """Have every file of the film on this disk. Raises `StorageError` for one that is lost."""
    if not needs_media(request.formats):
        return
    wanted: set[str] = {film.finish.music} if film.finish.music not in ("", "none") else set()
    for slot, takes in film.takes.items():
        wanted.update(take.file["sha256"] for take in (takes if request.all_takes else takes[:1]))
        wanted.update(word["file"]["sha256"] for word in film.finished[slot]["words"])
    missing = [sha256 for sha256 in sorted(wanted) if not assets.path(sha256).exists()]
    for sha256 in missing:
        if not await assets.restore(sha256):
            raise assets.lost(sha256)


def _export(film: Film, request: ExportRequest, assets: AssetStore) -> Exported:
    target = request.output or folder_of(film.run) / "export"
    with export_folder(target, link=request.link) as folder:
        before = folder.facts.get("thread_id")
        if before not in (None, film.run.run_id):
            raise UsageError(
                f"{target} holds the export of another run: {before}",
                code="file_exists",
                hint="name another folder with --output",
            )
        work = _Work(film, request, assets, folder, target)
        work.write()
        folder.publish(work.facts)
        return Exported.of(
            {
                "thread_id": film.run.run_id,
                "output": target.as_posix(),
                "files": [{"format": name, "path": path.as_posix()} for name, path in work.files],
                "media": work.clips,
                "sounds": work.sounds,
                "bytes": folder.bytes,
                "warnings": [*film.warnings, *work.warnings],
                "damaged": list(film.damaged),
            }
        )


@dataclass
class _Work:
    """One export, as it is written."""

    film: Film
    request: ExportRequest
    assets: AssetStore
    folder: ExportFolder
    target: Path
    files: list[tuple[str, Path]] = field(default_factory=list[tuple[str, Path]])
    clips: int = 0
    sounds: int = 0
    warnings: list[str] = field(default_factory=list[str])
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    def write(self) -> None:
        """Write every document that is asked for, and the media that they name."""
        self.facts = {**self.folder.facts, "thread_id": self.film.run.run_id}
        if needs_media(self.request.formats):
            self._write_timelines()
        texts: Mapping[str, Callable[[], str]] = {
            "fountain": lambda: fountain(self.film.screenplay, self.film.labels),
            "csv": self._shot_list,
        }
        for name in self.request.formats:
            if name in texts:
                self._add(name, texts[name]())
        self._write_subtitles()
        if "pdf" in self.request.formats:
            self._write_storyboard()

    def _write_subtitles(self) -> None:
        """Write the words of the film, and those in each other language, in every format that is asked for."""
        screenplay, size = self.film.screenplay, self.film.format
        for language in ("", *languages_beside(screenplay)):
            cues = film_cues(self.film, language)
            texts: Mapping[str, Callable[[], str]] = {
                "srt": lambda cues=cues: srt(cues),
                "vtt": lambda cues=cues, tag=language or screenplay.language: vtt(cues, tag),
                "ass": lambda cues=cues: ass(cues, screenplay.title, size.width, size.height),
            }
            for name in self.request.formats:
                if name in texts:
                    self._add(name, texts[name](), language)

    def _add(self, name: str, content: str, language: str = "") -> None:
        path = file_name(self.film.run.run_id, f"{language}.{name}" if language else name)
        self.folder.write(path, content)
        self.files.append((name, self.target / path))

    def _shot_list(self) -> str:
        pictures: dict[str, str] = {}
        for name, file in self.film.pictures.items():
            pictures[name] = media.picture_path(name, file["sha256"])
            self.folder.copy(pictures[name], self.assets.fetch(file["sha256"]))
        written = shot_list(self.film.screenplay, pictures, self.film.labels)
        self.warnings += written.warnings
        return written.text

    def _write_storyboard(self) -> None:
        film, path = self.film, file_name(self.film.run.run_id, "pdf")
        with self.folder.document(path) as target:
            write_storyboard(
                list(storyboard_panels(film, self.assets)),
                target,
                title=film.screenplay.title,
                language=film.screenplay.language,
                size=(film.format.width, film.format.height),
            )
        self.files.append(("pdf", self.target / path))

    def _write_draft(self, timeline: Timeline) -> None:
        """Write the draft of 剪映, with the media inside it: on a Mac it reads nothing else."""
        for path, content in draft(timeline, film_cues(self.film)).items():
            self.folder.write(path, content)
        for file in timeline.media:
            self.folder.share(media_path(file), file.path)
        self.files.append(("jianying", self.target / FOLDER))

    def _write_timelines(self) -> None:
        arranged = self._arranged()
        for path, source in arranged.files.items():
            slot = arranged.slots.get(path)
            published = published_path(folder_of(self.film.run), "shot", slot, "video/mp4") if slot else None
            self.folder.copy(path, source, published)
        used = arranged.timeline.media
        self.clips = sum(file.rate is not None for file in used)
        # The dialogue stem is on no track: its lines are.
        self.sounds = sum(file.rate is None for file in used) + (STEM_PATHS["dialogue"] in self.folder)
        self.warnings += arranged.warnings
        root = self.request.media_root or self.target.resolve().as_posix()
        writers: Mapping[str, Callable[[Timeline], str]] = {
            "otio": otio,
            "fcpxml": lambda timeline: fcpxml(timeline, root),
            "premiere": lambda timeline: premiere(timeline, root),
            "edl": edl,
        }
        for name in self.request.formats:
            if name in writers:
                self._add(name, writers[name](arranged.timeline))
        if "jianying" in self.request.formats:
            self._write_draft(arranged.timeline)

    def _arranged(self) -> Arranged:
        title = self._title()
        levels = self._levels()
        arranger = Arranger(self.film, self.assets, all_takes=self.request.all_takes)
        return arranger.arrange(title, levels.stems, levels.gains)

    def _title(self) -> Media | None:
        film = self.film
        if not film.finish.titles:
            return None
        size, text = film.format, film.screenplay.title
        card = [text, size.width, size.height, size.fps]
        if self.facts.get("title") == card and self.folder.again(media.TITLE):
            return media.probe(self.target / media.TITLE, "the title card", media.TITLE)
        content, _ = title_clip(text, width=size.width, height=size.height, fps=size.fps)
        path = self.folder.path(media.TITLE)
        path.write_bytes(content)
        self.folder.made(media.TITLE)
        self.facts["title"] = card
        return media.probe(path, "the title card", media.TITLE)

    def _levels(self) -> Levels:
        if not self.request.stems:
            return Levels()
        if not self.film.is_whole:
            self.warnings.append("the stems are made once every shot is there")
            return Levels()
        levels = film_levels(self.film, self.assets, self.folder, self.facts)
        self.facts |= levels.facts
        return levels
