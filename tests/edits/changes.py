"""Random changes of a film, each drawn once and made in two films: one that is killed, one that is left alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from .film import SHOTS, Broken, EditedFilm, Killer, dollars, rows_of_story, write_story

WORDS = ("Stay.", "Go now.", "Wait here.", "Not yet.")
LOOKS = ("red wool coat, copper hair", "grey jacket, white hair", "green dress")
PLACES = ("Station", "Cellar", "Market")


class Change(Protocol):
    """Something that somebody changes."""

    @property
    def name(self) -> str:
        """What is changed, in the figures."""
        ...

    def make(self, film: EditedFilm, kills: Killer) -> None:
        """Make it in a film. Raises `Broken`, also if it costs something else than was said before."""
        ...


@dataclass(frozen=True)
class Retake:
    """Make a slot again."""

    slot: str
    takes: int
    note: str
    name: str = "retake"

    def make(self, film: EditedFilm, kills: Killer) -> None:
        """Retake it."""
        note = ("--note", self.note) if self.note else ()
        _as_priced(film, kills, "retake", film.thread, self.slot, "--takes", str(self.takes), *note, "--yes")


@dataclass(frozen=True)
class Use:
    """Select a take of a slot or of the film; what it needs and never was made is made."""

    slot: str
    take: int
    name: str = "takes use"

    def make(self, film: EditedFilm, kills: Killer) -> None:
        """Select it."""
        film.typed("takes", "use", film.thread, self.slot, str(self.take), "--yes", kills=kills)


@dataclass(frozen=True)
class Review:
    """Judge the keyframes: reject some, approve the others, then what was made again."""

    rejected: tuple[str, ...]
    note: str
    name: str = "review"

    def make(self, film: EditedFilm, kills: Killer) -> None:
        """Judge until nothing waits, and end the review."""
        film.typed("resume", film.thread, "--review", "keyframes", kills=kills)
        judged = {item["slot"]: item["sha256"] for item in film.ok("review", "ls", film.thread)["items"]}
        for slot in self.rejected:
            if slot in judged:
                verdict = ("review", "reject", film.thread, slot, "--note", self.note, "--sha256", judged[slot])
                film.typed(*verdict, kills=kills)
        for _ in range(4):
            film.typed("review", "approve", film.thread, "--all", kills=kills)
            if film.typed("resume", film.thread, kills=kills).code == 0:
                break
        film.typed("resume", film.thread, "--review", "none", kills=kills)


@dataclass(frozen=True)
class Fork:
    """Change the table or the cast, and go on with a fork."""

    name: str
    lines: tuple[str, ...]
    number: int
    cast: str = ""

    def make(self, film: EditedFilm, kills: Killer) -> None:
        """Fork the newest run; the fork is the newest from now on."""
        write_story(film.folder, self.lines)
        source, film.thread = film.thread, f"fork-{self.number}"
        changed = ("--story", "story.csv")
        if self.cast:
            (film.folder / "cast.csv").write_text(self.cast, encoding="utf-8")
            changed = ("--cast", "cast.csv")
        _as_priced(film, kills, "fork", source, "--thread", film.thread, *changed)


def _as_priced(film: EditedFilm, kills: Killer, *arguments: str) -> None:
    """Type a command that says its price; raise `Broken` if the bill is another."""
    price: dict[str, Any] = film.ok(*arguments, "--dry-run")["price"]
    before = film.spent()
    film.typed(*arguments, kills=kills)
    said, bill = Decimal(price["total_usd"]), dollars(film.spent() - before)
    may_be_less = price["estimated"] or price["at_most"]
    if (bill > said and not price["estimated"]) or (bill < said and not may_be_less):
        raise Broken(f"{' '.join(arguments)}: {said} was said, {bill} is the bill")


@dataclass
class Changes:
    """Draws changes, each of what the film that is left alone has at that moment."""

    chance: random.Random
    forks: int = 0

    def next(self, film: EditedFilm) -> Change:
        """Draw one. `film`: the one that is left alone."""
        draw: Callable[[EditedFilm], Change] = self.chance.choices(
            (self._retake, self._use, self._review, self._word, self._table, self._look), weights=(6, 4, 3, 2, 3, 1)
        )[0]
        return draw(film)

    def _retake(self, film: EditedFilm) -> Change:
        slots = sorted({item["slot"] for item in film.takes()} - {"film", "screenplay"})
        shots = [f"shot:{number:03d}" for number in range(1, SHOTS + 1)]
        slot = self.chance.choice([*slots, *shots, "screenplay"])
        return Retake(slot, self.chance.choice((1, 1, 2)), self.chance.choice(("", "closer", "from below")))

    def _use(self, film: EditedFilm) -> Change:
        items = [item for item in film.takes() if item["state"] == "made"]
        item = self.chance.choice([item for item in items if not item["selected"]] or items)
        return Use(item["slot"], item["take"])

    def _review(self, film: EditedFilm) -> Change:
        keyframes = sorted({item["slot"] for item in film.takes() if item["slot"].endswith("/keyframe")})
        return Review(tuple(self.chance.sample(keyframes, self.chance.randint(1, 2))), self.chance.choice(WORDS))

    def _word(self, film: EditedFilm) -> Change:
        header, *rows = rows_of_story(film.folder)
        at = self.chance.randrange(len(rows))
        cells = rows[at].split(",")
        cells[6] = f"MARA: {self.chance.choice(WORDS)}"
        rows[at] = ",".join(cells)
        return self._fork("fork: a word", (header, *rows))

    def _table(self, film: EditedFilm) -> Change:
        header, *rows = rows_of_story(film.folder)
        kinds = ("insert", "swap") if len(rows) <= SHOTS else ("delete", "swap")
        kind = self.chance.choice(kinds)
        if kind == "insert":
            place, number = self.chance.choice(PLACES), self.forks
            row = f"9{number},WS,static,{place},Mara,Mara looks around for the {number}th time.,,1.0"
            rows.insert(self.chance.randint(0, len(rows)), row)
        elif kind == "delete":
            del rows[self.chance.randrange(len(rows))]
        else:
            first, second = self.chance.sample(range(len(rows)), 2)
            rows[first], rows[second] = rows[second], rows[first]
        return self._fork(f"fork: {kind}", (header, *rows))

    def _look(self, film: EditedFilm) -> Change:
        cast = f'name,look\nMara,"{self.chance.choice(LOOKS)}"\n'
        return self._fork("fork: a look", tuple(rows_of_story(film.folder)), cast)

    def _fork(self, name: str, lines: Sequence[str], cast: str = "") -> Change:
        self.forks += 1
        return Fork(name, tuple(lines), self.forks, cast)
