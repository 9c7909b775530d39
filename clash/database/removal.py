"""Remove a run: in one transaction it is gone and its sums are kept, then its rows are deleted in bounded pieces.

The first transaction gives all rows of the run an id that no run can have (`.removed-...`), so that from then on
there is no such run for lists, sums, exports, forks and the graph. What was paid for stays in `api_logs` under that
id, where every later call is looked up by its key. The rest is deleted piece by piece; a process that dies leaves a
removal that the next one finishes.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from clash import faults
from clash.clock import now_text
from clash.database.fork import AWAITS
from clash.database.lease import FENCE, Lease
from clash.database.port import Database, Row, Statement, texts_of
from clash.database.removed_runs import GIVEN_UP, OF_BATCH, RemovedRun, write_costs
from clash.database.row_checks import SOUND_CALL
from clash.database.staging import NOT_STAGED, REMOVED_PREFIX
from clash.vocabulary import UNSETTLED, AssetType, sql_list

REMOVED = "removed"
"""The workflow of the row that stands for a removed run."""
_FILM_FILES = (AssetType.FILM, AssetType.SUBTITLES, AssetType.CONTACT_SHEET)
_SAVED = ("checkpoint_chunks", "writes", "checkpoints")
_STAYING = ("workflow_executions", "removed_runs", "removed_costs", "kept_files", "access_audit")
_ROWS_AT_ONCE = 500
_SAVED_AT_ONCE = 50
"""Rows of checkpoints that are deleted together: each may be a megabyte."""
_AGAIN = Statement("SELECT 1 AS n")
"""Where the answer to a deletion is lost, there may be more to delete."""
_PAID_MODELS = (
    "SELECT service, model FROM api_logs WHERE cost_micro > 0"
    " UNION SELECT provider, model FROM removed_costs WHERE cost_micro > 0"
)
_PAID_FOR = (
    "EXISTS (SELECT 1 FROM api_logs WHERE run_id = ? AND state = 'succeeded' AND (cost_micro > 0"
    f" OR quoted_cost_micro > 0 OR (reused = 1 AND (service, model) IN ({_PAID_MODELS}))))"
)
"""Whether a paid model made anything of a run, now or in the run that it was reused from. Its parameter: the run."""
_ANSWER = "c.state = 'succeeded' AND c.key IS NOT NULL AND c.asset_sha256 IS NOT NULL"
_HELD_ELSEWHERE = (
    "c.reused = 1 AND EXISTS (SELECT 1 FROM api_logs AS other WHERE other.key = c.key AND other.state = 'succeeded'"
    " AND other.asset_sha256 = c.asset_sha256 AND other.run_id <> c.run_id"
    " AND (SELECT project FROM workflow_executions WHERE run_id = other.run_id)"
    " = (SELECT project FROM workflow_executions WHERE run_id = c.run_id))"
)
"""Whether another run of the project has the same answer, so that a row which reused it need not stay."""


@dataclass(frozen=True)
class HeldAnswers:
    """The answers of a run that stay when it is removed. `cost_micro`: what they had cost."""

    answers: int
    cost_micro: int


@dataclass(frozen=True)
class FreedFiles:
    """The files that nothing in this database names once a run is removed."""

    files: int
    bytes: int


@dataclass(frozen=True)
class OpenCall:
    """A call of a run that may have been paid, and whose answer is not settled."""

    slot: str
    service: str
    model: str
    state: str
    quoted_micro: int

    @classmethod
    def from_row(cls, row: Row) -> OpenCall:
        """Return the open call of a row of `api_logs`, sound or not."""
        quoted = row["quoted_cost_micro"]
        slot, service, model, state = (str(row[name] or "") for name in ("slot", "service", "model", "state"))
        return cls(slot, service, model, state, quoted if isinstance(quoted, int) else 0)


async def open_calls(database: Database, run_id: str) -> list[OpenCall]:
    """Return the calls of a run that are not settled, and those whose rows cannot be summed, oldest first."""
    rows = await database.query(
        "SELECT slot, service, model, state, quoted_cost_micro FROM api_logs WHERE run_id = ?"
        f" AND (state IN {sql_list(UNSETTLED)} OR ({SOUND_CALL}) IS NOT TRUE) ORDER BY id",
        (run_id,),
    )
    return [OpenCall.from_row(row) for row in rows]


async def waiting_forks(database: Database, run_id: str) -> list[str]:
    """Return the forks of a run that have yet to copy what they keep of it."""
    rows = await database.query(
        f"SELECT run_id FROM workflow_executions WHERE {NOT_STAGED} AND json_valid(settings) AND json_valid(metadata)"
        f" AND json_extract(settings, '$.forked_from.thread_id') = ? AND json_extract(metadata, '$.{AWAITS}')"
        " IS NOT NULL ORDER BY run_id",
        (run_id,),
    )
    return texts_of(rows, "run_id")


async def answers_to_keep(database: Database, run_id: str) -> HeldAnswers:
    """Return which answers of a run would stay, so that no film pays for them again."""
    rows = await database.query(
        "SELECT count(*) AS answers, coalesce(sum(cost_micro), 0) AS cost_micro FROM api_logs AS c"
        f" WHERE run_id = ? AND {_ANSWER} AND NOT ({_HELD_ELSEWHERE}) AND {_PAID_FOR}",
        (run_id, run_id),
    )
    return HeldAnswers(int(rows[0]["answers"]), int(rows[0]["cost_micro"]))


async def files_to_free(database: Database, run_id: str, *, keep_film: bool, forget_answers: bool) -> FreedFiles:
    """Return the files of a run that nothing names once it is removed, as far as their sizes are recorded."""
    kept = [
        "SELECT sha256 FROM generated_assets WHERE run_id <> ?",
        "SELECT asset_sha256 FROM api_logs WHERE run_id <> ? AND asset_sha256 IS NOT NULL",
        "SELECT sha256 FROM kept_files WHERE run_id <> ?",
    ]
    params = [run_id] * len(kept)
    if keep_film:
        kept.append(f"SELECT sha256 FROM generated_assets WHERE run_id = ? AND asset_type IN {sql_list(_FILM_FILES)}")
        params.append(run_id)
    if not forget_answers:
        kept.append(f"SELECT asset_sha256 FROM api_logs AS c WHERE run_id = ? AND {_ANSWER} AND {_PAID_FOR}")
        params += [run_id, run_id]
    rows = await database.query(
        "SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes FROM"
        " (SELECT sha256, max(bytes) AS bytes FROM generated_assets WHERE run_id = ? GROUP BY sha256)"
        f" WHERE {' AND '.join(f'sha256 NOT IN ({some})' for some in kept)}",
        (run_id, *params),
    )
    return FreedFiles(int(rows[0]["files"]), int(rows[0]["bytes"]))


async def rows_of(database: Database, run_id: str) -> int:
    """Return how many rows a run has in all tables."""
    counts = [f"(SELECT count(*) FROM {table} WHERE {owner} = ?)" for table, owner in (await _owned(database)).items()]
    rows = await database.query(f"SELECT {' + '.join(counts)} AS n", (run_id,) * len(counts))
    return int(rows[0]["n"]) + 1


async def _owned(database: Database) -> Mapping[str, str]:
    """Return the tables whose rows belong to runs, to the column that names the run; those with references first."""
    rows = await database.query(
        "SELECT t.name AS name, c.name AS owner FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c"
        " WHERE t.type = 'table' AND t.name NOT GLOB '_cf_*' AND t.name NOT GLOB 'sqlite_*'"
        " AND c.name IN ('run_id', 'thread_id') ORDER BY t.name <> 'generated_assets', t.name"
    )
    found = zip(texts_of(rows, "name"), texts_of(rows, "owner"), strict=True)
    return {table: owner for table, owner in found if table not in _STAYING and (owner == "run_id" or table in _SAVED)}


# -- the transaction in which a run is gone ----------------------------------------------------------------------------


async def hide_run(
    database: Database, lease: Lease, *, by: str, keep_film: bool = False, forget_answers: bool = False
) -> RemovedRun | None:
    """Make a run that this process holds a removed one; None, and nothing changed, if the lease is lost."""
    kept_as, now = f"{REMOVED_PREFIX}{secrets.token_hex(8)}", now_text()
    owned = await _owned(database)
    fence = Statement(FENCE, lease.fence)
    statements = [
        await _hidden_row(database, lease, kept_as, now),
        Statement(
            "INSERT INTO removed_runs (run_id, thread_id, story_title, start_time, removed_at, removed_by,"
            " forgets_answers) SELECT ?, run_id, story_title, start_time, ?, ?,"
            f" iif(? OR NOT {_PAID_FOR}, 1, 0) FROM workflow_executions WHERE run_id = ? AND lease_generation = ?",
            (kept_as, now, by, int(forget_answers), lease.run_id, *lease.fence),
        ),
        write_costs(lease.run_id, kept_as, fence, SOUND_CALL),
        *([_keep_film(lease, kept_as)] if keep_film else []),
        *(
            Statement(f"UPDATE {table} SET {owner} = ? WHERE {owner} = ? AND {FENCE}", (kept_as, *_of(lease)))
            for table, owner in owned.items()
        ),
        # The trigger behind the deletion of the run's row gives back to the batch all that the run had reserved.
        Statement(
            f"UPDATE batches SET reserved_micro = reserved_micro + {GIVEN_UP}"
            " WHERE name = (SELECT batch FROM workflow_executions WHERE run_id = ? AND lease_generation = ?)",
            (kept_as, *lease.fence),
        ),
        Statement(
            "DELETE FROM workflow_executions WHERE run_id = ? AND lease_generation = ? RETURNING run_id",
            lease.fence,
            recall=Statement("SELECT thread_id AS run_id FROM removed_runs WHERE run_id = ?", (kept_as,)),
        ),
    ]
    faults.point("removal.before")
    results = await database.batch(statements)
    if not results[-1]:
        return None
    faults.point("removal.hidden")
    rows = await database.query("SELECT * FROM removed_runs WHERE run_id = ?", (kept_as,))
    return RemovedRun.from_row(rows[0])


def _of(lease: Lease) -> tuple[str | int, ...]:
    return (lease.run_id, lease.run_id, lease.generation)


async def _hidden_row(database: Database, lease: Lease, kept_as: str, now: str) -> Statement:
    """Write the row that stands for the removed run: with all columns of the run, but for what was its story's."""
    empty = {
        "run_id": "?",
        "workflow_name": f"'{REMOVED}'",
        "status": "'cancelled'",
        "updated_at": "?",
        **dict.fromkeys(("story_path", "story_sha256", "story_title", "settings_fingerprint"), "''"),
        "settings": "'{}'",
        # Its batch counts what it has spent already, and the row of a run of the batch would count it again.
        "metadata": f"iif(batch IS NULL, '{{}}', json_object('{OF_BATCH}', batch))",
        **dict.fromkeys(
            ("batch", "budget_micro", "lease_owner", "lease_expires_at", "error_code", "error_message"), "NULL"
        ),
        "reserved_micro": "0",
    }
    rows = await database.query("SELECT name FROM pragma_table_info('workflow_executions') ORDER BY cid")
    names = texts_of(rows, "name")
    params = [{"run_id": kept_as, "updated_at": now}[name] for name in names if empty.get(name) == "?"]
    return Statement(
        f"INSERT INTO workflow_executions ({', '.join(names)}) SELECT {', '.join(empty.get(n, n) for n in names)}"
        " FROM workflow_executions WHERE run_id = ? AND lease_generation = ?",
        (*params, *lease.fence),
    )


def _keep_film(lease: Lease, kept_as: str) -> Statement:
    return Statement(
        "INSERT INTO kept_files (run_id, slot, asset_type, media_type, sha256, path, bytes)"
        " SELECT ?, slot, asset_type, media_type, sha256, path, bytes FROM generated_assets"
        f" WHERE run_id = ? AND asset_type IN {sql_list(_FILM_FILES)} AND {FENCE}",
        (kept_as, *_of(lease)),
    )


# -- what is deleted afterwards ----------------------------------------------------------------------------------------


async def decision_batches(database: Database, removed: RemovedRun) -> list[str]:
    """Return which decisions were made together about a removed run, as far as their rows are still there."""
    rows = await database.query("SELECT DISTINCT batch FROM slot_decisions WHERE run_id = ?", (removed.run_id,))
    return texts_of(rows, "batch")


async def delete_rows(database: Database, removed: RemovedRun) -> None:
    """Delete the rows of a removed run in pieces, all but its sums and the answers that were paid for.

    It may be interrupted anywhere and repeated, also by two processes at a time.
    """
    for table, owner in (await _owned(database)).items():
        async for _ in _in_pieces(database, removed, table, owner):
            faults.point("removal.piece")
    now = now_text()
    await database.batch(
        [
            Statement(
                "UPDATE workflow_executions SET spent_micro ="
                " (SELECT coalesce(sum(cost_micro), 0) FROM api_logs WHERE run_id = ?), updated_at = ?"
                " WHERE run_id = ?",
                (removed.run_id, now, removed.run_id),
            ),
            Statement(
                "UPDATE removed_runs SET finished_at = ? WHERE run_id = ? AND finished_at IS NULL",
                (now, removed.run_id),
            ),
        ]
    )
    faults.point("removal.after")


async def _in_pieces(database: Database, removed: RemovedRun, table: str, owner: str) -> AsyncIterator[int]:
    """Delete the rows of one table, some at a time; yields how many."""
    statements = _of_calls(removed) if table == "api_logs" else [_delete(table, owner, removed)]
    for statement in statements:
        while gone := len((await database.batch([statement]))[0]):
            yield gone


def _delete(table: str, owner: str, removed: RemovedRun, which: str = "1") -> Statement:
    most = _SAVED_AT_ONCE if table in _SAVED else _ROWS_AT_ONCE
    chosen = f"SELECT c.rowid FROM {table} AS c WHERE c.{owner} = ? AND {which} LIMIT {most}"
    return Statement(f"DELETE FROM {table} WHERE rowid IN ({chosen}) RETURNING 1 AS n", (removed.run_id,), _AGAIN)


def _of_calls(removed: RemovedRun) -> list[Statement]:
    """Delete the calls whose answers do not stay, and cut the others to what a later call asks of them."""
    stays = "0" if removed.forgets_answers else f"({_ANSWER} AND NOT ({_HELD_ELSEWHERE}))"
    cut = Statement(
        # A first key is rewritten from its request.
        "UPDATE api_logs SET request = NULL, response = NULL WHERE id IN (SELECT id FROM api_logs WHERE run_id = ?"
        f" AND key_version <> 1 AND (request IS NOT NULL OR response IS NOT NULL) LIMIT {_ROWS_AT_ONCE})"
        " RETURNING 1 AS n",
        (removed.run_id,),
        _AGAIN,
    )
    return [_delete("api_logs", "run_id", removed, f"NOT {stays}"), cut]
