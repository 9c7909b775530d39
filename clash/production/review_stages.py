"""The stages at which a run waits for people, as `--review` names them."""

from __future__ import annotations

from collections.abc import Sequence

from clash.errors import UsageError
from clash.vocabulary import REVIEW_STAGES

NONE = "none"
"""Typed in place of stages: the run is no longer reviewed."""


def checked_stages(words: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return stages in the order of the steps, each once; none for `none`. Raises `UsageError` for what is no stage."""
    if words is None:
        return None
    named = {part.strip().lower() for word in words for part in word.split(",") if part.strip()}
    if unknown := named.difference((*REVIEW_STAGES, NONE)):
        raise UsageError(
            f"there is no stage {', '.join(map(repr, sorted(unknown)))} to review",
            hint=f"stages are {', '.join(REVIEW_STAGES)}; --review {NONE} ends the review",
        )
    if NONE in named and len(named) > 1:
        raise UsageError(f"--review {NONE} ends the review: it goes with no stage")
    return tuple(stage for stage in REVIEW_STAGES if stage in named)
