"""A run whose story is a changed one is paid for what changed: the writer is asked for new and changed rows alone."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from conftest import on_both_databases
from editing_stories import PROSE, SHOT_LIST, WordyWriter, story_of, with_rows, written_locally
from editing_stories import rows_of as rows_of_table
from filming import METERED, SMALL, clash, environment, metered, rows_of, shot_list

from clash.assets import AssetStore, sha256_of
from clash.calls.content_key import content_key
from clash.calls.dry_run import DryRun
from clash.calls.spec import CallResult, CallSpec
from clash.config import Settings
from clash.database.connection import open_database
from clash.database.run_settings import Basis
from clash.database.tracking import AsyncMetadataTracker
from clash.editing.cast import CastSheet
from clash.editing.merge import plan_merge
from clash.editing.takes import Takes
from clash.errors import ProviderError
from clash.local.screenwriter import write_screenplay
from clash.providers.ports import Established, Neighbours, ScreenplayRequest
from clash.providers.registry import Registry
from clash.story.reader import read_story
from clash.story.screenplay import Screenplay, Story
from clash.workflow.context import Format
from clash.workflow.dry_run import collect_calls
from clash.workflow.generate_screenplay import MadeScreenplay, make_screenplay


class _Ledger:
    """A ledger whose writer words everything anew; it keeps what was asked of it."""

    def __init__(self, assets: AssetStore, *, shots_per_row: int = 1) -> None:
        self.writer = WordyWriter()
        self.asked: list[CallSpec] = []
        self._assets = assets
        self._shots = shots_per_row

    async def call(self, task: CallSpec) -> CallResult:
        self.asked.append(task)
        assert isinstance(task.request, ScreenplayRequest)
        content = self.writer.write(task.request.story, shots_per_row=self._shots).model_dump_json().encode()
        task.inspect(content)
        sha256 = self._assets.put(content)
        return CallResult(task.slot, sha256, "application/json", {}, self._assets.path(sha256), False, 0)


async def _made(
    tmp_path: Path, before: Story, after: Story, screenplay: Screenplay, takes: Takes | None = None
) -> tuple[MadeScreenplay, _Ledger, AssetStore]:
    assets = AssetStore(tmp_path)
    basis = Basis(
        story=assets.put(before.model_dump_json().encode()),
        screenplay=assets.put(screenplay.model_dump_json(indent=2).encode()),
    )
    ledger = _Ledger(assets)
    made = await make_screenplay(after, basis, ledger, takes or Takes(), read=assets.read, put=assets.put)
    return made, ledger, assets


async def test_unchanged_story_is_the_same_file(tmp_path: Path) -> None:
    """A story that says the same is shot from the very file that there is; nobody is asked."""
    story = story_of(PROSE)
    screenplay = written_locally(story)
    made, ledger, _ = await _made(tmp_path, story, story, screenplay)
    assert made.sha256 == sha256_of(screenplay.model_dump_json(indent=2).encode())
    assert (made.is_recorded, ledger.asked) == (False, [])


async def test_writer_is_asked_once_for_the_changed_rows(tmp_path: Path) -> None:
    """One call for all rows that are new or changed, as a part of the screenplay, with what is established."""
    before = story_of(SHOT_LIST)
    rows = rows_of_table(SHOT_LIST)
    after = story_of(
        with_rows(SHOT_LIST, ["0,0,wide,Sea,,Waves.,,3", *rows[:3], rows[3].replace("cuts", "burns"), *rows[4:]])
    )
    screenplay = written_locally(before)
    made, ledger, assets = await _made(tmp_path, before, after, screenplay)
    [asked] = ledger.asked
    assert (asked.slot, asked.asset_type) == ("screenplay", "screenplay_part")
    assert isinstance(asked.request, ScreenplayRequest)
    assert [beat.description for beat in asked.request.story.beats] == ["Waves.", "Ivo burns bread at the table."]
    assert asked.request.established is not None
    assert asked.request.established.style == screenplay.style
    stored = Screenplay.model_validate_json(assets.read(made.sha256))
    assert stored == made.screenplay
    assert [shot.source_row for shot in stored.shots] == [2, 3, 4, 5, 6, 7, 8]


async def test_answer_without_a_row_fails_the_call(tmp_path: Path) -> None:
    """An answer that lacks a row is refused before it counts as made."""
    before = story_of(SHOT_LIST)
    after = story_of(
        with_rows(SHOT_LIST, ["0,0,wide,Sea,,Waves.,,3", "0,1,wide,Sea,,Gulls.,,3", *rows_of_table(SHOT_LIST)])
    )
    plan = plan_merge(before, written_locally(before), after)
    from clash.workflow.generate_screenplay import part_call

    one = WordyWriter().write(plan.story.model_copy(update={"beats": plan.story.beats[:1]}))
    with pytest.raises(ProviderError, match="no shot of row 3"):
        part_call(plan, CastSheet()).inspect(one.model_dump_json().encode())


async def test_dry_run_asks_for_the_same_rows(tmp_path: Path) -> None:
    """A dry run plans one call of the writer for the new row, and the calls of a film with it."""
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    registry = Registry(settings)
    assets = AssetStore(tmp_path)
    before = story_of(SHOT_LIST)
    after = story_of(with_rows(SHOT_LIST, [*rows_of_table(SHOT_LIST), "4,7,wide,Sea,,Waves.,,3"]))
    basis = Basis(
        story=assets.put(before.model_dump_json().encode()),
        screenplay=assets.put(written_locally(before).model_dump_json(indent=2).encode()),
    )
    models = registry.models(
        {
            "screenplay": "local:screenwriter",
            "image": "local:illustrator",
            "video": "local:cinematographer",
            "speech": "local:voice",
        }
    )
    stored = sorted(tmp_path.rglob("*"))
    for story, writers in ((before, 0), (after, 1)):
        dry_run = DryRun(None, assets, models, registry)
        screenplay = await collect_calls(story, {}, Format(192, 108, 8), dry_run, basis=basis)
        assert len([call for call in dry_run.planned if call.kind == "screenplay"]) == writers
        assert len(screenplay.shots) == len(story.beats)
    assert sorted(tmp_path.rglob("*")) == stored


def test_established_is_in_the_key_only_if_set() -> None:
    """A request for a whole story is written, and keyed, as before there were parts."""
    story = story_of(SHOT_LIST)
    request = ScreenplayRequest(story=story)
    assert set(request.model_dump(mode="json")) == {"story"}
    known = Established(title="T", style="S", characters=(), locations=(), neighbours=(Neighbours(),))
    model = Registry(Settings(_env_file=None)).model("screenplay", "local:screenwriter")  # type: ignore[call-arg]
    keys = {
        content_key(model, changed)
        for changed in (
            request,
            ScreenplayRequest(story=story, established=known),
            ScreenplayRequest(story=story, note="shorter"),
            ScreenplayRequest(story=story, established=None, note=""),
        )
    }
    assert len(keys) == 3


def test_part_is_keyed_without_positions() -> None:
    """The same new row at the same place is one call, whatever number it has in the table."""
    before = story_of(SHOT_LIST)
    rows = rows_of_table(SHOT_LIST)
    model = Registry(Settings(_env_file=None)).model("screenplay", "local:screenwriter")  # type: ignore[call-arg]
    new = "3,9,wide,Sea,,Waves.,,3"
    keys = set()
    for table in (with_rows(SHOT_LIST, [*rows, new]), "\n" + with_rows(SHOT_LIST, [*rows[:-1], "", rows[-1], new])):
        plan = plan_merge(before, written_locally(before), story_of(table))
        keys.add(content_key(model, ScreenplayRequest(story=plan.story, established=plan.established)))
    assert len(keys) == 1


# -- our own writer, with what is established


def test_own_writer_goes_on_from_the_shot_before() -> None:
    """He who is not named is the one seen before; the place, the light and the known look are those of the film."""
    rows = rows_of_table(PROSE)
    table = with_rows(PROSE, [*rows[:3], "2,,He looks at the letter. Nora comes in.,Nora: Read it.", *rows[3:]])
    before, after = story_of(PROSE), story_of(table)
    screenplay = written_locally(before)
    plan = plan_merge(before, screenplay, after)
    answer = write_screenplay(plan.story, plan.established)
    assert [one.name for one in answer.characters] == ["Mara", "Ivo", "Nora"]
    assert answer.characters[:2] == screenplay.characters
    assert answer.locations == screenplay.locations
    assert {shot.location for shot in answer.shots} == {"kitchen"}
    assert (answer.style, answer.title) == (screenplay.style, screenplay.title)


def test_own_writer_shows_a_known_place_no_second_time() -> None:
    """A place that the film has shown needs no establishing shot; a new one does, and so does one shown only later."""
    rows = rows_of_table(PROSE)
    for at, row, sizes in (
        (3, "2,Kitchen,Ivo sings.,", 1),
        (3, "2,Old mill,Ivo sings. He dances.,", 2),
        (0, "1,Hill,Ivo sings. He dances.,", 2),
    ):
        before, after = story_of(PROSE), story_of(with_rows(PROSE, [*rows[:at], row, *rows[at:]]))
        plan = plan_merge(before, written_locally(before), after)
        answer = write_screenplay(plan.story, plan.established)
        assert len(answer.shots) == sizes, row


def test_silent_story_goes_on_being_told() -> None:
    """Where descriptions are read aloud, so is that of a new row; where people speak, it is not."""
    silent = "\n".join(row.rpartition(",")[0] + "," for row in PROSE.splitlines()) + "\n"
    silent = silent.replace("description,", "description,dialogue")
    for table, told in ((silent, True), (PROSE, False)):
        before = story_of(table)
        after = story_of(with_rows(table, [*rows_of_table(table), "3,Hill,A kite rises.,"]))
        plan = plan_merge(before, written_locally(before), after)
        answer = write_screenplay(plan.story, plan.established)
        assert [shot.narration for shot in answer.shots] == (["A kite rises."] if told else [""])


# -- a film


@on_both_databases
def test_film_of_a_changed_story_pays_for_the_change(tmp_path: Path, database_url: str) -> None:
    """One row inserted at the top: the writer once, its keyframe and its clip; the run has the merged screenplay."""
    story = shot_list(tmp_path / "story.csv", 4)
    cloudflare = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
    env = environment(DATABASE_URL=database_url, METER=str(tmp_path / "meter"), METER_COST="0.10", **cloudflare)
    ran = clash(tmp_path, "run", str(story), "--thread", "first", *SMALL, *METERED, env=env)
    assert ran.code == 0, ran.err
    lines = story.read_text(encoding="utf-8").splitlines()
    changed = tmp_path / "changed.csv"
    changed.write_text("\n".join([lines[0], "9,WS,static,Harbour,Mara,Mara sings.,,1.0", *lines[1:]]) + "\n")
    asyncio.run(_begin_changed(tmp_path, database_url, story, changed))
    paid = len(metered(tmp_path / "meter"))
    ran = clash(tmp_path, "resume", "second", "--json", env=env)
    assert ran.code == 0, ran.err
    assert sorted(metered(tmp_path / "meter")[paid:]) == ["screenplay", "shot:001", "shot:001/keyframe"]
    kinds = {kind for (kind,) in rows_of(database_url, "SELECT asset_type FROM generated_assets WHERE run_id='second'")}
    assert {"screenplay", "screenplay_part", "story_before", "screenplay_before"} <= kinds
    published = json.loads((tmp_path / "output/second/screenplay.json").read_text(encoding="utf-8"))
    rows = [shot["source_row"] for scene in published["scenes"] for shot in scene["shots"]]
    assert rows == [2, 3, 4, 5, 6]
    assert [item["slot"] for item in ran.document["outputs"] if item["kind"] == "screenplay"] == ["screenplay"]
    again = clash(tmp_path, "resume", "second", "--json", env=env)
    assert again.document["status"] == "already_completed"


async def _begin_changed(folder: Path, url: str, before: Path, after: Path) -> None:
    """Begin a run of the changed story with what the run `first` has, as a fork does."""
    assets = AssetStore(folder / "data" / "assets")
    stories = {path: read_story(path.read_bytes(), name=path.name) for path in (before, after)}
    stored = {path: assets.put(story.model_dump_json().encode()) for path, story in stories.items()}
    async with open_database(url, "write") as database:
        [made] = await database.query(
            "SELECT sha256 FROM generated_assets WHERE run_id = 'first' AND asset_type = 'screenplay'"
        )
        [row] = await database.query("SELECT * FROM workflow_executions WHERE run_id = 'first'")
        established = {"story": stored[before], "screenplay": made["sha256"]}
        await AsyncMetadataTracker(database).start_workflow(
            "second",
            row["workflow_name"],
            story_path=str(after),
            story_sha256=stories[after].sha256,
            story_title=stories[after].title,
            settings={**json.loads(row["settings"]), "story": stored[after], "established": established},
            settings_fingerprint=row["settings_fingerprint"],
            graph_version=row["graph_version"],
        )
