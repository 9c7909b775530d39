"""What an export and an import both ask of a run: that each row, and what the rows add up to, can be clash's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clash.database.row_checks import CHECKED, fault_of, loads
from clash.thread_ids import is_new_thread_id, is_thread_id
from clash.vocabulary import FILM_WORKFLOW, UNSETTLED

_LONGEST_FOREIGN_ID = 1000
_ANY_NUMBER = ("duration_ms", "status_code")
"""What a provider or a clock says, which is carried as it is."""


@dataclass(frozen=True)
class _Run:
    """What is asked of a sound row of `workflow_executions`. `output`: the folder of a film, from its settings."""

    is_film: bool
    status: str
    spent_micro: int
    reserved_micro: int
    output: str | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> _Run:
        """Return the run of a sound row."""
        is_film = row["workflow_name"] == FILM_WORKFLOW
        output = loads(row["settings"]).get("output") if is_film else None
        return cls(
            is_film=is_film,
            status=str(row["status"]),
            spent_micro=row["spent_micro"],
            reserved_micro=row["reserved_micro"],
            output=None if output is None else str(output),
        )


@dataclass(frozen=True)
class _CallMoney:
    """What a call adds to its run's sums."""

    spent_micro: int
    reserved_micro: int

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> _CallMoney:
        """Return the money of a sound row of `api_logs`."""
        return cls(int(row["cost_micro"]), int(row["quoted_cost_micro"]) if row["state"] in UNSETTLED else 0)


class RunCheck:
    """Looks at the rows of one thread, one after the other."""

    def __init__(self, thread_id: str, *, is_new: bool = False) -> None:
        """`is_new`: whether the thread is to be made here; one that is here may have the name of a device."""
        self.thread_id = thread_id
        self.output: str | None = None
        """The folder that a film's run writes to, once its row was seen."""
        self.status = ""
        """The run's status, once its row was seen."""
        self._fits = is_new_thread_id if is_new else is_thread_id
        self._told: tuple[Any, ...] = ()
        self._spent = 0
        self._reserved = 0

    def fault_of_row(self, table: str, row: Mapping[str, Any]) -> str:
        """Return what is wrong with a row, as `column is ...`; "" if nothing is."""
        if table not in CHECKED:
            return ""
        if fault := fault_of(table, {name: value for name, value in row.items() if name not in _ANY_NUMBER}):
            return fault
        for name in _ANY_NUMBER:
            if not isinstance(row.get(name), int | None):
                return f"{name} is not a whole number"
        if table == "workflow_executions":
            return self._fault_of_its_row(_Run.from_row(row))
        if table == "api_logs":
            call = _CallMoney.from_row(row)
            self._spent += call.spent_micro
            self._reserved += call.reserved_micro
        return ""

    def _fault_of_its_row(self, run: _Run) -> str:
        self._told, self.status = (run.spent_micro, run.reserved_micro), run.status
        self.output = run.output
        fits = self._fits(self.thread_id) if run.is_film else not any(mark in self.thread_id for mark in "/\\")
        return "" if fits else f"run_id is {self.thread_id[:80]!r}, which no run can have"

    def fault_of_run(self) -> str:
        """Return what is wrong with a run after its last row; "" if nothing is."""
        found = (self._spent, self._reserved)
        for name, told, sum_of_calls in zip(("spent_micro", "reserved_micro"), self._told, found, strict=False):
            if told != sum_of_calls:
                return f"{name} is {told}, and its calls add up to {sum_of_calls}"
        return ""


def may_be_thread(thread_id: str) -> bool:
    """Return whether any thread, also one that is not clash's, can have this id."""
    return thread_id.isprintable() and len(thread_id) <= _LONGEST_FOREIGN_ID
