"""A film of an earlier release, whose reader took voices for people, is changed: nothing but the change is paid for."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, rows_of
from garbage import age
from takes_room import PRICE, TakesRoom

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")

HEADER = "镜号,景别,场景,人物,画面,台词,时长\n"
ROWS = (
    "1,特写,客厅,苏晚,手机亮了。,手机：您有一条新消息。,0.5\n",
    "2,近景,客厅,苏晚,苏晚看着窗外。,苏晚内心OS：他不会回来了。,0.5\n",
    "3,特写,厨房,林浩,收音机在响。,收音机：今晚有雨。,0.5\n",
    "4,中景,厨房,林浩,林浩切菜。,林浩：吃饭吧。,0.5\n",
    "5,特写,厨房,林浩,电话响了。,电话：喂。,0.5\n",
)
PAID = METERED[2:]
"""All but the writer, whose answer is exact then."""
CHANGED = ROWS[3].replace("切菜", "洗碗")
FORK = ("fork", "t", "--thread", "f", "--story")


def table(room: TakesRoom, *rows: str, name: str = "changed.csv") -> str:
    """Write a table; its name."""
    (room.folder / name).write_text(HEADER + "".join(rows), encoding="utf-8")
    return name


def film_of(folder: Path, url: str) -> TakesRoom:
    """A folder with a film of five shots, read by an earlier release; what is typed next is typed in today's."""
    room = TakesRoom(folder, url)
    table(room, *ROWS, name="story.csv")
    ran = room.type("run", "story.csv", "--thread", "t", *SMALL, *PAID, METER_READER="")
    assert ran.code == 0, ran.err
    return room


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a film, to be copied."""
    folder = tmp_path_factory.mktemp("original")
    film_of(folder, f"sqlite:///{(folder / 'clash.db').as_posix()}")
    return folder


@pytest.fixture
def room(original: Path, tmp_path: Path) -> TakesRoom:
    """A film of the test's own, that an earlier release has made."""
    folder = tmp_path / "room"
    shutil.copytree(original, folder)
    return TakesRoom(folder, f"sqlite:///{(folder / 'clash.db').as_posix()}")


def forget_table(room: TakesRoom) -> None:
    """Make the run one of a release that kept no table with it."""
    with sqlite3.connect(room.folder / "clash.db") as connection:
        connection.execute("UPDATE workflow_executions SET settings = json_remove(settings, '$.table')")


def shots_paid(room: TakesRoom, *command: str) -> list[str]:
    """Type a command; the slots of shots that are charged. Its dry run said the price before, if it is no estimate."""
    price = room.ok(*command, "--dry-run")["price"]
    charges = room.charges(*command)
    assert price["estimated"] or Decimal(price["total_usd"]) == PRICE * charges.total()
    return sorted({slot.partition("/")[0] for slot in charges if slot.startswith("shot:")})


def warned(room: TakesRoom, *command: str) -> Sequence[str]:
    """What a dry run says of rows that are read differently."""
    return [text for text in room.ok(*command, "--dry-run")["warnings"] if "differently" in text]


@on_both_databases
def test_a_change_costs_what_it_changes(tmp_path: Path, database_url: str) -> None:
    """One row of five is changed, and four are read differently: one shot is paid for; also in a fork of the fork."""
    room = film_of(tmp_path / "room", database_url)
    changed = table(room, *ROWS[:3], CHANGED, ROWS[4])
    (told,) = warned(room, *FORK, changed)
    assert told.startswith("4 shots (shot:001, shot:002, shot:003, shot:005): this version of clash reads the table")
    assert "row 2, dialogue: '手机: 您有一条新消息。' then, 'narrator 手机: 您有一条新消息。' now" in told
    assert shots_paid(room, *FORK, changed) == ["shot:004"]
    moved = table(room, ROWS[4], ROWS[0], CHANGED, name="moved.csv")
    assert shots_paid(room, "fork", "f", "--thread", "g", "--story", moved) == []
    (settings,) = rows_of(
        room.url, "SELECT json_extract(settings, '$.table.name') FROM workflow_executions WHERE run_id = 'g'"
    )
    assert settings == ("moved.csv",)


def test_a_run_without_its_table_finds_the_file(room: TakesRoom) -> None:
    """The file of an older release's run serves where it was, or where it is said to be; another one is refused."""
    forget_table(room)
    changed = table(room, *ROWS[:3], CHANGED, ROWS[4])
    assert room.ok(*FORK, changed, "--dry-run")["shots"]["changed"] == ["shot:004"]
    (room.folder / "story.csv").rename(room.folder / "kept.csv")
    assert room.ok(*FORK, changed, "--original", "kept.csv", "--dry-run")["shots"]["changed"] == ["shot:004"]
    refused = room.type(*FORK, changed, "--original", changed)
    assert (refused.code, "is not the table that t was made of" in refused.err) == (2, True)
    assert shots_paid(room, *FORK, changed, "--original", "kept.csv") == ["shot:004"]
    assert shots_paid(room, "fork", "f", "--thread", "g", "--story", table(room, *ROWS[:3], CHANGED)) == []


def test_a_table_that_is_gone_is_told_from_its_words(room: TakesRoom) -> None:
    """Without its table, rows that still hold what was read stay; where that does not tell, the dry run says so."""
    forget_table(room)
    (room.folder / "story.csv").unlink()
    whispered = ROWS[0].replace("手机：", "手机（小声）：")
    changed = table(room, whispered, *ROWS[1:3], CHANGED, ROWS[4])
    kept, unsure = warned(room, *FORK, changed)
    assert kept.startswith("3 shots (shot:002, shot:003, shot:005): this version of clash reads the table differently")
    assert unsure.startswith("1 shot (shot:001): changed by you, or read differently by this version of clash")
    assert "--original FILE names it. They are read anew; --no-reread keeps them" in unsure
    assert room.ok(*FORK, changed, "--dry-run")["shots"]["changed"] == ["shot:001", "shot:004"]
    assert shots_paid(room, *FORK, changed, "--no-reread") == ["shot:004"]


def test_a_table_is_read_again_if_asked(room: TakesRoom) -> None:
    """`--reread` prices and makes all that is read differently, with a changed table and with the run's own."""
    changed = table(room, *ROWS[:3], CHANGED, ROWS[4])
    (told,) = warned(room, *FORK, changed, "--reread")
    assert told.startswith("4 shots (shot:001, shot:002, shot:003, shot:005): read anew, and differently")
    plan = room.ok(*FORK, changed, "--reread", "--dry-run")
    assert plan["shots"]["changed"] == ["shot:001", "shot:002", "shot:003", "shot:004", "shot:005"]
    again = room.ok("fork", "t", "--thread", "own", "--reread", "--dry-run")
    assert again["shots"]["changed"] == ["shot:001", "shot:002", "shot:003", "shot:005"]
    assert "shot:001" in shots_paid(room, "fork", "t", "--thread", "own", "--reread")
    assert room.ok("fork", "own", "--thread", "last", "--reread", "--dry-run")["calls"]["to_make"] == 0
    other = room.type("fork", "t", "--thread", "own")
    assert (other.code, other.document["error"]["code"]) == (5, "other_fork")


def test_a_table_that_is_gone_is_not_read_again(room: TakesRoom) -> None:
    """Without its table a run cannot be read anew, and with a screenplay no table is read."""
    forget_table(room)
    (room.folder / "story.csv").unlink()
    gone = room.type("fork", "t", "--thread", "f", "--reread")
    assert (gone.code, "--story FILE --reread" in gone.err) == (2, True)
    both = room.type("fork", "t", "--thread", "f", "--reread", "--screenplay", "output/t/screenplay.json")
    assert both.code == 2


def test_the_hint_of_run_names_the_price_of_the_change(room: TakesRoom) -> None:
    """A changed story on the old thread: the fork that the hint names changes one shot, not five."""
    refused = room.type("run", table(room, *ROWS[:3], CHANGED, ROWS[4]), "--thread", "t", *SMALL, *PAID)
    assert (refused.code, "1 shot changes" in refused.err) == (5, True)


def test_a_run_that_was_moved_has_its_table(room: TakesRoom) -> None:
    """In another database, and without the file, a changed row costs what it cost where the run was made."""
    changed = table(room, *ROWS[:3], CHANGED, ROWS[4])
    room.ok("db", "export", "runs.jsonl")
    (room.folder / "story.csv").unlink()
    there = {"DATABASE_URL": f"sqlite:///{(room.folder / 'there.db').as_posix()}"}
    for command in (("db", "init"), ("db", "import", "runs.jsonl")):
        assert room.type(*command, **there).code == 0
    plan = room.type(*FORK, changed, "--dry-run", **there)
    assert plan.document["shots"]["changed"] == ["shot:004"]


def test_a_fork_of_a_run_without_its_table_has_it(room: TakesRoom) -> None:
    """A fork takes the file of its source to itself where it is found; of a fork that is enough."""
    forget_table(room)
    room.ok("fork", "t", "--thread", "f", "--captions", "none")
    (room.folder / "story.csv").unlink()
    changed = table(room, *ROWS[:3], CHANGED, ROWS[4])
    plan = room.ok("fork", "f", "--thread", "g", "--story", changed, "--dry-run")
    assert plan["shots"]["changed"] == ["shot:004"]
    assert "what you did not change stays as it was" in plan["warnings"][-1]


def test_gc_keeps_the_table_while_its_run_is_there(room: TakesRoom) -> None:
    """The table of a run is named by its settings; when the run is removed, its file goes."""
    ((sha256,),) = rows_of(room.url, "SELECT json_extract(settings, '$.table.sha256') FROM workflow_executions")
    file = room.folder / "data/assets" / sha256[:2] / sha256[2:]
    assert file.read_text(encoding="utf-8") == HEADER + "".join(ROWS)
    age(file)
    room.ok("gc", "--older-than", "1d", "--yes")
    assert file.is_file()
    room.ok("runs", "rm", "t", "--yes")
    age(file)
    room.ok("gc", "--older-than", "1d", "--yes")
    assert not file.exists()


def test_the_same_table_read_otherwise_is_another_story(room: TakesRoom) -> None:
    """A column that a person says is the narration is spoken in the fork; without a table it is refused."""
    table_of_two = "shot,description,dialogue,blah,duration\n1,Mara waits.,MARA: Hello.,The sea is grey.,0.5\n"
    (room.folder / "two.csv").write_text(table_of_two + "2,Ivo ties a rope.,IVO: No.,,0.5\n", encoding="utf-8")
    ran = room.type("run", "two.csv", "--thread", "two", *SMALL, *PAID)
    assert ran.code == 0, ran.err
    fork = ("fork", "two", "--thread", "told", "--column", "blah=narration")
    refused = room.type(*fork)
    assert (refused.code, "--story FILE" in refused.err) == (2, True)
    assert shots_paid(room, *fork, "--story", "two.csv") == ["shot:001"]
    assert "speech:The_sea_is_grey." in room.charged
    assert shots_paid(room, "fork", "told", "--thread", "same", "--story", "two.csv") == []
