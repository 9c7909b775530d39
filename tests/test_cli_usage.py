"""The command as people and scripts call it: a process, its streams, its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import CLASH, clash, environment

GROUPS = ("runs", "checkpoints", "assets", "db")
LEAVES = (
    "run",
    "resume",
    "cancel",
    "runs ls",
    "runs show",
    "checkpoints ls",
    "checkpoints show",
    "cost",
    "assets ls",
    "db init",
    "db status",
)

WRONG_USE = {
    "run": "Missing argument 'STORY'",
    "runs": "Usage: clash runs",
    "rnu": "Did you mean 'run'",
    "--no-such-flag": "No such option",
    "run story.csv --concurrency 0": "--concurrency",
    "run story.csv --concurrency many": "--concurrency",
    "run story.csv more.csv": "more.csv",
    "run story.csv --thread": "--thread",
    "run story.csv --webhook=": "--webhook",
    "run story.csv --on-event=": "--on-event",
    "run story.csv --video-model=": "--video-model",
    "resume demo --review=": "--review",
    "run story.csv --budget NaN": "'NaN' is no amount in dollars",
    "run story.csv --budget -5": "'-5' is no amount in dollars",
    "run story.csv --budget 0.0000001": "is no amount in dollars",
    "run story.csv --budget 1_000": "is no amount in dollars",
    "resume a --budget 1e3": "is no amount in dollars",
    "resume a --dry-run": "No such option",
    "cancel": "name the run, or its batch",
    "fork": "Missing argument 'THREAD' and option '--thread'",
    "fork a --story b.csv": "Missing option '--thread'",
    "runs ls --limit 0": "--limit",
    "runs ls --limit 99999999999999999999": "--limit",
    "runs ls --status done": "'running', 'interrupted', 'completed', 'failed', 'paused', 'cancelled'",
    "runs show": "Missing argument 'THREAD'",
    "checkpoints ls a b": "b",
    "cost a --by hour": "'step', 'provider', 'model', 'day'",
    "cost --calls": "--calls needs a THREAD",
    "cost --database films.db": "'films.db' is no address of a database: sqlite:///FILE.db, or d1://NAME",
}


def a_usage_error(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether a command ended as wrong use does: exit 2, nothing on standard output, no traceback."""
    return done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr


def test_the_version_is_data(tmp_path: Path) -> None:
    """`clash --version` prints the version on standard output."""
    from clash import __version__

    done = clash("--version", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"clash {__version__}\n", "")


@pytest.mark.parametrize("command", ["", *GROUPS, *LEAVES])
def test_help_says_what_a_command_does(command: str, tmp_path: Path) -> None:
    """`--help` after any command is plain text on standard output, and touches nothing."""
    done = clash(f"{command} --help", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: clash {command}".rstrip())
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", ["", *GROUPS, *LEAVES])
def test_help_has_whole_sentences_and_plain_names(command: str, tmp_path: Path) -> None:
    """Help names an argument as it is typed, without Python's types, and ends no sentence with three dots."""
    said = clash(f"{command} --help", tmp_path).stdout.replace("[ARGS]...", "[ARGS]")
    assert not [mark for mark in ("{", " <", "[[", "[required]") if mark in said]
    assert not [line for line in said.splitlines() if line.endswith("...")]


def test_the_usage_shows_what_a_command_must_be_given(tmp_path: Path) -> None:
    """An option that is required stands in the line of usage, and not among those that may be left out."""
    assert clash("fork --help", tmp_path).stdout.startswith("Usage: clash fork --thread NEW [OPTIONS]")


def test_help_starts_without_what_only_runs_need(tmp_path: Path) -> None:
    """`clash --help` imports neither rich nor pydantic nor asyncio nor LangGraph: it is there at once."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *CLASH[1:], "--help"],
        cwd=tmp_path,
        env=environment(),
        text=True,
        capture_output=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "clash.cli.options" in loaded  # by the modules of the commands, which are imported by name
    assert not loaded & {"rich", "rich.console", "pydantic", "asyncio", "langgraph", "av", "numpy", "PIL", "sqlite3"}


def test_a_command_that_reads_imports_no_other_command(tmp_path: Path) -> None:
    """`runs ls` and `cost` import neither the modules of other commands nor what only runs need."""
    code = (
        "import sys; from clash.cli.app import main\n"
        "codes = [main([*line.split(), '--json']) for line in ('db init', 'runs ls', 'cost')]\n"
        "print(codes, *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), text=True, capture_output=True, check=True
    )
    assert done.stderr.startswith("[0, 0, 0] ")
    loaded = set(done.stderr.split())
    assert {"clash.cli.runs", "clash.cli.cost"} <= loaded
    assert not loaded & {"clash.cli.run", "clash.cli.export", "clash.production", "clash.workflow", "clash.story"}
    assert not loaded & {"rich", "langgraph", "av", "numpy", "PIL", "httpx"}


@pytest.mark.parametrize(("arguments", "told"), WRONG_USE.items())
def test_wrong_use_is_told_in_words(arguments: str, told: str, tmp_path: Path) -> None:
    """Wrong use is exit 2 with `error:` and `hint:`, never a traceback, and creates nothing."""
    done = clash(arguments, tmp_path)
    assert a_usage_error(done)
    assert told in done.stderr
    assert arguments in GROUPS or (done.stderr.startswith("error: ") and "\nhint: clash" in done.stderr)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", ["run", "runs ls --limit 0", "cost x --by hour", "rnu"])
def test_wrong_use_with_json_is_a_document(arguments: str, tmp_path: Path) -> None:
    """With `--json` wrong use is also told as the one document on standard output."""
    done = clash(f"{arguments} --json", tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 2
    assert document["schema"] == 1
    assert document["error"]["code"] == "usage"
    assert document["error"]["hint"].startswith("clash")
    assert done.stderr.startswith(f"error: {document['error']['message']}\n")


def test_no_command_is_wrong_use_that_asks_for_help(tmp_path: Path) -> None:
    """`clash` alone shows the help, on standard error since it is no data, and is exit 2."""
    done = clash("", tmp_path)
    assert a_usage_error(done)
    assert done.stderr.startswith("Usage: clash")


@pytest.mark.parametrize(
    "arguments",
    [
        "runs ls",
        "runs show a",
        "checkpoints ls a",
        "checkpoints show a",
        "cost",
        "cost a",
        "assets ls a",
        "db status",
        "resume a",
        "cancel a",
    ],
)
def test_a_mistyped_database_is_exit_3_and_no_new_file(arguments: str, tmp_path: Path) -> None:
    """Commands that read never make the database they were to read."""
    done = clash(f"{arguments} --json", tmp_path, DATABASE_URL="sqlite:///./mistyped.db")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "not_found"
    assert done.stderr.startswith("error: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ("resume", "a/b"),
        ("resume", "x" * 129),
        ("run", "story.csv", "--thread", ".."),
        ("run", "story.csv", "--thread", "a\nb"),
        ("run", "story.csv", "--thread", "\udcff"),
    ],
    ids=ascii,
)
def test_a_thread_id_that_cannot_be_is_exit_2(command: tuple[str, ...], tmp_path: Path) -> None:
    """A thread id becomes a folder's name, so that one that could lead elsewhere is refused before anything else."""
    (tmp_path / "story.csv").write_text("description\nA door opens.\n", encoding="utf-8")
    done = clash(command, tmp_path)
    assert a_usage_error(done)
    assert "1 to 128" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["story.csv"]


def test_a_broken_setting_is_exit_4_and_named(tmp_path: Path) -> None:
    """A setting that cannot be used is named as the variable to change."""
    done = clash("runs ls --json", tmp_path, CLASH_FPS="fast")
    assert done.returncode == 4
    assert "CLASH_FPS" in json.loads(done.stdout)["error"]["message"]


def test_an_unforeseen_error_is_one_line_and_debug_shows_where(tmp_path: Path) -> None:
    """A bug is told in one line with exit 1; `CLASH_DEBUG=1` shows the traceback."""
    # A package of the same name as one that clash needs, and that cannot be imported, stands for any bug.
    (tmp_path / "typer.py").write_text("raise RuntimeError('broken\\nby the test')", encoding="utf-8")
    done = clash("runs ls --json", tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "error: internal: RuntimeError: broken by the test"
    assert "CLASH_DEBUG=1" in done.stderr.splitlines()[1]
    assert json.loads(done.stdout)["error"]["code"] == "internal"
    shown = clash("runs ls", tmp_path, PYTHONPATH=str(tmp_path), CLASH_DEBUG="1")
    assert "Traceback" in shown.stderr


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty database in its usual place, for tests that only read it."""
    folder = tmp_path_factory.mktemp("database")
    done = clash("db init", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_db_init_may_be_repeated(tmp_path: Path) -> None:
    """The first `clash db init` names what it applied, the second has nothing to apply."""
    first, second = (json.loads(clash("db init --json", tmp_path).stdout) for _ in range(2))
    assert first["created"] is True
    assert first["applied"]
    assert (second["created"], second["applied"]) == (False, [])


def test_db_status_check_passes_when_nothing_is_pending(database: Path) -> None:
    """`clash db status --check` is exit 0 on a database that is up to date, and counts the rows."""
    done = clash("db status --check --json", database)
    document = json.loads(done.stdout)
    assert (done.returncode, document["pending"]) == (0, [])
    assert document["rows"]["workflow_executions"] == 0
    assert "error" not in document


def test_db_status_check_fails_when_a_migration_is_pending(tmp_path: Path) -> None:
    """`clash db status --check` is exit 7 on a database without its schema, and still one document."""
    import sqlite3
    from contextlib import closing

    assert clash("db init", tmp_path).returncode == 0
    with closing(sqlite3.connect(tmp_path / "data" / "checkpoints.db")) as connection, connection:
        connection.execute("DELETE FROM d1_migrations")
    done = clash("db status --check --json", tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 7
    assert document["pending"]
    assert document["error"] == {**document["error"], "code": "version", "hint": "clash db init"}
    assert clash("db status", tmp_path).returncode == 0


def test_db_status_counts_what_is_not_in_the_file_yet(tmp_path: Path) -> None:
    """The size is that of the file and of its log, which holds what another process has just written."""
    import sqlite3
    from contextlib import closing

    assert clash("db init", tmp_path).returncode == 0
    path = tmp_path / "data" / "checkpoints.db"
    log = path.with_name("checkpoints.db-wal")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE more (text)")
        connection.execute("INSERT INTO more VALUES (?)", ("x" * 100_000,))
        connection.commit()
        document = json.loads(clash("db status --json", tmp_path).stdout)
        assert log.stat().st_size > 100_000
        assert document["size_bytes"] == path.stat().st_size + log.stat().st_size


def test_a_budget_above_a_million_is_refused(tmp_path: Path) -> None:
    """A budget that is surely a slip of the finger is exit 2 and makes nothing."""
    (tmp_path / "story.csv").write_text("description\nA door opens.\n", encoding="utf-8")
    done = clash("run story.csv --budget 9999999", tmp_path)
    assert a_usage_error(done)
    assert "not between 0 and 1000000" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["story.csv"]


def test_an_empty_list_is_a_header_in_a_pipe(database: Path) -> None:
    """Without a terminal a table is tab-separated under the keys of the JSON, even when it is empty."""
    done = clash("runs ls", database)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split("\t")[:3] == ["thread_id", "status", "story"]
    assert json.loads(clash("runs ls --json", database).stdout) == {"schema": 1, "items": [], "damaged": []}


@pytest.mark.parametrize("arguments", ["runs show nobody", "cost nobody", "checkpoints ls nobody", "assets ls nobody"])
def test_an_unknown_thread_is_exit_3(arguments: str, database: Path) -> None:
    """A thread that does not exist is exit 3, not an empty list."""
    done = clash(f"{arguments} --json", database)
    assert done.returncode == 3
    assert "nobody" in json.loads(done.stdout)["error"]["message"]


def test_what_options_name_is_checked_by_name(tmp_path: Path) -> None:
    """A dry run refuses the stage that the run refuses; an address that cannot be is told with its option."""
    (tmp_path / "story.csv").write_text("description\nA door opens.\n", encoding="utf-8")
    stage = clash("run story.csv --dry-run --review bogus", tmp_path)
    assert (stage.returncode, "there is no stage 'bogus' to review" in stage.stderr) == (2, True)
    address = clash("run story.csv --webhook ftp://hooks.example/x", tmp_path)
    assert (address.returncode, "--webhook cannot be used" in address.stderr) == (4, True)
    assert ".env" not in address.stderr


def test_a_store_that_cannot_be_used_leaves_nothing_behind(tmp_path: Path) -> None:
    """A bucket that no address names: neither a database nor a folder for films is left behind."""
    (tmp_path / "story.csv").write_text("description\nA door opens.\n", encoding="utf-8")
    done = clash("run story.csv", tmp_path, ASSET_STORE="s3://b/films")
    assert (done.returncode, "names no bucket" in done.stderr) == (4, True)
    assert [path.name for path in tmp_path.iterdir()] == ["story.csv"]


def test_a_picture_that_is_missing_is_named_with_its_table(tmp_path: Path) -> None:
    """The story and its cast are two tables with rows of their own: the error names the one that is meant."""
    (tmp_path / "story.csv").write_text("description,reference_image\nA door.,a.png\n", encoding="utf-8")
    assert "error: story.csv, row 2, column 'reference_image', 'a.png'" in clash("run story.csv", tmp_path).stderr
    (tmp_path / "story.csv").write_text("description\nA door opens.\n", encoding="utf-8")
    (tmp_path / "cast.csv").write_text("name,image\nMara,b.png\n", encoding="utf-8")
    assert "error: cast.csv, row 2, column 'image', 'b.png'" in clash("run story.csv", tmp_path).stderr


@pytest.mark.parametrize("arguments", ["webhooks ls", "runs ls", "cost", "runs watch"])
def test_before_the_first_run_it_is_named(arguments: str, tmp_path: Path) -> None:
    """Where there is neither a database nor an asset, nothing can be recovered: the hint is the first run."""
    done = clash(arguments, tmp_path)
    assert done.returncode == 3
    assert "`clash run --help`" in done.stderr
    assert "recover" not in done.stderr


@pytest.mark.parametrize(
    ("command", "value"),
    [
        ("run story.csv --fps abc", "abc"),
        ("retake a shot-1 --takes 0", "0"),
        ("checkpoints prune a --keep-last 0", "0"),
    ],
)
def test_an_option_of_a_number_says_what_it_takes(tmp_path: Path, command: str, value: str) -> None:
    """The value and an example, not in the words of a library."""
    done = clash(command, tmp_path)
    assert a_usage_error(done)
    assert f"{value}" in done.stderr.splitlines()[0]
    assert "Input should" not in done.stderr
    assert f"for example {command.split()[-2]} " in done.stderr


@pytest.mark.parametrize("command", ["retake demo shot:001 --note", "runs rm --batch"])
def test_an_option_without_a_value_names_its_command(command: str, tmp_path: Path) -> None:
    """The parser does not say whose option it was."""
    named = "retake" if command.startswith("retake") else "runs rm"
    assert clash(command, tmp_path).stderr.endswith(f"hint: clash {named} --help\n")
