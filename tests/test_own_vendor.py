"""A vendor that clash does not know, written with docs/providers.md and the vendor's own pages in under 60 lines."""

from __future__ import annotations

from collections.abc import Generator
from decimal import Decimal
from pathlib import Path

import pytest
from filming import clash
from http_vendors import KEY, served
from http_vendors.asked import run_against, small_files, video
from http_vendors.runway import PER_SECOND, Runway
from test_http_vendors import Room

from clash.assets import AssetStore
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import ProviderError, UsageError
from clash.vocabulary import CallState

FOLDER = Path(__file__).parent.parent / "examples" / "vendors"
SPEC = "runway:gen4_turbo"
PRICE = f"""
[[prices]]
model = "{SPEC}"
unit = "second"
price = "{PER_SECOND}"
checked_on = 2026-11-27
source = "my bill"
"""


@pytest.fixture
def room(
    database: Database, lease: Lease, assets: AssetStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Generator[Room]:
    """The room of the vendor, whose file is in a folder of the user's, with a price of the user's."""
    monkeypatch.setattr("clash.providers.http.results._PAUSE_S", 0.0)
    own = tmp_path / "prices.toml"
    own.write_text(PRICE)
    with served(Runway(small_files())) as vendor:
        for name, value in vendor.environment.items():
            monkeypatch.setenv(name, value)
        settings = {"CLASH_PRICES_FILE": own, "CLASH_PROVIDERS_DIR": FOLDER}
        yield Room(vendor, run_against(vendor, database, lease, assets, **settings))


def test_the_file_is_short_and_right(tmp_path: Path) -> None:
    """Under sixty lines; the check finds nothing, and says that nobody knows the price."""
    file = FOLDER / "runway.toml"
    assert len(file.read_text(encoding="utf-8").splitlines()) < 60
    checked = clash(tmp_path, "models", "check", str(file), "--json").document
    (model,) = checked["models"]
    assert (model["seed"], model["last_frame"], model["sound"], model["cost_usd"]) == (True, False, False, None)
    assert [(one["step"], one["method"], one["url"]) for one in checked["requests"]] == [
        ("submit", "POST", "https://api.dev.runwayml.com/v1/image_to_video"),
        ("poll", "GET", "https://api.dev.runwayml.com/v1/tasks/<job>"),
    ]


async def test_its_clips_are_made_and_paid_once(room: Room) -> None:
    """A clip, one behind too many requests, one that failed, one that was refused: the journal holds what is paid."""
    assert (await room.run.call(SPEC, video(room.run.assets), "slot")).media_type == "video/mp4"
    room.vendor.fault("rate_limit")
    await room.run.call(SPEC, video(room.run.assets), "slot", take=2)
    for number, (fault, code) in enumerate([("fail", "job_failed"), ("refuse_result", "content_refused")]):
        room.vendor.fault(fault)  # type: ignore[arg-type]
        with pytest.raises(ProviderError) as caught:
            await room.run.call(SPEC, video(room.run.assets), "slot", take=number + 3)
        assert caught.value.code == code, caught.value.message
    with pytest.raises(UsageError) as refused:
        await room.run.call(SPEC, video(room.run.assets, seconds=11), "long")
    assert refused.value.code == "too_long_for_model"
    rows = await room.run.rows()
    paid = sum(row["cost_micro"] for row in rows if row["state"] == CallState.SUCCEEDED)
    assert Decimal(paid) / 10**6 == room.vendor.charged == 8 * PER_SECOND
    assert KEY not in str(rows)
