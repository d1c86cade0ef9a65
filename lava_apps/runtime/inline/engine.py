"""A built graph whose ProcessModels run as coroutines."""

from __future__ import annotations

from lava_apps.runtime.graph.built import BuiltGraph, Node
from lava_apps.runtime.inline.channels import CHANNELS, VarPortChannel
from lava_apps.runtime.inline.ports import speed_up
from lava_apps.runtime.inline.protocols import (
    AsyncDomain,
    Commands,
    LoihiDomain,
    Responses,
)
from lava_apps.runtime.inline.scheduler import Domain, Scheduler, Worker


class Engine:
    """Channels, workers and domains of a graph.

    Parameters
    ----------
    graph : BuiltGraph
        The graph. Its models get what Lava's runtime would give them.

    Attributes
    ----------
    scheduler : Scheduler
        Runs it.
    workers : dict of Node to Worker
        Who runs each model.
    """

    def __init__(self, graph: BuiltGraph) -> None:
        self.scheduler = Scheduler(graph.control)
        self.workers: dict[Node, Worker] = {}
        self._domains: dict[int, Domain] = {}
        channels = [CHANNELS[edge.kind](self.scheduler, edge) for edge in graph.edges]
        for node in graph.nodes:
            self._add(node)
        for channel in channels:
            receiver = channel.edge.receiver
            if isinstance(channel, VarPortChannel) and receiver is not None:
                channel.owner = self.workers[receiver]
                channel.port = getattr(receiver.model, channel.edge.receiving_port)

    def _add(self, node: Node) -> None:
        worker = Worker(self.scheduler, node)
        domain = self._domain(node)
        domain.add(worker)
        node.model._p_to_pm_dst_port = Commands(self.scheduler)
        node.model.service_to_process = Commands(self.scheduler)
        node.model.process_to_service = Responses(domain)
        for port in node.model.py_ports:
            speed_up(port)
        self.scheduler.workers.append(worker)
        self.workers[node] = worker

    def _domain(self, node: Node) -> Domain:
        """Find or make the domain of a node: one for each of Lava's."""
        if node.domain not in self._domains:
            kind = LoihiDomain if node.has_time_steps else AsyncDomain
            self._domains[node.domain] = kind(self.scheduler)
            self.scheduler.domains.append(self._domains[node.domain])
        return self._domains[node.domain]
