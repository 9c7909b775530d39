"""Export, import and recover runs: the use cases of `clash db export`, `db import` and `db recover`."""

from clash.transfer.recover import recover_before_run, recover_calls
from clash.transfer.use_cases import export_runs, import_runs

__all__ = ["export_runs", "import_runs", "recover_before_run", "recover_calls"]
