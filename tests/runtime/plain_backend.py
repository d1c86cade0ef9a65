"""A backend in few lines: step functions, called in plain Python.

It runs models whose whole behaviour is a step function, as those of this package, and
knows nothing of Lava but what a built graph says.
"""

from inspect import signature

import numpy as np

from lava_apps.kernel import KernelModel, find_active
from lava_apps.runtime import BackendError
from lava_apps.runtime.backends import GraphBackend, as_dense
from lava_apps.runtime.graph.order import in_order
from lava_apps.runtime.graph.vars import holder

from lava.magma.core.process.variable import Var


class PlainBackend(GraphBackend):
    """Calls the step function of each node, who sends before who receives."""

    name, runs = "plain", "in plain Python"

    def __init__(self, opened):
        super().__init__(opened)
        for node in self.graph.nodes:
            if not isinstance(node.model, KernelModel):
                kind = type(node.model).__name__
                raise BackendError(f"{node.label}: {kind} has no step function")
        links = [
            (edge.sender, edge.receiver, edge)
            for edge in self.graph.edges
            # What is published was there before the time step began.
            if edge.sending_port not in edge.sender.model.publishes
        ]
        self._order = in_order(self.graph.nodes, links)
        self._ports = {}  # what each port sent or received last, by node and name
        self._probes = []

    def attach(self, probe):
        node, target = self.opened.find(probe)
        if isinstance(target, Var):
            model, name = holder(self.graph, target.id)
            sample = lambda: as_dense(getattr(model, name))  # noqa: E731
            probe.dtype = sample().dtype
        else:
            sample = lambda: self._ports[node, target.name]  # noqa: E731
            is_input = target.name in node.inputs
            kind = node.received_type if is_input else node.sent_type
            probe.dtype = kind(target.name)
        self._probes.append([probe, sample, 0])

    def run(self, steps, on_steps):
        control = self.graph.control
        control.check_usable()
        control.prepare()
        with control.ctrl_c_ends_step():
            for _ in range(steps):
                self._run_step()
                on_steps(1)
                if control.ends:
                    raise KeyboardInterrupt

    def _run_step(self):
        for node in self.graph.nodes:
            node.model.time_step += 1
            node.model.arrange()
            for port, held in node.model.publishes.items():
                self._ports[node, port] = getattr(node.model, held).copy()
        for node in self._order:
            arguments = self._arguments(node)
            step = type(node.model).step.py_func
            step(*(arguments[name] for name in signature(step).parameters))
        for entry in self._probes:
            probe, sample, _ = entry
            entry[2] += 1
            if entry[2] % probe.every == 0:
                probe.add(np.array(sample()))

    def _arguments(self, node):
        """Find what a step function may ask for, by name."""
        model = node.model
        arguments = dict(model.proc_params._parameters) | vars(model)
        arguments["time_step"] = model.time_step
        for name, edges in node.inputs.items():
            port = getattr(model, name)
            total = np.zeros(port._shape, port._d_type)
            for edge in edges:
                message = self._ports[edge.sender, edge.sending_port]
                total = total + (edge.transform or np.asarray)(message)
            self._ports[node, name] = total
            arguments[name] = total.astype(port._d_type)
            arguments |= _lists(name, arguments[name])
        for sender, name, port in self.graph.outputs():
            if sender is node and name not in model.publishes:
                arguments[name] = np.zeros(port._shape, port._d_type)
                self._ports[node, name] = arguments[name]
                arguments |= _lists(name, arguments[name])
        return arguments

    def explain(self):
        return "step functions are called one by one"


def _lists(name, values):
    """List the entries that are not 0, as a step function may ask for them."""
    indices, count = np.zeros(values.size, np.uint32), np.zeros(1, np.int64)
    find_active(values, indices, count)
    return {f"{name}_indices": indices, f"{name}_count": count}
