"""Named fault points: where a test may kill the process, to prove that every instruction is a safe place to die.

`CLASH_FAULT=<point>` kills with SIGKILL at the first passing of that point, `<point>:<n>` at the n-th. Unset, a point
costs one comparison. The points, in the order a call passes them:

    intent.before     nothing is written yet
    intent.after      the intent is recorded, nothing is sent
    submit.after      a queue has taken the job, its id is nowhere
    ticket.after      the job's id is on the disk, not in its row
    job.after         the job's id is stored
    answer.after      the provider has answered, nothing is kept
    content.after     the file is in the store, its receipt is not
    receipt.after     the receipt is on the disk, the row is not settled
    share.after       the file and its receipt are where other machines find them, the row is not settled
    settle.after      the row is settled
    chunks.after      a part of a state that is too large for one transaction is stored, the state is not
    writes.after      LangGraph has saved a task's result
    checkpoint.after  a checkpoint is saved; on SQLite its metadata row is not, on D1 both are one write
    decisions.before  nothing is written of what a person has decided
    decisions.after   it is written, the run does not know of it yet
    decisions.applied the run is put back to where it makes what was decided, nothing is made of it
    publish.before    the film has passed its inspection, nothing has a name for people
    publish.after     everything has its name
    fork.before       a fork is planned, nothing of it is written
    fork.after        the run of the fork is there, with all that it keeps, and has not begun
    kept.before       the screenplay of a fork is written, what the fork keeps of its shots is not
    kept.after        what it keeps is written
    cut.after         another cut of the film is recorded, its files are not the run's yet
    event.stored      how the run stands and what a webhook is told of it are written, nothing is sent
    webhook.sent      a webhook's receiver has answered, that it has the event is not written
    prune.before      checkpoints are to be deleted, none is
    prune.after       they are, with their metadata
    removal.before    a run is to be removed, nothing is written
    removal.hidden    there is no such run any more, its rows are not deleted
    removal.piece     some of its rows are deleted
    removal.after     all are, and the removal is marked as finished
    recovery.run.after a run that the database had lost is written again, its paid calls are not
    gc.marked         the files that nothing names are marked, nothing is deleted
    gc.records        some records of removed runs are deleted, their files are not
    gc.claimed        no row can name some files any more, none of them is deleted
    gc.moved          a file is out of its place and is not deleted
    gc.deleted        some files are deleted, their marks do not say so yet
    gc.settled        their marks say so
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "intent.before",
    "intent.after",
    "submit.after",
    "ticket.after",
    "job.after",
    "answer.after",
    "content.after",
    "receipt.after",
    "share.after",
    "settle.after",
    "chunks.after",
    "writes.after",
    "checkpoint.after",
    "decisions.before",
    "decisions.after",
    "decisions.applied",
    "publish.before",
    "publish.after",
    "fork.before",
    "fork.after",
    "kept.before",
    "kept.after",
    "cut.after",
    "event.stored",
    "webhook.sent",
    "prune.before",
    "prune.after",
    "removal.before",
    "removal.hidden",
    "removal.piece",
    "removal.after",
    "recovery.run.after",
    "gc.marked",
    "gc.records",
    "gc.claimed",
    "gc.moved",
    "gc.deleted",
    "gc.settled",
)

_armed, _, _count = os.environ.get("CLASH_FAULT", "").partition(":")
_left = int(_count) if _count.isdigit() else 1


def point(name: str) -> None:
    """Pass a fault point; the process dies here if it is the armed one."""
    global _left
    if name != _armed:
        return
    _left -= 1
    if _left <= 0:
        # SIGKILL where there is one: no handler, no clean-up, as when the power fails.
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
