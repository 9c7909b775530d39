"""A folder with a film of metered shots, for the tests of takes and reviews: commands, what was charged, the tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from filming import METERED, SMALL, Ran, clash, environment, metered, rows_of, shot_list

PRICE = Decimal("0.01")


@dataclass
class TakesRoom:
    """The thread `t` of a folder, all of whose models are metered; takes have different bytes."""

    folder: Path
    url: str
    changes: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Prepare the environment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env = environment(
            DATABASE_URL=self.url, METER=str(self.folder / "meter"), METER_COST=str(PRICE), METER_TAKES="1"
        )

    def type(self, *arguments: str, **changes: str) -> Ran:
        """Type a command with `--json`."""
        return clash(self.folder, *arguments, "--json", env={**self.env, **changes})

    def film(self, shots: int, *flags: str, words: bool = False, **changes: str) -> Ran:
        """Run a story of so many shots."""
        shot_list(self.folder / "story.csv", shots, words=words, seconds=0.5)
        return self.type("run", "story.csv", "--thread", "t", *SMALL, *METERED, *flags, **changes)

    def ok(self, *arguments: str) -> dict[str, Any]:
        """Type a command that works; its document."""
        ran = self.type(*arguments)
        assert ran.code == 0, (arguments, ran.out, ran.err)
        return ran.document

    @property
    def charged(self) -> list[str]:
        """The slots that were charged, in order."""
        return metered(self.folder / "meter")

    def charges(self, *arguments: str, code: int = 0) -> Counter[str]:
        """Type a command, and return what it was charged."""
        before = len(self.charged)
        ran = self.type(*arguments)
        assert ran.code == code, (arguments, ran.out, ran.err)
        return Counter(self.charged[before:])

    def priced(self, *arguments: str) -> int:
        """How many calls a dry run of this command prices; what it says is consistent."""
        document = self.ok(*arguments, "--dry-run")
        assert not document["price"]["estimated"]
        assert Decimal(document["price"]["total_usd"]) == PRICE * document["calls"]["to_make"]
        assert sum(step["calls"] for step in document["price"]["by_step"]) == document["calls"]["to_make"]
        return document["calls"]["to_make"]

    def takes(self, *slot: str) -> dict[str, list[tuple[int, bool]]]:
        """The takes of each slot: number, and whether it is in the film."""
        found: dict[str, list[tuple[int, bool]]] = {}
        for item in self.ok("takes", "ls", "t", *slot)["items"]:
            found.setdefault(item["slot"], []).append((item["take"], item["selected"]))
        return found

    def selected(self, slot: str) -> int:
        """The take of a slot that is in the film."""
        (number,) = (number for number, is_selected in self.takes(slot)[slot] if is_selected)
        return number

    def sha256(self, slot: str, take: int) -> str:
        """The digest of a take."""
        items = self.ok("takes", "ls", "t", slot)["items"]
        return next(item["sha256"] for item in items if (item["slot"], item["take"]) == (slot, take))

    def check_meter(self) -> None:
        """What the meter charged is what the tables say, and no slot's take was bought twice."""
        ((spent, rows),) = rows_of(
            self.url, "SELECT spent_micro, (SELECT sum(cost_micro) FROM api_logs) FROM workflow_executions"
        )
        assert spent == rows == len(self.charged) * int(PRICE * 1_000_000)
        made = rows_of(self.url, "SELECT slot, take FROM api_logs WHERE state = 'succeeded'")
        assert len(made) == len(set(made))
