"""How quickly the command line answers, as ratios of the imports that set the limit, in one run."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

from filming import SMALL, clash, command, environment, query, shot_list

ROUNDS = 3


def compiled(folder: Path) -> dict[str, str]:
    """The environment of a child that finds what is imported compiled, as it is wherever clash is installed."""
    cache = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    return environment(COLUMNS="80", **cache)


def seconds(arguments: list[str], folder: Path) -> float:
    """The best of several rounds, in seconds of wall time."""
    best = float("inf")
    for _ in range(1 + ROUNDS):  # the first one compiles
        started = time.perf_counter()
        subprocess.run(arguments, cwd=folder, env=compiled(folder), capture_output=True, check=True)
        best = min(best, time.perf_counter() - started)
    return best


def test_help_costs_little_more_than_importing_typer(tmp_path: Path) -> None:
    """`clash --help` takes at most 3.5 times `python -c "import typer"`."""
    typer = seconds([sys.executable, "-c", "import typer"], tmp_path)
    shown = seconds(command("--help"), tmp_path)
    print(f"\nclash --help: {shown * 1000:.0f} ms, import typer: {typer * 1000:.0f} ms, ratio {shown / typer:.2f}")
    assert shown <= 3.5 * typer


def test_importing_clash_costs_little_more_than_pydantic(tmp_path: Path) -> None:
    """`import clash` takes at most 1.2 times `import pydantic`: nothing else is imported until it is used."""
    pydantic = seconds([sys.executable, "-c", "import pydantic"], tmp_path)
    imported = seconds([sys.executable, "-c", "import clash"], tmp_path)
    print(f"\nimport clash: {imported * 1000:.0f} ms, import pydantic: {pydantic * 1000:.0f} ms,", end=" ")
    print(f"ratio {imported / pydantic:.2f}")
    assert imported <= 1.2 * pydantic


MINIMAL = '''
from typing import Annotated
import typer
app = typer.Typer()
@app.command()
def one(
    limit: Annotated[int | None, typer.Option("--limit", help="Few.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """One."""
    print("one", limit, as_json)
@app.command()
def two(
    limit: Annotated[int | None, typer.Option("--limit", help="Few.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Two."""
    print("two", limit, as_json)
app()
'''


def test_reading_commands_cost_little_more_than_a_minimal_one(tmp_path: Path) -> None:
    """`runs ls`, `cost` and `checkpoints ls` take at most 1.4 times the CPU of a Typer program of two commands.

    On a quiet machine it is 1.15 to 1.2 times.
    """
    shot_list(tmp_path / "story.csv", 1)
    assert clash(tmp_path, "run", "story.csv", "--thread", "r", *SMALL).code == 0
    (tmp_path / "minimal.py").write_text(MINIMAL, encoding="utf-8")
    asked = {
        "minimal": [sys.executable, "minimal.py", "one"],
        "runs ls": command("runs", "ls"),
        "cost": command("cost", "r"),
        "checkpoints ls": command("checkpoints", "ls", "r"),
    }
    best = dict.fromkeys(asked, float("inf"))
    for _ in range(2 * ROUNDS):  # in turn, so that a busy moment of the machine is everybody's
        for name, arguments in asked.items():
            best[name] = min(best[name], cpu_seconds(arguments, tmp_path))
    ratios = {name: taken / best["minimal"] for name, taken in best.items()}
    print("\n" + ", ".join(f"{name} {best[name] * 1000:.0f} ms = {ratio:.2f}" for name, ratio in ratios.items()))
    assert max(ratios.values()) <= 1.4


def cpu_seconds(arguments: list[str], folder: Path) -> float:
    """The CPU time of one process, of the user and of the system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, cwd=folder, env=compiled(folder), capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_thousand_checkpoints_are_listed_in_a_moment(tmp_path: Path) -> None:
    """`checkpoints ls` of 1,000 checkpoints takes at most the time of `python -c "import langgraph.graph"`."""
    thread = with_a_thousand_checkpoints(tmp_path)
    langgraph = seconds([sys.executable, "-c", "import langgraph.graph"], tmp_path)
    listed = seconds(command("checkpoints", "ls", thread), tmp_path)
    as_json = seconds(command("checkpoints", "ls", thread, "--json"), tmp_path)
    ratio = listed / langgraph
    print(f"\n1,000 checkpoints: {listed * 1000:.0f} ms, --json {as_json * 1000:.0f} ms,", end=" ")
    print(f"import langgraph.graph: {langgraph * 1000:.0f} ms, ratio {ratio:.2f}")
    assert max(listed, as_json) <= langgraph


def test_reports_never_import_the_graph(tmp_path: Path) -> None:
    """`cost`, `checkpoints ls`, `runs ls` and `db status` leave langgraph.graph alone; lists leave the asset store."""
    shot_list(tmp_path / "story.csv", 1)
    assert clash(tmp_path, "run", "story.csv", "--thread", "r", *SMALL).code == 0
    for arguments in (["cost", "r"], ["checkpoints", "ls", "r"], ["runs", "ls"], ["db", "status"]):
        unneeded = ("langgraph.graph",) if arguments[0] == "db" else ("langgraph.graph", "clash.assets")
        code = (
            f"import sys; sys.argv = ['clash', *{arguments!r}]\n"
            "from clash.cli.app import main\n"
            "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
            f"loaded = [name for name in sys.modules if name.startswith({unneeded!r})]\n"
            "assert not loaded, loaded\n"
        )
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), check=True, capture_output=True)


def with_a_thousand_checkpoints(folder: Path) -> str:
    """A real run, whose last checkpoint is copied under later ids until there are a thousand."""
    import sqlite3

    shot_list(folder / "story.csv", 1)
    assert clash(folder, "run", "story.csv", "--thread", "many", *SMALL).code == 0
    have = query(folder, "SELECT count(*) FROM checkpoints")[0][0]
    with sqlite3.connect(folder / "data/checkpoints.db") as connection:
        for number in range(1000 - have):
            new = f"2f000000-0000-6000-8000-{number:012d}"
            connection.execute(
                "INSERT INTO checkpoints SELECT thread_id, checkpoint_ns, ?, checkpoint_id, type, checkpoint, metadata"
                " FROM checkpoints ORDER BY checkpoint_id LIMIT 1",
                (new,),
            )
            connection.execute(
                "INSERT INTO checkpoint_metadata SELECT run_id, checkpoint_ns, ?, checkpoint_id, created_at, source,"
                " step_index, step_name, next_steps, execution_time_ms, api_calls, cost_micro, error_message"
                " FROM checkpoint_metadata ORDER BY checkpoint_id LIMIT 1",
                (new,),
            )
    connection.close()
    assert query(folder, "SELECT count(*) FROM checkpoints") == [(1000,)]
    return "many"
