"""The two accounts of one run, compared: what our tables say, and what the meter outside of them says."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import wave
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clash.database.connection import is_d1, open_database
from clash.database.port import Statement
from clash.database.sqlite_files import copied

PRICE_MICRO = 10_000
PRICE_USD = "0.01"
SOUND_BYTES = 800

_ROWS = "SELECT * FROM api_logs ORDER BY id"
_SUMS = "SELECT spent_micro, reserved_micro FROM workflow_executions"
_IS_MADE = "SELECT 1 FROM sqlite_master WHERE name = 'api_logs'"


@dataclass(frozen=True)
class Books:
    """Rows of `api_logs`, the run's own sums, the meter's charges `(key, slot)`, receipts by token.

    `answered`: the keys and jobs whose answers have come.
    """

    rows: list[dict[str, Any]]
    spent: int
    reserved: int
    charges: list[tuple[str, str]]
    answered: list[str]
    receipts: dict[str, str]
    assets: Path

    @classmethod
    def of(cls, folder: Path, url: str = "") -> Books:
        """Read them. `url`: of the database, if the tables are not in `clash.db` in the folder."""
        path = Path(url.removeprefix("sqlite:///")) if url else folder / "clash.db"
        rows, spent, reserved = asyncio.run(_tables_on_d1(url)) if is_d1(url) else _tables(path)
        meter, assets = folder / "meter", folder / "assets"
        answered = [key for key, _ in _events(meter, "answer")]
        return cls(rows, spent, reserved, _events(meter, "charge"), answered, _receipts(assets), assets)

    def paid_row(self, key: str) -> dict[str, Any] | None:
        """The row that a charge belongs to: its token is the idempotency key, or it has the job's id."""
        return next((row for row in self.rows if key in (row["token"], row["job_id"])), None)

    def damaged_files(self) -> list[str]:
        """Slots that succeeded whose file is not, byte for byte, what the provider made."""
        found: list[str] = []
        for row in self.rows:
            digest = str(row["asset_sha256"] or "")
            if row["state"] == "succeeded":
                path = self.assets / digest[:2] / digest[2:]
                made = sound_of(f"speech:{row['slot'].partition('#')[0]}")
                if not path.exists() or path.read_bytes() != made:
                    found.append(str(row["slot"]))
        return found

    def charges_of_unknown(self) -> list[tuple[str, str]]:
        """Charges whose call our tables list as unknown."""
        unknown = {f"speech:{row['slot']}" for row in self.rows if row["state"] == "unknown"}
        listed: list[tuple[str, str]] = []
        for key, slot in self.charges:
            row = self.paid_row(key)
            if (row is None and slot in unknown) or (row is not None and row["state"] == "unknown"):
                listed.append((key, slot))
        return listed

    def faults(self, *, complete: bool = True) -> list[str]:
        """What must be true at any moment, whoever was killed when, and is not.

        `complete`: no row of a paid call may be missing, as it may after a database was lost.
        """
        found: list[str] = []
        if self.spent != sum(row["cost_micro"] for row in self.rows):
            found.append(f"spent is {self.spent}, the rows' sum is another")
        held = sum(row["quoted_cost_micro"] for row in self.rows if row["state"] in ("intent", "submitted", "unknown"))
        if self.reserved != held:
            found.append(f"reserved is {self.reserved}, the open rows hold {held}")
        live = Counter(row["slot"] for row in self.rows if row["state"] in ("intent", "submitted", "succeeded"))
        found += [f"{slot} lives in {count} rows" for slot, count in live.items() if count > 1]
        open_slots = {f"speech:{row['slot']}" for row in self.rows if row["state"] in ("intent", "unknown")}
        found += [
            f"the charge {key} of {slot} is in no row"
            for key, slot in self.charges
            if complete and self.paid_row(key) is None and slot not in open_slots
        ]
        return found

    def faults_at_the_end(self) -> list[str]:
        """What must be true when a run has been made: the sums agree to the micro-dollar, unknown calls apart."""
        unknown = self.charges_of_unknown()
        meter = PRICE_MICRO * (len(self.charges) - len(unknown))
        found = self.faults()
        if self.spent != meter:
            found.append(f"the tables say {self.spent}, the meter {meter}, and {len(unknown)} charges of unknown calls")
        found += [
            f"{row['slot']} is still {row['state']}" for row in self.rows if row["state"] in ("intent", "submitted")
        ]
        return found


def sound_of(slot: str) -> bytes:
    """Return the file that is made for a slot, as the plug-ins make it (`clash_metered.tiny_sound`)."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes((slot.encode() * SOUND_BYTES)[:SOUND_BYTES])
    return stream.getvalue()


def _tables(path: Path) -> tuple[list[dict[str, Any]], int, int]:
    if not path.exists():
        return [], 0, 0
    try:
        return _read(path)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_READONLY_ROLLBACK):
            raise
    # The disk is full, and SQLite finds no room for the side file that it reads with; or the process was killed while
    # it made the database, which SQLite undoes first.
    with copied(path) as copy:
        assert copy is not None
        return _read(copy, mode="rw")


def _read(path: Path, mode: str = "ro") -> tuple[list[dict[str, Any]], int, int]:
    connection = sqlite3.connect(f"file:{path}?mode={mode}", uri=True, timeout=30)
    connection.row_factory = sqlite3.Row
    try:
        if not connection.execute(_IS_MADE).fetchall():
            return [], 0, 0
        connection.execute("BEGIN")
        rows = [dict(row) for row in connection.execute(_ROWS)]
        runs = connection.execute(_SUMS).fetchall()
        return rows, sum(run[0] for run in runs), sum(run[1] for run in runs)
    finally:
        connection.close()


async def _tables_on_d1(url: str) -> tuple[list[dict[str, Any]], int, int]:
    async with open_database(url, "read") as database:
        if not await database.query(_IS_MADE):
            return [], 0, 0
        # One batch: what a killed process had sent may be applied while we look.
        rows, runs = await database.batch([Statement(_ROWS), Statement(_SUMS)])
    return (
        [dict(row) for row in rows],
        sum(int(run["spent_micro"]) for run in runs),
        sum(int(run["reserved_micro"]) for run in runs),
    )


def _events(path: Path, event: str) -> list[tuple[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [(line.split()[1], line.split()[2]) for line in lines if line.startswith(f"{event} ")]


def _receipts(assets: Path) -> dict[str, str]:
    """Token to sha256 of every result whose receipt, or record, is on the disk and whose file is."""
    found: dict[str, str] = {}
    for path in assets.glob("[0-9a-f][0-9a-f]/*.json"):
        rest, token, _ = path.name.split(".")
        found[token] = path.parent.name + rest
    for path in (assets / "receipts").glob("*.json"):
        digest = json.loads(path.read_bytes()).get("sha256", "")
        if digest and (assets / digest[:2] / digest[2:]).exists():
            found[path.stem] = digest
    return found
