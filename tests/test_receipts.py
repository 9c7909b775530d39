"""A receipt that is not whole counts as none: the provider is asked again, and nothing is settled by it."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest
import pytest_asyncio
from conftest import on_both_databases
from paid import Bills, Keyed, OneShot, PaidRun, Queued, task

from clash.assets import AssetStore
from clash.calls.receipts import checked_receipt
from clash.calls.spec import CallResult
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import PersonNeededError

DIGEST = "ab" * 32
WHOLE: dict[str, Any] = {
    "sha256": DIGEST,
    "media_type": "audio/wav",
    "cost_micro": 100_000,
    "precision": "exact",
    "facts": {"s": 1},
    "response": "{}",
}
WRONG: list[dict[str, Any]] = [
    {"sha256": None},
    {"sha256": 5},
    {"sha256": DIGEST.upper()},
    {"sha256": "../" + DIGEST[3:]},
    {"sha256": [DIGEST]},
    {"media_type": None},
    {"media_type": ""},
    {"cost_micro": None},
    {"cost_micro": "100000"},
    {"cost_micro": 0.1},
    {"cost_micro": True},
    {"cost_micro": -1},
    {"cost_micro": 10**30},
    {"precision": "sure"},
    {"precision": []},
    {"facts": [1]},
    {"facts": None},
    {"response": {}},
    {"response": None},
]


@pytest_asyncio.fixture
async def paid_run(database: Database, assets: AssetStore, lease: Lease) -> PaidRun:
    """A run to which ledgers come."""
    return PaidRun(database, assets, lease.run_id, lease)


def test_a_whole_receipt_is_taken_as_it_is() -> None:
    """Every key that a row is settled by, and a job's ticket."""
    assert checked_receipt(WHOLE) == WHOLE
    assert checked_receipt(WHOLE | {"more": 1}) == WHOLE
    ticket = {"job_id": "job-1", "endpoint": "https://queue"}
    assert checked_receipt(ticket) == ticket
    assert checked_receipt(WHOLE | {"job": ticket}) == WHOLE | {"job": ticket}
    assert checked_receipt(WHOLE | {"job": {"job_id": 5}}) == WHOLE


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_a_receipt_with_a_wrong_value_counts_as_none(change: dict[str, Any]) -> None:
    """A wrong type, a number out of range, a name that is no hash."""
    assert checked_receipt(WHOLE | change) == {}


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_receipt_that_lacks_a_key_counts_as_none(name: str) -> None:
    """Half a receipt settles nothing."""
    assert checked_receipt({key: value for key, value in WHOLE.items() if key != name}) == {}


@pytest.mark.parametrize("ticket", [{"job_id": 5, "endpoint": "x"}, {"job_id": "x"}, {"job_id": "", "endpoint": "x"}])
def test_a_malformed_ticket_counts_as_none(ticket: dict[str, Any]) -> None:
    """A job is asked about by an id and at an address, or not at all."""
    assert checked_receipt(ticket) == {}


def bytes_of(form: str) -> bytes:
    """What stands in the receipt's file."""
    forms = {
        "sha256 null": json.dumps(WHOLE | {"sha256": None}).encode(),
        "only a sha256": json.dumps({"sha256": DIGEST}).encode(),
        "facts a list": json.dumps(WHOLE | {"facts": [1]}).encode(),
        "deep": b"[" * 100_000,
        "deep object": b'{"a":' * 100_000,
        "half": json.dumps(WHOLE).encode()[:-9],
        "not utf-8": b"\xff" * 9,
        "a long number": b"1" * 10_000,
    }
    return forms[form]


FORMS = ("sha256 null", "only a sha256", "facts a list", "deep", "deep object", "half", "not utf-8", "a long number")


@on_both_databases
@pytest.mark.parametrize("form", FORMS)
async def test_a_keyed_call_with_a_malformed_receipt_is_asked_again(paid_run: PaidRun, form: str) -> None:
    """A process died before the answer, and left such a receipt: the same key is asked again, for one charge."""
    bills = Bills()
    provider = Keyed(bills, script={"a": ["drop"] * 3})
    ledger = await paid_run.ledger(provider)
    with pytest.raises(Exception, match="no answer"):
        await ledger.call(task("a"))
    (row,) = await paid_run.rows()
    paid_run.assets.write_receipt(row["token"], {})
    paid_run.assets.receipt_path(row["token"]).write_bytes(bytes_of(form))
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)
    assert (bills.times("a"), await paid_run.money()) == (1, (100_000, 0))


@on_both_databases
async def test_a_blind_call_with_a_malformed_receipt_is_unknown(paid_run: PaidRun) -> None:
    """Nobody can be asked: a person is, and nothing is bought."""
    bills = Bills()
    provider = OneShot(bills, script={"a": ["drop"]})
    for _ in range(2):
        with pytest.raises(PersonNeededError):
            await (await paid_run.ledger(provider)).call(task("a"))
        (row,) = await paid_run.rows()
        paid_run.assets.write_receipt(row["token"], {"sha256": 5})
    assert (bills.times("a"), await paid_run.states()) == (1, ["unknown"])


@on_both_databases
async def test_a_job_with_a_malformed_receipt_is_polled(paid_run: PaidRun) -> None:
    """Its id is in the database: that job is asked for."""
    bills = Bills()
    provider = Queued(bills, polls=["broken"] * 3, errors={"broken": lambda: ConnectionResetError("reset")})
    with pytest.raises(Exception, match="reset"):
        await (await paid_run.ledger(provider)).call(task("a"))
    (row,) = await paid_run.rows()
    paid_run.assets.write_receipt(row["token"], {"sha256": DIGEST, "job_id": ["job-0"]})
    assert isinstance(await (await paid_run.ledger(provider)).call(task("a")), CallResult)
    assert bills.times("a") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_what_is_no_file_in_a_receipt_s_place_is_none(assets: AssetStore) -> None:
    """A folder, or a pipe that nobody writes to: none, at once."""
    folder = assets.receipt_path("a1")
    folder.mkdir(parents=True)
    os.mkfifo(assets.receipt_path("a2"))
    assert (assets.read_receipt("a1"), assets.read_receipt("a2")) == (None, None)
