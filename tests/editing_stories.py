"""Stories to be changed, and writers that make a screenplay of them: ours, and one that words everything anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clash.editing.merge import MergePlan, merged, plan_merge
from clash.local.screenwriter import write_screenplay
from clash.story.reader import read_story
from clash.story.screenplay import Beat, Character, Line, Location, Scene, Screenplay, Shot, Story, slug
from clash.workflow.generate_screenplay import check_screenplay

SHOT_LIST = """\
scene,shot,size,location,characters,description,dialogue,duration
1,1,wide,Pier,Mara (teal coat),Mara waits at the end of the pier.,Mara: Come back before the tide.,4
1,2,close up,Pier,Ivo (grey beard),Ivo ties the rope to a post.,,3
1,3,medium,Pier,Mara (teal coat),Mara counts the boats that are left.,Mara: Seven boats.,3
2,4,medium,Kitchen,Ivo (grey beard),Ivo cuts bread at the table.,Ivo: She will not come.,5
2,5,close up,Kitchen,Ivo (grey beard),A letter lies under the bread.,,2
3,6,wide,Hill,Mara (teal coat),Mara climbs the hill with a lamp.,,4
"""
PROSE = """\
scene,location,description,dialogue
1,Pier,Mara waits at the end of the pier. The tide is coming in. A gull cries. She counts.,Mara: Come back.|Ivo: No.
1,Pier,Ivo ties the rope to a post and looks away.,
2,Kitchen,Ivo cuts bread at the table. Steam rises from the pot. The clock stops.,Ivo: She will not come.
2,Kitchen,Mara opens the door. The lamp goes out.,Mara: I am here.
3,Hill,Mara climbs the hill with a lamp. Stars come out. The town sleeps.,
"""


def story_of(table: str, name: str = "tide.csv") -> Story:
    """The story of a table; a stroke in a cell parts its lines."""
    rows = "\n".join(
        ",".join(f'"{cell}"'.replace("|", "\n") if "|" in cell else cell for cell in row.split(","))
        for row in table.splitlines()
    )
    return read_story(rows.encode(), name=name)


def edited(table: str, *edits: tuple[str, str]) -> str:
    """The table with one text in place of another, which must stand in it."""
    for before, after in edits:
        assert before in table
        table = table.replace(before, after, 1)
    return table


def with_rows(table: str, rows: Sequence[str]) -> str:
    """The header of a table over other rows."""
    return "\n".join((table.splitlines()[0], *rows)) + "\n"


def rows_of(table: str) -> list[str]:
    """The rows of a table, without its header."""
    return table.splitlines()[1:]


class WordyWriter:
    """Words every answer anew, as language models do: no two of its answers have a sentence in common."""

    def __init__(self) -> None:
        self.answers = 0
        self.rows: list[list[int]] = []

    def write(self, story: Story, *, shots_per_row: int = 1) -> Screenplay:
        """A screenplay of the rows of a story."""
        self.answers += 1
        self.rows.append([beat.row for beat in story.beats])
        mark = f"version {self.answers}"
        names = dict.fromkeys(
            name.split(" (")[0]
            for beat in story.beats
            for name in (*beat.characters, *(line.speaker for line in beat.dialogue))
            if name
        )
        places = dict.fromkeys(beat.location or "Somewhere" for beat in story.beats)
        scenes: list[Scene] = []
        number = 0
        for beat in story.beats:
            shots: list[Shot] = []
            for part in range(1 if story.kind == "shot_list" else shots_per_row):
                number += 1
                shots.append(self._shot(beat, number, part, mark))
            scenes.append(Scene(number=f"S{beat.scene}", title=mark, location=shots[0].location, shots=tuple(shots)))
        return Screenplay(
            title=f"{story.title} {mark}",
            language=story.language,
            style=f"style {mark}",
            characters=tuple(Character(slug=slug(name), name=name, look=f"look of {mark}") for name in names),
            locations=tuple(Location(slug=slug(name), name=name, description=mark) for name in places),
            scenes=tuple(scenes),
        )

    def _shot(self, beat: Beat, number: int, part: int, mark: str) -> Shot:
        values: dict[str, Any] = {
            "number": number,
            "location": slug(beat.location or "Somewhere"),
            "characters": tuple(slug(name.split(" (")[0]) for name in beat.characters),
            "action": f"{mark}: {beat.description} ({part})",
            "dialogue": tuple(Line(speaker=line.speaker, text=line.text) for line in beat.dialogue) if not part else (),
            "narration": beat.narration if not part else "",
            "duration_s": beat.duration_s or 3.0,
            "image_prompt": f"{mark}, medium shot: picture of {beat.description}",
            "video_prompt": f"{mark}: motion of {beat.description}",
            "source_row": beat.row,
        }
        return Shot(**values)


def written_locally(story: Story) -> Screenplay:
    """The screenplay of our own writer."""
    return write_screenplay(story)


def without_positions(shot: Shot) -> str:
    """Return a shot without its positions."""
    return shot.model_copy(update={"number": 0, "source_row": 0}).model_dump_json()


def merge_of(before: Story, after: Story, screenplay: Screenplay) -> tuple[MergePlan, Screenplay, WordyWriter]:
    """The plan and the new screenplay; the writer words everything anew."""
    writer = WordyWriter()
    writer.answers = 7
    plan = plan_merge(before, screenplay, after)
    new = merged(plan, writer.write(plan.story) if plan.needs_writer else None)
    check_screenplay(new)
    rows = {beat.row for beat in after.beats}
    assert all(shot.source_row in rows for shot in new.shots)
    return plan, new, writer


def by_both_writers(story: Story) -> list[Screenplay]:
    """Return what both writers make of a story."""
    return [written_locally(story), WordyWriter().write(story, shots_per_row=2)]


def merges_of(table: str, *edits: tuple[str, str], rows: list[str] | None = None) -> list[tuple[MergePlan, Screenplay]]:
    """Return the plan and the new screenplay of an edit of a table, for what either writer had made."""
    before = story_of(table)
    after = story_of(with_rows(table, rows) if rows is not None else edited(table, *edits))
    return [merge_of(before, after, screenplay)[:2] for screenplay in by_both_writers(before)]


def states_of(plan: MergePlan) -> str:
    """Return what becomes of each row."""
    return " ".join(row.state for row in plan.rows)
