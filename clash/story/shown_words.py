"""The words that the audience reads, from the story to its shots: no writer and no model is told them."""

from __future__ import annotations

from collections.abc import Sequence

from clash.story.screenplay import Screenplay, Shot, Story


def without_on_screen_text(story: Story) -> Story:
    """Return the story as writers are given it: words on the screen are not paid for, and decide no call's key."""
    if not any(beat.on_screen_text for beat in story.beats):
        return story
    beats = tuple(beat.model_copy(update={"on_screen_text": ""}) for beat in story.beats)
    return story.model_copy(update={"beats": beats})


def with_on_screen_text(screenplay: Screenplay, story: Story) -> Screenplay:
    """Return a screenplay just written of a story with its words on the screen: those of a row on its first shot.

    Several beats of one row, as a table with one story per row has, put theirs together.
    """
    by_row: dict[int, list[str]] = {}
    for beat in story.beats:
        if beat.on_screen_text:
            by_row.setdefault(beat.row, []).append(beat.on_screen_text)
    if not by_row:
        return screenplay

    def lettered(shots: Sequence[Shot]) -> tuple[Shot, ...]:
        return tuple(
            shot.model_copy(update={"on_screen_text": "\n".join(by_row.pop(shot.source_row))})
            if shot.source_row in by_row
            else shot
            for shot in shots
        )

    scenes = tuple(scene.model_copy(update={"shots": lettered(scene.shots)}) for scene in screenplay.scenes)
    return screenplay.model_copy(update={"scenes": scenes})
