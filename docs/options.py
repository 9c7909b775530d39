"""Write the synopsis and the options of every command into docs/commands.md, from the commands themselves.

    python docs/options.py            # write
    python docs/options.py --check    # exit 1 if the page is not current

The page marks each place with `<!-- clash run -->` and `<!-- end -->`; a test checks that all of them are current.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clash.cli.commands import commands

PAGE = Path(__file__).parent / "commands.md"
_PLACE = re.compile(r"^<!-- (clash [a-z ]+) -->\n.*?^<!-- end -->\n", flags=re.MULTILINE | re.DOTALL)
_WIDTH = 120


def leaves(command: Any = None, path: str = "clash") -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with its path: `clash runs ls`."""
    command = commands() if command is None else command
    children = getattr(command, "commands", {})
    if not children or (path != "clash" and command.params):  # `clash models` does something without a command, too
        yield path, command
    for name, child in children.items():
        yield from leaves(child, f"{path} {name}")


def _value(option: Any) -> str:
    """Return what follows an option: ` USD`, or nothing for a flag."""
    return "" if option.is_flag else f" {option.metavar}"


def _synopsis(path: str, command: Any) -> str:
    words: list[str] = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            words.append(parameter.metavar)
        else:
            names = "|".join((parameter.opts[0], *parameter.secondary_opts))
            typed = f"{names}{_value(parameter)}"
            words.append((typed if parameter.required else f"[{typed}]") + ("..." if parameter.multiple else ""))
    # An option and its value stay on one line, as they are typed.
    lines = textwrap.wrap(
        " ".join(word.replace(" ", "\xa0") for word in words),
        width=_WIDTH - 5 - len(path),
        break_long_words=False,
        break_on_hyphens=False,
    )
    indent = "\n" + " " * (5 + len(path))
    return "    " + f"{path} {indent.join(lines)}".replace("\xa0", " ").rstrip()


def reference(path: str, command: Any) -> str:
    """Return what the page says of one command: its synopsis, what it does, its arguments and its options."""
    rows: list[str] = []
    for parameter in command.params:
        if "--json" in parameter.opts or parameter.metavar == "THREAD":
            continue  # said once, at the top of the page
        is_argument = parameter.param_type_name == "argument"
        names = "" if is_argument else " | ".join((parameter.opts[0], *parameter.secondary_opts))
        name = parameter.metavar.strip("[]") if is_argument else names + _value(parameter)
        means = " ".join(str(parameter.help).split())
        rows.append(f"| `{_cell(name)}` | {_cell(means)} |")
    does = textwrap.fill(" ".join(str(command.help).split()), _WIDTH)
    table = "\n".join(["| argument, option | means |", "|---|---|", *rows]) if rows else ""
    return "\n\n".join(part for part in (_synopsis(path, command), does, table) if part)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def written(page: str) -> str:
    """Return the page with every place filled. Raises `ValueError` for a command that has none, or a place of none."""
    commands = dict(leaves())
    places = _PLACE.findall(page)
    if sorted(places) != sorted(commands):
        raise ValueError(f"docs/commands.md has places for {sorted(places)}, the commands are {sorted(commands)}")
    return _PLACE.sub(lambda m: f"<!-- {m[1]} -->\n\n{reference(m[1], commands[m[1]])}\n\n<!-- end -->\n", page)


def main() -> int:
    """Write the page, or with `--check` compare it."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        return int(written(page) != page)
    PAGE.write_text(written(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
