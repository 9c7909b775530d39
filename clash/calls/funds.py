"""What a run and its batch may still spend, and the error where neither has room for the next call."""

from __future__ import annotations

import asyncio

from clash.calls.spec import CallSpec
from clash.database.batches import BatchRow, batch_of_run
from clash.database.call_log import RunFunds, funds_of
from clash.database.port import Database, Row, Rows
from clash.errors import DO, Action, BudgetExceededError, Remedy
from clash.hints import batch_command
from clash.money import usd_text

BATCH_BUDGET = "batch_budget"
"""The code of the error of a run that waits for a bigger budget of its batch."""
_AGAIN_S = 0.05


def left_of(run: Row, batch: Rows) -> int | None:
    """Return what a run may still reserve, in micro-dollars. None: any amount.

    `run`: the columns of its funds; `batch`: the row of its batch, if it has one.
    """
    budget = run["budget_micro"]
    own = None if budget is None else int(budget) - int(run["spent_micro"]) - int(run["reserved_micro"])
    return _least(own, BatchRow.from_row(batch[0]) if batch else None)


async def read_left(database: Database, run_id: str) -> int | None:
    """Return the same as it is now."""
    run = await funds_of(database, run_id)
    return _least(_own_left(run), await batch_of_run(database, run_id))


async def check_room(database: Database, run_id: str, run: RunFunds, task: CallSpec, quoted_micro: int) -> None:
    """Raise `BudgetExceededError` for a call that was refused, unless its batch has room for it by now."""
    own = _own_left(run)
    if own is None or own >= quoted_micro:
        batch = await batch_of_run(database, run_id)
        if batch is not None and batch.left_micro is not None:
            if batch.left_micro < quoted_micro:
                raise _batch_is_spent(batch, task, quoted_micro)
            await asyncio.sleep(_AGAIN_S)
            return
    raise BudgetExceededError(
        f"{task.slot} would cost ${usd_text(quoted_micro)}; of the budget of ${usd_text(run.budget_micro or 0)},"
        f" ${usd_text(run.spent_micro)} is spent{_and_reserved(run.reserved_micro)}",
        remedy=Remedy(Action.RAISE_BUDGET, f"raise the budget: {DO}"),
    )


def _batch_is_spent(batch: BatchRow, task: CallSpec, quoted_micro: int) -> BudgetExceededError:
    enough = usd_text(batch.committed_micro + quoted_micro)
    return BudgetExceededError(
        f"{task.slot} would cost ${usd_text(quoted_micro)}; of the ${usd_text(batch.budget_micro or 0)} that the batch"
        f" {batch.name} may spend, ${usd_text(batch.spent_micro)} is spent{_and_reserved(batch.reserved_micro)}",
        code=BATCH_BUDGET,
        hint=f"raise the budget of the batch: `{batch_command(batch.name, '--budget', enough)}`",
    )


def _and_reserved(micro: int) -> str:
    return f" and ${usd_text(micro)} reserved" if micro else ""


def _own_left(run: RunFunds) -> int | None:
    return None if run.budget_micro is None else run.budget_micro - run.spent_micro - run.reserved_micro


def _least(own: int | None, batch: BatchRow | None) -> int | None:
    amounts = (own, None if batch is None else batch.left_micro)
    return min((amount for amount in amounts if amount is not None), default=None)
