"""Whole films through the real command line, small, offline."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, clash, environment, forked, forked_clash, metered, query, rows_of, shot_list
from PIL import Image


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the thread `one` was run to its end."""
    folder = tmp_path_factory.mktemp("finished")
    shot_list(folder / "story.csv", 4, words=True)
    ran = clash(folder, "run", "story.csv", "--thread", "one", *SMALL, "--json")
    assert ran.code == 0, ran.err
    (folder / "first.json").write_text(ran.out)
    return folder


def first_document(folder: Path) -> dict[str, object]:
    return json.loads((folder / "first.json").read_text())


def test_a_film_is_made_and_everything_it_names_is_there(finished: Path) -> None:
    """The document names film, screenplay, cards, keyframes, shots and subtitles, and each is a file."""
    document = json.loads((finished / "first.json").read_text())
    assert document["status"] == "completed"
    assert document["error"] is None
    assert document["steps"]["generate_shots"] == {"done": 4, "total": 4}
    assert {output["kind"] for output in document["outputs"]} >= {
        "film",
        "screenplay",
        "character_image",
        "location_image",
        "keyframe",
        "shot",
        "subtitles",
    }
    for output in document["outputs"]:
        assert (finished / output["path"]).stat().st_size > 0, output
    assert document["film"]["path"] == "output/one/film.mp4"


def test_the_film_plays_for_as_long_as_its_shots(finished: Path) -> None:
    """Picture, sound and subtitles are in the file, and every frame of every shot."""
    document = json.loads((finished / "first.json").read_text())
    with av.open(str(finished / "output/one/film.mp4")) as film:
        assert [stream.type for stream in film.streams] == ["video", "audio", "subtitle"]
        frames = sum(1 for _ in film.decode(video=0))
    assert frames == round(document["film"]["duration_s"] * 8)


def test_the_database_is_private_and_the_film_is_not(finished: Path) -> None:
    """Nobody else can read the database and the store; published files have the mode of any new file."""
    film = finished / "output/one/film.mp4"
    stored = next(path for path in (finished / "data/assets").rglob("*") if path.is_file())
    plain = finished / "plain"
    plain.touch()
    if sys.platform != "win32":
        assert all(path.stat().st_mode & 0o077 == 0 for path in (finished / "data/checkpoints.db", stored))
        assert film.stat().st_mode == plain.stat().st_mode


def test_running_it_again_calls_nothing(finished: Path) -> None:
    """The same arguments again: already completed, exit 0, not one row more."""
    before = query(finished, "SELECT count(*) FROM api_logs")
    again = clash(finished, "run", "story.csv", "--thread", "one", *SMALL, "--json")
    assert (again.code, again.document["status"]) == (0, "already_completed")
    assert again.document["film"] == first_document(finished)["film"]
    assert query(finished, "SELECT count(*) FROM api_logs") == before
    resumed = clash(finished, "resume", "one", "--json")
    assert (resumed.code, resumed.document["status"]) == (0, "already_completed")


def test_a_film_that_is_nowhere_is_no_success(finished: Path, tmp_path: Path) -> None:
    """The film was deleted, and the store is gone too: exit 1 and the file by name, not `already_completed`."""
    shutil.copytree(finished, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy/output")
    shutil.rmtree(tmp_path / "copy/data/assets")
    gone = clash(tmp_path / "copy", "resume", "one", "--json")
    assert (gone.code, gone.document["error"]["code"]) == (1, "asset_lost")


def test_a_deleted_film_is_given_back(finished: Path) -> None:
    """The film's name was deleted: running again restores it from the store."""
    film = finished / "output/one/film.mp4"
    content = film.read_bytes()
    film.unlink()
    assert clash(finished, "run", "story.csv", "--thread", "one", *SMALL).code == 0
    assert film.read_bytes() == content


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_another_story_under_the_same_thread_is_a_conflict(finished: Path, dry: tuple[str, ...]) -> None:
    """Exit 5, the message says so, and the run is as it was. An estimate says it beforehand."""
    shot_list(finished / "other.csv", 2)
    ran = clash(finished, "run", "other.csv", "--thread", "one", *SMALL, *dry, "--json")
    assert ran.code == 5
    assert ran.document["error"]["code"] == "other_story"


def test_threads_that_some_disks_take_for_one_are_a_conflict(finished: Path) -> None:
    """`ONE` beside `one`: on a Mac or on Windows their files would go into one folder."""
    ran = clash(finished, "run", "story.csv", "--thread", "ONE", *SMALL, "--json")
    assert (ran.code, ran.document["error"]["code"]) == (5, "same_folder")
    assert clash(finished, "runs", "show", "ONE").code == 3
    assert not (finished / "output" / "ONE").exists()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_other_settings_under_the_same_thread_are_named(finished: Path, dry: tuple[str, ...]) -> None:
    """Exit 5, and the message names what is different."""
    other = ("--size", "256x144", "--fps", "8")
    ran = clash(finished, "run", "story.csv", "--thread", "one", *other, *dry, "--json")
    assert ran.code == 5
    assert "192x108" in ran.document["error"]["message"]
    assert "256x144" in ran.document["error"]["message"]


def test_another_thread_finds_everything_made(finished: Path) -> None:
    """A second run of the story costs nothing: every call is reused, and the film is the same to the byte."""
    ran = clash(finished, "run", "story.csv", "--thread", "two", *SMALL, "--json")
    assert ran.code == 0, ran.err
    assert ran.document["film"]["sha256"] == first_document(finished)["film"]["sha256"]  # type: ignore[index]
    cost = clash(finished, "cost", "two", "--json").document
    assert cost["calls"] == cost["reused_calls"] > 0


def test_without_reuse_everything_is_made_again(finished: Path) -> None:
    """`--no-reuse` forbids that earlier runs serve."""
    ran = clash(finished, "run", "story.csv", "--thread", "three", *SMALL, "--no-reuse", "--json")
    assert ran.code == 0, ran.err
    assert clash(finished, "cost", "three", "--json").document["reused_calls"] == 0


def test_checkpoints_tell_the_five_steps(finished: Path) -> None:
    """Each checkpoint says which step made it and which come next; the last leads nowhere."""
    items = clash(finished, "checkpoints", "ls", "one", "--json").document["items"]
    assert items[0]["step_name"] == "finalize"
    assert items[0]["next"] == []
    names = [item["step_name"] for item in reversed(items)]
    assert list(dict.fromkeys(names))[2:] == [
        "initialize",
        "generate_screenplay",
        "generate_assets",
        "generate_shots",
        "finalize",
    ]
    shots = next(item for item in items if item["step_name"] == "generate_shots")
    assert shots["next"] == ["finalize"]
    assert shots["api_calls"] == 12  # keyframe, clip and words of four shots
    shown = clash(finished, "checkpoints", "show", "one", shots["checkpoint_id"], "--json").document
    assert set(shown["values"]["shots"]) == {"shot:001", "shot:002", "shot:003", "shot:004"}


@on_both_databases
def test_a_failed_shot_lets_its_siblings_finish(tmp_path: Path, database_url: str) -> None:
    """Two of twelve shots fail: ten finish, exit 1, both are named; once they can be made, resume makes two clips."""
    shot_list(tmp_path / "story.csv", 12)
    meter = tmp_path / "meter"
    broken = environment(DATABASE_URL=database_url, METER=str(meter), METER_FAIL="shot:003,shot:007")
    ran = forked_clash(tmp_path, "run", "story.csv", "--thread", "f", *SMALL, *METERED, "--json", env=broken)
    assert ran.code == 1, ran.err
    error = ran.document["error"]
    assert ran.document["status"] == "failed"
    assert error["slots"] == ["shot:003", "shot:007"]
    assert "clash resume f" in error["hint"]
    assert error["retryable"] is True
    assert ran.document["steps"]["generate_shots"] == {"done": 10, "total": 12}
    assert not (tmp_path / "output/f/film.mp4").exists()
    assert all((tmp_path / output["path"]).exists() for output in ran.document["outputs"])
    before = len(metered(meter))
    mended = forked_clash(
        tmp_path, "resume", "f", "--json", env=environment(DATABASE_URL=database_url, METER=str(meter))
    )
    assert mended.code == 0, mended.err
    assert sorted(metered(meter)[before:]) == ["shot:003", "shot:007"]
    succeeded = rows_of(database_url, "SELECT slot, count(*) FROM api_logs WHERE state = 'succeeded' GROUP BY slot")
    assert all(count == 1 for _, count in succeeded)


@on_both_databases
def test_ctrl_c_keeps_what_was_made(tmp_path: Path, database_url: str) -> None:
    """SIGINT: exit 130, the hint says how to go on, and resume repeats nothing that had succeeded."""
    shot_list(tmp_path / "story.csv", 16)
    meter = tmp_path / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter), METER_DELAY="0.3")
    child = forked(tmp_path, "run", "story.csv", "--thread", "c", *SMALL, *METERED, env=env)
    while len(metered(meter)) < 12:
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.wait(0) == 130, err
    assert "clash resume c" in err
    assert "Traceback" not in err
    done = forked_clash(tmp_path, "resume", "c", "--json", env=environment(DATABASE_URL=database_url, METER=str(meter)))
    assert done.code == 0, done.err
    asked = metered(meter)
    assert len(asked) == len(set(asked))


@on_both_databases
def test_two_processes_on_one_thread_make_one_film(tmp_path: Path, database_url: str) -> None:
    """Started together, one runs and the other says who holds the run (or finds it completed)."""
    shot_list(tmp_path / "story.csv", 6)
    meter = tmp_path / "meter"
    assert forked_clash(tmp_path, "db", "init", env=environment(DATABASE_URL=database_url)).code == 0
    env = environment(DATABASE_URL=database_url, METER=str(meter), METER_DELAY="0.2")
    arguments = ("run", "story.csv", "--thread", "t", *SMALL, *METERED, "--json")
    children = [forked(tmp_path, *arguments, env=env) for _ in range(2)]
    said = [(*child.communicate(), child.wait(0)) for child in children]
    outcomes = sorted((code, out, err) for out, err, code in said)
    assert [code for code, _, _ in outcomes] == [0, 5], outcomes
    assert json.loads(outcomes[1][1])["error"]["code"] == "held"
    asked = metered(meter)
    assert len(asked) == len(set(asked))


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are a POSIX thing")
def test_a_full_disk_is_told_and_the_run_goes_on_later(tmp_path: Path) -> None:
    """No file may grow past 500 KB: exit 1, the error says that the disk is full, nothing half-written has a name."""
    shot_list(tmp_path / "story.csv", 2)
    limited = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY));"
        "sys.argv[0] = 'clash'; runpy.run_module('clash', run_name='__main__')"
    )
    arguments = ("run", "story.csv", "--thread", "d", "--size", "1280x720", "--fps", "8", "--json")
    done = subprocess.run(
        [sys.executable, "-c", limited, *arguments],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "disk_full"
    assert not list(tmp_path.glob("output/**/*.mp4"))
    assert not list(tmp_path.glob("data/assets/**/*.part"))
    again = clash(tmp_path, "resume", "d", "--json")
    assert again.code == 0, again.err


def test_after_a_damaged_checkpoint_a_new_thread_pays_nothing(tmp_path: Path) -> None:
    """A checkpoint row with other bytes: a clear error; the story under a new thread finds all files again."""
    import sqlite3

    shot_list(tmp_path / "story.csv", 3)
    meter = tmp_path / "meter"
    env = environment(METER=str(meter), METER_FAIL="shot:002")
    assert clash(tmp_path, "run", "story.csv", "--thread", "d", *SMALL, *METERED, env=env).code == 1
    with sqlite3.connect(tmp_path / "data/checkpoints.db") as connection:
        connection.execute("UPDATE checkpoints SET checkpoint = x'ffff00' WHERE thread_id = 'd'")
    connection.close()
    broken = clash(tmp_path, "resume", "d", "--json", env=env)
    assert broken.code == 1
    assert broken.document["error"]["code"] == "damaged_checkpoint"
    before = len(metered(meter))
    mended = environment(METER=str(meter))
    fresh = clash(tmp_path, "run", "story.csv", "--thread", "e", *SMALL, *METERED, "--json", env=mended)
    assert fresh.code == 0, fresh.err
    assert metered(meter)[before:] == ["shot:002"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "story.csv", "--thread", "a/b"), 2),
        (("run", "story.csv", "--thread", ".."), 2),
        (("run", "story.csv", "--thread", "a\nb"), 2),
        (("run", "story.csv", "--thread", "x" * 200), 2),
        (("run", "."), 2),
        (("run", "picture.png"), 2),
        (("run", "empty.csv"), 2),
        (("run", "missing.csv"), 3),
        (("run", "story.csv", "--image-model", "nobody:x"), 2),
        (("run", "story.csv", "--size", "1281x720"), 2),
        (("run", "story.csv", "--fps", "1000"), 2),
        (("resume", "nothing"), 3),
        (("runs", "ls"), 3),
        (("cost", "nothing"), 3),
        (("checkpoints", "ls", "nothing"), 3),
        (("db", "status"), 3),
    ],
)
def test_bad_use_is_told_and_leaves_nothing_behind(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """The exit code is the contract's, the error names what and where, no traceback, no new file."""
    shot_list(tmp_path / "story.csv", 1)
    Image.new("RGB", (4, 4)).save(tmp_path / "picture.png")
    (tmp_path / "empty.csv").touch()
    before = sorted(tmp_path.rglob("*"))
    ran = clash(tmp_path, *arguments, "--json")
    assert ran.code == code, ran.err
    assert ran.document["error"]["message"]
    assert "Traceback" not in ran.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("sqlite:///picture.png", 4),
        ("sqlite:///.", 4),
        ("mysql://host/db", 4),
        ("sqlite://", 4),
    ],
)
def test_a_database_that_is_none_is_refused(tmp_path: Path, url: str, code: int) -> None:
    """A picture, a folder, another kind of database: exit 4, and the file is as it was."""
    shot_list(tmp_path / "story.csv", 1)
    Image.new("RGB", (4, 4)).save(tmp_path / "picture.png")
    content = (tmp_path / "picture.png").read_bytes()
    ran = clash(tmp_path, "run", "story.csv", "--json", env=environment(DATABASE_URL=url))
    assert ran.code == code, ran.err
    assert (tmp_path / "picture.png").read_bytes() == content


def test_a_newer_or_older_schema_is_refused(tmp_path: Path) -> None:
    """Exit 7 with what to do, in both directions."""
    import sqlite3

    shot_list(tmp_path / "story.csv", 1)
    assert clash(tmp_path, "db", "init").code == 0
    with sqlite3.connect(tmp_path / "data/checkpoints.db") as connection:
        connection.execute("INSERT INTO d1_migrations (name) VALUES ('9999_future.sql')")
    connection.close()
    newer = clash(tmp_path, "run", "story.csv", "--json")
    assert (newer.code, newer.document["error"]["code"]) == (7, "schema_newer")
    old = environment(DATABASE_URL="sqlite:///old.db")
    assert clash(tmp_path, "db", "init", env=old).code == 0
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("DELETE FROM d1_migrations WHERE name NOT LIKE '0001%'")
    connection.close()
    older = clash(tmp_path, "run", "story.csv", "--json", env=old)
    assert (older.code, older.document["error"]["code"]) == (7, "schema_older")
    assert "clash db init" in older.document["error"]["hint"]


def test_hostile_text_becomes_a_film(tmp_path: Path) -> None:
    """Markup, emoji, right-to-left text, NUL and a very long cell: the film is made, nothing of it is obeyed."""
    long = "Mara walks and walks. " * 900
    rows = ["[/b] [bold]Mara[/bold] 🎬🎬 waves", "שלום עולם مرحبا", "Mara\0 stops", long[:19_900], "\x1b[31mred\x1b[0m"]
    text = "description,narration\n" + "".join(f'"{row}","Hello [/b] 👋"\n' for row in rows)
    (tmp_path / "story.csv").write_text(text, encoding="utf-8")
    ran = clash(tmp_path, "run", "story.csv", "--thread", "h", *SMALL)
    assert ran.code == 0, ran.err
    assert "\x1b[31m" not in ran.out + ran.err
    assert clash(tmp_path, "runs", "show", "h").code == 0


def test_the_story_may_come_through_a_pipe(tmp_path: Path) -> None:
    """`-` reads standard input; the thread's id is made up and told on stderr before anything else."""
    content = shot_list(tmp_path / "story.csv", 1).read_bytes()
    ran = clash(tmp_path, "run", "-", *SMALL, "--json", stdin=content)
    assert ran.code == 0, ran.err
    assert ran.err.splitlines()[0].endswith(ran.document["thread_id"])


def test_a_panel_of_ones_own_becomes_the_keyframe(tmp_path: Path) -> None:
    """`reference_image` names a picture beside the story: it is what the shot shows."""
    Image.new("RGB", (640, 360), (250, 10, 10)).save(tmp_path / "panel.png")
    (tmp_path / "story.csv").write_text(
        "shot,description,reference_image,duration\n1,A red wall.,panel.png,1\n2,A blue sea.,,1\n"
    )
    ran = clash(tmp_path, "run", "story.csv", "--thread", "p", *SMALL, "--json")
    assert ran.code == 0, ran.err
    with Image.open(next((tmp_path / "output/p/keyframes").glob("001.*"))) as keyframe:
        red, green, blue = keyframe.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 150 > max(green, blue) * 2


def test_a_panel_outside_of_the_storys_folder_is_refused(tmp_path: Path) -> None:
    """A story cannot reach for files that are not its own."""
    folder = tmp_path / "inner"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    (folder / "story.csv").write_text("shot,description,reference_image\n1,A wall.,../secret.png\n")
    ran = clash(folder, "run", "story.csv", *SMALL, "--json")
    assert ran.code == 2
    assert "row 2" in ran.document["error"]["message"]
