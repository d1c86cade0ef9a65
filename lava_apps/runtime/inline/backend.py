"""The backend that runs ProcessModels as they are, within this OS process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_apps.runtime.backends import (
    GraphBackend,
    OnSteps,
    as_dense,
    register_backend,
)
from lava_apps.runtime.graph.vars import holder
from lava_apps.runtime.opening import OpenGraph
from lava_apps.runtime.probes import Probe

from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.variable import Var
from lava.magma.core.run_conditions import RunSteps

Array = npt.NDArray[Any]
OnStep = Callable[[], None]


class InlineBackend(GraphBackend):
    """The ProcessModels of a graph as coroutines.

    Parameters
    ----------
    opened : OpenGraph
        The graph, built.
    """

    name = "inline"
    runs = "inline"

    def __init__(self, opened: OpenGraph) -> None:
        super().__init__(opened)
        self._engine = self.opened.runtime.engine
        self._full: Probe | None = None

    def attach(self, probe: Probe) -> None:
        """Let a probe record from now on."""
        node, inner = self.opened.find(probe)
        domain = self._engine.workers[node].domain
        sample, forget = self._sampler(node.model, inner)
        count = 0

        def on_step() -> None:
            nonlocal count
            count += 1
            if count % probe.every == 0:
                probe.add(sample())
                if probe.samples_left == 0:
                    self._full = self._full or probe
                    self.graph.control.end_requested = "pause"
            if forget is not None:
                forget()

        value = sample()
        probe.dtype = value.dtype
        domain.on_step.append(on_step)

    def _sampler(
        self, model: Any, target: Any
    ) -> tuple[Callable[[], Array], OnStep | None]:
        """Give a function that samples, and one that ends a port's time step."""
        if isinstance(target, Var):
            held, name = holder(self.graph, target.id)
            return lambda: as_dense(getattr(held, name)), None
        port = getattr(model, target.name)
        nothing: Array = np.zeros(port._shape, port._d_type)
        last = nothing
        if isinstance(target, OutPort):
            send = port.send

            def tapped_send(data: Any, *rest: Any) -> None:
                nonlocal last
                last = np.array(data, dtype=port._d_type)
                send(data, *rest)

            port.send = tapped_send
        else:
            recv = port.recv

            def tapped_recv() -> Any:
                nonlocal last
                received = recv()
                last = np.array(received)
                return received

            port.recv = tapped_recv

        def forget() -> None:
            nonlocal last
            last = nothing

        return lambda: last, forget

    def run(self, steps: int, on_steps: OnSteps) -> None:
        """Run some time steps; say after each that it was done."""
        domains = [d for d in self._engine.scheduler.domains if not d.is_free]
        hooks = domains[0].on_step if domains else []
        done = 0

        def one() -> None:
            nonlocal done
            done += 1
            on_steps(1)

        hooks.insert(0, one)
        try:
            self.opened.runtime.start(RunSteps(num_steps=steps))
        finally:
            hooks.remove(one)
            full, self._full = self._full, None
        if full is not None and done < steps:
            raise full.full()

    def explain(self) -> str:
        """Say what runs."""
        return (
            f"all {len(self.graph.nodes)} ProcessModels are Python models for the CPU; "
            "they run as coroutines of this OS process"
        )


register_backend("inline", lambda request: InlineBackend(request.opened()), rank=2)
