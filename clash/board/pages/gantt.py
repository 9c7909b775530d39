"""When each step of a run was at work: one bar per step, with what of its fan-out is done, failed and made again.

Long pauses, such as a night before a review, are drawn as a narrow gap, so that the work itself can be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clash.board.pages.figures import DASH, duration, seconds_of
from clash.board.pages.html import Html, el
from clash.board.pages.words import Words
from clash.clock import clock_text

STEPS = ("initialize", "generate_screenplay", "generate_assets", "generate_shots", "finalize")
"""The steps of a film, in their order."""
WIDTH = 1000.0
"""The width of the drawing, in its own units."""
_GAP = 24.0
_LEAST_BAR = 4.0
_LEAST_IDLE_S = 2.0
_IDLE_SHARE = 0.1


@dataclass(frozen=True)
class Span:
    """A stretch of time, in seconds since 1970."""

    start: float
    end: float

    @property
    def length(self) -> float:
        """How long it is, in seconds."""
        return self.end - self.start


@dataclass(frozen=True)
class StepRow:
    """A step: when it was at work, how many of its slots are done, and what its calls came to."""

    step: str
    spans: tuple[Span, ...]
    done: int
    total: int
    failed: int = 0
    retaken: int = 0
    reused: int = 0

    @property
    def worked_s(self) -> float:
        """How long the step was at work, in seconds."""
        return sum(span.length for span in self.spans)


def step_rows(run: Mapping[str, Any]) -> list[StepRow]:
    """Return the rows of a run as the board has it. Steps that are not planned yet have their rows already."""
    begun = [
        StepRow(
            step=str(item["step"]),
            spans=_spans(item),
            done=int(item["done"]),
            total=int(item["total"]),
            failed=int(item["failed_calls"]),
            retaken=int(item["retaken"]),
            reused=int(item["reused_calls"]),
        )
        for item in run["steps"]
    ]
    names = {row.step for row in begun}
    return begun + [StepRow(step=step, spans=(), done=0, total=0) for step in STEPS if step not in names]


def _spans(item: Mapping[str, Any]) -> tuple[Span, ...]:
    start, end = seconds_of(item["began_at"]), seconds_of(item["ended_at"])
    return () if start is None else (Span(start, max(end or start, start)),)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return stretches of time without overlaps, in order.

    >>> merged([Span(5, 6), Span(0, 2), Span(1, 3)])
    (Span(start=0, end=3), Span(start=5, end=6))
    """
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


class Scale:
    """Where a time is on the drawing. Pauses that are long beside the work have the width of a gap."""

    def __init__(self, spans: Iterable[Span]) -> None:
        busy = merged(spans)
        worked = sum(span.length for span in busy)
        longest_idle = max(_LEAST_IDLE_S, worked * _IDLE_SHARE)
        self._parts = _joined(busy, longest_idle)
        length = sum(part.length for part in self._parts)
        room = WIDTH - _GAP * max(len(self._parts) - 1, 0)
        self._unit = max(room, WIDTH / 4) / length if length > 0 else 0.0

    def at(self, time: float) -> float:
        """Return the place of a time, from 0 to `WIDTH`."""
        place = 0.0
        for number, part in enumerate(self._parts):
            if time < part.start:
                break
            place = min(time - part.start, part.length) * self._unit + self._begin(number)
        return min(place, WIDTH)

    def gaps(self) -> list[tuple[float, float]]:
        """Return where each pause is drawn, and how long it was in seconds."""
        return [
            (self._begin(number) - _GAP, part.start - self._parts[number - 1].end)
            for number, part in enumerate(self._parts)
            if number
        ]

    def _begin(self, number: int) -> float:
        return sum(part.length for part in self._parts[:number]) * self._unit + _GAP * number


def _joined(busy: Iterable[Span], longest_idle: float) -> list[Span]:
    parts: list[Span] = []
    for span in busy:
        if parts and span.start - parts[-1].end <= longest_idle:
            parts[-1] = Span(parts[-1].start, span.end)
        else:
            parts.append(span)
    return parts


def gantt(words: Words, rows: Sequence[StepRow]) -> Html:
    """Return the drawing: per step its name, its bar and its figures."""
    scale = Scale(span for row in rows for span in row.spans)
    pauses = [words("gantt_idle", length=clock_text(length)) for _, length in scale.gaps()]
    return el(
        "figure",
        el("ol", *(_line(words, row, scale) for row in rows), class_="gantt"),
        el("figcaption", ", ".join(pauses), class_="quiet"),
        aria_label=words("gantt"),
    )


def _line(words: Words, row: StepRow, scale: Scale) -> Html:
    name = words.of("step", row.step)
    took = duration(row.worked_s * 1000) if row.spans else DASH if row.done else words("not_begun")
    told = [
        words(f"gantt_{key}", n=count)
        for key, count in (("failed", row.failed), ("retaken", row.retaken), ("reused", row.reused))
        if count
    ]
    label = words("gantt_bar", step=name, done=row.done, total=row.total, length=took)
    state = "is-done" if 0 < row.total <= row.done else "is-begun" if row.spans else "is-waiting"
    return el(
        "li",
        el("span", name, class_="gantt-step"),
        _drawing(row, scale, ", ".join((label, *told))),
        el(
            "span",
            el("span", f"{row.done:,}/{row.total:,}", class_="figure strong") if row.total else None,
            el("span", took, class_="figure quiet"),
            el("span", ", ".join(told), class_="told") if told else None,
            class_="gantt-figures",
        ),
        class_=state,
        data_step=row.step,
    )


def _drawing(row: StepRow, scale: Scale, label: str) -> Html:
    gaps = [el("rect", x=f"{x:.1f}", width=f"{_GAP:g}", y="0", height="20", class_="idle") for x, _ in scale.gaps()]
    bars = [
        el(
            "rect",
            x=f"{x:.1f}",
            width=f"{max(scale.at(span.end) - x, _LEAST_BAR):.1f}",
            y="3",
            height="14",
            class_="work",
        )
        for span in row.spans
        for x in (min(scale.at(span.start), WIDTH - _LEAST_BAR),)
    ]
    return el(
        "svg",
        el("rect", width=f"{WIDTH:g}", y="9", height="2", class_="track"),
        *gaps,
        *bars,
        viewBox=f"0 0 {WIDTH:g} 20",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )
