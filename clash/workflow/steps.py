"""The five steps, as the graph's nodes.

A step that fails records the failure and calls `interrupt`, which lets its siblings finish and leaves the task to be
run again by `resume`. Nothing is swallowed into the state: the checkpoint would advance, with nothing left to resume.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

from langgraph.errors import GraphBubbleUp
from langgraph.types import Command, Send, interrupt

from clash.calls.ledger import Task
from clash.errors import ClashError, StorageError
from clash.providers.ports import ImageRequest, Reference, ScreenplayRequest
from clash.story.screenplay import Character, Location, Screenplay, Story, shot_slot, slug
from clash.workflow.finishing import finish_film
from clash.workflow.prompts import character_prompt, location_prompt
from clash.workflow.screenplay_check import check_screenplay
from clash.workflow.shooting import shoot
from clash.workflow.state import CardTask, ProductionState, ShotTask
from clash.workflow.studio import Failure, FileRecord, Studio

logger = logging.getLogger(__name__)

Node = Callable[[Any], Awaitable[Any]]


class Steps:
    """The nodes over one studio."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

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
                    name, error.slots or (slot,), error.code, error.message, error.hint, error.exit_code,
                    error.retryable,
                )  # fmt: skip
            except Exception as error:
                # A fault of ours must not cancel the siblings either; it is told in full in the log.
                logger.exception("the step %s failed for %s", name, slot)
                failure = Failure(name, (slot,), "internal", f"{type(error).__name__}: {error}"[:2000], None, 1, False)
            self._studio.failed(failure)
            return interrupt(failure.as_dict())

        guarded.__name__ = name
        return guarded

    async def initialize(self, state: ProductionState) -> dict[str, Any]:
        """See that the story is there, whole, and record it."""
        studio = self._studio
        await studio.plan("initialize", 1)
        story = self._story(state)
        await studio.record(
            FileRecord("initialize", "story", "story", "application/json", state["story"], {"rows": len(story.beats)})
        )
        studio.done("initialize", "story")
        return {}

    async def generate_screenplay(self, state: ProductionState) -> dict[str, Any]:
        """Have the screenplay written, and see that it can be shot."""
        studio = self._studio
        await studio.plan("generate_screenplay", 1)
        request = ScreenplayRequest(story=self._story(state))
        made = await studio.ledger.call(Task("generate_screenplay", "screenplay", "screenplay", request))
        check_screenplay(self._screenplay(made.sha256))
        studio.done("generate_screenplay", "screenplay")
        return {"screenplay": made.sha256}

    async def generate_assets(self, state: ProductionState | CardTask) -> Any:
        """Entered once with the graph's state, it sends itself one task a character and location; each draws a card."""
        if "subject" in state:
            return await self._draw_card(state)
        screenplay = self._screenplay(state["screenplay"])
        tasks = [
            CardTask(slot=f"{kind}:{subject.slug}", style=screenplay.style, subject=subject.model_dump(mode="json"))
            for kind, subjects in (("character", screenplay.characters), ("location", screenplay.locations))
            for subject in subjects
        ]
        await self._studio.plan("generate_assets", len(tasks))
        return Command(goto=[Send("generate_assets", task) for task in tasks] or "generate_shots")

    async def generate_shots(self, state: ProductionState | ShotTask) -> Any:
        """Entered once with the graph's state, it sends itself one task a shot; each makes its clip."""
        if "shot" in state:
            finished = await shoot(state, self._studio)
            self._studio.done("generate_shots", state["slot"])
            return Command(update={"shots": {state["slot"]: finished}}, goto="finalize")
        tasks = shot_tasks(self._screenplay(state["screenplay"]), state)
        await self._studio.plan("generate_shots", len(tasks))
        return Command(goto=[Send("generate_shots", task) for task in tasks])

    async def finalize(self, state: ProductionState) -> dict[str, Any]:
        """Cut the film, inspect it, and give everything its name for people."""
        studio = self._studio
        await studio.plan("finalize", 1)
        screenplay = self._screenplay(state["screenplay"])
        film, files = await asyncio.to_thread(finish_film, screenplay, state, studio)
        for file in files:
            await studio.record(file)
        studio.done("finalize", "film")
        return {"film": film}

    # -- parts -----------------------------------------------------------------------------------------------

    async def _draw_card(self, task: CardTask) -> Any:
        studio = self._studio
        width, height = studio.format.still_size
        if task["slot"].startswith("character:"):
            character = Character.model_validate(task["subject"])
            request = ImageRequest(
                subject="character", prompt=character_prompt(character), style=task["style"], width=width,
                height=height, character=character,
            )  # fmt: skip
        else:
            location = Location.model_validate(task["subject"])
            request = ImageRequest(
                subject="location", prompt=location_prompt(location), style=task["style"], width=width,
                height=height, location=location,
            )  # fmt: skip
        made = await studio.ledger.call(Task("generate_assets", task["slot"], f"{request.subject}_image", request))
        studio.done("generate_assets", task["slot"])
        card = {"sha256": made.sha256, "media_type": made.media_type}
        return Command(update={"cards": {task["slot"]: card}}, goto="generate_shots")

    def _story(self, state: ProductionState) -> Story:
        return Story.model_validate_json(self._studio.assets.read(state["story"]))

    def _screenplay(self, sha256: str) -> Screenplay:
        try:
            return Screenplay.model_validate(json.loads(self._studio.assets.read(sha256)))
        except ValueError as error:
            raise StorageError(
                f"the screenplay {sha256[:12]} cannot be read: {error}", code="bad_screenplay"
            ) from error


def shot_tasks(screenplay: Screenplay, state: ProductionState) -> list[ShotTask]:
    """One task a shot, each with the small slice of the film that it needs."""
    characters = {character.slug: character for character in screenplay.characters}
    locations = {location.slug: location for location in screenplay.locations}
    cards = state.get("cards", {})
    tasks: list[ShotTask] = []
    for scene in screenplay.scenes:
        for shot in scene.shots:
            cast_of_shot = [characters[name] for name in shot.characters]
            roles = [f"character:{name}" for name in shot.characters] + [f"location:{shot.location}"]
            references = [_reference(role, cards[role]) for role in roles if role in cards]
            if panel := state.get("reference_images", {}).get(shot.reference_image):
                references.append(_reference("reference_image", panel))
            speakers = {slug(line.speaker) for line in shot.dialogue if line.speaker}
            tasks.append(
                ShotTask(
                    slot=shot_slot(shot.number),
                    style=screenplay.style,
                    language=screenplay.language,
                    scene=scene.number,
                    shot=shot.model_dump(mode="json"),
                    place=locations[shot.location].model_dump(mode="json"),
                    cast=[character.model_dump(mode="json") for character in cast_of_shot],
                    references=references,
                    voices={name: characters[name].voice for name in sorted(speakers) if name in characters},
                )
            )
    return tasks


def _reference(role: str, file: Any) -> dict[str, str]:
    return Reference(role=role, sha256=file["sha256"], media_type=file["media_type"]).model_dump()
