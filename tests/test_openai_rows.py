"""A language model that writes single rows of a screenplay: told what is established, and held to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from emulator import Emulator
from emulator.material import chat, draft_of, story_of
from emulator.vendor_run import VendorRun

from clash.calls.content_key import content_key, first_key
from clash.editing.merge import MergePlan, merged, plan_merge
from clash.providers.openai import OpenAIProvider
from clash.providers.openai.normalising import screenplay_of_drafts
from clash.providers.ports import ScreenplayRequest, screenplay_of
from clash.providers.registry import Model
from clash.story.screenplay import Screenplay
from clash.workflow.generate_screenplay import check_screenplay

LIGHTHOUSE = Path(__file__).parent.parent / "examples" / "lighthouse.csv"
MINI = "openai:gpt-5-mini"
CHANGED = 3
"""The row (its index) whose description is another now."""


@pytest.fixture
def plan() -> MergePlan:
    """The merge of a story of which one row was changed and one added at the end."""
    before = story_of(LIGHTHOUSE)
    beats = list(before.beats)
    beats[CHANGED] = beats[CHANGED].model_copy(update={"description": "Mara drops the lamp; the glass breaks."})
    added = beats[-1].model_copy(
        update={"row": beats[-1].row + 1, "description": "Captain Ruth arrives by boat.", "characters": ("Ruth",)}
    )
    after = before.model_copy(update={"beats": (*beats, added.model_copy(update={"dialogue": (), "narration": ""}))})
    return plan_merge(before, screenplay_of_drafts(before, [draft_of(before)]), after)


async def _written(vendor_run: VendorRun, plan: MergePlan) -> Screenplay:
    request = ScreenplayRequest(story=plan.story, established=plan.established)
    made = await vendor_run.call(MINI, request)
    return screenplay_of(made.path.read_bytes())


async def test_model_is_told_what_is_established(vendor_run: VendorRun, vendors: Emulator, plan: MergePlan) -> None:
    """It gets the changed rows alone, with style, cast, places and the shots next to each row."""
    vendors.answers(chat(draft_of(plan.story).model_dump_json()))
    answer = await _written(vendor_run, plan)
    told = vendors.submits()[0]["body"]["messages"][1]["content"]
    rows = told.partition("The rows, as JSON:")[2]
    assert "Mara drops the lamp" in rows
    assert plan.old_story.beats[CHANGED - 1].description not in rows
    for known in (plan.established.style, *(one.name for one in plan.established.characters)):
        assert known in told
    assert plan.old_screenplay.shots[CHANGED - 1].action in told
    assert plan.old_screenplay.shots[CHANGED + 1].action in told
    new = merged(plan, answer)
    check_screenplay(new)
    assert new.shots[CHANGED].action == "Mara drops the lamp; the glass breaks."
    kept = [shot for index, shot in enumerate(new.shots[:-1]) if index != CHANGED]
    assert kept == [shot for index, shot in enumerate(plan.old_screenplay.shots) if index != CHANGED]


async def test_known_people_and_looks_stay(vendor_run: VendorRun, vendors: Emulator, plan: MergePlan) -> None:
    """A known person need not be listed again, and one who is listed with another look keeps the known one."""
    draft = draft_of(plan.story)
    only_new = [one for one in draft.characters if one.name == "Ruth"]
    changed = [one.model_copy(update={"look": "another look"}) for one in draft.characters if one.name == "Mara"]
    vendors.answers(chat(draft.model_copy(update={"characters": [*only_new, *changed]}).model_dump_json()))
    new = merged(plan, await _written(vendor_run, plan))
    assert new.characters[:-1] == plan.old_screenplay.characters
    assert new.characters[-1].name == "Ruth"
    assert len(vendors.submits()) == 1


async def test_strangers_are_sent_back(vendor_run: VendorRun, vendors: Emulator, plan: MergePlan) -> None:
    """Somebody whom neither the rows nor the screenplay know is refused, as in a whole story."""
    draft = draft_of(plan.story)
    stranger = draft.characters[0].model_copy(update={"name": "Captain Blight"})
    invented = draft.model_copy(update={"characters": [*draft.characters, stranger]})
    vendors.answers(chat(invented.model_dump_json(), sequenceIndex=0), chat(draft.model_dump_json(), sequenceIndex=1))
    await _written(vendor_run, plan)
    assert "the story has no 'Captain Blight'" in vendors.submits()[1]["body"]["messages"][-1]["content"]


async def test_note_is_told(vendor_run: VendorRun, vendors: Emulator) -> None:
    """A note for another take of the whole screenplay reaches the model."""
    story = story_of(LIGHTHOUSE)
    vendors.answers(chat(draft_of(story).model_dump_json()))
    await vendor_run.call(MINI, ScreenplayRequest(story=story, note="Fewer words, more rain."))
    assert "Fewer words, more rain." in vendors.submits()[0]["body"]["messages"][1]["content"]


def test_whole_story_is_sent_as_before(plan: MergePlan) -> None:
    """Without what is established and without a note, messages and key are as they were; with them there are others."""
    provider = OpenAIProvider()
    model = Model(provider, "gpt-5-mini")
    whole = ScreenplayRequest(story=plan.old_story)
    part = ScreenplayRequest(story=plan.old_story, established=plan.established.model_copy(update={"neighbours": ()}))
    noted = ScreenplayRequest(story=plan.old_story, note="Shorter.")
    [messages] = provider.identity("gpt-5-mini", whole)["messages"]
    assert "exists" not in messages[0]["content"]
    assert content_key(model, whole) != content_key(model, noted)
    assert first_key(model, whole)
    assert first_key(model, noted) is None
    assert first_key(model, part) is None
