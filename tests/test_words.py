"""The words of the glossary hold: what it says not to write is not in docs, help, messages, docstrings, names or tests.

`words_excused.txt` lists the files whose docstrings, comments and names still wait to be rewritten. Docs, help and
messages are held everywhere.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from clash.cli import commands as tree

ROOT = Path(__file__).parent.parent
EXCUSED = frozenset((ROOT / "tests" / "words_excused.txt").read_text(encoding="utf-8").split())
PAGES = [*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
CODE = sorted((ROOT / "clash").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_NAME = 60

_THING = (
    "row|line|file|call|run|shot|step|task|clip|keyframe|picture|request|record|model|field|sum|batch|process|table"
)
PHRASES = {
    rf"\b(?:a|one) (?:{_THING})s? an? (?:{_THING}|beat|scene|character|minute|event|group|retry)\b": "one row per shot",
    r"\bwhoever\b": "name who acts",
    r"(?:^|[.;:] )who (?:lost|has lost|dies|waits)\b(?! .*\?)": "name who acts",
    r"\bstands? (?:on record|there|anywhere)\b|\btable stands in\b": "is in, is recorded",
    r"\bon record\b": "recorded",
    r"\bat work on\b|\bnobody is at\b|\bsomebody (?:else )?is at\b": "interrupted; another process writes it",
    r"\bis no (?:film|run|database|table|asset|export) of\b": "is not a ...",
    r"\bto name no command\b": "without a command",
    r"\bholds? one a row\b|\bone a row\b": "one story per row",
    r"\brehears\w*\b|\bwithout a run\b": "dry run",
    r"\bwhat would be called\b": "dry run: every call",
    r"\bgiven? (?:the run |it |a run )?free\b": "release",
    r"\bcall(?:s|ed|ing)? (?:it |a run |the run )?off\b": "cancel",
    r"\b(?:make|makes|made|making) (?:\w+ )?anew\b": "make again, regenerate",
    r"\bgo(?:es)? before\b": "override",
    r"\bmend(?:s|ed|ing)?\b": "restore, repair",
    r"\bbring_all_files\b|\bHeldRun\b|\bgo_on\b": "restore, Runner, resume",
}
METAPHORS = {
    r"\bdoors?\b|\bdesks?\b|\btills?\b|\boffices?\b|(?<!\bLM )\bstudios?\b|\bbooks\b|\bbookkeep\w*\b": "no metaphors",
}
NAMES = re.compile(
    r"(?:^|_)(?:door|desk|till|office|studio|book|whoever|anew|rehearsal|patience)s?(?:_|$)", re.IGNORECASE
)
# A story, a drawing and a sound may have a door, a desk, a book.
WITH_PROPS = ("clash/local/", "clash/story/", "clash/sound/", "tests/local/", "tests/test_reader", "tests/test_places")


def faults(text: str, *, props: bool = False) -> list[str]:
    """Return each forbidden phrase of a text, with what to write instead."""
    patterns = PHRASES if props else PHRASES | METAPHORS
    found = ((re.search(pattern, text, re.IGNORECASE), better) for pattern, better in patterns.items())
    return [f"{match[0]!r}: {better}" for match, better in found if match]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def excused(path: Path) -> bool:
    return name_of(path) in EXCUSED


def without_code(page: str) -> str:
    """The words of a page without its code, links and names."""
    page = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)", "", page)


def texts(tree: ast.AST) -> Iterator[str]:
    """The constant parts of every text below a node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


_TOLD_BY = re.compile(r"(?:Error|Remark|Table|Column|Option|Argument|Typer|^say|^say_error|^warning|^warn)$")


def messages(source: str) -> Iterator[tuple[int, str]]:
    """What a module tells people: the texts of errors, hints, help, remarks and warnings, each with its line."""
    for node in nodes(source):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        told: list[ast.AST] = list(node.args) if _TOLD_BY.search(called) else []
        told += [word.value for word in node.keywords if word.arg in ("hint", "help", "message", "empty")]
        for part in told:
            yield from ((node.lineno, text) for text in texts(part))


@lru_cache(maxsize=4)
def nodes(source: str) -> list[ast.AST]:
    """Every node of a module, read once for all that is looked for."""
    return list(ast.walk(ast.parse(source)))


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """The docstrings of a module, each with its line."""
    for node in nodes(source):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def comments(source: str) -> Iterator[tuple[int, str]]:
    """The comments of a module, each with its line."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def as_snake_case(name: str) -> str:
    """CamelCase as snake_case, so that one pattern reads both."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)


def names(source: str) -> Iterator[tuple[int, str]]:
    """The classes, functions, parameters and constants that a module defines, each with its line."""
    for node in nodes(source):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, as_snake_case(node.name)
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def may_have_faults(source: str, *, props: bool) -> bool:
    """Whether a text or a name of a module can have a fault: to parse all modules takes far longer than to search."""
    # Each text begins a line, as the patterns want it.
    lines = re.sub(r"\\.|[\"']", "\n", source)
    patterns = PHRASES if props else PHRASES | METAPHORS
    if any(re.search(pattern, lines, re.IGNORECASE | re.MULTILINE) for pattern in patterns):
        return True
    return not props and any(NAMES.search(as_snake_case(name)) for name in set(re.findall(r"[^\W\d]\w*", source)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pages_use_the_words_of_the_glossary(page: Path) -> None:
    """No page of the documentation has a phrase that the glossary replaces."""
    lines = without_code(page.read_text(encoding="utf-8")).splitlines()
    assert not [(line, fault) for line in lines for fault in faults(line)]


def commands(command: Any = None) -> Iterator[Any]:
    command = tree.commands() if command is None else command
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from commands(child)


def test_the_help_uses_the_words_of_the_glossary() -> None:
    """No `--help` has a phrase that the glossary replaces."""
    shown = [
        str(text) for each in commands() for text in (each.help, *(p.help for p in each.params if hasattr(p, "help")))
    ]
    assert len(shown) > 50
    assert not [(text, fault) for text in shown for fault in faults(text)]


def test_the_messages_use_the_words_of_the_glossary() -> None:
    """No error, hint, remark or warning has a phrase that the glossary replaces."""
    told = [(path, line, text) for path in CODE for line, text in messages(path.read_text(encoding="utf-8"))]
    assert len(told) > 500
    assert not [
        f"{name_of(path)}:{line} {text!r}: {fault}"
        for path, line, text in told
        for fault in faults(text, props=name_of(path).startswith(WITH_PROPS))
    ]


@pytest.mark.parametrize("path", [path for path in (*CODE, *TESTS) if not excused(path)], ids=name_of)
def test_docstrings_and_names_use_the_glossary(path: Path) -> None:
    """No docstring, comment or name has a word or phrase that the glossary replaces."""
    if path == Path(__file__):
        return
    source, props = path.read_text(encoding="utf-8"), name_of(path).startswith(WITH_PROPS)
    if not may_have_faults(source, props=props):
        return
    assert not [(line, fault) for line, text in docstrings(source) for fault in faults(text, props=props)]
    if any(faults(text, props=props) for text in re.findall("#.*", source)):  # a comment, or a text with a #
        assert not [(line, fault) for line, text in comments(source) for fault in faults(text, props=props)]
    assert props or not [(line, name) for line, name in names(source) if NAMES.search(name)]


@pytest.mark.parametrize("path", [path for path in TESTS if not excused(path)], ids=name_of)
def test_names_of_tests_are_short(path: Path) -> None:
    """The name of a test has fewer than sixty characters."""
    defined = re.findall(r"\bdef (test_\w+)", path.read_text(encoding="utf-8"))
    assert not [name for name in defined if len(name) >= LONGEST_NAME]


def test_every_excused_file_exists() -> None:
    """The list of files that still wait names no file that is gone."""
    assert not [name for name in EXCUSED if not (ROOT / name).exists()]


def test_a_forbidden_phrase_is_found() -> None:
    """The patterns find the phrases of the glossary's tables, and leave the good ones alone."""
    for bad in (
        "one row a shot",
        "a line a field",
        "whoever dies",
        "what stands on record",
        "nobody is at work on it",
        "is no film of clash",
        "To name no command is wrong use",
        "one a row",
        "A rehearsal",
        "A run without a run",
        "Give the run free",
        "call a run off",
        "made anew",
        "the one door to it",
    ):
        assert faults(bad), bad
        assert may_have_faults(f'"""{bad}."""\n', props=False), bad
    for good in ("one row per shot", "the table is in", "interrupted", "Release the lease", "cancel", "a call failed"):
        assert not faults(good), good


@pytest.mark.parametrize(
    "source",
    ['"""Who dies waits."""', "# whoever", "r = 'a\\nwhoever'", "class BookStore: ...", "def f(till): ..."],
)
def test_no_module_with_a_fault_is_left_unread(source: str) -> None:
    """At the beginning of a text, after an escape, in a comment, in any name; a part of another word is none."""
    assert may_have_faults(source, props=False)
    assert not may_have_faults("def still_bookish(source): ...", props=False)
