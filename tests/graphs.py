"""Graphs that tests run."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send


class State(TypedDict):
    """What each task adds."""

    done: Annotated[list[int], operator.add]


def fan_out_graph(saver: BaseCheckpointSaver[str]) -> Any:
    """Five steps, one of them a fan-out of twenty instant tasks."""
    graph: Any = StateGraph(State)
    graph.add_node("plan", lambda _: {})
    graph.add_node("work", lambda task: {"done": [task["n"]]})
    for name in ("join", "render", "publish"):
        graph.add_node(name, lambda _: {"done": []})
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", lambda _: [Send("work", {"n": n}) for n in range(20)], ["work"])
    graph.add_edge("work", "join")
    graph.add_edge("join", "render")
    graph.add_edge("render", "publish")
    graph.add_edge("publish", END)
    return graph.compile(checkpointer=saver)
