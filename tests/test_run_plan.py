"""Everything of a request is checked before anything is made, and each refusal says what to change."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clash.assets import AssetStore, sha256_of
from clash.config import Settings, load_settings
from clash.database.rows import RunRow
from clash.errors import ClashError, ConflictError, NotFoundError, StoryError, UsageError
from clash.production.plan import RunPlan, RunRequest, check_same, new_thread_id, prepare
from clash.providers.choice import KINDS
from clash.providers.registry import Registry
from clash.thread_ids import check_thread_id
from clash.vocabulary import RunStatus

STORY = "镜号,画面,参考图\n1,灯塔,{}\n2,小禾走上楼梯,\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The defaults, in a folder of the test's own that holds a story."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("CLASH_"):
            monkeypatch.delenv(name)
    Path("story.csv").write_text(STORY.format(""), encoding="utf-8")
    return load_settings()


def plan(settings: Settings, **changes: Any) -> RunPlan:
    return prepare(RunRequest(**{"story": "story.csv", **changes}), settings, Registry())


def refused(settings: Settings, kind: type[ClashError], **changes: Any) -> ClashError:
    with pytest.raises(kind) as caught:
        plan(settings, **changes)
    return caught.value


# -- thread ids ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thread_id", ["a", "run-123", "-x", "_", "A.b_c-9", "x" * 128])
def test_a_thread_id_is_letters_digits_and_three_marks(thread_id: str) -> None:
    """1 to 128 of them."""
    assert check_thread_id(thread_id) == thread_id


@pytest.mark.parametrize(
    "thread_id",
    [
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "../x",
        "a\\b",
        "a b",
        "a\n",
        "\na",
        "a\0",
        "灯塔",
        "é",
        "a:b",
        "[/b]",
        "x" * 129,
        "x" * 10_000,
    ],
)
def test_any_other_thread_id_is_wrong_use(settings: Settings, thread_id: str) -> None:
    """Exit 2, the rule as a hint, and a message that stays short; nothing is made."""
    error = refused(settings, UsageError, thread_id=thread_id)
    assert (error.exit_code, error.code) == (2, "thread_id")
    assert len(error.message) < 200
    assert "\n" not in error.message
    assert {path.name for path in Path().iterdir()} == {"story.csv"}


@pytest.mark.parametrize(
    "name", ["story.csv", "灯塔.csv", "...csv", "a b/c d.csv", ".hidden.csv", "x" * 400 + ".csv", "-n.csv", "a.b.c"]
)
def test_a_thread_without_an_id_gets_one_that_is_valid(name: str) -> None:
    """From whatever file; never the same twice."""
    ids = {new_thread_id(name) for _ in range(20)}
    assert len(ids) == 20
    assert all(check_thread_id(thread_id) and not thread_id.startswith("-") for thread_id in ids)


# -- the story -------------------------------------------------------------------------------------------------------


def test_a_story_that_is_not_there_is_not_found(settings: Settings) -> None:
    """Exit 3."""
    assert refused(settings, NotFoundError, story="nowhere.csv").exit_code == 3


@pytest.mark.parametrize("story", [".", "", "a\0b", "n" * 5000, "story.csv/below"])
def test_a_path_that_cannot_be_a_story_is_told(settings: Settings, story: str) -> None:
    """A folder, an empty name, a name that no disk takes: exit 2 or 3, and no traceback."""
    assert refused(settings, ClashError, story=story).exit_code in (2, 3)


def test_a_picture_is_no_story(settings: Settings) -> None:
    """Exit 2."""
    Path("story.csv").write_bytes(PNG + bytes(range(256)) * 8)
    assert refused(settings, StoryError).exit_code == 2


def test_a_story_that_may_not_be_read_is_told(
    settings: Settings, open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    """Exit 2 and the reason, for the file and for its folder."""
    story, below = open_folder / "story.csv", open_folder / "closed"
    story.write_text(STORY, encoding="utf-8")
    story.chmod(0)
    below.mkdir()
    below.chmod(0)
    request = RunRequest(story=str(story), output=Path(open_folder / "out"))
    registry = Registry()
    for kind in KINDS:
        registry.model(kind, "local")
    with unprivileged():
        for unreadable in (story, below / "story.csv"):
            with pytest.raises(StoryError, match="Permission denied"):
                prepare(replace(request, story=str(unreadable)), settings, registry)


def test_a_story_may_come_from_standard_input(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes count, not its way in: the same story by name and by `-` is the same."""
    by_name = plan(settings)
    stream = SimpleNamespace(buffer=io.BytesIO(Path("story.csv").read_bytes()))
    monkeypatch.setattr("sys.stdin", stream)
    piped = plan(settings, story="-")
    assert (piped.story.sha256, piped.fingerprint) == (by_name.story.sha256, by_name.fingerprint)
    assert piped.thread_id.startswith("stdin-")


def test_a_process_without_standard_input_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2 for `run - <&-`."""
    monkeypatch.setattr("sys.stdin", None)
    assert refused(settings, UsageError, story="-").exit_code == 2


# -- pictures that the story refers to -------------------------------------------------------------------------------


def with_picture(name: str) -> None:
    Path("story.csv").write_text(STORY.format(f'"{name}"'), encoding="utf-8")


async def test_a_picture_is_taken_with_the_story(settings: Settings, assets: AssetStore) -> None:
    """Its bytes stand in the store, under the story's own name for it; sub-folders and Windows' slashes are fine."""
    Path("refs").mkdir()
    Path("refs/light.png").write_bytes(PNG)
    with_picture("refs\\light.png")
    made = plan(settings)
    stored = await made.store(assets)
    (entry,) = stored["reference_images"].items()
    assert entry == ("refs\\light.png", {"sha256": sha256_of(PNG), "media_type": "image/png"})
    assert assets.read(stored["story"]) == made.story.model_dump_json().encode()
    Path("refs/light.png").unlink()
    assert assets.read(sha256_of(PNG)) == PNG


def test_an_address_on_the_network_is_left_alone(settings: Settings) -> None:
    """It is for models that can fetch it; nothing is read and nothing is refused."""
    with_picture("https://example.org/light.png")
    assert plan(settings).panels == {}


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "refs/../../secret.png",
        "..\\secret.png",
        "{outside}/secret.png",
        "link.png",
        "linked/secret.png",
        "nowhere.png",
        "story.csv",
        "words.png",
        "folder.png",
        "empty.png",
        "sound.webp",
        "a\0b.png",
        "loop.png",
        "n" * 5000 + ".png",
    ],
)
def test_a_picture_that_cannot_be_taken_names_its_row(settings: Settings, tmp_path: Path, name: str) -> None:
    """Outside of the folder (also through a link), missing, a folder, not a picture: exit 2, row 2, the column."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(PNG)
    (tmp_path.parent / "secret.png").write_bytes(PNG)
    Path("refs").mkdir()
    try:
        Path("link.png").symlink_to(outside / "secret.png")
        Path("linked").symlink_to(outside)
        Path("loop.png").symlink_to("loop.png")
    except OSError:
        pytest.skip("this user may not make symbolic links")
    Path("words.png").write_text("words", encoding="utf-8")
    Path("empty.png").touch()
    Path("sound.webp").write_bytes(b"RIFF\x10\0\0\0WAVEfmt " + bytes(8))
    Path("folder.png").mkdir()
    with_picture(name.format(outside=outside.as_posix()))
    error = refused(settings, StoryError)
    assert isinstance(error, StoryError)
    assert (error.exit_code, error.row, error.column) == (2, 2, "参考图")


# -- models, size, rate, budget --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "names"),
    [("nobody:x", "local"), ("local:nothing", "illustrator"), (":x", "local"), ("local:screenwriter", "illustrator")],
)
def test_an_unknown_model_names_the_known_ones(settings: Settings, spec: str, names: str) -> None:
    """Exit 2."""
    error = refused(settings, UsageError, models={"image": spec})
    assert error.exit_code == 2
    assert names in error.message


def test_a_provider_alone_means_its_first_model(settings: Settings) -> None:
    """`local` and `local:illustrator` are one setting, so they begin the same run."""
    assert plan(settings, models={"image": "local"}).fingerprint == plan(settings).fingerprint
    assert refused(settings, UsageError, models={"picture": "local"}).exit_code == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"size": "1281x720"},
        {"size": "big"},
        {"fps": 7},
        {"fps": 61},
        {"concurrency": 0},
        {"concurrency": 257},
        {"budget": Decimal(-1)},
        {"budget": Decimal("NaN")},
        {"budget": Decimal("Infinity")},
    ],
    ids=str,
)
def test_a_number_out_of_its_range_is_wrong_use(settings: Settings, changes: dict[str, Any]) -> None:
    """Exit 2."""
    assert refused(settings, UsageError, **changes).exit_code == 2


def test_a_request_goes_before_the_settings(settings: Settings) -> None:
    """What is not asked for comes from the settings, also a budget of nothing."""
    changed = settings.changed(fps=12, budget=Decimal(5), size="640x360")
    assert (plan(changed).fps, plan(changed).budget, plan(changed).size) == (12, Decimal(5), "640x360")
    asked = plan(changed, fps=30, budget=Decimal(0), size="128x128")
    assert (asked.fps, asked.budget, asked.size) == (30, Decimal(0), "128x128")


# -- where the film goes ---------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_yet_will_do(settings: Settings) -> None:
    """It is not made before there is something to put into it."""
    assert plan(settings, output=Path("new/films")).output == Path("new/films")
    assert not Path("new").exists()


def test_an_output_that_cannot_be_a_folder_is_refused(
    settings: Settings, open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    """A file in its place, no permission, a name that no disk takes: exit 2."""
    for output in (Path("story.csv"), Path("story.csv/films"), Path("n" * 5000)):
        assert refused(settings, UsageError, output=output).exit_code == 2
    open_folder.chmod(0o555)
    request = RunRequest(story="story.csv", output=open_folder / "films")
    registry = Registry()
    content = Path("story.csv").read_bytes()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("clash.production.plan.read_file", lambda _: ("story.csv", Path(), content))
        for kind in KINDS:
            registry.model(kind, "local")
        with unprivileged(), pytest.raises(UsageError, match="cannot be written"):
            prepare(request, settings, registry)


# -- a run that exists -----------------------------------------------------------------------------------------------


def row_of(made: RunPlan) -> RunRow:
    """The row of a run that was begun with this plan."""
    return RunRow(
        run_id=made.thread_id,
        workflow_name="video_production",
        status=RunStatus.PAUSED,
        start_time="2026-01-01T00:00:00Z",
        end_time=None,
        updated_at="2026-01-01T00:00:00Z",
        story_path=made.story_path,
        story_sha256=made.story.sha256,
        story_title=made.story.title,
        settings_json=json.dumps(made.recorded({})),
        settings_fingerprint=made.fingerprint,
        graph_version=1,
        budget_micro=None,
        spent_micro=0,
        reserved_micro=0,
        lease_owner=None,
        lease_generation=1,
        lease_expires_at=None,
        error_code=None,
        error_message=None,
        metadata_json="{}",
    )


def test_the_same_request_goes_on(settings: Settings) -> None:
    """Output folder, concurrency, reuse and budget are no part of what the film is."""
    row = row_of(plan(settings, thread_id="t"))
    again = plan(settings, thread_id="t", output=Path("other"), concurrency=9, reuse=False, budget=Decimal(1))
    assert check_same(row, again)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"fps": 12}, ["fps: 24 there, 12 here"]),
        ({"size": "640x360"}, ["size: 1280x720 there, 640x360 here"]),
        ({"fps": 12, "size": "640x360"}, ["fps", "size"]),
    ],
)
def test_other_settings_are_a_conflict_that_names_them(
    settings: Settings, changes: dict[str, Any], named: list[str]
) -> None:
    """Exit 5, both values of each setting that differs and of no other, and the ways to go on."""
    row = row_of(plan(settings, thread_id="t"))
    other = plan(settings, thread_id="t", **changes)
    with pytest.raises(ConflictError) as caught:
        check_same(row, other)
    assert (caught.value.exit_code, caught.value.code) == (5, "other_settings")
    assert all(part in caught.value.message for part in named)
    assert "models" not in caught.value.message
    assert "clash resume t" in (caught.value.hint or "")
    assert not check_same(row, other, allow_changes=True)


def test_another_story_is_a_conflict_in_any_case(settings: Settings) -> None:
    """Exit 5: the thread's films would be two."""
    row = row_of(plan(settings, thread_id="t"))
    Path("story.csv").write_text(STORY.format("") + "3,雾,\n", encoding="utf-8")
    for allow in (False, True):
        with pytest.raises(ConflictError) as caught:
            check_same(row, plan(settings, thread_id="t"), allow_changes=allow)
        assert (caught.value.exit_code, caught.value.code) == (5, "other_story")
