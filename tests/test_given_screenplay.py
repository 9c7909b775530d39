"""A screenplay that a person gives is shot as it is; one that cannot be shot is refused by its JSON paths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from editing_stories import PROSE, SHOT_LIST, story_of, written_locally
from filming import METERED, SMALL, clash, environment, metered, shot_list

import clash as api
from clash.editing.screenplay_file import read_screenplay
from clash.errors import StoryError
from clash.story.screenplay import Screenplay


def _document(table: str = SHOT_LIST) -> dict[str, Any]:
    return written_locally(story_of(table)).model_dump(mode="json")


def _read(document: object) -> tuple[Screenplay, tuple[str, ...]]:
    found = read_screenplay(json.dumps(document).encode(), name="mine.json")
    return found.screenplay, found.warnings


# -- reading


UNSAID = "description,dialogue\nA door opens in the desert.,\nInes looks at it.,INES: Finally.\n"
"""The second row does not say where it plays."""


@pytest.mark.parametrize("table", [SHOT_LIST, PROSE, UNSAID])
def test_own_screenplay_is_read_as_it_is(table: str) -> None:
    """What clash wrote is read without a change and without a warning."""
    screenplay = written_locally(story_of(table))
    found = read_screenplay(screenplay.model_dump_json(indent=2).encode(), name="screenplay.json")
    assert (found.screenplay, found.warnings) == (screenplay, ())
    assert ("" in {location.name for location in screenplay.locations}) == (table is UNSAID)


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (("scenes", 1, "shots", 0, "location"), "kitchn", "did you mean 'kitchen'?"),
        (("scenes", 0, "shots", 2, "characters", 0), "nobody", "there is no character 'nobody'; there are mara, ivo"),
        (("scenes", 0, "location"), "moon", "there is no location 'moon'; there are pier, kitchen, hill"),
        (("scenes", 0, "shots", 0, "duration_s"), 0, "more than 0 and at most 600 seconds"),
        (("scenes", 0, "shots", 0, "duration_s"), 601, "more than 0 and at most 600 seconds"),
        (("scenes", 0, "shots", 0, "size"), "gigantic", "Input should be 'extreme_wide'"),
        (("scenes", 0, "shots", 0, "dialogue", 0, "text"), 7, "valid string"),
        (("characters", 0, "slug"), "Mara Quill", "'mara-quill' is one"),
        (("characters", 1, "slug"), "mara", "'mara' stands 2 times"),
        (("locations", 0, "name"), " ", "it is empty"),
        (("scenes", 2, "shots"), [], "a scene needs a shot"),
        (("scenes",), [], "a film needs a scene"),
        (("scenes", 0, "shots", 0, "action"), "A \ud800 lamp.", "half of a character"),
    ],
)
def test_fault_is_named_by_its_path(place: tuple[int | str, ...], value: object, fault: str) -> None:
    """Each fault is said with its JSON path and with what to write instead."""
    document: Any = _document()
    parent = document
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    with pytest.raises(StoryError) as raised:
        _read(document)
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)[1:]
    assert f"{path}: " in raised.value.message
    assert fault in raised.value.message
    assert raised.value.exit_code == 2


def test_unknown_field_is_a_fault() -> None:
    """A misspelt field is never lost in silence."""
    document = _document()
    document["scenes"][0]["shots"][0]["imageprompt"] = "A lamp."
    with pytest.raises(StoryError, match=r"scenes\[0\]\.shots\[0\]\.imageprompt: Extra inputs"):
        _read(document)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'"text"', b"[" * 100_000, b'{"title": "\\ud800"}'])
def test_what_is_no_screenplay_is_refused(content: bytes) -> None:
    """Whatever a file holds, it is refused in words."""
    with pytest.raises(StoryError, match=r"mine\.json"):
        read_screenplay(content, name="mine.json")


def test_shots_are_numbered_as_they_stand() -> None:
    """A shot that is taken out or put in needs no other numbers by hand; it is said that they are new."""
    document = _document()
    del document["scenes"][0]["shots"][1]
    screenplay, warnings = _read(document)
    assert [shot.number for shot in screenplay.shots] == [1, 2, 3, 4, 5]
    assert warnings == ("scenes[0].shots[1].number: shots are numbered anew, in the order in which they stand",)


def test_who_and_what_is_unused_is_told() -> None:
    """A person or place in no shot costs a picture, and a speaker outside the cast has any voice."""
    document = _document()
    for shot in document["scenes"][1]["shots"]:
        shot["location"] = "pier"
        shot["characters"] = []
        shot["dialogue"] = [{"speaker": "Nora", "text": "Now."}] if shot["dialogue"] else []
    document["scenes"][1]["location"] = "pier"
    document["scenes"][0]["shots"][1]["characters"] = []
    _, warnings = _read(document)
    assert [warning.partition(":")[0] for warning in warnings] == [
        "characters[1]",
        "locations[1]",
        "scenes[1].shots[0].dialogue[0].speaker",
    ]


# -- films


@on_both_databases
def test_given_screenplay_asks_no_writer(tmp_path: Path, database_url: str) -> None:
    """The film is shot from the file, the writer is not paid; the run goes on with this screenplay and no other."""
    story = str(shot_list(tmp_path / "story.csv", 3, words=True))
    env = environment(DATABASE_URL=database_url, METER=str(tmp_path / "meter"), METER_COST="0.10")
    env |= {name: value for name, value in _environ().items() if name.startswith("CLOUDFLARE_")}

    def run(*arguments: str, code: int = 0) -> dict[str, Any]:
        ran = clash(tmp_path, *arguments, "--json", env=env)
        assert ran.code == code, (arguments, ran.err)
        return ran.document

    run("run", story, "--thread", "first", *SMALL, *METERED)
    shown = run("screenplay", "show", "first")
    shown["screenplay"]["scenes"][0]["shots"][0]["image_prompt"] = "A lamp, alone."
    (tmp_path / "mine.json").write_text(json.dumps(shown), encoding="utf-8")
    assert run("screenplay", "check", "mine.json")["shots"] == 3
    before = len(metered(tmp_path / "meter"))
    second = ("run", story, "--screenplay", "mine.json", "--thread", "second", *SMALL, *METERED)
    said = run(*second, "--dry-run")
    made = run(*second)
    assert metered(tmp_path / "meter")[before:] == ["shot:001/keyframe", "shot:001"]
    assert said["total_usd"] == made["cost"]["total_usd"] == "0.200000"
    published = json.loads((tmp_path / "output/second/screenplay.json").read_text(encoding="utf-8"))
    assert published == shown["screenplay"]
    assert run(*second)["status"] == "already_completed"
    error = run("run", story, "--thread", "second", *SMALL, *METERED, "--allow-changes", code=5)["error"]
    assert error["code"] == "other_screenplay"


def _environ() -> dict[str, str]:
    import os

    return dict(os.environ)


async def test_screenplay_is_given_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`RunRequest(screenplay=...)` takes the value itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("ASSET_STORE", raising=False)
    (tmp_path / "tide.csv").write_text(SHOT_LIST, encoding="utf-8")
    screenplay = written_locally(story_of(SHOT_LIST))
    short = screenplay.model_copy(update={"scenes": screenplay.scenes[-1:]})
    request = api.RunRequest(story="tide.csv", screenplay=short, thread_id="py", size="192x108", fps=8)
    report = await api.run(request)
    assert report.exit_code == 0
    assert report.document["steps"]["generate_shots"] == {"done": 1, "total": 1}


def test_panel_of_a_given_screenplay_is_found(tmp_path: Path) -> None:
    """A reference picture lies beside the story or beside the screenplay; one that is nowhere is named by its path."""
    from emulator.material import picture

    (tmp_path / "tide.csv").write_text(SHOT_LIST, encoding="utf-8")
    (tmp_path / "drafts").mkdir()
    document = _document()
    document["scenes"][0]["shots"][0]["reference_image"] = "panel.png"
    (tmp_path / "drafts" / "mine.json").write_text(json.dumps(document), encoding="utf-8")
    arguments = ("run", "tide.csv", "--screenplay", "drafts/mine.json", "--dry-run", *SMALL)
    refused = clash(tmp_path, *arguments, env=environment())
    assert refused.code == 2
    assert "scenes[0].shots[0].reference_image, 'panel.png'" in refused.err
    (tmp_path / "drafts" / "panel.png").write_bytes(picture())
    assert clash(tmp_path, *arguments, env=environment()).code == 0
