"""The vendors that people name most: every fault of each, against a strict emulator of its documentation.

Each test goes through all that can go wrong with one model, in one room, because a room costs more than a call.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from http_vendors import KEY, Fault, Vendor, replicate, served, vidu
from http_vendors.asked import keyframe, run_against, small_files, video, words
from http_vendors.elevenlabs import ElevenLabs
from http_vendors.gemini import Gemini
from http_vendors.kling import SECOND_KEY, Kling
from http_vendors.replicate import Replicate
from http_vendors.vidu import Vidu
from test_http_vendors import Made, Room

from clash.assets import AssetStore
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import PersonNeededError, ProviderError
from clash.redaction import known
from clash.vocabulary import CallState

JOBS: list[tuple[type[Vendor], str, Made]] = [
    (Kling, "kling:kling-v3", video),
    (Kling, "kling:kling-v2-1", keyframe),
    (Gemini, "gemini:veo-3.1-fast-generate-preview", video),
    (Replicate, "replicate:bytedance/seedance-1-pro", video),
    (Replicate, "replicate:black-forest-labs/flux-1.1-pro", keyframe),
    (Vidu, "vidu:viduq2-pro", video),
]
AT_ONCE: list[tuple[type[Vendor], str, Made]] = [
    (Gemini, "gemini:gemini-nano-banana-2.1", keyframe),
    (ElevenLabs, "elevenlabs:eleven_flash_v2_5", lambda _: words()),
]
OWN_PRICES = {
    "vidu:viduq2-pro": vidu.PER_SECOND,
    "replicate:bytedance/seedance-1-pro": replicate.PER_SECOND,
    "replicate:google/veo-3-fast": replicate.PER_SECOND,
}
PRICE = """
[[prices]]
model = "{model}"
unit = "second"
price = "{price}"
checked_on = 2026-11-27
source = "my bill"
"""
FAILS_FOR_GOOD = {Replicate}
"""Vendors that do not say that a failed job is free: it is told, and not handed in again unasked."""
FINDS = {Kling}
"""Vendors that know a job by a key of ours: a lost answer is found again."""
Opened = Callable[[type[Vendor]], Room]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files that the vendors make."""
    return small_files()


@pytest.fixture
def room(
    files: dict[str, bytes],
    database: Database,
    lease: Lease,
    assets: AssetStore,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Generator[Opened]:
    """Open the room of a vendor. Nothing waits; what has no price of its own has one that a user set."""
    monkeypatch.setattr("clash.providers.http.results._PAUSE_S", 0.0)
    own = tmp_path / "prices.toml"
    own.write_text("".join(PRICE.format(model=model, price=price) for model, price in OWN_PRICES.items()))
    with ExitStack() as stack:

        def opened(kind: type[Vendor]) -> Room:
            vendor = stack.enter_context(served(kind(files)))
            for name, value in vendor.environment.items():
                monkeypatch.setenv(name, value)
            return Room(vendor, run_against(vendor, database, lease, assets, CLASH_PRICES_FILE=own))

        yield opened


async def check_ledger(here: Room) -> None:
    """What the tables hold is what the vendor's journal says, and holds no key."""
    rows = await here.run.rows()
    paid = sum(row["cost_micro"] for row in rows if row["state"] == CallState.SUCCEEDED)
    assert Decimal(paid) / 10**6 == pytest.approx(here.vendor.charged, abs=Decimal("0.000002"))
    assert KEY not in str(rows)


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, *AT_ONCE])
async def test_what_passes_costs_what_was_charged(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """A call; one behind too many requests; for jobs a failed one and a file that breaks off: each is paid once."""
    here = room(kind)
    here.vendor.looks = 2
    is_job = (kind, spec, made) in JOBS
    faults: list[Fault] = ["rate_limit", "fail", "cut_file"] if is_job else ["rate_limit"]
    if kind in FAILS_FOR_GOOD:
        faults.remove("fail")
    for number, fault in enumerate([None, *faults]):
        if fault:
            here.vendor.fault(fault)
        result = await here.run.call(spec, made(here.run.assets), "slot", take=number + 1)
        assert result.media_type in ("video/mp4", "image/png", "audio/wav", "audio/mpeg")
        assert len(here.vendor.journal) == number + 1
    states = await here.run.states()
    failed = sum(fault in ("rate_limit", "fail") for fault in faults)
    assert states.count(CallState.FAILED) == failed, "too many requests, and the failed job"
    assert states.count(CallState.SUCCEEDED) == len(faults) + 1
    succeeded = [row for row in await here.run.rows() if row["state"] == CallState.SUCCEEDED]
    assert all(bool(row["job_id"]) is is_job for row in succeeded)
    await check_ledger(here)


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, *AT_ONCE])
async def test_refusals_are_told_and_cost_nothing(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """Content, credit, and what was made of it: told, asked once; nothing is paid but the words that Gemini read."""
    here = room(kind)
    is_job = (kind, spec, made) in JOBS
    wanted: list[tuple[Fault, str]] = [("refuse_content", "content_refused"), ("no_credit", "no_credit")]
    for number, (fault, code) in enumerate([*wanted, *([("refuse_result", "content_refused")] if is_job else [])]):
        here.vendor.fault(fault)  # type: ignore[arg-type]
        with pytest.raises(ProviderError) as caught:
            await here.run.call(spec, made(here.run.assets), "slot", take=number + 1)
        assert caught.value.code == code, caught.value.message
    costs = await here.run.costs()
    if kind is not Gemini or is_job:
        assert costs == [0] * len(costs)
    assert Decimal(sum(costs)) / 10**6 == pytest.approx(here.vendor.charged, abs=Decimal("0.000002"))


@pytest.mark.parametrize(("kind", "spec", "made"), [*JOBS, *AT_ONCE])
async def test_a_lost_answer_is_not_paid_twice(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """Lost or cut after the charge: it is found by our key where the vendor can, else a person decides."""
    here = room(kind)
    for number, fault in enumerate(("lost", "cut_body")):
        here.vendor.fault(fault)  # type: ignore[arg-type]
        if kind in FINDS:
            assert (await here.run.call(spec, made(here.run.assets), "slot", take=number + 1)).media_type
        else:
            for _ in range(2):
                with pytest.raises(PersonNeededError) as caught:
                    await here.run.call(spec, made(here.run.assets), "slot", take=number + 1)
                assert caught.value.code == "unknown_call"
        assert len(here.vendor.journal) == number + 1
    expected = CallState.SUCCEEDED if kind in FINDS else CallState.UNKNOWN
    assert await here.run.states() == [expected] * 2


@pytest.mark.parametrize(("kind", "spec", "made"), JOBS)
async def test_an_expired_result_is_told(room: Opened, kind: type[Vendor], spec: str, made: Made) -> None:
    """Its address is no longer good: it is paid for, so a person is told, and nothing is bought unasked."""
    here = room(kind)
    here.vendor.fault("expire", 9)
    error = await here.refused(spec, made(here.run.assets))
    assert error.exit_code == 8
    assert "no longer there" in error.message
    assert len(here.vendor.journal) == 1
    assert (await here.run.costs())[0] > 0


# -- what is special about each --------------------------------------------------------------------------------------


async def test_kling_is_sent_a_token_and_no_key(room: Opened) -> None:
    """The token is signed with the secret, and hidden wherever the keys are; a wrong key names both variables."""
    here = room(Kling)
    assert isinstance(here.vendor, Kling)
    await here.call("kling:kling-v3", video(here.run.assets))
    (token,) = set(here.vendor.tokens)
    assert token not in known().hide(f"Bearer {token}")
    assert SECOND_KEY not in known().hide(f"{SECOND_KEY}")
    assert not {token, SECOND_KEY, KEY} & set(str(await here.run.rows()).split("'"))


async def test_kling_chooses_a_mode_that_can(room: Opened) -> None:
    """2.5 Turbo ends on a picture, and 2.6 makes sound, in `pro` only: that is what is sent, quoted and charged."""
    here = room(Kling)
    assets = here.run.assets
    await here.call("kling:kling-v2-5-turbo", video(assets, last_frame=True), "ends")
    await here.call("kling:kling-v2-5-turbo", video(assets), "plain")
    await here.call("kling:kling-v2-6", video(assets, sound=True, seconds=8), "sounds")
    await here.call("kling:kling-v2-6", video(assets, sound=False), "silent")
    await here.call("kling:kling-v3", video(assets, last_frame=True, sound=True, seconds=8), "both")
    sent: list[tuple[Any, ...]] = [
        (body["mode"], body["duration"], body.get("sound"), "image_tail" in body) for body in here.vendor.bodies if body
    ]
    assert sent == [
        ("pro", "5", None, True),
        ("std", "5", None, False),
        ("pro", "10", "on", False),
        ("std", "5", "off", False),
        ("std", "8", "on", True),
    ]
    await check_ledger(here)
    quoted = [row["quoted_cost_micro"] for row in await here.run.rows()]
    assert quoted == await here.run.costs()


async def test_a_wrong_key_names_both_variables(room: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either may be the wrong one; a missing one is named alone."""
    here = room(Kling)
    monkeypatch.setenv("KLING_SECRET_KEY", "some-other-secret-of-nobody")
    error = await here.refused("kling:kling-v3", video(here.run.assets))
    assert (error.code, error.hint) == ("refused_key", "check KLING_ACCESS_KEY and KLING_SECRET_KEY")
    monkeypatch.setenv("KLING_SECRET_KEY", "")
    missing = await here.refused("kling:kling-v3", video(here.run.assets))
    assert (missing.code, missing.message) == ("missing_key", "KLING_SECRET_KEY is not set")


async def test_google_s_key_goes_to_google_alone(room: Opened) -> None:
    """A clip is fetched with the key, redirects included; where its address is another host's, without."""
    here = room(Gemini)
    assert isinstance(here.vendor, Gemini)
    spec = "gemini:veo-3.1-fast-generate-preview"
    await here.call(spec, video(here.run.assets, last_frame=True))
    assert here.vendor.downloads == [KEY, KEY]
    with served(Gemini(here.vendor.files)) as other:
        assert isinstance(other, Gemini)
        elsewhere = here.run.set(allow_hosts=(other.url.removeprefix("http://"), *here.run.settings.allow_hosts))
        here.vendor.files_at = f"{other.url}/v1beta"
        with pytest.raises(ProviderError, match="no longer there"):
            await elsewhere.call(spec, video(here.run.assets), "slot", take=2)
        assert other.downloads
        assert set(other.downloads) == {None}


async def test_veo_is_sent_what_it_can(room: Opened) -> None:
    """With a last frame 8 seconds; a large film gets 8 seconds at 1080p; its sound costs nothing more."""
    here = room(Gemini)
    spec, assets = "gemini:veo-3.1-fast-generate-preview", here.run.assets
    large = video(assets, seconds=6).model_copy(update={"width": 1920, "height": 1080})
    for take, request in enumerate((video(assets, last_frame=True, sound=True), large, video(assets, seconds=6)), 1):
        await here.run.call(spec, request, "slot", take=take)
    sent = [(body["instances"][0], body["parameters"]) for body in here.vendor.bodies if body]
    assert [("lastFrame" in instance, one["durationSeconds"], one["resolution"]) for instance, one in sent] == [
        (True, 8, "720p"),
        (False, 8, "1080p"),
        (False, 6, "720p"),
    ]
    assert [row["quoted_cost_micro"] for row in await here.run.rows()] == [800_000, 960_000, 600_000]
    await check_ledger(here)


async def test_vidu_ends_on_a_picture_by_another_call(room: Opened) -> None:
    """Two pictures go to `start-end2video`, one to `img2video`, and both are looked at in the same place."""
    here = room(Vidu)
    await here.call("vidu:viduq2-pro", video(here.run.assets, last_frame=True), "ends")
    await here.call("vidu:viduq2-pro", video(here.run.assets), "plain")
    posted = [request for request in here.vendor.requests if request.startswith("POST")]
    assert posted == ["POST /ent/v2/start-end2video", "POST /ent/v2/img2video"]
    assert [len(body["images"]) for body in here.vendor.bodies if body] == [2, 1]


async def test_a_line_is_spoken_in_its_language(room: Opened) -> None:
    """Flash is told the language; Multilingual is not, as it would refuse it. A voice is named by its id."""
    here = room(ElevenLabs)
    await here.call("elevenlabs:eleven_flash_v2_5", words("Wie lange noch?", "de-AT"), "de")
    await here.call("elevenlabs:eleven_multilingual_v2", words("¿Cuánto falta?", "es"), "es")
    assert [body.get("language_code") for body in here.vendor.bodies] == ["de", None]
    assert len({request.rpartition("/")[2] for request in here.vendor.requests}) == 1, "the same person, the same voice"
    await check_ledger(here)


async def test_replicate_s_failure_is_told(room: Opened) -> None:
    """Nobody says whether it is free, so it is not handed in again; its words are told."""
    here = room(Replicate)
    here.vendor.fault("fail")
    error = await here.refused("replicate:bytedance/seedance-1-pro", video(here.run.assets))
    assert "CUDA error" in error.message
    assert len(here.vendor.jobs) == 1
