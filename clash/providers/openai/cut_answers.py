"""Use an answer that was cut off: keep the rows that it finished, and join what a model writes when it goes on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import ValidationError

from clash.providers.openai.draft import Draft
from clash.providers.openai.faults import faults_of
from clash.providers.openai.peeling import without_thoughts
from clash.providers.ports import ScreenplayRequest
from clash.story.screenplay import Beat

CUT = frozenset({"length", "max_tokens", "MAX_TOKENS"})
"""Why a server says that an answer ended, where it was not the model's own end."""
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+("|\Z)|[{}\[\]]', re.DOTALL)
_PAIRS = {"}": "{", "]": "["}
_SHOTS = "{[{["
"""What is open inside of the list of a scene's shots."""
_MOST_STARTS = 20
_LONGEST_OVERLAP = 400
_SHORTEST_OVERLAP = 12
_FENCE = re.compile(r"\A\s*```\w*\s*\n")


def finished_rows(text: str, request: ScreenplayRequest, rows: Sequence[Beat]) -> tuple[Draft, int] | None:
    """Return the draft of the rows that a cut answer finished, and how many they are; None if it finished none.

    The last row may lack shots, so it does not count, except in a shot list, where a row has one shot.
    """
    draft = _draft_of(without_thoughts(text)) or _draft_of(text)
    if draft is None:
        return None
    shown = {shot.source_row for shot in draft.shots}
    whole = shown if request.story.kind == "shot_list" else shown - {draft.shots[-1].source_row}
    count = next((place for place, beat in enumerate(rows) if beat.row not in whole), len(rows))
    kept = {beat.row for beat in rows[:count]}
    scenes = [
        scene.model_copy(update={"shots": shots})
        for scene in draft.scenes
        if (shots := [shot for shot in scene.shots if shot.source_row in kept])
    ]
    draft = draft.model_copy(update={"scenes": scenes})
    if not count or faults_of(draft, request.story, rows[:count], request.established):
        return None
    return draft, count


def _draft_of(text: str) -> Draft | None:
    """The draft in a cut text, up to the last shot that is whole."""
    for start in [place for place, letter in enumerate(text) if letter == "{"][:_MOST_STARTS]:
        end = _end_of_whole_shots(text, start)
        if end is None:
            continue
        try:
            return Draft.model_validate_json(f"{text[start:end]}]}}]}}")
        except ValidationError:
            continue
    return None


def _end_of_whole_shots(text: str, start: int) -> int | None:
    open_ones, end = "", None
    for match in _TOKEN.finditer(text, start):
        one = match.group()
        if one in "{[":
            open_ones += one
        elif one in _PAIRS:
            if not open_ones.endswith(_PAIRS[one]):
                return end
            open_ones = open_ones[:-1]
            if one == "}" and open_ones == _SHOTS:
                end = match.end()
            if not open_ones:
                return end
    return end


def joined(text: str, more: str) -> str:
    """Return a cut text with what came next; what the model repeated of its end is there once.

    >>> joined('{"title": "The lighthouse k', '"The lighthouse keeper"}')
    '{"title": "The lighthouse keeper"}'
    """
    more = _FENCE.sub("", without_thoughts(more))
    for length in range(min(len(text), len(more), _LONGEST_OVERLAP), _SHORTEST_OVERLAP - 1, -1):
        if text.endswith(more[:length]):
            return text + more[length:]
    return text + more
