"""What is packed and what it needs: bounds of versions, the lowest ones, the files that the tests read."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]


def test_every_dependency_has_both_bounds() -> None:
    """Each dependency names the lowest version that is tried and one that it stays below, or exactly one version."""
    wanted = [
        *PROJECT["dependencies"],
        *(line for lines in PROJECT["optional-dependencies"].values() for line in lines),
    ]
    for line in wanted:
        if not line.startswith(PROJECT["name"] + "["):
            assert re.search(r">=\d[\d.]*,<\d|==\d", line), line


def test_the_lowest_versions_are_those_of_pyproject() -> None:
    """`.ci/lowest.py` names one version for each dependency at run time, and none for tools of the tests."""
    lowest = runpy.run_path(str(ROOT / ".ci" / "lowest.py"))["constraints"](PYPROJECT)
    names = [line.split("==")[0] for line in lowest]
    assert "httpx==0.27" in lowest
    assert len(names) == len(set(names)) > len(PROJECT["dependencies"])
    assert not {"pytest", "ruff", "hypothesis", PROJECT["name"]} & set(names)


def test_the_sdist_has_all_that_the_tests_read() -> None:
    """Each file and folder beside tests/ that a test opens by name is packed."""
    packed = tomllib.loads(PYPROJECT)["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    opened = set(re.findall(r'\b(?:ROOT|PROJECT|REPOSITORY) / "([^"/]+)', sources))
    assert {"docs", "examples", ".env.example", "Dockerfile"} <= opened
    for name in opened - {"pyproject.toml"}:  # that is always packed
        assert f"/{name}" in packed, name


def test_the_package_names_no_address_of_a_project() -> None:
    """As long as the project has no page, its metadata names none."""
    assert "urls" not in PROJECT
