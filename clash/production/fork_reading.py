"""How a fork reads a table: what nobody changed stays as the run that it begins with has read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clash.assets import AssetStore
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.editing.kept_reading import Difference, keep_reading
from clash.editing.verbatim_rows import keep_verbatim
from clash.errors import UsageError
from clash.production.kept_tables import KeptTable, named_table, read_again, table_of_run
from clash.story.reader import Reading
from clash.story.screenplay import Screenplay, Story, shot_slot

_MOST_NAMED = 12


@dataclass
class ForkReading:
    """The story of the run that a fork begins with, its table, and how today's clash reads that."""

    source: str
    before: Story
    table: KeptTable | None
    again: Reading | None
    reread: bool | None
    """Whether rows are read again; False: not those either that a person may have changed."""
    differences: tuple[Difference, ...] = ()
    """What `keep` has found."""

    @classmethod
    def of(
        cls, run: RunRow, story: Story, assets: AssetStore, *, original: str | None = None, reread: bool | None = None
    ) -> ForkReading:
        """Find the table of a run. `story`: as the run has it; `original`: the path of the table it was made of.

        Raises `UsageError` if the original is another table, and what reading it raises.
        """
        recorded = RunSettings.from_row(run)
        if original is not None:
            table = named_table(original, story.sha256, run.run_id)
        else:
            table = table_of_run(run, recorded, story.sha256, assets)
        return cls(run.run_id, story, table, read_again(table, recorded) if table else None, reread)

    def keep(self, reading: Reading) -> Reading:
        """Return the reading of a changed table, with what nobody changed as it was read before."""
        if self.again is not None:
            kept = keep_reading(self.before, self.again, reading)
        else:
            kept = keep_verbatim(self.before, reading, keep_unsure=self.reread is False)
        self.differences = kept.differences
        if self.reread:
            self.differences = tuple(replace(one, is_kept=False) for one in kept.differences)
            return reading
        return replace(reading, story=kept.story)

    def own_story(self) -> Story:
        """Return the story of the run, read again if that is asked for. Raise `UsageError` if its table is gone."""
        if not self.reread:
            return self.before
        if self.again is None:
            raise UsageError(
                f"{self.source} does not keep the table that it was made of",
                hint="name it: --story FILE --reread",
            )
        return self.keep(self.again).story


def told_of_differences(source: str, differences: Sequence[Difference], screenplay: Screenplay) -> tuple[str, ...]:
    """Return what there is to say of rows that today's clash reads differently, each kind in one sentence."""
    kept = [one for one in differences if one.is_kept and one.is_sure]
    others = [one for one in differences if not one.is_kept and one.is_sure]
    told: list[str] = []
    if kept:
        told.append(
            f"{_shots(kept, screenplay)}: this version of clash reads the table differently than the one that made"
            f" {source} ({_example(kept[0])}); what you did not change stays as it was, --reread reads it anew"
        )
    if others:
        told.append(
            f"{_shots(others, screenplay)}: read anew, and differently than by the version of clash that made {source}"
            f" ({_example(others[0])})"
        )
    if unsure := [one for one in differences if not one.is_sure]:
        told.append(
            f"{_shots(unsure, screenplay)}: changed by you, or read differently by this version of clash"
            f" ({_example(unsure[0])}); {source} keeps no table that would tell, --original FILE names it. "
            + ("What was read before stays" if unsure[0].is_kept else "They are read anew; --no-reread keeps them")
        )
    return tuple(told)


def _shots(differences: Sequence[Difference], screenplay: Screenplay) -> str:
    """`2 shots (shot:002, shot:007)`; the rows of the table where no shot is of them."""
    rows = {one.row for one in differences}
    slots = [shot_slot(shot.number) for shot in screenplay.shots if shot.source_row in rows]
    named = slots or [f"row {row}" for row in sorted(rows)]
    what = "shot" if slots else "row"
    more = " ..." if len(named) > _MOST_NAMED else ""
    return f"{len(named)} {what}{'' if len(named) == 1 else 's'} ({', '.join(named[:_MOST_NAMED])}{more})"


def _example(difference: Difference) -> str:
    where = f"row {difference.row}, {', '.join(name.replace('_', ' ') for name in difference.fields)}"
    if not difference.before and not difference.now:
        return where
    was, now = (repr(text) if text else "nothing" for text in (difference.before, difference.now))
    return f"{where}: {was} then, {now} now"
