"""Projects: every run belongs to one for good, and a fork to that of its source."""

from __future__ import annotations

import pytest

from clash.config import load_settings
from clash.errors import SettingsError, UsageError
from clash.project_names import check_project_name, is_project_name


@pytest.mark.parametrize("name", ["default", "acme", "Studio-7", "a.b_c", "7", "x" * 64])
def test_a_project_may_have_a_plain_name(name: str) -> None:
    """Letters, digits, dots, dashes and underscores, beginning with a letter or a digit."""
    assert check_project_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "_a", "a b", "a/b", "阿", "a\n", "x" * 65, "all"])
def test_another_name_is_refused(name: str) -> None:
    """Also one that a shell would take for an option, that is too long, or that stands for every project."""
    assert not is_project_name(name)
    with pytest.raises(UsageError) as refused:
        check_project_name(name)
    assert (refused.value.code, refused.value.exit_code) == ("project_name", 2)


def test_the_setting_names_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """`CLASH_PROJECT`, the default one where it is empty; a name that cannot be is told with its rule."""
    for value, project in (("acme", "acme"), ("", "default")):
        monkeypatch.setenv("CLASH_PROJECT", value)
        assert load_settings().project == project
    monkeypatch.setenv("CLASH_PROJECT", "a b")
    with pytest.raises(SettingsError, match=r"CLASH_PROJECT cannot be used: the project 'a b'.*1 to 64"):
        load_settings()
