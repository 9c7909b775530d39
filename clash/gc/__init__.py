"""Delete the files of the asset store that nothing names: `clash gc`."""

from clash.gc.use_case import collect_garbage as collect_garbage
