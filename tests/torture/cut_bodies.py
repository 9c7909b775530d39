"""Answers of the vendor break off at any byte: by an end, a reset, or a stall."""

from __future__ import annotations

from typing import ClassVar

from .disturbance import Disturbance
from .vendor import ADDRESS, Vendor


class CutBodies(Disturbance):
    """The process asks a vendor over HTTP that breaks off three of ten answers. `happened` counts these answers."""

    name: ClassVar[str] = "cut bodies"
    codes: ClassVar[frozenset[str]] = frozenset({"answer_lost", "ambiguous", "unreachable"})

    def __init__(self, vendor: Vendor) -> None:
        super().__init__()
        self._vendor = vendor

    def environment(self) -> dict[str, str]:
        """Lead the process to the vendor."""
        return {ADDRESS: self._vendor.url}

    def relent(self) -> None:
        """Count what was cut until now."""
        self.happened = self._vendor.cuts
