"""Vendors that know a key of ours: by a look-up or an idempotency key no call is unknown, and none is paid twice."""

from __future__ import annotations

from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from emulator.vendor_run import VendorRun
from http_vendors import KEY, Asked, Hangup, Refusal, Vendor, check_fields, route, served
from http_vendors.asked import small_files, video

from clash.assets import AssetStore
from clash.config import Settings
from clash.database.lease import Lease
from clash.database.port import Database
from clash.providers.http.provider import SearchableHttpProvider
from clash.vocabulary import CallState

FILE = """
title = "Known"
source = "https://docs.known.example"
checked_on = 2026-11-27
base_url = "https://api.known.example"
base_url_setting = "KNOWN_BASE_URL"
key = "KNOWN_API_KEY"
headers = { Authorization = "Bearer ${key}" }
errors = { code = "code", message = "message", missing = ["no_such_task"] }
MORE

[endpoints.clip]
submit = "POST /clips"
body = { image = "$keyframe", external_id = "$call" }
job = "id"
poll = "GET /clips/${job}"
state = "state"
states = { queued = ["queued"], running = ["running"], succeeded = ["done"], failed = ["failed"] }
result = "url"
LOOK_UP

[[models]]
id = "reel"
kind = "video"
endpoint = "clip"
durations_s = [5]
prices = [{ unit = "clip", price = "0.50" }]
"""
LOOK_UP = 'find = "GET /clips?external_id=${call}"\nfound = "clips.0.id"'
IDEMPOTENT = "idempotent = true"


class Known(Vendor):
    """A vendor that charges one key once, and can be asked for it."""

    variables: ClassVar[tuple[str, str]] = ("KNOWN_API_KEY", "KNOWN_BASE_URL")

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, {"code": "no_key", "message": "who are you?"})

    @route("POST", "/clips")
    def submit(self, asked: Asked) -> Any:
        assert check_fields(asked.body, {"image": str, "external_id": str}, {}) is None
        known = self._job_of(asked.body["external_id"])
        if known is None:
            known = self.take(f"clip-{len(self.jobs)}", "reel", Decimal("0.50"), asked.body)
        return {"id": known}

    @route("GET", "/clips")
    def find(self, asked: Asked) -> Any:
        known = self._job_of(asked.query["external_id"])
        return {"clips": [{"id": known}] if known else []}

    @route("GET", "/clips/([^/]+)")
    def poll(self, asked: Asked) -> Any:
        if asked.parts[0] not in self.jobs:
            raise Refusal(404, {"code": "no_such_task", "message": "there is no such clip"})
        if self.looked_at(asked.parts[0]) != "done":
            return {"state": "queued"}
        return {"state": "done", "url": self.file_url("clip.mp4")}

    def _job_of(self, external_id: str) -> str | None:
        return next((name for name, job in self.jobs.items() if job.asked["external_id"] == external_id), None)


@pytest.fixture
def known() -> Generator[Vendor]:
    """The vendor, on loopback."""
    with served(Known(small_files())) as vendor:
        yield vendor


@pytest.fixture
def run(
    known: Vendor,
    tmp_path: Path,
    database: Database,
    lease: Lease,
    assets: AssetStore,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> VendorRun:
    """A run whose vendor has the abilities that the test names."""
    look_up, more = request.param
    folder = tmp_path / "vendors"
    folder.mkdir()
    text = FILE.replace("LOOK_UP", look_up).replace("MORE", more)
    (folder / "known.toml").write_text(text, encoding="utf-8")
    for name, value in known.environment.items():
        monkeypatch.setenv(name, value)
    settings = {"CLASH_ALLOW_HOSTS": known.environment["CLASH_ALLOW_HOSTS"], "CLASH_PROVIDERS_DIR": folder}
    return VendorRun(database, lease, assets, Settings(**settings))


@pytest.mark.parametrize("run", [(LOOK_UP, ""), ("", IDEMPOTENT)], ids=["look-up", "idempotent"], indirect=True)
async def test_a_lost_answer_is_found_and_not_paid_again(run: VendorRun, known: Vendor) -> None:
    """The next try asks by the call's key: the job that was charged is the one that brings the clip."""
    known.fault("lost")
    result = await run.call("known:reel", video(run.assets))
    assert result.media_type == "video/mp4"
    assert len(known.jobs) == len(known.journal) == 1
    assert (await run.states())[-1] == CallState.SUCCEEDED
    assert sum(await run.costs()) == 500_000


@pytest.mark.parametrize("run", [(LOOK_UP, "")], indirect=True)
async def test_a_call_that_never_arrived_is_made(
    run: VendorRun, known: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the look-up finds nothing, the call is made again under the same key."""
    assert isinstance(run.registry.provider("known"), SearchableHttpProvider)
    real, tries = Known.take, list[str]()

    def lost_on_the_way(vendor: Vendor, *arguments: Any) -> str:
        tries.append("take")
        if len(tries) == 1:
            raise Hangup
        return real(vendor, *arguments)

    monkeypatch.setattr(Known, "take", lost_on_the_way)
    await run.call("known:reel", video(run.assets))
    assert len(tries) == 2
    assert len(known.journal) == 1
    assert len({body["external_id"] for body in known.bodies if body}) == 1
