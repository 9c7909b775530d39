"""Which stories a batch films, under which thread ids, and how it is told what is wrong before anything is paid."""

from __future__ import annotations

from pathlib import Path

import pytest
from filming import SMALL, environment, forked_clash, shot_list
from test_documents import holds

from clash.config import load_settings
from clash.errors import ClashError, NotFoundError, UsageError
from clash.production.batch_ids import batch_name, ids_of_files, part
from clash.production.batch_plan import BatchPlan, BatchRequest, plan_batch, story_files
from clash.production.batching import exit_code_of
from clash.production.plan import RunRequest
from clash.providers.registry import Registry
from clash.thread_ids import is_new_thread_id


def planned(folder: Path, *stories: str, **how: object) -> BatchPlan:
    """The plan of a batch `b` of these stories in a folder."""
    settings = load_settings({"CLASH_OUTPUT_DIR": str(folder / "output")})
    each = RunRequest(story="", **how)  # type: ignore[arg-type]
    return plan_batch(BatchRequest(stories, "b", each=each), settings, Registry(settings))


def ids(plan: BatchPlan) -> list[str]:
    """The thread ids of a plan."""
    return [story.thread_id for story in plan.stories]


# -- thread ids ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ep01", "Ep_01", "a.b-c"])
def test_a_name_that_an_id_can_hold_stays(name: str) -> None:
    """People recognise their files in the thread ids."""
    assert part(name) == name


def test_other_names_get_ids_that_differ() -> None:
    """Chinese names, spaces, long names, and what merely looks alike: valid ids, and no two are the same."""
    names = ["第一集", "第二集", "ep 01", "ep  01", "ep-01", "ep/01", "e" * 200, "e" * 201, " ", "…", "nul", ".hidden"]
    parts = [part(name) for name in names]
    assert len({one.casefold() for one in parts}) == len(names)
    assert all(is_new_thread_id(f"b-{one}") for one in parts)


def test_a_decomposed_name_is_the_composed_one() -> None:
    """A Mac keeps é as two characters: the same batch on a Linux machine has the same runs."""
    assert part("épisode") == part("e\u0301pisode")


def test_equal_stems_are_told_apart_by_folder() -> None:
    """Of two files of one name the folder's name joins; a third keeps its own."""
    assert ids_of_files([Path("/s1/ep.csv"), Path("/s2/EP.csv"), Path("/s2/x.csv")]) == ["s1-ep", "s2-EP", "x"]


@pytest.mark.parametrize("name", ["", ".x", "a b", "x" * 41, "批"])
def test_a_name_that_no_batch_can_have_is_refused(name: str) -> None:
    """The thread ids begin with it."""
    with pytest.raises(UsageError):
        batch_name(name)


# -- stories ---------------------------------------------------------------------------------------------------------


def test_a_pattern_is_expanded_where_no_shell_did(tmp_path: Path) -> None:
    """Each file once, in the order of names, however often it is named; the cast beside the stories is left out."""
    for name in ("b", "a"):
        shot_list(tmp_path / f"{name}.csv", 1)
    (tmp_path / "cast.csv").write_text("name,look\nMara,tall\n", encoding="utf-8")
    files, left_out = story_files([str(tmp_path / "*.csv"), str(tmp_path / "a.csv")])
    assert [path.name for path in files] == ["a.csv", "b.csv"]
    assert left_out == (str(tmp_path / "cast.csv"),)


def test_what_is_no_story_is_told_as_such(tmp_path: Path) -> None:
    """A pattern without a match, a file that is not there, a folder, standard input."""
    for pattern, kind in [("*.csv", NotFoundError), ("x.csv", NotFoundError), ("", UsageError)]:
        with pytest.raises(kind):
            story_files([str(tmp_path / pattern)])
    with pytest.raises(UsageError, match="standard input"):
        story_files(["-"])


def test_two_stories_of_one_id_are_both_named(tmp_path: Path) -> None:
    """Folders of the same name do not tell them apart: nothing is begun."""
    for parent in ("x", "y"):
        (tmp_path / parent / "s").mkdir(parents=True)
        shot_list(tmp_path / parent / "s" / "ep.csv", 1)
    with pytest.raises(UsageError, match=r"x/s/ep\.csv and .*y/s/ep\.csv would both be the run b-s-ep") as caught:
        planned(tmp_path, str(tmp_path / "*" / "s" / "ep.csv"))
    assert caught.value.code == "same_thread"


def test_every_bad_story_is_named(tmp_path: Path) -> None:
    """All are read before the first call is paid for, and all that is wrong is told at once."""
    shot_list(tmp_path / "good.csv", 1)
    for name in ("bad1", "bad2"):
        (tmp_path / f"{name}.csv").write_text("", encoding="utf-8")
    with pytest.raises(ClashError, match=r"2 of 3 stories cannot be filmed.*bad1\.csv.*bad2\.csv") as caught:
        planned(tmp_path, str(tmp_path / "*.csv"))
    assert caught.value.exit_code == 2


def test_each_story_of_a_table_can_be_a_run(tmp_path: Path) -> None:
    """`--story all`: the number joins where a table has several; one of them alone is named by its number as well."""
    table = "episode,shot,description\n1,1,A lamp goes out.\n1,2,A girl lights it.\n2,1,A boat comes home at night.\n"
    (tmp_path / "many.csv").write_text(table, encoding="utf-8")
    shot_list(tmp_path / "one.csv", 1)
    many, one = str(tmp_path / "many.csv"), str(tmp_path / "one.csv")
    assert ids(planned(tmp_path, many, one, story_choice="all")) == ["b-many-01", "b-many-02", "b-one"]
    assert ids(planned(tmp_path, many, story_choice="2")) == ["b-many-02"]


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0, 0], 0), ([0, 1, 6], 6), ([6, 8, 1], 8), ([4, 0, 4], 4), ([4, 3], 1), ([1, 143, 8], 143), ([5, 0], 5)],
)
def test_the_exit_code_is_the_most_telling_one(codes: list[int], code: int) -> None:
    """A signal, then a person, then a budget, then what all that failed have in common."""
    assert exit_code_of(codes) == code


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("projects", "set", "ads", "--monthly-quota", "x"), "--monthly-quota"),
        (("checkpoints", "prune", "--older-than", "x"), "--older-than"),
        (("batch", "--batch", "noche", "--dry-run"), "clash batch --batch noche 'stories/*.csv' --dry-run"),
        (("batch", "nope.csv"), "check the name of the file"),
        (("projects", "set", "ads", "--monthly-quota", "5"), "`clash db init`"),
    ],
)
def test_nonsense_is_told_with_what_to_type(tmp_path: Path, typed: tuple[str, ...], told: str) -> None:
    """An error names the option that it is about, or the command that helps."""
    ran = forked_clash(tmp_path, *typed, env=environment())
    assert ran.code in {2, 3}
    assert told in ran.err


def test_a_dry_run_sums_the_stories(tmp_path: Path) -> None:
    """Nothing is made or written; the budget of the batch is compared with the sum."""
    for name in ("a", "b"):
        shot_list(tmp_path / f"{name}.csv", 1)
    env = environment(METER=str(tmp_path / "meter"), METER_COST="0.10")
    asked = ("batch", "*.csv", "--budget", "0.15", "--dry-run", "--json", "--image-model", "metered:illustrator")
    document = forked_clash(tmp_path, *asked, *SMALL, env=env).document
    holds("batch-dry-run", document)
    each = [run["total_usd"] for run in document["runs"]]
    assert document["total_usd"] == f"{sum(float(one) for one in each):.6f}" != "0.000000"
    assert (len(each), document["within_budget"], document["completed"]) == (2, False, 0)
    assert [run["story"] for run in document["runs"]] == ["a.csv", "b.csv"]
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "meter").exists()
