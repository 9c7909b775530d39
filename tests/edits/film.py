"""A film of three shots that somebody changes, whose commands are killed and gone on with; and what must hold of it."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
from filming import Ran, environment, forked, forked_clash, rows_of, shot_list

from .charges import PRICE_USD, Charges

SHOTS = 3
TINY = ("--size", "96x64", "--fps", "8")
_CRAFTS = {"screenplay": "screenwriter", "image": "illustrator", "video": "cinematographer", "speech": "voice"}
Kill = str | float
"""A fault point `NAME:N`, or after how many seconds the process is killed."""
Killer = Callable[[str], Kill | None]
"""How the next process of a command is killed, if it is."""
_MOST_PROCESSES = 20
Selected = Mapping[str, tuple[int, str]]


def spared(command: str) -> None:
    """Kill nothing."""


class Broken(AssertionError):
    """A promise was not kept."""


@dataclass
class EditedFilm:
    """A folder with runs of one story. `kind`: of the provider that makes everything; `thread`: the newest run."""

    folder: Path
    kind: str = "metered"
    url: str = ""
    changes: Mapping[str, str] = field(default_factory=dict[str, str])
    thread: str = "film"
    kills: Counter[str] = field(default_factory=Counter[str])
    """Processes that were killed, by their command."""
    took: dict[str, float] = field(default_factory=dict[str, float])
    """Seconds that a command of each name took when it was last run to its end."""
    _seen: dict[tuple[str, str, int], str] = field(default_factory=dict[tuple[str, str, int], str])

    def __post_init__(self) -> None:
        """Make the folder and write the story."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.url = self.url or f"sqlite:///{(self.folder / 'clash.db').as_posix()}"
        self.meter = self.folder / "meter"
        meter = {"METER": str(self.meter), "METER_COST": PRICE_USD, "METER_TAKES": "1"}
        self.env = environment(DATABASE_URL=self.url, **meter, **self.changes)
        shot_list(self.folder / "story.csv", SHOTS, seconds=1.0, words=True)

    def make(self, kills: Killer = spared) -> Ran:
        """Make the film."""
        models = (word for craft, model in _CRAFTS.items() for word in (f"--{craft}-model", f"{self.kind}:{model}"))
        return self.typed("run", "story.csv", "--thread", self.thread, *TINY, *models, kills=kills)

    # -- typing ----------------------------------------------------------------------------------------------------

    def run(self, *arguments: str) -> Ran:
        """Run a command to its end."""
        return forked_clash(self.folder, *arguments, "--json", env=self.env)

    def ok(self, *arguments: str) -> dict[str, Any]:
        """Run a command that works; its document."""
        ran = self.run(*arguments)
        if ran.code != 0:
            raise Broken(f"{' '.join(arguments)}: {ran.code}, {ran.out[-800:]} {ran.err[-400:]}")
        return ran.document

    def typed(self, *arguments: str, kills: Killer = spared) -> Ran:
        """Type a command, killed as `kills` says, and go on with it as a person does until it is done.

        A person sees whether what was decided is recorded, and types the command again if it is not.
        """
        decided, now = self.decided(), arguments
        for _ in range(_MOST_PROCESSES):
            ran = self.killed(kills(arguments[0]), *now)
            if ran.code == -9:
                self.kills[arguments[0]] += 1
                recorded = arguments[0] == "retake" and self.decided() > decided
                now = ("resume", self.thread) if recorded else arguments
                continue
            if ran.code == 8 and ran.document.get("waiting_for") == "unknown_call":
                now = ("resume", self.thread, "--retry-unknown")
                continue
            again = arguments[:2] == ("review", "reject") and now == arguments and ran.code == 3
            if ran.code not in (0, 8) and not again:
                raise Broken(f"{' '.join(now)}: {ran.code}, {ran.out[-800:]} {ran.err[-400:]}")
            return ran
        raise Broken(f"{' '.join(arguments)}: it does not end")

    def killed(self, kill: Kill | None, *arguments: str) -> Ran:
        """Run a command, killed at a point or a moment; its code is -9 if it was."""
        if not isinstance(kill, float):
            fault = {"CLASH_FAULT": kill} if isinstance(kill, str) else dict[str, str]()
            began = time.monotonic()
            ran = forked_clash(self.folder, *arguments, "--json", env={**self.env, **fault})
            self.took[arguments[0]] = time.monotonic() - began
            return ran
        child = forked(self.folder, *arguments, "--json", env=self.env)
        time.sleep(kill)
        with suppress(ProcessLookupError):  # it has ended by itself just now
            child.kill()
        out, err = child.communicate(timeout=300)
        return Ran(child.wait(0), out, err)

    # -- what there is ---------------------------------------------------------------------------------------------

    def decided(self) -> int:
        """How many decisions are recorded."""
        if self.url.startswith("sqlite") and not Path(self.url.removeprefix("sqlite:///")).exists():
            return 0
        if not rows_of(self.url, "SELECT 1 FROM sqlite_master WHERE name = 'slot_decisions'"):
            return 0
        return int(rows_of(self.url, "SELECT count(*) FROM slot_decisions")[0][0])

    def takes(self) -> list[dict[str, Any]]:
        """All takes of the newest run."""
        items: list[dict[str, Any]] = self.ok("takes", "ls", self.thread)["items"]
        return items

    def charges(self) -> Charges:
        """What the meter and the tables say."""
        return Charges.of(self.url, self.meter)

    def spent(self) -> int:
        """What all runs have cost, in micro-dollars."""
        return int(rows_of(self.url, "SELECT coalesce(sum(spent_micro), 0) FROM workflow_executions")[0][0])

    # -- what must hold --------------------------------------------------------------------------------------------

    def check(self) -> Selected:
        """Raise `Broken` if a charge, a sum, a file, a take or the film is not as it must be; what is selected."""
        faults = self.charges().faults(self.folder / "data" / "assets")
        items = self.takes()
        for item in items:
            known = self._seen.setdefault((self.thread, item["slot"], item["take"]), item["sha256"])
            if known != item["sha256"]:
                faults.append(f"take {item['take']} of {item['slot']} is another file than before")
        there = {(self.thread, item["slot"], item["take"]) for item in items}
        lost = [key for key in self._seen if key[0] == self.thread and key not in there]
        faults += [f"take {take} of {slot} is lost" for _, slot, take in lost]
        selected = {item["slot"]: (int(item["take"]), str(item["sha256"])) for item in items if item["selected"]}
        faults += self._faults_of_the_film(selected)
        if faults:
            raise Broken("; ".join(faults))
        return selected

    def _faults_of_the_film(self, selected: Selected) -> list[str]:
        """The film holds each selected clip, byte for byte and in its place; published files are the selected ones."""
        folder, found, place = self.folder / "output" / self.thread, list[str](), 0
        film = (folder / "film.mp4").read_bytes()
        if hashlib.sha256(film).hexdigest() != selected["film"][1]:
            found.append("the film that is published is not the one that is selected")
        clips = sorted(slot for slot in selected if slot.endswith("/clip"))
        for slot in clips:
            path = folder / "shots" / f"{slot[5:8]}.mp4"
            if hashlib.sha256(path.read_bytes()).hexdigest() != selected[slot][1]:
                found.append(f"the published {slot} is not the one that is selected")
            if slot == clips[-1]:  # it fades out, and is encoded again
                break
            at = film.find(first_packet(path), place)
            if at < place:
                found.append(f"{slot} is not in the film, in its place")
            place = max(place, at) + 1
        return found


def dollars(micro: int) -> Decimal:
    """Micro-dollars as documents have them."""
    return Decimal(micro) / 1_000_000


def first_packet(path: Path) -> bytes:
    """Return the first coded picture of a clip."""
    with av.open(str(path)) as container:
        return next(bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size)


def compared(film: EditedFilm, calm: EditedFilm, selected: Selected, expected: Selected) -> list[str]:
    """How a film whose commands were killed differs from one that was changed alike and left alone."""
    found = [
        f"{slot}: {selected.get(slot)} is selected, and {expected.get(slot)} in the film that was left alone"
        for slot in sorted({*selected, *expected})
        if selected.get(slot) != expected.get(slot)
    ]
    charges, wanted = film.charges().settled(), calm.charges().settled()
    if charges != wanted:
        found.append(f"charged more: {charges - wanted}; less: {wanted - charges}")
    return found


def rows_of_story(folder: Path) -> list[str]:
    """The lines of the story, its header first."""
    return (folder / "story.csv").read_text(encoding="utf-8").splitlines()


def write_story(folder: Path, lines: Sequence[str]) -> None:
    """Replace the story."""
    (folder / "story.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
