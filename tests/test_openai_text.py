"""Text by the `openai` SDK: a screenplay that keeps to the story, or an error that says why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from emulator import Emulator
from emulator.material import chat, draft_of, story_of
from emulator.vendor_run import VendorRun

from clash.calls.content_key import content_key
from clash.errors import ProviderError, SettingsError
from clash.providers.openai import OpenAIProvider
from clash.providers.openai.draft import Draft, DraftCharacter, DraftLine
from clash.providers.openai.parts import MOST_ROWS, parts_of
from clash.providers.ports import ScreenplayRequest, screenplay_of
from clash.providers.registry import Model
from clash.story.reader import read_story
from clash.story.screenplay import Screenplay, Story
from clash.workflow.generate_screenplay import check_screenplay

LIGHTHOUSE = Path(__file__).parent.parent / "examples" / "lighthouse.csv"
MINI = "openai:gpt-5-mini"
READ, WRITTEN = 3000, 2500
ONE_CALL = 750 + 5000
"""Micro-dollars of one such call: 3,000 tokens at $0.25 and 2,500 at $2 a million."""

NEW_LINE = DraftLine(speaker="Mara", text="I am new").model_dump()


@pytest.fixture
def story() -> Story:
    """The example's story: beats."""
    return story_of(LIGHTHOUSE)


def answers(vendors: Emulator, *contents: str) -> None:
    """What the model says to one request after the other."""
    vendors.answers(*(chat(content, sequenceIndex=number) for number, content in enumerate(contents)))


def with_shot(draft: Draft, number: int, **changes: Any) -> str:
    """A draft with one shot changed, as JSON."""
    values = draft.model_dump(mode="json")
    shots = [shot for scene in values["scenes"] for shot in scene["shots"]]
    shots[number].update(changes)
    return json.dumps(values)


async def write(vendor_run: VendorRun, story: Story, model: str = MINI) -> Screenplay:
    made = await vendor_run.call(model, ScreenplayRequest(story=story))
    return screenplay_of(made.path.read_bytes())


async def test_a_story_becomes_a_screenplay_that_can_be_shot(
    vendor_run: VendorRun, vendors: Emulator, story: Story
) -> None:
    """Slugs and numbers are ours, the words are the story's, and what the tokens cost is recorded."""
    answers(vendors, draft_of(story).model_dump_json())
    screenplay = await write(vendor_run, story)
    check_screenplay(screenplay)
    assert [shot.source_row for shot in screenplay.shots] == [beat.row for beat in story.beats]
    assert [c.name for c in screenplay.characters] == ["Mara", "Tomas", "Pim"]
    assert screenplay.shots[2].characters == ("mara", "tomas")
    assert [line.speaker for line in screenplay.shots[2].dialogue] == ["Tomas", "Mara"]
    (row,) = await vendor_run.rows()
    assert (row["cost_micro"], row["precision"]) == (ONE_CALL, "billed")
    assert row["quoted_cost_micro"] > ONE_CALL, "the estimate is rather too much than too little"
    (entry,) = vendors.submits()
    assert entry["body"]["response_format"]["json_schema"]["strict"] is True


async def test_an_invented_character_is_sent_back_once_and_named(
    vendor_run: VendorRun, vendors: Emulator, story: Story
) -> None:
    """Who is not in the story is thrown out: the model is told so in the checker's words, and writes again."""
    draft = draft_of(story)
    stranger = DraftCharacter(name="Captain Blight", description="", look="a captain", voice="a man")
    invented = draft.model_copy(update={"characters": [*draft.characters, stranger]})
    answers(vendors, invented.model_dump_json(), draft.model_dump_json())
    screenplay = await write(vendor_run, story)
    assert "captain-blight" not in [character.slug for character in screenplay.characters]
    first, second = vendors.submits()
    assert len(first["body"]["messages"]) == 2
    assert "the story has no 'Captain Blight'" in second["body"]["messages"][-1]["content"]
    assert await vendor_run.costs() == [2 * ONE_CALL]


@pytest.mark.parametrize(
    ("number", "changes", "complaint"),
    [
        (0, {"characters": ["Pim"]}, "shot 1 shows 'Pim', but row 2 has only Mara"),
        (0, {"characters": ["Nobody"]}, "shot 1 shows 'Nobody', who is not among the characters"),
        (1, {"source_row": 99}, "there are no rows [99]"),
        (1, {"source_row": 4}, "no shot shows the rows [3]"),
        (2, {"dialogue": []}, "row 4: TOMAS must say, word for word: You came back."),
        (
            0,
            {"dialogue": [DraftLine(speaker="Mara", text="I am new").model_dump()]},
            "the story has no line 'I am new'",
        ),
        (0, {"narration": ""}, "row 2: its narration must be read once, word for word: For nineteen years"),
        (1, {"narration": "Once upon a time"}, "row 3 has no narration; add none"),
        (0, {"location": "The Moon"}, "shot 1 plays at 'The Moon'"),
        (0, {"duration_s": 0.0}, "shot 1 lasts 0.0 s"),
        (0, {"size": "gigantic"}, "scenes.0.shots.0.size"),
    ],
)
async def test_a_screenplay_that_breaks_the_story_is_refused(
    vendor_run: VendorRun, vendors: Emulator, story: Story, number: int, changes: dict[str, Any], complaint: str
) -> None:
    """Every rule of the checker: told once, then the run fails with what is wrong, and both answers are paid."""
    bad = with_shot(draft_of(story), number, **changes)
    answers(vendors, bad, bad)
    with pytest.raises(ProviderError, match="cannot be used, twice") as caught:
        await write(vendor_run, story)
    assert caught.value.code == "bad_screenplay"
    assert caught.value.retryable is False
    assert complaint.casefold() in vendors.submits()[1]["body"]["messages"][-1]["content"].casefold()
    assert (await vendor_run.states(), await vendor_run.costs()) == (["failed"], [2 * ONE_CALL])


async def test_words_that_are_no_json_are_sent_back_too(vendor_run: VendorRun, vendors: Emulator, story: Story) -> None:
    """An answer that breaks off in the middle is repaired once."""
    whole = draft_of(story).model_dump_json()
    answers(vendors, whole[: len(whole) // 2], whole)
    assert len((await write(vendor_run, story)).shots) == len(story.beats)


def shot_list() -> Story:
    """A shot list whose rows say how each is to be shot."""
    table = (
        "shot,shot_size,movement,location,characters,description,dialogue,duration\n"
        "1,CU,pan left,Kitchen,Mara,Mara waits.,MARA: Well?,2.5\n"
        "2,WS,,Kitchen,Mara,The door opens.,,7\n"
    )
    return read_story(table.encode(), name="list.csv")


async def test_a_shot_list_is_never_split(vendor_run: VendorRun, vendors: Emulator) -> None:
    """One row, one shot, in order, with the row's own size, move, length and words, whatever the model thinks."""
    story = shot_list()
    answers(vendors, with_shot(draft_of(story), 0, dialogue=[], narration="Once upon a time"))
    first, second = (await write(vendor_run, story)).shots
    assert [(line.speaker, line.text) for line in first.dialogue] == [("Mara", "Well?")]
    assert first.narration == ""
    assert (first.duration_s, second.duration_s) == (2.5, 7.0)
    assert (first.size, first.movement) == ("close_up", "pan_left")
    assert (second.size, second.movement) == ("wide", "push_in")
    assert "shot list" in vendors.submits()[0]["body"]["messages"][1]["content"]


async def test_a_shot_list_that_comes_back_split_is_refused(vendor_run: VendorRun, vendors: Emulator) -> None:
    """Two shots for one row are one too many."""
    story = shot_list()
    draft = draft_of(story)
    scene = draft.scenes[0]
    split = scene.model_copy(update={"shots": [scene.shots[0], *scene.shots]})
    bad = draft.model_copy(update={"scenes": [split, *draft.scenes[1:]]}).model_dump_json()
    answers(vendors, bad, bad)
    with pytest.raises(ProviderError, match="one shot a row"):
        await write(vendor_run, story)


def long_story(scenes: int = 10, rows: int = 5) -> Story:
    """A story of many scenes of equal length."""
    lines = ["scene,location,characters,description"]
    for scene in range(1, scenes + 1):
        lines += [f"{scene},Place {scene % 3},Mara,Mara does thing {scene}.{row}" for row in range(rows)]
    return read_story("\n".join(lines).encode(), name="long.csv")


async def test_a_long_story_is_written_in_parts_that_know_each_other(vendor_run: VendorRun, vendors: Emulator) -> None:
    """Parts end between scenes; who was described in the first part looks the same in the last."""
    story = long_story()
    parts = parts_of(story)
    assert len(parts) == 3
    assert all(len(part) <= MOST_ROWS for part in parts)
    assert not {beat.scene for beat in parts[0]} & {beat.scene for beat in parts[1]}
    drafts: list[str] = []
    start = 0
    for number, part in enumerate(parts):
        draft = draft_of(story, slice(start, start + len(part)))
        look = [one.model_copy(update={"look": f"look of part {number}"}) for one in draft.characters]
        drafts.append(draft.model_copy(update={"characters": look}).model_dump_json())
        start += len(part)
    answers(vendors, *drafts)
    screenplay = await write(vendor_run, story)
    assert [shot.number for shot in screenplay.shots] == list(range(1, 51))
    assert [character.look for character in screenplay.characters] == ["look of part 0"]
    last = vendors.submits()[2]["body"]["messages"][1]["content"]
    assert "part 3 of 3" in last
    assert "look of part 0" in last
    assert "look of part 1" not in last
    assert await vendor_run.costs() == [3 * ONE_CALL]


async def test_a_busy_vendor_does_not_cost_the_parts_that_are_written(vendor_run: VendorRun, vendors: Emulator) -> None:
    """429 in the middle of a long story: the part is asked for again, the ones before it are not."""
    story = long_story(scenes=6)
    first, second = parts_of(story)
    answers(
        vendors,
        draft_of(story, slice(0, len(first))).model_dump_json(),
        draft_of(story, slice(len(first), None)).model_dump_json(),
    )
    vendors.fault("/v1/chat", "wait", ms=0)
    vendors.fault("/v1/chat", "answer", status=429, headers={"retry-after": "0"}, body={"error": {"message": "busy"}})
    assert len((await write(vendor_run, story)).shots) == len(first) + len(second)
    assert len(vendors.submits()) == 2


def test_a_server_of_one_s_own_needs_no_key(vendor_run: VendorRun) -> None:
    """OpenAI asks for a key; what OPENAI_BASE_URL names otherwise may not."""
    own = vendor_run.settings.changed(openai_api_key=None)
    OpenAIProvider(own).require("llama")
    theirs = own.changed(openai_base_url="https://api.openai.com/v1")
    with pytest.raises(SettingsError, match="OPENAI_API_KEY is not set"):
        OpenAIProvider(theirs).require("gpt-5")


def test_another_wording_is_another_call(vendor_run: VendorRun, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The prompts are part of what is asked: a new text does not find the old answers."""
    from clash.providers import prompts

    provider = OpenAIProvider(vendor_run.settings)
    request = ScreenplayRequest(story=story)
    model = Model(provider, "gpt-5-mini")
    before = content_key(model, request)
    assert before == content_key(model, request)
    assert before != content_key(Model(provider, "gpt-5.4"), request)
    monkeypatch.setattr(prompts, "_text", lambda name: f"other words of {name}")
    assert content_key(model, request) != before


def test_better_rules_for_the_writer_buy_nothing_again(
    vendor_run: VendorRun, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer's rules count by their revision: their wording alone makes no other call."""
    from clash.providers import prompts
    from clash.providers.openai import screenwriter

    model, request = Model(OpenAIProvider(vendor_run.settings), "gpt-5-mini"), ScreenplayRequest(story=story)
    before, text = content_key(model, request), prompts._text
    monkeypatch.setattr(prompts, "_text", lambda name: "other rules" if name == "screenwriter" else text(name))
    assert content_key(model, request) == before
    monkeypatch.setattr(screenwriter, "INSTRUCTIONS", screenwriter.INSTRUCTIONS + 1)
    assert content_key(model, request) != before


def test_the_writer_is_told_to_contradict_no_words(vendor_run: VendorRun, story: Story) -> None:
    """The rules that are sent say that what the table tells of somebody holds, animals and machines included."""
    from clash.providers.openai.parts import messages_for

    rules = messages_for(ScreenplayRequest(story=story), story.beats, [], 1)[0]["content"]
    assert "contradict none of them" in rules
    assert "a goose is drawn as a goose" in rules
