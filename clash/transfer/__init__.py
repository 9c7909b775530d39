"""Moving runs between databases through a file: the use cases behind `clash db export` and `clash db import`."""

from clash.transfer.use_cases import export_runs, import_runs

__all__ = ["export_runs", "import_runs"]
