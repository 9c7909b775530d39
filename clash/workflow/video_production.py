"""The graph: five steps in a row, two of which fan out.

    initialize -> generate_screenplay -> generate_assets* -> generate_shots* -> finalize

A starred step is entered once with the graph's state and sends itself one task per character, location or shot
(LangGraph `Send`); each of those leads on to the next step, which starts when all of them are done.
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph

from clash.workflow.context import StepContext
from clash.workflow.state import STEPS, ProductionState
from clash.workflow.steps import Steps


def build_graph(context: StepContext) -> StateGraph[ProductionState, None, ProductionState, ProductionState]:
    """The graph over a context, to be compiled with a saver."""
    steps = Steps(context)
    graph: Any = StateGraph(ProductionState)
    for name in STEPS:
        graph.add_node(name, steps.node(name), destinations=_DESTINATIONS.get(name))
    graph.add_edge(START, "initialize")
    graph.add_edge("initialize", "generate_screenplay")
    graph.add_edge("generate_screenplay", "generate_assets")
    graph.add_edge("finalize", END)
    return graph


_DESTINATIONS = {
    "generate_assets": ("generate_assets", "generate_shots"),
    "generate_shots": ("generate_shots", "finalize"),
}
