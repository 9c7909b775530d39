"""Where each checkpoint of a run and its forks is drawn: its depth from the root, and a lane for each branch.

A branch begins at a root or where a second child leaves its parent. Branches that leave further along lie nearer to
the branch they leave, so the line down to a branch passes only lanes that begin to the right of it: no two cross.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Node:
    """A checkpoint. `runs`: the threads that have it, the one that it belongs to first."""

    id: str
    parent: str | None
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spot:
    """Where a node is drawn: `depth` steps from its root, in `lane`."""

    depth: int
    lane: int


@dataclass(frozen=True)
class Tree:
    """The spots of all nodes, and the last node of each lane."""

    spots: Mapping[str, Spot]
    heads: Sequence[str]
    edges: Sequence[tuple[str, str]] = field(default=())
    """Parent and child of each line that is drawn."""

    @property
    def depth(self) -> int:
        """How many columns the tree has."""
        return max((spot.depth for spot in self.spots.values()), default=-1) + 1


def lay_out(nodes: Iterable[Node]) -> Tree:
    """Return where nodes are drawn. Give them oldest first: of several children the branch goes on with its own run's.

    A parent that is not among the nodes makes a root, and so does one that would close a circle.
    """
    known = {node.id: node for node in nodes}
    children, roots = _children(known)
    spots: dict[str, Spot] = {}
    heads: list[str] = []
    edges: list[tuple[str, str]] = []
    waiting = [(root, 0) for root in reversed(roots)]
    while waiting:
        start, depth = waiting.pop()
        branch = _branch(start, known, children)
        lane = len(heads)
        heads.append(branch[-1])
        for place, node in enumerate(branch):
            spots[node] = Spot(depth + place, lane)
            following = branch[place + 1] if place + 1 < len(branch) else None
            edges += [(node, child) for child in children.get(node, ())]
            # The last one is taken first: what leaves furthest along lies nearest.
            waiting += [(child, depth + place + 1) for child in reversed(children.get(node, ())) if child != following]
    return Tree(spots, heads, edges)


def _children(known: Mapping[str, Node]) -> tuple[dict[str, list[str]], list[str]]:
    """The children of each node, and the roots."""
    children: dict[str, list[str]] = {}
    roots: list[str] = []
    checked: set[str] = set()
    for node in known.values():
        if node.parent in known and not _circles(node.id, known, checked):
            children.setdefault(str(node.parent), []).append(node.id)
        else:
            roots.append(node.id)
    return children, roots


def _circles(start: str, known: Mapping[str, Node], checked: set[str]) -> bool:
    """Whether the parents of a node lead back to it. `checked`: nodes that are known to end at a root."""
    path: list[str] = []
    on_path: set[str] = set()
    at: str | None = start
    while at is not None and at in known and at not in checked:
        if at in on_path:
            return at == start
        path.append(at)
        on_path.add(at)
        at = known[at].parent
    checked.update(path)
    return False


def _branch(start: str, known: Mapping[str, Node], children: Mapping[str, Sequence[str]]) -> list[str]:
    """The nodes of a branch: from its first one on, always the child of its own run, or else the oldest."""
    branch = [start]
    run = known[start].runs[:1]
    while following := children.get(branch[-1]):
        own = (child for child in following if known[child].runs[:1] == run)
        branch.append(next(own, following[0]))
    return branch
