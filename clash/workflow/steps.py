"""The five steps, as the graph's nodes.

A step that fails records the failure and calls `interrupt`, which lets its siblings finish and leaves the task to be
run again by `resume`. Nothing is swallowed into the state: the checkpoint would advance, with nothing left to resume.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

from langgraph.errors import GraphBubbleUp
from langgraph.types import Command, Send, interrupt

from clash.editing.cast import CastSheet, read_cast_sheet
from clash.errors import ClashError, StorageError
from clash.redaction import safe_exception
from clash.story.screenplay import Screenplay, Story
from clash.workflow.context import Failure, FileRecord, StepContext
from clash.workflow.cuts import cut_film
from clash.workflow.generate_assets import card_tasks, make_card, selected_cards
from clash.workflow.generate_screenplay import MadeScreenplay, make_screenplay
from clash.workflow.generate_shots import ShotTasks, calls_of_shot, make_shot, stored, voices_of
from clash.workflow.publish import publish_file
from clash.workflow.restore import restore_files
from clash.workflow.state import CardTask, ProductionState, ShotSlot, ShotTask, StoredFile
from clash.workflow.takes import judge_of

logger = logging.getLogger(__name__)

Node = Callable[[Any], Awaitable[Any]]

SHOTS_AT_ONCE = 1000
"""Far more than providers take calls at once. A shot that is being made takes some 50 KB of memory."""


class Steps:
    """The nodes over one context."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._judge = judge_of(context.takes, context.review)
        self._tasks: ShotTasks | None = None
        self._reading = asyncio.Lock()
        self._shots_at_once = asyncio.Semaphore(SHOTS_AT_ONCE)

    def node(self, name: str) -> Node:
        """The step of this name as a node: a failure becomes an interrupt."""
        run = cast("Node", getattr(self, name))

        async def guarded(state: Any) -> Any:
            slot = str(state.get("slot", name))
            try:
                return await run(state)
            except GraphBubbleUp:
                raise
            except ClashError as error:
                failure = Failure(
                    name,
                    error.slots or (slot,),
                    error.code,
                    error.message,
                    error.hint,
                    error.exit_code,
                    error.retryable,
                    error.waiting_for,
                    error.remedy,
                )
            except Exception as error:
                # A fault of ours must not cancel the siblings either; it is told in full in the log.
                logger.exception("the step %s failed for %s", name, slot)
                failure = Failure(name, (slot,), "internal", safe_exception(error)[:2000], None, 1, False)
            self._context.failed(failure)
            return interrupt(failure.as_dict())

        guarded.__name__ = name
        return guarded

    async def initialize(self, state: ProductionState) -> dict[str, Any]:
        """See that the story is there, whole, and record it."""
        context = self._context
        story = await self._story(state)
        facts = {"rows": len(story.beats)}
        file = FileRecord("initialize", "story", "story", "application/json", state["story"], facts)
        await asyncio.gather(context.plan("initialize", 1), context.record([file]))
        context.done("initialize", "story")
        return {}

    async def generate_screenplay(self, state: ProductionState) -> dict[str, Any]:
        """Have the screenplay written, and see that it can be shot."""
        context = self._context
        await context.plan("generate_screenplay", 1)
        story = await self._story(state)
        assets = context.assets
        made = await make_screenplay(
            story, context.basis, context.ledger, context.takes, read=assets.read, put=assets.put
        )
        if not made.is_recorded:
            await self._record_screenplay(made)
        self._judge("screenplay", "screenplay", made.sha256)
        followed = await self._follow(state.get("screenplay"), made.sha256)
        context.done("generate_screenplay", "screenplay")
        return {"screenplay": made.sha256, **followed}

    async def generate_assets(self, state: ProductionState | CardTask) -> Any:
        """Entered once with the graph's state, send one task per character and location: each draws a card."""
        if "subject" in state:
            return await self._draw_card(state)
        screenplay = await self._screenplay(state["screenplay"])
        cards = await self._given_cards(screenplay)
        tasks = [task for task in card_tasks(screenplay) if task["slot"] not in cards]
        await self._context.plan("generate_assets", len(tasks))
        return Command(
            update={"cards": cards}, goto=[Send("generate_assets", task) for task in tasks] or "generate_shots"
        )

    async def generate_shots(self, state: ProductionState | ShotSlot | ShotTask) -> Any:
        """Entered once with the graph's state, it sends itself the slot of each shot; each makes its clip."""
        if "slot" in state:
            context = self._context
            slot = state["slot"]
            context.expect("generate_shots", calls_of_shot(await self._shot_task(state), context.takes))
            # They are taken in the order of the film.
            async with self._shots_at_once:
                task = await self._shot_task(state)
                finished = await make_shot(task, context.ledger, context.format, context.takes, self._judge)
            self._context.done("generate_shots", slot)
            return Command(update={"shots": {slot: finished}}, goto="finalize")
        self._tasks = await self._tasks_of(state)
        slots = self._tasks.slots
        await self._context.plan("generate_shots", len(slots))
        onward: Command[Any] = Command(goto=[Send("generate_shots", ShotSlot(slot=slot)) for slot in slots])
        return onward

    async def finalize(self, state: ProductionState) -> dict[str, Any]:
        """Cut the film, inspect it, and give everything its name for people."""
        context = self._context
        await context.plan("finalize", 1)
        screenplay = await self._screenplay(state["screenplay"])
        again = await restore_files(screenplay, state, context)
        cards, shots = {**state["cards"], **again["cards"]}, {**state.get("shots", {}), **again["shots"]}
        whole = ProductionState({**state, "cards": cards, "shots": shots})
        film, files = await cut_film(screenplay, whole, context)
        await context.record(files)
        context.done("finalize", "film")
        return {"film": film, **again}

    # -- parts -----------------------------------------------------------------------------------------------

    async def _shot_task(self, state: ShotSlot | ShotTask) -> ShotTask:
        """Return the task of a shot; the checkpoints of older clashes hold it whole."""
        return state if "shot" in state else (await self._shot_tasks()).of(state["slot"])

    async def _shot_tasks(self) -> ShotTasks:
        """Return the tasks of the shots: of this process, or of the state that another one saved."""
        async with self._reading:
            if self._tasks is None:
                self._tasks = await self._tasks_of(cast("ProductionState", self._context.saved_state()))
            return self._tasks

    async def _tasks_of(self, state: ProductionState) -> ShotTasks:
        screenplay = await self._screenplay(state["screenplay"])
        voices, chain = voices_of(screenplay, self._context.ledger), self._context.format.chain
        given = state["reference_images"]
        return ShotTasks(screenplay, state["cards"], given, await self._cast(), voices=voices, chain=chain)

    async def _follow(self, before: str | None, after: str) -> dict[str, int]:
        """Have the slots made again that were made of a screenplay which another one replaces: what is made is served.

        Returns the update of the state: the decisions that are applied from here on.
        """
        context = self._context
        if before is None or before == after or context.follow_screenplay is None:
            return {"edits": context.takes.changes}
        takes = await context.follow_screenplay(before, after)
        same = takes.selected("screenplay") == context.takes.selected("screenplay")
        self._context = replace(context, takes=takes)
        self._judge = judge_of(takes, context.review)
        # Somebody may have decided about the screenplay once more meanwhile: that is yet to be applied.
        return {"edits": takes.changes} if same else {}

    async def _record_screenplay(self, made: MadeScreenplay) -> None:
        """Record and publish a screenplay that is no call's answer, and what it was merged from."""
        context = self._context
        files = {"screenplay": (made.sha256, {"shots": len(made.screenplay.shots)})}
        if context.basis.screenplay:
            files["story_before"] = (context.basis.story, {})
            files["screenplay_before"] = (context.basis.screenplay, {})
        for sha256, _ in files.values():
            await asyncio.to_thread(context.assets.fetch, sha256)
        await context.record(
            [
                FileRecord("generate_screenplay", "screenplay", asset_type, "application/json", sha256, facts)
                for asset_type, (sha256, facts) in files.items()
            ]
        )
        await asyncio.to_thread(
            publish_file, context.assets, context.folder, "screenplay", "screenplay", made.sha256, "application/json"
        )

    async def _draw_card(self, card: CardTask) -> Any:
        self._context.expect("generate_assets", {"image": len(self._context.takes.to_make(card["slot"]))})
        made = await make_card(card, self._context.ledger, self._context.format, self._context.takes)
        self._judge("cards", card["slot"], made.sha256)
        self._context.done("generate_assets", card["slot"])
        return Command(update={"cards": {card["slot"]: stored(made)}}, goto="generate_shots")

    async def _cast(self) -> CastSheet:
        return await read_cast_sheet(self._context.basis, self._context.assets.read)

    async def _given_cards(self, screenplay: Screenplay) -> dict[str, StoredFile]:
        """Record the pictures that a person gave as cards; one of which another take was asked for is drawn."""
        given = selected_cards(screenplay, await self._cast(), self._context.takes)
        if given:
            await self._context.record([_given_card(slot, file) for slot, file in given.items()])
        return given

    async def _story(self, state: ProductionState) -> Story:
        return Story.model_validate_json(await asyncio.to_thread(self._context.assets.read, state["story"]))

    async def _screenplay(self, sha256: str) -> Screenplay:
        content = await asyncio.to_thread(self._context.assets.read, sha256)
        try:
            return Screenplay.model_validate(json.loads(content))
        except ValueError as error:
            raise StorageError(
                f"the screenplay {sha256[:12]} cannot be read: {error}", code="bad_screenplay"
            ) from error


def _given_card(slot: str, file: StoredFile) -> FileRecord:
    kind = f"{slot.partition(':')[0]}_image"
    return FileRecord("generate_assets", slot, kind, file["media_type"], file["sha256"], {"given": True})
