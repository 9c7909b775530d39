"""Models are found by name through entry points; a plug-in that cannot be used is told, and breaks no other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clash.config import Kind, Settings
from clash.errors import SettingsError, UsageError
from clash.providers.ports import JobProvider, Provider
from clash.providers.registry import Registry, provider_names, require_all

PLUGINS = Path(__file__).parent / "plugins"
MODULE = """
from clash.errors import SettingsError

class Good:
    name, endpoint, idempotent, concurrency = "good", "", True, 1
    def models(self): return {"image": ("a", "b"), "video": ("v", "*")}
    def revision(self, model, request): return "1"
    async def call(self, model, request, context): ...

class Queue(Good):
    name, poll_every_s, call = "queue", 1.0, None
    async def submit(self, model, request, context): ...
    async def poll(self, model, job): ...
    async def fetch(self, model, job): ...

class NotOne: name = "notone"
class Misnamed(Good): name = "other"
class Second(Good):
    name = "twice"
    def models(self): return {"image": ("second",)}
class First(Second):
    def models(self): return {"image": ("first",)}
def broken(): raise ZeroDivisionError("no such key")
def refused(): raise SettingsError("GOOD_KEY is not set", hint="set GOOD_KEY")
"""
ENTRIES = {
    "good": "Good",
    "queue": "Queue",
    "notone": "NotOne",
    "misnamed": "Misnamed",
    "broken": "broken",
    "refused": "refused",
    "absent": "Absent",
}


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a package with these entry points, as pip would."""

    def install(package: str, entries: dict[str, str]) -> None:
        folder = tmp_path / f"{package}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        lines = "".join(f"{name} = clash_test_plugin:{target}\n" for name, target in entries.items())
        (folder / "entry_points.txt").write_text(f"[clash.providers]\n{lines}")

    (tmp_path / "clash_test_plugin.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield install
    sys.modules.pop("clash_test_plugin", None)


def test_the_local_provider_is_there_for_every_kind() -> None:
    """Without any plug-in, every step of a film has a model, free and repeatable."""
    registry = Registry()
    for kind in ("screenplay", "image", "video", "speech"):
        model = registry.model(kind, "local")
        assert isinstance(model.provider, Provider)
        assert model.provider.idempotent
        assert registry.model(kind, model.spec) == model


def test_a_plug_in_is_found(plugins: Callable[..., None]) -> None:
    """An installed package's provider is known by name, made once, and its first model is the default."""
    plugins("good-plugin", ENTRIES)
    assert {"good", "local", "queue"} <= set(provider_names())
    registry = Registry()
    assert registry.model("image", "good").spec == "good:a"
    assert registry.model("image", "good:b").name == "b"
    assert registry.provider("good") is registry.model("video", "good").provider
    assert isinstance(registry.provider("queue"), JobProvider)


def test_a_provider_of_a_thousand_models_may_take_any(plugins: Callable[..., None]) -> None:
    """With `*` among its models every name is passed on, slashes and all."""
    plugins("good-plugin", ENTRIES)
    assert Registry().model("video", "good:fal-ai/veo3:fast").spec == "good:fal-ai/veo3:fast"


@pytest.mark.parametrize(
    ("kind", "spec", "named"),
    [
        ("image", "nobody:x", "good"),
        ("image", "good:c", "a, b"),
        ("speech", "good", "no speech"),
        ("image", "", "local"),
    ],
)
def test_what_is_not_known_is_wrong_use(plugins: Callable[..., None], kind: str, spec: str, named: str) -> None:
    """Exit 2, with what there is."""
    plugins("good-plugin", ENTRIES)
    with pytest.raises(UsageError, match=named) as refused:
        Registry().model(kind, spec)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("name", ["notone", "misnamed", "broken", "absent"])
def test_a_plug_in_that_cannot_be_used_is_told(plugins: Callable[..., None], name: str) -> None:
    """Exit 4, naming it and where it is from; the others go on working."""
    plugins("good-plugin", ENTRIES)
    registry = Registry()
    with pytest.raises(SettingsError, match=f"{name}.*clash_test_plugin") as refused:
        registry.provider(name)
    assert (refused.value.exit_code, refused.value.code) == (4, "broken_provider")
    assert registry.model("image", "good").name == "a"


def test_what_a_plug_in_says_of_its_settings_is_passed_on(plugins: Callable[..., None]) -> None:
    """Its own words and hint, not ours."""
    plugins("good-plugin", ENTRIES)
    with pytest.raises(SettingsError, match="GOOD_KEY is not set") as refused:
        Registry().provider("refused")
    assert refused.value.hint == "set GOOD_KEY"


def test_two_packages_of_one_name_do_not_take_turns(plugins: Callable[..., None]) -> None:
    """Whichever way round they are installed, the same one is used."""
    plugins("b-plugin", {"twice": "Second"})
    plugins("a-plugin", {"twice": "First"})
    assert Registry().model("image", "twice").name == "first"


def test_the_metered_plug_in_of_the_tests_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider that other tests count calls with is found as a user's would be."""
    monkeypatch.syspath_prepend(PLUGINS)
    assert "metered" in provider_names()
    assert Registry().model("image", "metered").spec.startswith("metered:")


def test_all_missing_keys_are_told_at_once() -> None:
    """Models of two vendors without keys: both keys are named, each once."""
    settings = Settings(OPENAI_API_KEY="", FAL_KEY="")
    models: dict[Kind, str] = {
        "screenplay": "openai:gpt-5-mini",
        "image": "openai:gpt-image-1-mini",
        "speech": "fal:fal-ai/kokoro",
    }
    found = Registry(settings).models(models).values()
    with pytest.raises(SettingsError) as caught:
        require_all(found)
    assert caught.value.message == "OPENAI_API_KEY is not set; FAL_KEY is not set"
    assert caught.value.code == "missing_key"
