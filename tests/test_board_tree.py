"""The tree of checkpoints: every branch has a lane, and no two lines cross."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from clash.board.pages.tree import Node, Spot, Tree, lay_out
from clash.board.pages.tree_drawing import edge_path, place_of

Segment = tuple[float, float, float, float]


def chain(name: str, count: int, parent: str | None = None) -> list[Node]:
    """Checkpoints of a run, one after another."""
    nodes: list[Node] = []
    for number in range(count):
        node = Node(f"{name}{number}", parent, (name,))
        nodes.append(node)
        parent = node.id
    return nodes


def lines_of(tree: Tree) -> list[tuple[str, str, list[Segment]]]:
    """The straight parts of each line: along the parent's lane, down behind the parent, along the child's lane."""
    lines: list[tuple[str, str, list[Segment]]] = []
    for parent, child in tree.edges:
        (x1, y1), (x2, y2) = place_of(tree.spots[parent]), place_of(tree.spots[child])
        turn = x2 - 16
        parts = [(x1, y1, x2, y2)] if y1 == y2 else [(x1, y1, turn, y1), (turn, y1, turn, y2), (turn, y2, x2, y2)]
        lines.append((parent, child, parts))
    return lines


def cross(one: Segment, other: Segment) -> bool:
    """Whether a line across and a line down meet within both."""
    across, down = (one, other) if one[1] == one[3] else (other, one)
    if across[1] != across[3] or down[0] != down[2]:
        return False
    low, high = sorted((down[1], down[3]))
    return across[0] < down[0] < across[2] and low < across[1] < high


def assert_sound(tree: Tree, nodes: list[Node]) -> None:
    """Every node has a spot of its own, children are right of their parents, and no line crosses another or a mark."""
    assert tree.spots.keys() == {node.id for node in nodes}
    assert len(set(tree.spots.values())) == len(nodes)
    assert all(tree.spots[child].depth == tree.spots[parent].depth + 1 for parent, child in tree.edges)
    assert all(tree.spots[child].lane >= tree.spots[parent].lane for parent, child in tree.edges)
    lines = lines_of(tree)
    for (_, _, parts), (_, _, others) in combinations(lines, 2):
        assert not any(cross(part, other) for part in parts for other in others)
    marks = [place_of(spot) for spot in tree.spots.values()]
    for _, _, parts in lines:
        for x1, y1, x2, y2 in parts:
            assert not any(x1 == x2 == x and min(y1, y2) <= y <= max(y1, y2) for x, y in marks)
            assert not any(y1 == y2 == y and x1 < x < x2 for x, y in marks)


def test_a_run_without_forks_is_one_lane() -> None:
    """Nine checkpoints are nine columns of the first lane."""
    tree = lay_out(chain("a", 9))
    assert [tree.spots[f"a{number}"] for number in range(9)] == [Spot(number, 0) for number in range(9)]
    assert (tree.heads, tree.depth) == (["a8"], 9)


def test_two_forks_have_lanes_of_their_own() -> None:
    """The fork that leaves further along lies nearer, so the other's line passes before it begins."""
    nodes = [*chain("a", 8), *chain("early", 5, "a2"), *chain("late", 3, "a5")]
    tree = lay_out(nodes)
    assert tree.heads == ["a7", "late2", "early4"]
    assert tree.spots["late0"] == Spot(6, 1)
    assert tree.spots["early0"] == Spot(3, 2)
    assert_sound(tree, nodes)


def test_a_fork_of_a_fork_lies_before_the_next_fork() -> None:
    """A branch and all its forks have lanes side by side."""
    nodes = [*chain("a", 6), *chain("b", 5, "a3"), *chain("c", 3, "b1"), *chain("d", 4, "a1")]
    tree = lay_out(nodes)
    assert tree.heads == ["a5", "b4", "c2", "d3"]
    assert_sound(tree, nodes)


def test_a_branch_goes_on_with_its_own_run() -> None:
    """A fork that is older than the run's own next checkpoint does not take its lane."""
    nodes = [*chain("a", 2), *chain("fork", 2, "a1"), Node("a2", "a1", ("a",))]
    tree = lay_out(nodes)
    assert tree.spots["a2"].lane == 0
    assert tree.spots["fork0"].lane == 1


def test_an_unknown_parent_makes_a_root() -> None:
    """Of checkpoints whose parents are pruned or damaged, each begins a lane at the left."""
    tree = lay_out([Node("x", "gone"), Node("y", None), Node("z", "x")])
    assert (tree.spots["x"], tree.spots["z"], tree.spots["y"]) == (Spot(0, 0), Spot(1, 0), Spot(0, 1))


def test_parents_in_a_circle_do_not_hang() -> None:
    """Damaged rows whose parents lead back to themselves are drawn, each once."""
    nodes = [Node("a", "b"), Node("b", "a"), Node("c", "c"), Node("d", "b")]
    tree = lay_out(nodes)
    assert tree.spots.keys() == {"a", "b", "c", "d"}


def test_five_thousand_checkpoints_are_laid_out() -> None:
    """A long chain is no recursion."""
    assert lay_out(chain("a", 5000)).spots["a4999"] == Spot(4999, 0)


@st.composite
def trees(draw: st.DrawFn) -> list[Node]:
    """Any forest: each node's parent is an older one, or none."""
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 24))):
        parent = draw(st.integers(-1, number - 1)) if number else -1
        run = draw(st.sampled_from("abc"))
        nodes.append(Node(str(number), str(parent) if parent >= 0 else None, (run,)))
    return nodes


@given(trees())
@settings(max_examples=150, deadline=None)
def test_no_two_lines_cross(nodes: list[Node]) -> None:
    """Whatever the forks are, no line crosses another, nor a mark."""
    assert_sound(lay_out(nodes), nodes)


def test_a_line_to_a_fork_goes_down_behind_its_parent() -> None:
    """Its path leaves along the parent's lane, and ends at the child."""
    path = edge_path(Spot(1, 0), Spot(2, 3))
    (x1, y1), (x2, _) = place_of(Spot(1, 0)), place_of(Spot(2, 3))
    assert path.startswith(f"M{x1} {y1}H")
    assert path.endswith(f"H{x2}")
