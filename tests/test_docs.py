"""The documentation names everything that can be typed or set."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from clash import errors
from clash.cli import commands as tree
from clash.config import FIELDS

ROOT = Path(__file__).parent.parent
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def commands(command: Any = None, path: tuple[str, ...] = ("clash",)) -> Iterator[tuple[str, Any]]:
    """Every command that can be typed, with its path: `clash checkpoints ls`."""
    command = tree.commands() if command is None else command
    yield " ".join(path), command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


ALL = dict(commands())
LEAVES = [path for path, command in ALL.items() if not hasattr(command, "commands") or path == "clash models"]
"""`clash models` does something without a command, too."""
ENVIRONMENT = {name: one.variable for name, one in FIELDS.items()}


def section(path: str) -> str:
    """The part of docs/commands.md about a command: from its heading, `## clash <first word>`, to the next."""
    heading = "## " + " ".join(path.split()[:2])
    parts = re.split(r"^(?=## )", COMMANDS, flags=re.MULTILINE)
    return next((part for part in parts if part.startswith(heading + "\n")), "")


def test_there_are_commands_to_document() -> None:
    """The commands of the contract are all there, so that the tests below cannot pass for want of any."""
    assert set(LEAVES) == {
        "clash run",
        "clash resume",
        "clash fork",
        "clash cancel",
        "clash board",
        "clash projects ls",
        "clash projects set",
        "clash tokens create",
        "clash tokens ls",
        "clash tokens revoke",
        "clash tokens audit",
        "clash gc",
        "clash retake",
        "clash takes ls",
        "clash takes use",
        "clash review ls",
        "clash review approve",
        "clash review reject",
        "clash batch",
        "clash runs ls",
        "clash runs show",
        "clash runs diff",
        "clash runs watch",
        "clash runs rm",
        "clash webhooks ls",
        "clash webhooks flush",
        "clash checkpoints ls",
        "clash checkpoints show",
        "clash checkpoints prune",
        "clash checkpoints diff",
        "clash calls settle",
        "clash cost",
        "clash assets ls",
        "clash export",
        "clash story show",
        "clash screenplay show",
        "clash screenplay check",
        "clash db init",
        "clash db status",
        "clash db vacuum",
        "clash db export",
        "clash db import",
        "clash db recover",
        "clash models",
        "clash voices ls",
        "clash voices get",
        "clash models check",
        "clash doctor",
        "clash schema",
    }


@pytest.mark.parametrize("path", LEAVES)
def test_the_list_at_the_top_names_every_command(path: str) -> None:
    """Who reads only the beginning of the page learns of each command: `clash runs ls | show | watch ...`."""
    words, listed = path.split(), COMMANDS.partition("\n## ")[0]
    lines = re.findall(rf"^    clash {words[1]}\b.*", listed, flags=re.MULTILINE)
    assert any(words[-1] in re.split(r"\W+", line) for line in lines)


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_has_its_synopsis(path: str) -> None:
    """Every command stands, indented as one types it, in the section of its name."""
    assert re.search(rf"^    {re.escape(path)}\b", section(path), flags=re.MULTILINE)


def test_the_tables_of_options_are_current() -> None:
    """`python docs/options.py` would change nothing: the page says of each command what its `--help` says."""
    script = runpy.run_path(str(ROOT / "docs" / "options.py"))
    assert script["written"](COMMANDS) == COMMANDS, "run: python docs/options.py"


def test_a_command_without_a_place_is_noticed() -> None:
    """The script refuses a page that leaves a command out."""
    script = runpy.run_path(str(ROOT / "docs" / "options.py"))
    with pytest.raises(ValueError, match="places"):
        script["written"](COMMANDS.replace("<!-- clash cost -->", ""))


@pytest.mark.parametrize("path", LEAVES)
def test_every_flag_is_documented_with_its_command(path: str) -> None:
    """Every flag and argument of a command stands in its section."""
    for parameter in ALL[path].params:
        names = parameter.opts if parameter.param_type_name == "option" else [parameter.metavar.strip("[]")]
        for name in names:
            assert name in section(path), f"{path} {name} is missing in docs/commands.md"


def test_the_flags_of_clash_itself_are_documented() -> None:
    """`--version` and completion are documented too."""
    for parameter in ALL["clash"].params:
        for name in parameter.opts:
            assert f"`clash {name}`" in COMMANDS


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_takes_json(path: str) -> None:
    """Every command has `--json`."""
    assert any("--json" in parameter.opts for parameter in ALL[path].params)


@pytest.mark.parametrize(("field", "variable"), ENVIRONMENT.items())
def test_every_setting_is_documented_with_its_default(field: str, variable: str) -> None:
    """Every setting stands in the table of settings, with the default that the code has."""
    row = re.search(rf"^\| `{variable}` \| (.+?) \|", COMMANDS, flags=re.MULTILINE)
    assert row is not None, f"{variable} is missing in docs/commands.md"
    default = FIELDS[field].default
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    assert default in (None, ()) or row[1] == f"`{shown}`"


@pytest.mark.parametrize("variable", ENVIRONMENT.values())
def test_every_setting_is_in_the_example_environment(variable: str) -> None:
    """`.env.example` names every setting."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert re.search(rf"^#?\s*{variable}=", example, flags=re.MULTILINE)


def test_every_error_is_documented() -> None:
    """Every exit code stands in the table of exit codes, and every `code` that clash gives in the table of codes."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ClashError)]
    for exit_code in {kind.exit_code for kind in kinds}:
        assert re.search(rf"^\| {exit_code}[ ,]", COMMANDS, flags=re.MULTILINE)
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "clash").rglob("*.py")]
    given = {word for source in sources for word in re.findall(r'\bcode\b(?:: str)? ?= ?"(\w+)"', source)}
    assert {"disk_full", "job_failed", "finished"} <= given
    table = "\n".join(line for line in COMMANDS.splitlines() if line.startswith("| `"))
    assert not sorted(word for word in given | {kind.code for kind in kinds} if f"`{word}`" not in table)


def test_every_json_example_is_json() -> None:
    """What the documentation shows as JSON can be parsed."""
    examples = re.findall(r"^```json\n(.*?)^```", COMMANDS, flags=re.MULTILINE | re.DOTALL)
    assert len(examples) > 8
    for example in examples:
        json.loads(example)


def anchors(text: str) -> set[str]:
    """What a link may lead to within a page: its headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


PAGES = sorted((ROOT / "docs").glob("*.md")) + [
    ROOT / name for name in ("README.md", "README.zh.md", "CONTRIBUTING.md", "SECURITY.md")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """Every link of a page leads to a file that exists and, where it names one, to a heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        leads_to = page.parent / path if path else page
        assert leads_to.exists(), target
        assert not anchor or anchor in anchors(leads_to.read_text(encoding="utf-8")), target


def test_the_index_of_the_documentation_names_every_page() -> None:
    """docs/README.md leads to every page of docs/, but for translations of one."""
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\]\(([\w-]+\.md)\)", index))
    assert named == {page.name for page in (ROOT / "docs").glob("*.md") if page.name.count(".") == 1} - {"README.md"}


def test_the_pictures_of_the_readme_are_small() -> None:
    """README's pictures can be decoded, and each is under 300 KB: the strip of a film, and a page of the board."""
    names = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    shapes: list[float] = []
    for name in names:
        assert (ROOT / name).stat().st_size < 300_000
        with Image.open(ROOT / name) as picture:
            picture.load()
            shapes.append(picture.width / picture.height)
    assert [shape > 4 for shape in shapes] == [True, False]


def test_both_readmes_show_the_same_commands() -> None:
    """README.zh.md has each block of code that README.md has, comments aside."""

    def blocks(name: str) -> list[str]:
        found = re.findall(r"^```.*?^```", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        plain = [re.sub(r"\s+# .*", "", block) for block in found]
        return [re.sub(r"^(    \S+ ?\S*)  +.*", r"\1", block, flags=re.MULTILINE) for block in plain]

    assert len(blocks("README.md")) >= 5
    assert blocks("README.zh.md") == blocks("README.md")


def test_the_guide_for_providers_names_what_there_is() -> None:
    """The fault points and requests that it names are the code's."""
    from clash import faults
    from clash.providers import ports

    text = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    assert set(re.findall(r"CLASH_FAULT=([\w.]+)", text)) <= set(faults.POINTS)
    named = set(re.findall(r"`(\w+Request|\w*Provider|Context|Answer|JobStatus|Quote|Job)\b", text))
    assert len(named) >= 9
    assert not sorted(name for name in named if not hasattr(ports, name))
