"""What goes wrong with a ZIP archive that somebody brings: a workbook, an OpenDocument spreadsheet."""

from __future__ import annotations

import zipfile
import zlib

DAMAGED = (KeyError, zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError)
"""What `zipfile` raises for a damaged or locked archive.

A part is missing (`KeyError`), its bytes are no deflated ones (`zlib.error`), a single damaged byte claims a version of
ZIP that `zipfile` does not know (`NotImplementedError`), or the part has a password (`RuntimeError`).
"""
