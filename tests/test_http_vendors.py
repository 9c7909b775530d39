"""Vendors that are data: every promise of the ledger holds against strict emulators of their documentation."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import pytest
from emulator.vendor_run import VendorRun
from http_vendors import KEY, Vendor, served
from http_vendors.ark import Ark
from http_vendors.asked import keyframe, run_against, small_files, video, words
from http_vendors.dashscope import DashScope
from http_vendors.minimax import MiniMax

from clash.assets import AssetStore
from clash.calls.content_key import references_of
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import ClashError, PersonNeededError, ProviderError, SettingsError
from clash.providers.ports import Context, Request
from clash.vocabulary import CallState

Made = Callable[[AssetStore], Request]
JOBS: list[tuple[type[Vendor], str, Made]] = [
    (Ark, "ark:doubao-seedance-1-0-pro-250528", video),
    (MiniMax, "minimax:MiniMax-Hailuo-2.3", video),
    (DashScope, "dashscope:wan2.6-i2v-flash", video),
]
AT_ONCE: list[tuple[type[Vendor], str, Made]] = [
    (Ark, "ark:doubao-seedream-4-5-251128", keyframe),
    (MiniMax, "minimax:speech-2.6-hd", lambda _: words()),
    (MiniMax, "minimax:image-01", keyframe),
]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files that the vendors make."""
    return small_files()


class Room:
    """One vendor, and a run whose calls go to it."""

    def __init__(self, vendor: Vendor, run: VendorRun) -> None:
        self.vendor, self.run = vendor, run

    async def call(self, spec: str, request: Request, slot: str = "slot") -> Any:
        """Make a call; what it brought."""
        return await self.run.call(spec, request, slot)

    async def refused(self, spec: str, request: Request) -> ClashError:
        """How a call fails."""
        with pytest.raises(ClashError) as caught:
            await self.run.call(spec, request)
        return caught.value


@pytest.fixture
def room(
    files: dict[str, bytes], database: Database, lease: Lease, assets: AssetStore, monkeypatch: pytest.MonkeyPatch
) -> Generator[Callable[[type[Vendor]], Room]]:
    """Open the room of a vendor."""
    with ExitStack() as stack:

        def opened(kind: type[Vendor]) -> Room:
            vendor = stack.enter_context(served(kind(files)))
            for name, value in vendor.environment.items():
                monkeypatch.setenv(name, value)
            return Room(vendor, run_against(vendor, database, lease, assets))

        yield opened


Opened = Callable[[type[Vendor]], Room]


# -- what works ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, *AT_ONCE])
async def test_a_call_costs_what_the_vendor_charged(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """Each model's file comes back whole, and the tables hold what the vendor's journal says."""
    here = room(kind)
    here.vendor.looks = 2
    result = await here.call(spec, made(here.run.assets))
    assert result.media_type in ("video/mp4", "image/png", "audio/wav")
    assert [Decimal(cost) / 10**6 for cost in await here.run.costs()] == [
        pytest.approx(here.vendor.charged, abs=Decimal("0.000001"))
    ]
    row = (await here.run.rows())[0]
    assert row["state"] == CallState.SUCCEEDED
    assert bool(row["job_id"]) is ((kind, spec, made) in JOBS)
    assert KEY not in str(row)


async def test_ark_is_sent_the_last_frame_the_sound_and_a_seed(room: Opened) -> None:
    """A second picture with its role, `generate_audio`, and a seed; sound is billed at its own price."""
    here = room(Ark)
    await here.call("ark:doubao-seedance-1-5-pro-251215", video(here.run.assets, last_frame=True, sound=True))
    body = next(body for body in here.vendor.bodies if body)
    assert [item.get("role") for item in body["content"]] == [None, "first_frame", "last_frame"]
    assert body["generate_audio"] is True
    assert 0 <= body["seed"] < 2**31
    (billed,) = await here.run.costs()
    assert Decimal(billed) / 10**6 == pytest.approx(here.vendor.charged, abs=Decimal("0.000001"))


async def test_wan_with_sound_costs_twice(room: Opened) -> None:
    """`audio` is sent as it is wished for, and each has its price; the quote is what is charged."""
    here = room(DashScope)
    await here.call("dashscope:wan2.6-i2v-flash", video(here.run.assets), "silent")
    await here.call("dashscope:wan2.6-i2v-flash", video(here.run.assets, sound=True), "sounding")
    assert [body["parameters"]["audio"] for body in here.vendor.bodies if body] == [False, True]
    silent, sounding = await here.run.costs()
    assert sounding == 2 * silent == int(here.vendor.journal[1].usd * 10**6)


async def test_a_job_that_the_vendor_lost_is_told(room: Opened) -> None:
    """DashScope forgets a job after a day: it may have run, so it counts as paid, and a person decides."""
    here = room(DashScope)
    here.vendor.held = True
    provider = here.run.registry.provider("dashscope")
    taken = await provider.submit(  # type: ignore[union-attr]
        "wan2.2-i2v-flash", video(here.run.assets), context_of(here.run, video(here.run.assets))
    )
    here.vendor.jobs.clear()
    with pytest.raises(ProviderError, match="no longer knows the job") as caught:
        await provider.poll("wan2.2-i2v-flash", taken)  # type: ignore[union-attr, arg-type]
    assert caught.value.code == "expired"


def context_of(run: VendorRun, request: Request) -> Context:
    """What a provider may use beside the request."""
    files = {one.sha256: run.assets.path(one.sha256) for one in references_of(request)}
    return Context(key="ab" * 32, model="", files=files)


async def test_hailuo_takes_the_resolution_that_is_long_enough(room: Opened) -> None:
    """1080P ends at 6 seconds: a longer shot of a large film is made at 768P, and ends on a picture where it can."""
    here = room(MiniMax)
    large = video(here.run.assets, last_frame=True, seconds=8).model_copy(update={"width": 1920, "height": 1080})
    await here.call("minimax:MiniMax-Hailuo-02", large, "long")
    await here.call("minimax:MiniMax-Hailuo-02", large.model_copy(update={"frames": 96}), "short")
    sent = [(body["resolution"], body["duration"], "last_frame_image" in body) for body in here.vendor.bodies if body]
    assert sent == [("768P", 10, True), ("1080P", 6, True)]
    assert here.vendor.charged == Decimal("0.56") + Decimal("0.49")


async def test_chinese_words_are_quoted_as_they_are_billed(room: Opened) -> None:
    """A Chinese character counts as two."""
    here = room(MiniMax)
    await here.call("minimax:speech-2.6-turbo", words("阿岚：上船吧。", "zh"))
    assert await here.run.costs() == [14 * 60]


# -- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, *AT_ONCE])
async def test_too_many_requests_are_waited_out(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """A 429 in the vendor's own form costs nothing and is tried again."""
    here = room(kind)
    here.vendor.fault("rate_limit")
    await here.call(spec, made(here.run.assets))
    assert len(here.vendor.journal) == 1


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, *AT_ONCE])
async def test_refused_content_is_told_and_not_retried(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """What the vendor says stands in the error, with what to do; it is asked once, and nothing is paid."""
    here = room(kind)
    here.vendor.fault("refuse_content", 2)
    error = await here.refused(spec, made(here.run.assets))
    assert (error.code, error.hint) == (
        "content_refused",
        "change what the story says there, or choose another model",
    )
    assert "sensitive" in error.message
    assert len([body for body in here.vendor.bodies if body]) == 1
    assert await here.run.costs() == [0]


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, *AT_ONCE])
async def test_an_answer_lost_after_the_charge_waits(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """Nobody can say whether it was paid: the call is unknown, a person decides, and it is not sent again."""
    here = room(kind)
    here.vendor.fault("lost")
    error = await here.refused(spec, made(here.run.assets))
    assert isinstance(error, PersonNeededError)
    assert (error.code, error.exit_code) == ("unknown_call", 8)
    again = await here.refused(spec, made(here.run.assets))
    assert again.code == "unknown_call"
    assert len(here.vendor.journal) == 1
    assert await here.run.states() == [CallState.UNKNOWN]


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, *AT_ONCE])
async def test_a_cut_answer_is_a_lost_one(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """Half of an answer to a paid call is none."""
    here = room(kind)
    here.vendor.fault("cut_body")
    assert (await here.refused(spec, made(here.run.assets))).code == "unknown_call"
    assert len(here.vendor.journal) == 1


@pytest.mark.parametrize(("kind", "spec", "made"), JOBS)
async def test_a_failed_job_is_free_and_made_again(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """A failure on the vendor's side costs nothing, and another job is handed in."""
    here = room(kind)
    here.vendor.fault("fail")
    await here.call(spec, made(here.run.assets))
    assert len(here.vendor.jobs) == 2
    assert len(here.vendor.journal) == 1
    assert await here.run.states() == [CallState.FAILED, CallState.SUCCEEDED]
    assert (await here.run.costs())[0] == 0


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, AT_ONCE[0]])
async def test_a_refused_result_is_free_and_final(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """What the vendor made and will not hand out is not billed, and not asked for again."""
    here = room(kind)
    here.vendor.fault("refuse_result", 2)
    error = await here.refused(spec, made(here.run.assets))
    assert error.code == "content_refused"
    assert here.vendor.journal == []
    assert await here.run.costs() == [0]
    assert await here.run.states() == [CallState.FAILED]


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, AT_ONCE[0]])
async def test_an_expired_file_is_told(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """A file whose address has expired is paid for: a person is told, and nothing is bought again unasked."""
    here = room(kind)
    here.vendor.fault("expire", 9)
    error = await here.refused(spec, made(here.run.assets))
    assert "is no longer there (HTTP 403)" in error.message
    assert error.exit_code == 8
    assert len(here.vendor.journal) == 1
    assert (await here.run.costs())[0] > 0


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, AT_ONCE[0]])
async def test_a_cut_file_is_fetched_again(
    room: Opened, kind: type[Vendor], spec: str, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that breaks off is fetched again; it is paid once."""
    monkeypatch.setattr("clash.providers.http.results._PAUSE_S", 0.0)
    here = room(kind)
    here.vendor.fault("cut_file")
    await here.call(spec, made(here.run.assets))
    assert len(here.vendor.journal) == 1


@pytest.mark.parametrize(("kind", "spec", "made"), [JOBS[0], JOBS[1]])
async def test_without_credit_nothing_is_tried_again(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """The account is named as the reason, and the run can go on once it has credit."""
    here = room(kind)
    here.vendor.fault("no_credit")
    error = await here.refused(spec, made(here.run.assets))
    assert isinstance(error, ProviderError)
    assert (error.code, error.status_code) == ("no_credit", 402)
    await here.call(spec, made(here.run.assets))
    assert len(here.vendor.journal) == 1


@pytest.mark.parametrize(("kind", "spec", "made"), [JOBS[0], JOBS[1]])
async def test_a_wrong_key_is_refused(
    room: Opened, kind: type[Vendor], spec: str, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable to look at is named; the key itself is not."""
    here = room(kind)
    variable = kind.variables[0]
    monkeypatch.setenv(variable, "some-other-key-of-nobody")
    error = await here.refused(spec, made(here.run.assets))
    assert isinstance(error, SettingsError)
    assert (error.code, error.hint) == ("refused_key", f"check {variable}")
    monkeypatch.setenv(variable, "")
    missing = await here.refused(spec, made(here.run.assets))
    assert (missing.code, missing.exit_code) == ("missing_key", 4)
    assert here.vendor.journal == []


async def test_another_address_is_not_asked_about_a_job(room: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job is looked at where it was handed in; a setting that leads elsewhere is told, and the job is kept."""
    here = room(Ark)
    provider = here.run.registry.provider("ark")
    monkeypatch.setattr(provider, "poll", _unreachable)
    await here.refused("ark:doubao-seedance-1-5-pro-251215", video(here.run.assets))
    monkeypatch.setenv("ARK_BASE_URL", "https://other.example/api/v3")
    later = here.run.set()
    with pytest.raises(SettingsError, match="was handed in at http://127") as caught:
        await later.call("ark:doubao-seedance-1-5-pro-251215", video(here.run.assets))
    assert caught.value.code == "other_endpoint"
    assert await here.run.states() == [CallState.SUBMITTED]
    assert len(here.vendor.journal) == 1


async def _unreachable(*_: Any) -> None:
    raise SettingsError("the test stops here")
