"""Apply CLASH_RETENTION at the end of a run: which checkpoints stay, and how long the texts of calls do."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from clash.clock import to_text
from clash.database.call_texts import cut_texts
from clash.database.lease import Lease
from clash.database.port import Database
from clash.database.pruning import KeepPolicy
from clash.errors import ClashError
from clash.production.pruning import prune_run
from clash.retention_policy import RetentionPolicy

logger = logging.getLogger(__name__)


async def apply_retention(database: Database, lease: Lease, policy: RetentionPolicy) -> str | None:
    """Apply a policy to a run that has ended, and to the texts of older calls. Never fails the run.

    Returns a warning if it could not be applied, else None.
    """
    try:
        await _apply(database, lease, policy, datetime.now(UTC))
    except asyncio.CancelledError:
        raise
    except ClashError as error:
        return f"CLASH_RETENTION could not be applied: {error.message}"
    except Exception as error:
        logger.exception("CLASH_RETENTION could not be applied to %s", lease.run_id)
        return f"CLASH_RETENTION could not be applied: {type(error).__name__}"
    return None


async def _apply(database: Database, lease: Lease, policy: RetentionPolicy, now: datetime) -> None:
    if policy.checkpoints != "all":
        latest, last = policy.checkpoints == "latest", policy.checkpoints
        await prune_run(database, lease, KeepPolicy(latest=latest, last=last if isinstance(last, int) else None))
    if policy.request_days is not None:
        before = to_text(now - timedelta(days=policy.request_days))
        await cut_texts(database, run_id=None if policy.request_days else lease.run_id, before=before)
