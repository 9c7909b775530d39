"""What a run may not do without a person's consent: pay again for what was, or may have been, paid already."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from clash.database.rows import CallRow
from clash.errors import DO, Action, PersonNeededError, Remedy
from clash.hints import command
from clash.money import usd_text
from clash.vocabulary import CallState

WHY_UNKNOWN = "the process died, or the connection broke, before the answer"
WHY_CHANGED = f"{WHY_UNKNOWN}; and what is asked for, or where, has changed since"


@dataclass(frozen=True)
class Consent:
    """What a person has agreed to. Ids are of `api_logs`: consent covers the calls that were there when it was given.

    `unknown_until`: up to this id an unknown call may be made again. `failed_paid_until`: up to this id a call that
    was paid for and failed may be bought again. `remake_lost`: what was paid for, and whose file is nowhere any more,
    may be bought again.
    """

    unknown_until: int = 0
    failed_paid_until: int = 0
    remake_lost: bool = False

    def covers(self, row: CallRow) -> bool:
        """Return whether a new call may be made in place of this one, which is unknown, or failed and paid."""
        return row.id <= (self.unknown_until if row.state == CallState.UNKNOWN else self.failed_paid_until)


def is_paid_failure(row: CallRow) -> bool:
    """Return whether this call failed and cost money all the same. A file that was lost later is another matter."""
    return row.state == CallState.FAILED and row.cost_micro > 0 and row.error_code != "asset_lost"


def stands_in_the_way(row: CallRow) -> bool:
    """Return whether no new call may be made in place of this one unless a person agrees."""
    return row.state == CallState.UNKNOWN or is_paid_failure(row)


def given_to_provider(row: CallRow) -> str:
    """Return how the provider knows a call: the key that it was given, and the id of its job if it has one."""
    return f"key {row.token}" + (f", job {row.job_id}" if row.job_id else "")


def unknown_call(row: CallRow, why: str = "") -> PersonNeededError:
    """Return the error that asks a person about a call whose answer is lost."""
    known = f"it may have cost ${usd_text(row.quoted_cost_micro)}; {given_to_provider(row)}"
    return PersonNeededError(
        f"the call for {row.slot} was sent to {row.service} at {row.started_at} and its answer never came back"
        f" ({known}){': ' + why if why else ''}",
        code="unknown_call",
        remedy=Remedy(
            Action.RETRY_UNKNOWN,
            f"look at the provider's own record of calls; {DO} makes it again;"
            f" `{_settle(row)}` is for one that was not billed",
        ),
        waiting_for="unknown_call",
    )


def _settle(row: CallRow) -> str:
    return f"{command('calls settle', row.run_id, '--not-billed')} {shlex.quote(row.slot)}"


def failed_paid(row: CallRow, *, again_micro: int, file: Path | None) -> PersonNeededError:
    """Return the error that asks a person about a call that was paid for and failed."""
    kept = f"; what came is kept as {file.as_posix()}" if file else ""
    return PersonNeededError(
        f"the call for {row.slot} cost ${usd_text(row.cost_micro)} and failed ({given_to_provider(row)}):"
        f" {row.error_message}{kept}",
        code="failed_paid",
        remedy=Remedy(Action.RETRY_FAILED_PAID, paid_words(row.service, again_micro)),
        waiting_for="failed_paid",
    )


def paid_words(service: str, again_micro: int) -> str:
    """Return the words of the remedy for a call that was paid for and failed."""
    return f"complain to {service}; {DO} buys it again, for about ${usd_text(again_micro)}"
