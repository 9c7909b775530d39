"""The checkpoints of a run and its forks, drawn as a tree: one column per step from the root, one lane per branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from urllib.parse import quote

from clash.board.pages.figures import duration, minute
from clash.board.pages.html import Html, el
from clash.board.pages.tree import Node, Spot, Tree, lay_out
from clash.board.pages.view import Document
from clash.board.pages.words import Words

COLUMN, LANE, LEFT, TOP = 118, 64, 18, 30
_LONGEST_BAR = 74.0
_LABEL = 190


@dataclass(frozen=True)
class Family:
    """The checkpoints of a run and its forks, each once, and the tree that they make."""

    items: Mapping[str, Document]
    runs_of: Mapping[str, tuple[str, ...]]
    """The runs that have a checkpoint; the one that it was saved by is the first."""
    tree: Tree


def family_tree(family: Document) -> Family:
    """Return the tree of a `RunFamily`. A fork has copies of its source's checkpoints: they are the source's."""
    items: dict[str, Document] = {}
    runs_of: dict[str, list[str]] = {}
    for run in _sources_first(family["runs"]):
        for item in reversed(run["checkpoints"]):
            key = str(item["checkpoint_id"])
            if item["checkpoint_ns"]:
                continue
            items.setdefault(key, item)
            runs_of.setdefault(key, []).append(str(run["thread_id"]))
    ordered = sorted(items, key=lambda key: (items[key]["created_at"] or "", items[key]["step"]))
    nodes = [Node(key, items[key]["parent_checkpoint_id"], tuple(runs_of[key])) for key in ordered]
    return Family(items, {key: tuple(runs) for key, runs in runs_of.items()}, lay_out(nodes))


def _sources_first(runs: Sequence[Document]) -> list[Document]:
    """The runs, each after the one that it was forked from."""
    by_thread = {str(run["thread_id"]): run for run in runs}
    ordered: dict[str, Document] = {}
    for start in runs:
        line: list[str] = []
        at: str | None = str(start["thread_id"])
        while at in by_thread and at not in ordered and at not in line:
            line.append(at)
            source = by_thread[at]["forked_from"]
            at = source["thread_id"] if source else None
        ordered |= {thread: by_thread[thread] for thread in reversed(line)}
    return list(ordered.values())


def draw_tree(words: Words, family: Family, thread_id: str, chosen: str) -> Html:
    """Return the tree as a drawing in which each checkpoint is a link. `chosen`: the one whose state is shown."""
    tree = family.tree
    width = LEFT * 2 + max(tree.depth - 1, 0) * COLUMN + _LABEL
    height = TOP * 2 + max(len(tree.heads) - 1, 0) * LANE + 24
    longest = max((item["execution_time_ms"] or 0 for item in family.items.values()), default=0)
    drawn = [
        *(_edge(tree, parent, child, family, thread_id) for parent, child in tree.edges),
        *(_node(words, family, key, spot, longest, thread_id, chosen) for key, spot in tree.spots.items()),
        *(_head(family, tree, head) for head in tree.heads),
    ]
    return el(
        "div",
        el(
            "svg",
            *drawn,
            viewBox=f"0 0 {width} {height}",
            width=width,
            height=height,
            role="group",
            aria_label=words("tree", run=thread_id),
            class_="tree",
        ),
        class_="scrolls",
        tabindex="0",
        role="region",
        aria_label=words("tree", run=thread_id),
        id="tree",
    )


def place_of(spot: Spot) -> tuple[int, int]:
    """Return the middle of a mark, in pixels."""
    return LEFT + spot.depth * COLUMN, TOP + spot.lane * LANE


def edge_path(parent: Spot, child: Spot) -> str:
    """Return the line from a checkpoint to the next: straight in its lane, or down just behind the parent."""
    (x1, y1), (x2, y2) = place_of(parent), place_of(child)
    if y1 == y2:
        return f"M{x1} {y1}H{x2}"
    turn, radius = x2 - 16, 10
    down = f"Q{turn} {y1} {turn} {y1 + radius}V{y2 - radius}Q{turn} {y2} {turn + radius} {y2}"
    return f"M{x1} {y1}H{turn - radius}{down}H{x2}"


def _edge(tree: Tree, parent: str, child: str, family: Family, thread_id: str) -> Html:
    own = thread_id in family.runs_of[child]
    path = edge_path(tree.spots[parent], tree.spots[child])
    return el("path", d=path, class_="edge is-own" if own else "edge", data_from=parent, data_to=child)


def _node(words: Words, family: Family, key: str, spot: Spot, longest: int, thread_id: str, chosen: str) -> Html:
    item, (x, y) = family.items[key], place_of(spot)
    took = item["execution_time_ms"] or 0
    long = 8 + _LONGEST_BAR * sqrt(took / longest) if longest else 8
    own, runs = thread_id in family.runs_of[key], family.runs_of[key]
    step = step_name(words, item)
    label = words("checkpoint_label", step=f"{step} {duration(took)}", time=minute(item["created_at"]), run=runs[0])
    classes = [
        "node",
        "is-own" if own else "",
        "is-chosen" if key == chosen else "",
        "is-failed" if item["error"] else "",
    ]
    return el(
        "a",
        el("rect", x=x - 8, y=y - 26, width=COLUMN - 6, height=LANE - 12, class_="hit"),
        el("rect", x=x, y=y - 4, width=f"{long:.1f}", height=8, rx=4, class_="time"),
        el("circle", cx=x, cy=y, r=7),
        el("text", step, x=x - 7, y=y - 13, class_="step"),
        " ",
        el("text", duration(took), x=x - 7, y=y + 22, class_="took"),
        href=f"?checkpoint={quote(key, safe='')}#checkpoint",
        aria_label=label,
        aria_current="true" if key == chosen else None,
        class_=" ".join(filter(None, classes)),
        data_checkpoint=key,
        data_lane=spot.lane,
    )


def _head(family: Family, tree: Tree, head: str) -> Html:
    x, y = place_of(tree.spots[head])
    run = family.runs_of[head][0]
    return el("text", run, x=x + COLUMN - 24, y=y + 4, class_="head", data_head=run)


def step_name(words: Words, item: Document) -> str:
    """Return the step after which a checkpoint was saved."""
    return words.of("step", item["step_name"] or "input")
