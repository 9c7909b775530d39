"""Which executor a batch asks for: `local`, or `dask://HOST:PORT`. Dask is imported only where it is asked for."""

from __future__ import annotations

import re
from dataclasses import replace

from clash.errors import UsageError
from clash.production.batch_executors import Executor, LocalExecutor, Work
from clash.production.batch_plan import BatchRequest
from clash.production.opened import runs_of_this_process
from clash.production.progress import Event

LOCAL = "local"
_DASK = re.compile(r"dask://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})/?")


def check_executor(request: BatchRequest) -> None:
    """Raise `UsageError` for an executor that is not known, and for what an executor cannot do."""
    name = request.executor
    found = _DASK.fullmatch(name)
    if name != LOCAL and (found is None or not 0 < int(found[2]) < 65536):
        raise UsageError(
            f"--executor {name}: it is neither `local` nor `dask://HOST:PORT`", hint="--executor dask://127.0.0.1:8786"
        )
    if found is not None and request.each.allow_changes:
        raise UsageError(
            "--allow-changes is for runs of this process, and --executor hands them to others",
            hint="change them with --executor local first",
        )


def executor_of(work: Work) -> Executor:
    """Return the executor that a request names. Raise `SettingsError` if a package for it is missing."""
    if work.request.executor == LOCAL:
        return LocalExecutor(_within_the_pace(work))
    from clash.production.batch_on_dask import DaskExecutor

    return DaskExecutor(work)


def _within_the_pace(work: Work) -> Work:
    """Return the work with no more runs at once than the requests to D1 of this process carry, and say so."""
    settings, request = work.opened.settings, work.request
    most = runs_of_this_process(settings)
    if most is None or most >= request.jobs:
        return work
    work.observe(
        Event("note", f"{most} runs at once: CLASH_D1_REQUESTS={settings.d1_requests} carries no more of --jobs")
    )
    return replace(work, request=replace(request, jobs=most))
