"""What goes wrong with a language model: busy, slow, lost, refused; a failure is told, and nothing is paid twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from emulator import Emulator
from emulator.material import chat, draft_of, story_of
from emulator.vendor_run import VendorRun

from clash.errors import AmbiguousError, PersonNeededError, ProviderError, SettingsError
from clash.providers.openai import conversation
from clash.providers.ports import ScreenplayRequest, screenplay_of
from clash.story.screenplay import Screenplay, Story

LIGHTHOUSE = Path(__file__).parent.parent / "examples" / "lighthouse.csv"
MINI = "openai:gpt-5-mini"


@pytest.fixture
def story() -> Story:
    """The example's story: beats."""
    return story_of(LIGHTHOUSE)


def answers(vendors: Emulator, *contents: str) -> None:
    """What the model says to one request after the other."""
    vendors.answers(*(chat(content, sequenceIndex=number) for number, content in enumerate(contents)))


async def write(vendor_run: VendorRun, story: Story, model: str = MINI) -> Screenplay:
    made = await vendor_run.call(model, ScreenplayRequest(story=story))
    return screenplay_of(made.path.read_bytes())


# -- what goes wrong -------------------------------------------------------------------------------------------------


async def test_a_busy_vendor_is_asked_again_when_it_says(
    vendor_run: VendorRun, vendors: Emulator, story: Story
) -> None:
    """429 with Retry-After: one failed row that cost nothing, then the answer."""
    answers(vendors, draft_of(story).model_dump_json())
    vendors.fault(
        "/v1/chat", "answer", status=429, headers={"retry-after": "0.2"}, body={"error": {"message": "slow down"}}
    )
    await write(vendor_run, story)
    assert await vendor_run.states() == ["failed", "succeeded"]
    first, second = await vendor_run.rows()
    assert (first["cost_micro"], first["status_code"]) == (0, 429)
    assert second["started_at"] >= first["ended_at"]


async def test_aimock_s_own_rate_limit_is_understood(vendor_run: VendorRun, vendors: Emulator, story: Story) -> None:
    """What the emulator sends for 429 is retryable, and says when."""
    vendors.chaos(rateLimitRate=1)
    try:
        with pytest.raises(ProviderError) as caught:
            await write(vendor_run, story)
    finally:
        vendors.calm()
    assert (caught.value.code, caught.value.retryable, caught.value.retry_after_s) == ("rate_limited", True, 1.0)


@pytest.mark.parametrize("action", ["drop", "work"])
async def test_a_lost_answer_is_never_asked_for_again_unasked(
    vendor_run: VendorRun, vendors: Emulator, story: Story, action: str
) -> None:
    """The connection breaks after the request was sent: the work may be done, so a person decides."""
    answers(vendors, draft_of(story).model_dump_json())
    vendors.fault("/v1/chat", action)
    with pytest.raises(PersonNeededError) as caught:
        await write(vendor_run, story)
    assert caught.value.code == "unknown_call"
    assert await vendor_run.states() == ["unknown"]
    assert len(vendors.submits()) == (1 if action == "work" else 0)


async def test_an_answer_that_nobody_can_read_counts_as_lost(
    vendor_run: VendorRun, vendors: Emulator, story: Story
) -> None:
    """A body that is no JSON: the tokens are spent all the same."""
    vendors.chaos(malformedRate=1)
    try:
        with pytest.raises(PersonNeededError):
            await write(vendor_run, story)
    finally:
        vendors.calm()
    assert len(vendors.submits()) == 1


async def test_an_answer_that_takes_too_long_counts_as_lost(
    vendor_run: VendorRun, vendors: Emulator, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer within the time: it may still be worked on."""
    monkeypatch.setattr(conversation, "_ANSWER_S", 0.3)
    answers(vendors, draft_of(story).model_dump_json())
    vendors.fault("/v1/chat", "wait", ms=900)
    with pytest.raises(PersonNeededError):
        await write(vendor_run, story)


async def test_a_slow_answer_is_waited_for(vendor_run: VendorRun, vendors: Emulator, story: Story) -> None:
    """A second is no fault."""
    answers(vendors, draft_of(story).model_dump_json())
    vendors.chaos(latencyMs=700)
    try:
        assert (await write(vendor_run, story)).shots
    finally:
        vendors.calm()


async def test_nobody_at_the_address_is_not_paid_for(vendor_run: VendorRun, story: Story) -> None:
    """A connection that was never made can be tried again."""
    elsewhere = vendor_run.set(openai_base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ProviderError) as caught:
        await write(elsewhere, story)
    assert (caught.value.code, caught.value.retryable) == ("unreachable", True)
    assert not isinstance(caught.value, AmbiguousError)
    assert await vendor_run.states() == ["failed"] * 3


@pytest.mark.parametrize(
    ("status", "error", "code", "exit_code"),
    [
        (401, {"message": "Incorrect API key provided: sk-of-the-tests-0123456789"}, "refused_key", 4),
        (403, {"message": "no"}, "refused_key", 4),
        (429, {"message": "You exceeded your quota", "code": "insufficient_quota"}, "no_credit", 1),
        (400, {"message": "rejected by the safety system", "code": "content_policy_violation"}, "content_refused", 1),
        (400, {"message": "no such argument"}, "bad_request", 1),
    ],
)
async def test_a_refusal_says_whose_fault_it_is_and_is_not_repeated(
    vendor_run: VendorRun,
    vendors: Emulator,
    story: Story,
    status: int,
    error: dict[str, str],
    code: str,
    exit_code: int,
) -> None:
    """The vendor's words reach the person, without the key; the call is made once and costs nothing."""
    vendors.fault("/v1/chat", "answer", times=9, status=status, body={"error": error})
    with pytest.raises((ProviderError, SettingsError)) as caught:
        await write(vendor_run, story)
    assert (caught.value.code, caught.value.exit_code, caught.value.retryable) == (code, exit_code, False)
    assert "sk-of-the-tests" not in caught.value.message
    assert error["message"].partition(":")[0] in caught.value.message
    assert (await vendor_run.states(), await vendor_run.costs()) == (["failed"], [0])


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_an_error_of_the_server_may_have_been_paid(
    vendor_run: VendorRun, vendors: Emulator, story: Story, status: int
) -> None:
    """Nobody says that OpenAI does not bill them: asked once, then a person decides, with the vendor's words."""
    answers(vendors, draft_of(story).model_dump_json())
    vendors.fault("/v1/chat", "answer", times=9, status=status, body={"error": {"message": "oops"}})
    with pytest.raises(PersonNeededError, match="oops"):
        await write(vendor_run, story)
    assert await vendor_run.states() == ["unknown"]


async def test_a_server_that_bills_no_failures_is_asked_again(
    vendor_run: VendorRun, vendors: Emulator, story: Story, tmp_path: Path
) -> None:
    """500, then 503, then the answer; a 502 is not among the statuses that the file of prices names."""
    prices = tmp_path / "prices.toml"
    prices.write_text(
        f'[[free_failures]]\nprovider = "openai"\nendpoint = "{vendors.url}/v1/"\nstatuses = [500, 503]\n'
        'checked_on = 2026-11-26\nsource = "the contract"\n',
        encoding="utf-8",
    )
    told = vendor_run.set(prices_file=prices)
    answers(vendors, draft_of(story).model_dump_json())
    for status in (500, 503):
        vendors.fault("/v1/chat", "answer", status=status, body={"error": {"message": "oops"}})
    await write(told, story)
    assert await vendor_run.states() == ["failed", "failed", "succeeded"]
