"""`clash doctor --preset NAME`: whether what a preset uses is there, and what to do about it if it is not."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from emulator import Emulator
from emulator.material import story_of
from filming import SMALL, Ran, clash, environment, shot_list
from http_vendors import KEY, served
from http_vendors.ark import Ark
from http_vendors.chat import WRITER, ChatServer
from http_vendors.minimax import MiniMax

EXAMPLE = Path(__file__).parent.parent / "examples" / "lighthouse.csv"
LOCAL = {"image": "local:illustrator", "video": "local:cinematographer", "speech": "local:voice"}
NOTHING = {"OPENAI_API_KEY": "", "FAL_KEY": "", "HTTPS_PROXY": "", "https_proxy": ""}


@pytest.fixture
def server() -> Generator[ChatServer]:
    """A text server that wants no key."""
    with served(ChatServer(story_of(EXAMPLE), key=None)) as started:
        assert isinstance(started, ChatServer)
        yield started


def asked(folder: Path, model: str, *more: str, **variables: str) -> Ran:
    """What doctor says of a preset with this writer."""
    presets = json.dumps({"mine": {"screenplay": model, **LOCAL}})
    env = environment(**{**NOTHING, "CLASH_PRESETS": presets, **variables})
    return clash(folder, "doctor", "--preset", "mine", "--json", *more, env=env)


def checks_of(ended: Ran) -> dict[str, dict[str, Any]]:
    """The checks that were made, by name."""
    return {check["check"]: check for check in ended.document["checks"]}


def test_the_path_of_a_preset_is_asked_and_no_other(tmp_path: Path, server: ChatServer, vendors: Emulator) -> None:
    """Its server is asked for its models, which costs nothing; vendors that it does not use are not asked."""
    ended = asked(tmp_path, "ollama:qwen3:8b", **{**vendors.environment, **server.environment})
    assert ended.code == 0, ended.err
    assert ended.document["preset"] == "mine"
    assert ended.document["models"]["screenplay"] == "ollama:qwen3:8b"
    assert checks_of(ended)["ollama"]["says"] == f"{server.url}/v1: 2 models, qwen3:8b is one of them"
    assert server.requests == ["GET /v1/models"]
    assert vendors.journal() == []
    assert not {"openai", "fal", "comfyui"} & set(checks_of(ended))


def test_a_model_that_is_not_there_is_told(tmp_path: Path, server: ChatServer) -> None:
    """Ollama runs, but the model was never fetched: the hint is the command that fetches it."""
    ended = asked(tmp_path, "ollama:llama3", **server.environment)
    assert ended.code == 1
    found = checks_of(ended)["ollama"]
    assert found["says"] == f"{server.url}/v1 has no model llama3"
    assert "ollama pull llama3" in found["hint"]


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("ollama:qwen3:8b", "ollama serve"),
        ("lmstudio:qwen3:8b", "lms server start"),
        ("openai:anything", "HTTPS_PROXY"),
    ],
)
def test_a_server_that_nobody_reaches_is_told(tmp_path: Path, model: str, hint: str) -> None:
    """What is to be started, or that a proxy may be missing."""
    ended = asked(tmp_path, model, CLASH_SCREENPLAY_BASE_URL="http://127.0.0.1:9/v1")
    assert ended.code == 1
    found = checks_of(ended)[model.partition(":")[0]]
    assert (found["ok"], "cannot be reached" in found["says"]) == (False, True)
    assert hint in found["hint"]


def test_a_wrong_key_is_told_with_its_variable(tmp_path: Path, server: ChatServer) -> None:
    """The key of the craft is refused; it is shown nowhere."""
    server.key = KEY
    wrong = "wrong-key-0123456789"
    ended = asked(
        tmp_path, f"openai:{WRITER}", CLASH_SCREENPLAY_API_KEY=wrong, CLASH_SCREENPLAY_BASE_URL=f"{server.url}/v1"
    )
    assert ended.code == 1
    assert checks_of(ended)["openai"]["hint"] == "check CLASH_SCREENPLAY_API_KEY"
    assert wrong not in ended.out + ended.err


def test_a_missing_key_is_told_and_asked_with_nobody(tmp_path: Path) -> None:
    """A preset of vendors without a single key: each craft says which it needs, and offline nobody is asked."""
    env = environment(**NOTHING, ARK_API_KEY="", MINIMAX_API_KEY="")
    ended = clash(tmp_path, "doctor", "--preset", "final-cn", "--offline", "--json", env=env)
    assert ended.code == 1
    told = {name: check["says"] for name, check in checks_of(ended).items() if not check["ok"]}
    assert told == {
        "image model": "ARK_API_KEY is not set",
        "video model": "ARK_API_KEY is not set",
        "speech model": "MINIMAX_API_KEY is not set",
    }


def test_the_vendors_of_china_are_asked_for_free(tmp_path: Path) -> None:
    """Ark and MiniMax say whether their keys are good; nothing is charged, and a wrong key is named."""
    with served(Ark({})) as ark, served(MiniMax({})) as minimax:
        env = environment(**{**NOTHING, **ark.environment, **minimax.environment, "CLASH_ALLOW_HOSTS": "127.0.0.1"})
        good = clash(tmp_path, "doctor", "--preset", "final-cn", "--json", env=env)
        wrong = clash(tmp_path, "doctor", "--preset", "final-cn", "--json", env={**env, "MINIMAX_API_KEY": "wrong" * 6})
        assert (ark.journal, minimax.journal) == ([], [])
    assert good.code == 0, good.err
    assert checks_of(good)["ark"]["says"] == f"ARK_API_KEY goes to {ark.url}/api/v3: the key is good"
    assert checks_of(good)["minimax"]["says"] == f"MINIMAX_API_KEY goes to {minimax.url}/v1: the key is good"
    assert (wrong.code, checks_of(wrong)["ark"]["ok"], checks_of(wrong)["minimax"]["ok"]) == (1, True, False)
    assert "MINIMAX_API_KEY" in checks_of(wrong)["minimax"]["hint"]
    assert "wrongwrong" not in wrong.out + wrong.err


def test_an_unknown_preset_is_wrong_use(tmp_path: Path) -> None:
    """Those that are known are named."""
    ended = clash(tmp_path, "doctor", "--preset", "nope", "--json", env=environment(**NOTHING))
    assert (ended.code, ended.document["error"]["code"]) == (2, "unknown_preset")
    assert "final-cn" in ended.err


def test_doctor_tells_the_style_that_worked(tmp_path: Path, server: ChatServer) -> None:
    """After a run, what its server took is known; a key that is missing later leaves no run behind."""
    story = shot_list(tmp_path / "story.csv", 1)
    server.story, server.style = story_of(story), "tools"
    arguments = ("run", str(story), *SMALL, "--screenplay-model", "ollama:qwen3:8b", "--thread", "one")
    ended = clash(tmp_path, *arguments, env=environment(**NOTHING, **server.environment))
    assert ended.code == 0, ended.err
    told = checks_of(asked(tmp_path, "ollama:qwen3:8b", **server.environment))["ollama"]["says"]
    assert told.endswith("its JSON: tool call (its newest call)")

    refused = clash(
        tmp_path, "run", str(story), "--preset", "draft", "--thread", "two", "--json", env=environment(**NOTHING)
    )
    assert (refused.code, refused.document["error"]["code"]) == (4, "missing_key")
    listed = clash(tmp_path, "runs", "ls", "--json", env=environment(**NOTHING))
    assert [run["thread_id"] for run in listed.document["items"]] == ["one"]
