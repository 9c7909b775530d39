"""Keep what a paid call brought: in the asset store, else wherever there is room, so that nothing paid for is lost."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clash import faults
from clash.assets import AssetStore, sha256_of
from clash.assets.disk import on_disk, on_disk_before, on_disk_later
from clash.assets.records import call_record, forget_open_call, names_of_call_records, write_open_call
from clash.assets.spare import find_kept, forget_kept, keep_elsewhere, kept_tokens, take_back
from clash.calls.call_records import call_facts, may_become_paid
from clash.calls.receipts import checked_receipt, receipt_from_record, receipt_of
from clash.database.rows import CallRow
from clash.errors import Action, ClashError, Remedy, StorageError
from clash.money import usd_text
from clash.providers.ports import Answer

logger = logging.getLogger(__name__)

_HELD_S = 120.0
"""How long an answer is held in memory that no folder takes."""
_LOOK_EVERY_S = 1.0
_MAY_PASS = (errno.ENOSPC, errno.EDQUOT)
"""Refusals of a disk that end when somebody makes room."""


@dataclass(frozen=True)
class KeptElsewhere:
    """An answer that was paid for and is not in the asset store, for want of room there."""

    slot: str
    cost_micro: int
    folder: str

    @property
    def document(self) -> dict[str, Any]:
        """The item of the JSON contract."""
        return {"slot": self.slot, "cost_usd": usd_text(self.cost_micro), "folder": self.folder}


class KeptElsewhereError(StorageError):
    """The answer is safe, but not in the asset store: its call can be settled once there is room."""


class _NoReceiptError(StorageError):
    """The file of an answer is in the asset store, and no folder takes its receipt."""

    def __init__(self, error: StorageError, receipt: Mapping[str, Any]) -> None:
        super().__init__(error.message, code=error.code)
        self.receipt = receipt


class Keeper:
    """Puts answers and receipts on the disk for one run, and finds them again."""

    def __init__(self, assets: AssetStore, check_stop: Callable[[], None]) -> None:
        self._assets = assets
        self._check_stop = check_stop
        self.elsewhere: dict[str, KeptElsewhere] = {}
        """What is kept outside of the asset store, by the token of its call."""
        self._listing = threading.Lock()
        self._recorded: dict[str, str] | None = None
        """The files of the calls that have records on this disk, by token; listed when first needed."""
        self._in_spare_folders: set[str] | None = None
        """Tokens of calls of which spare folders may keep something; listed when first needed."""

    async def record_open(self, row: CallRow) -> None:
        """Write down on this disk what is about to be sent, so that it is not sent again if the database is lost.

        Raises `StorageError`.
        """
        if may_become_paid(row):
            await on_disk_before(write_open_call, self._assets, row.token, {"call": call_facts(row)})

    async def keep(self, row: CallRow, answer: Answer) -> Mapping[str, Any]:
        """Write an answer and its receipt to the disk; return the receipt.

        Both are written in a thread, one after the other, also if this call is cancelled meanwhile. If no folder of
        this machine takes them, the answer is held in memory until one does. Raises `KeptElsewhereError` if it is
        kept outside of the store, and `StorageError` if it could not be kept at all.
        """
        ends: float | None = None
        while True:
            try:
                return await on_disk(self._keep_now, row, answer)
            except KeptElsewhereError:
                raise
            except StorageError as error:
                now = asyncio.get_running_loop().time()
                if ends is None:
                    ends = now + _HELD_S
                    logger.warning(
                        "the answer for %s, paid for, is held in memory, for no disk takes it: %s; make room now",
                        row.slot,
                        error.message,
                    )
                if not _may_pass(error) or now >= ends or self._is_stopped():
                    if isinstance(error, _NoReceiptError):
                        # The file is in the store. Its row, which is written next, can tell of it as well as a receipt.
                        return error.receipt
                    raise
            await asyncio.sleep(_LOOK_EVERY_S)

    def _keep_now(self, row: CallRow, answer: Answer) -> Mapping[str, Any]:
        token = row.token
        faults.point("answer.after")
        try:
            digest = self._assets.put(answer.content)
        except StorageError as error:
            receipt = receipt_of(row, answer, sha256_of(answer.content))
            folder = self._keep_elsewhere(token, receipt, answer.content)
            raise self._kept(row, receipt, str(folder), error) from error
        faults.point("content.after")
        receipt = receipt_of(row, answer, digest)
        try:
            self._write_receipt(token, receipt)
        except StorageError as error:
            raise _NoReceiptError(error, receipt) from error.__cause__
        faults.point("receipt.after")
        return receipt

    async def keep_ticket(self, token: str, ticket: Mapping[str, Any]) -> None:
        """Write a job's ticket to the disk, also if this call is cancelled meanwhile. Raises `StorageError`."""
        await on_disk(self._write_receipt, token, ticket)

    def _write_receipt(self, token: str, receipt: Mapping[str, Any]) -> None:
        """Write a receipt, or a job's ticket, to the disk: beside the assets, else in a spare folder."""
        try:
            self._assets.write_receipt(token, receipt)
        except StorageError:
            self._keep_elsewhere(token, receipt)

    async def receipt(self, row: CallRow) -> dict[str, Any]:
        """Return the receipt or the ticket of a call, from wherever it is; empty where there is no whole one.

        What a spare folder keeps is moved into the asset store first. A call that a newer database had settled has
        no receipt any more: then its record on this disk serves as one. Raises `KeptElsewhereError` if there is still
        no room for what a spare folder keeps.
        """
        token = row.token
        if receipt := checked_receipt(await self._assets.find_receipt(token)):
            return receipt
        kept = find_kept(token)
        receipt = checked_receipt(kept[1]) if kept else {}
        if kept and "sha256" in receipt:
            try:
                take_back(self._assets, kept[0], token, receipt)
            except StorageError as error:
                raise self._kept(row, receipt, str(kept[0]), error) from error
            self.elsewhere.pop(token, None)
        return receipt or self._receipt_from_record(token)

    def _receipt_from_record(self, token: str) -> dict[str, Any]:
        # Listed once: a row that is open now can have got its record only before this process took up its run.
        if self._recorded is None:
            self._recorded = names_of_call_records(self._assets)
        sha256 = self._recorded.get(token)
        return {} if sha256 is None else receipt_from_record(call_record(self._assets, sha256, token), token, sha256)

    async def forget(self, token: str) -> None:
        """Remove the receipt of a call that the database has heard of."""
        await on_disk_later(self._forget, token)

    def _forget(self, token: str) -> None:
        self._assets.drop_receipt(token)
        forget_open_call(self._assets, token)
        if token in self._spare_tokens():
            forget_kept(token)

    def _keep_elsewhere(self, token: str, receipt: Mapping[str, Any], content: bytes | None = None) -> Path:
        self._spare_tokens().add(token)
        return keep_elsewhere(token, receipt, content)

    def _spare_tokens(self) -> set[str]:
        # Listed once: what other processes keep later is of other calls than those of this run.
        with self._listing:
            if self._in_spare_folders is None:
                self._in_spare_folders = kept_tokens()
            return self._in_spare_folders

    def _kept(self, row: CallRow, receipt: Mapping[str, Any], folder: str, error: StorageError) -> KeptElsewhereError:
        cost = int(receipt["cost_micro"])
        self.elsewhere[row.token] = KeptElsewhere(row.slot, cost, folder)
        return KeptElsewhereError(
            f"{error.message}; the answer for {row.slot}, paid ${usd_text(cost)}, is kept in {folder}",
            code=error.code,
            remedy=Remedy(Action.RESUME, f"make room and resume; leave {folder} as it is until then"),
        )

    def _is_stopped(self) -> bool:
        try:
            self._check_stop()
        except ClashError:
            return True
        return False


def _may_pass(error: StorageError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _MAY_PASS
