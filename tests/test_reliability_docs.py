"""docs/reliability.md names tests that there are, and every fault point."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clash import faults

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
}
NAMED = sorted(set(re.findall(r"`(test_\w+)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_every_test_that_is_named_exists(name: str) -> None:
    """A promise whose test was renamed or removed is noticed."""
    assert name in TESTS


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:tests|clash)/[\w/.]+)`", PAGE))))
def test_every_file_that_is_named_exists(path: str) -> None:
    """Every path leads to a file."""
    assert (ROOT / path).exists()


def test_every_fault_point_is_named() -> None:
    """A point that is added to the code is added to the page."""
    assert [point for point in faults.POINTS if f"`{point}`" not in PAGE] == []


def test_promises_name_their_tests() -> None:
    """No section of promises is without a test."""
    promised = PAGE.split("## What is promised")[1].split("## What is not promised")[0]
    for section in promised.split("\n### ")[1:]:
        assert "`test_" in section or "state machines" in section, section.splitlines()[0]
