"""Who sends before whom, within a time step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import networkx as nx

from lava_apps.runtime.errors import DeadlockError
from lava_apps.runtime.graph.edges import Edge

Member = TypeVar("Member")


def in_order(
    members: list[Member], links: Iterable[tuple[Member, Member, Edge]]
) -> list[Member]:
    """Put who sends before who receives.

    Parameters
    ----------
    members : list
        To be sorted; where there is a choice they stay in this order.
    links : iterable of tuple
        Who sends, who receives, and by which edge, in the same time step.

    Returns
    -------
    list
        The members.

    Raises
    ------
    DeadlockError
        For members that wait for each other in a circle, naming them and their ports.
    """
    places: dict[Any, int] = {member: n for n, member in enumerate(members)}
    order = nx.DiGraph()
    order.add_nodes_from(members)
    for before, after, edge in links:
        order.add_edge(before, after, edge=edge)
    try:
        return list(nx.lexicographical_topological_sort(order, key=places.__getitem__))
    except nx.NetworkXUnfeasible:
        circle = [order.edges[link[:2]]["edge"] for link in nx.find_cycle(order)]
    waits = "\n".join(f"  {_wait(edge)}" for edge in circle)
    raise DeadlockError(f"Processes wait for each other:\n{waits}")


def _wait(edge: Edge) -> str:
    receiver = edge.receiver.label if edge.receiver else "outside"
    return f"{receiver}: {edge.receiving_port} waits for {edge.source}"
