"""Modules and functions are short, every line is formatted, and rows of tables are read in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = sorted([*(ROOT / "clash").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
UNFORMATTED = tuple(f"# fmt: {word}" for word in ("skip", "off"))


def long_functions(source: str) -> Iterator[tuple[str, int]]:
    """Return each function that is too long, with its lines. The options of a command are not counted."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES_OF_A_FUNCTION and any(
                "typer" in ast.unparse(arg.annotation) for arg in node.args.args if arg.annotation
            ):
                lines -= node.body[0].lineno - node.lineno
            if lines > MOST_LINES_OF_A_FUNCTION:
                yield node.name, lines


def rows_read(node: ast.AST, function: str = "") -> Iterator[tuple[str, int]]:
    """Return where a column of a `row` is read by its name, outside of `from_row`: the function and the line."""
    for child in ast.iter_child_nodes(node):
        name = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        match child:
            case ast.Subscript(value=ast.Name(id="row"), slice=ast.Constant(value=str())) if name != "from_row":
                yield name, child.lineno
            case _:
                pass
        yield from rows_read(child, name)


def test_no_module_has_more_than_400_lines() -> None:
    """A module that is longer has two subjects."""
    sizes = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert len(sizes) > 400
    assert not {name: size for name, size in sizes.items() if size > MOST_LINES}


def test_no_function_has_more_than_60_lines() -> None:
    """A function fits a screen."""
    assert not [
        (path.relative_to(ROOT).as_posix(), *found)
        for path in MODULES
        for found in long_functions(path.read_text("utf-8"))
    ]


def test_no_line_is_kept_from_the_formatter() -> None:
    """The formatter has the last word everywhere."""
    assert not [
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if any(mark in path.read_text("utf-8") for mark in UNFORMATTED)
    ]


def test_rows_of_tables_are_read_only_in_from_row() -> None:
    """The names of columns are in `from_row` and in `clash/database/rows.py`, nowhere else."""
    modules = [path for path in MODULES if path.is_relative_to(ROOT / "clash") and path.name != "rows.py"]
    assert not [
        (path.relative_to(ROOT).as_posix(), *found)
        for path in modules
        if "row[" in (source := path.read_text("utf-8"))
        for found in rows_read(ast.parse(source))
    ]
    assert [*rows_read(ast.parse("def cost(row):\n    return row['cost']"))] == [("cost", 2)]
    assert not [*rows_read(ast.parse("def from_row(row):\n    return row['cost']"))]


def test_a_long_function_is_found() -> None:
    """A function of 61 lines is told; one of 60, and a command with many options, are not."""
    body = "\n".join(["    pass"] * 60)
    options = ",\n".join(f"    o{number}: Annotated[int, typer.Option()]" for number in range(70))
    assert [*long_functions(f"def long():\n{body}")] == [("long", 61)]
    assert not [*long_functions(f"def short():\n{body[9:]}")]
    assert not [*long_functions(f"def command(\n{options},\n):\n{body}")]
