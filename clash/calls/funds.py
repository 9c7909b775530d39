"""What a run, its project and its batch may still spend, and the error where one has no room for the next call."""

from __future__ import annotations

import asyncio

from clash.calls.spec import CallSpec
from clash.database.batches import BatchRow, batch_of_run
from clash.database.port import Database, Row, Rows
from clash.database.quotas import quota_error, used
from clash.database.run_funds import RunFunds, funds_of, least
from clash.errors import DO, Action, BudgetExceededError, Remedy
from clash.hints import batch_command
from clash.money import usd_text

BATCH_BUDGET = "batch_budget"
"""The code of the error of a run that waits for a bigger budget of its batch."""
_AGAIN_S = 0.05


def left_of(run: Row, batch: Rows) -> int | None:
    """Return what a run may still reserve, in micro-dollars. None: any amount.

    `run`: what its budget and its project's quota have left; `batch`: the row of its batch, if it has one.
    """
    left_there = BatchRow.from_row(batch[0]).left_micro if batch else None
    return least(run["budget_left_micro"], run["quota_left_micro"], left_there)


async def read_left(database: Database, run_id: str) -> int | None:
    """Return the same as it is now."""
    run, batch = await funds_of(database, run_id), await batch_of_run(database, run_id)
    own = None if run.most_micro is None else run.most_micro - run.spent_micro - run.reserved_micro
    return least(own, None if batch is None else batch.left_micro)


async def check_room(database: Database, run_id: str, run: RunFunds, task: CallSpec, quoted_micro: int) -> None:
    """Raise `BudgetExceededError` for a call that was refused, unless there is room for it by now.

    Another process may have released what it held, or a month may have begun.
    """
    if (error := _why_not(task.slot, quoted_micro, run)) is not None:
        raise error
    batch = await batch_of_run(database, run_id)
    if batch is not None and batch.left_micro is not None and batch.left_micro < quoted_micro:
        raise _batch_is_spent(batch, task, quoted_micro)
    await asyncio.sleep(_AGAIN_S)


def _why_not(slot: str, cost_micro: int, funds: RunFunds) -> BudgetExceededError | None:
    """Return the error for a call that the run's budget or its project's quota does not allow; None if both do."""
    budget, committed = funds.budget_micro, funds.spent_micro + funds.reserved_micro
    told = f"{slot} would cost ${usd_text(cost_micro)}"
    if budget is None or committed + cost_micro <= budget:
        return quota_error(told, funds.month, cost_micro)
    return BudgetExceededError(
        f"{told}; of the budget of ${usd_text(budget)}, {used(funds.spent_micro, funds.reserved_micro)}",
        remedy=Remedy(Action.RAISE_BUDGET, f"raise the budget: {DO}"),
    )


def _batch_is_spent(batch: BatchRow, task: CallSpec, quoted_micro: int) -> BudgetExceededError:
    enough = usd_text(batch.committed_micro + quoted_micro)
    return BudgetExceededError(
        f"{task.slot} would cost ${usd_text(quoted_micro)}; of the ${usd_text(batch.budget_micro or 0)} that the batch"
        f" {batch.name} may spend, {used(batch.spent_micro, batch.reserved_micro)}",
        code=BATCH_BUDGET,
        hint=f"raise the budget of the batch: `{batch_command(batch.name, '--budget', enough)}`",
    )
