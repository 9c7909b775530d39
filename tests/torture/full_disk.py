"""`full_disk.py BYTES SCRIPT ...`: a script on a disk where no file may grow past so many bytes."""

from __future__ import annotations

import resource
import runpy
import sys

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")
