"""What follows from another screenplay, or from another take, for the slots that were made of the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from clash.assets import AssetStore
from clash.calls.dry_run import DryRun, PlannedCall
from clash.database.decisions import Decision
from clash.database.rows import CallRow
from clash.database.run_settings import RunSettings
from clash.editing.cast import read_cast_sheet
from clash.editing.made import Made
from clash.editing.refit import Probe, refit
from clash.editing.slots import SCREENPLAY
from clash.editing.takes import Takes
from clash.providers.registry import Registry
from clash.story.screenplay import Screenplay
from clash.workflow.context import format_of
from clash.workflow.dry_run import collect_calls_of


@dataclass(frozen=True)
class Recorded:
    """What is recorded of a run: its settings and its calls; and where its files and its models are."""

    settings: RunSettings
    rows: Sequence[CallRow]
    assets: AssetStore
    registry: Registry

    @cached_property
    def made(self) -> Made:
        """Its calls, by slot and take."""
        return Made(self.rows)

    def probe(self, screenplay: Screenplay) -> Probe:
        """Return what says which calls a film of this screenplay needs. It looks into no database."""
        film = format_of(self.settings)
        models = self.registry.models(self.settings.models)

        async def asked(takes: Takes) -> Mapping[str, PlannedCall]:
            dry_run = DryRun(None, self.assets, models, self.registry, rows=self.rows)
            sheet = await read_cast_sheet(self.settings.basis, self.assets.read)
            await collect_calls_of(screenplay, self.settings.reference_images, film, dry_run, takes, sheet)
            return {call.slot: call for call in dry_run.planned if call.task.selected}

        return asked


async def after_screenplay(
    recorded: Recorded, takes: Takes, before: Screenplay, after: Screenplay, sha256: str
) -> list[Decision]:
    """Return what follows from a screenplay in place of the one before. `sha256`: the new one's, which names the batch.

    Empty where it was decided before: what a run has written it does not write again after a kill.
    """
    newest = next((row for row in reversed(takes.decisions) if row.slot == SCREENPLAY), None)
    if newest is None or before == after:
        return []
    batch = f"{newest.batch}:{sha256[:16]}"
    if any(row.batch == batch for row in takes.decisions):
        return []
    asked = await recorded.probe(before)(takes)
    return await refit(takes, (takes, asked), recorded.probe(after), recorded.made, batch, actor=newest.actor)
