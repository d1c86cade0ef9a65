"""A graph as it would be on Loihi 2: decomposed as far as it can be, with reasons."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from lava_apps.graphs import find_processes
from lava_apps.loihi2.catalogue import (
    CONNECTIONS,
    NEURONS,
    class_path,
    has_hardware_model,
    is_adapter,
    is_on_host,
)
from lava_apps.loihi2.formats import FORMATS
from lava_apps.loihi2.hardware import HardwareWarning
from lava_apps.loihi2.readiness.result import Connection, Kind
from lava_apps.loihi2.run_configs import NoModelError, RunConfig
from lava_apps.messages import label
from lava_apps.parameters import Array, ParameterError
from lava_apps.runtime.arrangement import Arrangement
from lava_apps.runtime.opening import OpenGraph

from lava.magma.core.model.model import AbstractProcessModel
from lava.magma.core.model.py.model import AbstractPyProcessModel
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.utils.weightutils import (
    SignMode,
    clip_weights,
    determine_sign_mode,
    truncate_weights,
)

Model = type[AbstractProcessModel]
_LIFS = ("LIF", "LIFReset", "LearningLIF")
_WEIGHT_BITS = int(FORMATS["num_weight_bits"].high)


class ReportConfig(RunConfig):
    """Run configuration that decomposes what it can, and notes why it cannot.

    Where no fixed_pt model takes a Process as it is, any model stands in for it; the
    graph is then not to be run.

    Attributes
    ----------
    refused : dict of AbstractProcess to str
        Why a decomposition refused a Process.
    unfit : dict of AbstractProcess to str
        Why no fixed_pt model takes it.
    without_model : list of AbstractProcess
        Those of them that have no fixed_pt model at all.
    """

    def __init__(self) -> None:
        super().__init__("fixed_pt")
        self.refused: dict[AbstractProcess, str] = {}
        self.unfit: dict[AbstractProcess, str] = {}
        self.without_model: list[AbstractProcess] = []

    def select(self, process: AbstractProcess, proc_models: Sequence[Model]) -> Model:
        """Select the ProcessModel of a Process; Lava's compiler calls this."""
        subs = [m for m in proc_models if issubclass(m, AbstractSubProcessModel)]
        fitting = [m for m in subs if not m.tags or "fixed_pt" in m.tags]
        if fitting and not has_hardware_model(process):
            reason = _refusal(fitting[0], process)
            if not reason:
                return fitting[0]
            self.refused[process] = reason
        leaves = [m for m in proc_models if issubclass(m, AbstractPyProcessModel)]
        try:
            return super().select(process, leaves or proc_models)
        except (NoModelError, ParameterError) as error:
            self.unfit[process] = str(error)
            if isinstance(error, NoModelError):
                self.without_model.append(process)
            if not leaves:
                raise
            return leaves[0]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Leave out what decompositions warn of: the report has a finding for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HardwareWarning)
        yield


def _refusal(model: Model, process: AbstractProcess) -> str:
    """Try a decomposition, and say why it refuses; nothing of it stays."""
    arrangement = Arrangement([process])
    try:
        with quiet():
            model(process)
    except Exception as error:  # whatever a user's model raises is its reason
        return f"its {model.__name__} refuses it: {error}"
    finally:
        arrangement.note_additions()
        arrangement.restore()
    return ""


@dataclass(frozen=True, eq=False)
class Leaf:
    """A Process that is built from no others.

    Parameters
    ----------
    process : AbstractProcess
        The Process.
    model : AbstractPyProcessModel
        What runs it on the CPU.
    name : str
        Class and name; as part of another one, after that one's name.
    kind : {"hardware", "host", "cpu_only"}
        What can become of it.
    """

    process: AbstractProcess
    model: Any
    name: str
    kind: Kind

    @property
    def is_population(self) -> bool:
        """Neurons that would be on a chip."""
        return class_path(self.process) in NEURONS

    @property
    def is_connection(self) -> bool:
        """Synapses that would be on a chip."""
        return class_path(self.process) in CONNECTIONS

    @property
    def is_lif(self) -> bool:
        """Neurons whose u and v are known to the bit."""
        return self.is_population and type(self.process).__name__ in _LIFS

    @property
    def is_plastic(self) -> bool:
        """Synapses that learn."""
        return self.is_connection and hasattr(self.process, "_learning_rule")

    @property
    def neurons(self) -> int:
        """How many."""
        if not self.is_population:
            return 0
        return int(np.prod(self.process.out_ports.members[0].shape))

    def initial(self, name: str) -> Array:
        """Give the initial value of a Var."""
        return np.asarray(getattr(self.process, name).init)


@dataclass(frozen=True)
class Synapses:
    """The synapses of a connection, as far as an estimate needs them.

    Parameters
    ----------
    given, held : numpy.ndarray
        Mantissas as the user gave them, and as the chip holds them; of a sparse
        matrix those that are stored.
    sign_mode : lava.utils.weightutils.SignMode
        Which signs the mantissas may have.
    matrix : (n_out, n_in) csr_matrix, optional
        The weights that are held, times ``2**weight_exp``; None for a convolution.
    fan_out : (n_in,) numpy.ndarray
        Synapses of each input.
    positive, negative : (n_out,) numpy.ndarray
        Sums of the weights of each sign of each output, plastic ones at their ends.
    """

    given: Array
    held: Array
    sign_mode: SignMode
    matrix: csr_matrix | None
    fan_out: Array
    positive: Array
    negative: Array


def synapses_of(leaf: Leaf) -> Synapses:
    """Read the synapses of a connection.

    Parameters
    ----------
    leaf : Leaf
        Any connection.

    Returns
    -------
    Synapses
        Its synapses.
    """
    process = leaf.process
    is_conv = not hasattr(process, "weights")
    weights = process.weight.init if is_conv else process.weights.init
    given = np.asarray(weights.data if issparse(weights) else weights)
    parameters = process.proc_params
    sign_mode = parameters.get("sign_mode") or determine_sign_mode(given)
    bits = int(parameters.get("num_weight_bits", _WEIGHT_BITS) or _WEIGHT_BITS)
    finite = np.nan_to_num(np.asarray(given, float), posinf=2**30, neginf=-(2**30))
    held = clip_weights(finite, sign_mode, num_bits=_WEIGHT_BITS)
    held = truncate_weights(held, sign_mode, bits)
    scale = 2.0 ** int(np.ravel(parameters.get("weight_exp", 0))[0])
    if is_conv:
        return _convolution(leaf, given, held, sign_mode, scale)
    if issparse(weights):
        # Copies: zeros are taken out below, which must not change the user's matrix.
        parts = (held * scale, weights.indices.copy(), weights.indptr.copy())
        matrix = csr_matrix(parts, shape=weights.shape)
    else:
        matrix = csr_matrix(held * scale)
    matrix.eliminate_zeros()
    fan_out = np.bincount(matrix.indices, minlength=matrix.shape[1])
    if leaf.is_plastic:  # any of them may grow to the end of the format
        limit = FORMATS["learned_weight"].high * scale * matrix.shape[1]
        bounds = np.full(matrix.shape[0], limit)
        can_be = (sign_mode != SignMode.INHIBITORY, sign_mode != SignMode.EXCITATORY)
        return Synapses(
            *(given, held, sign_mode, matrix),
            np.full(matrix.shape[1], matrix.shape[0]),
            bounds * can_be[0],
            -bounds * can_be[1],
        )
    positive = np.asarray(matrix.maximum(0).sum(axis=1)).ravel()
    negative = np.asarray(matrix.minimum(0).sum(axis=1)).ravel()
    return Synapses(given, held, sign_mode, matrix, fan_out, positive, negative)


def _convolution(
    leaf: Leaf, given: Array, held: Array, sign_mode: SignMode, scale: float
) -> Synapses:
    """Bound the sums of a convolution by those of its whole kernel."""
    process = leaf.process
    outputs = process.a_out.shape
    kernel = held.reshape(outputs[-1], -1) * scale
    sums = [np.maximum(kernel, 0).sum(axis=1), np.minimum(kernel, 0).sum(axis=1)]
    positive, negative = (np.broadcast_to(s, outputs).ravel() for s in sums)
    fan_out = _fan_out(process, held != 0)
    return Synapses(given, held, sign_mode, None, fan_out, positive, negative)


def _fan_out(process: AbstractProcess, is_synapse: Array) -> Array:
    """Count the outputs that each input of a convolution reaches."""
    reaches = []
    for axis in (0, 1):
        size, inputs = is_synapse.shape[axis + 1], process.s_in.shape[axis]
        stride, padding, dilation = (
            int(np.ravel(getattr(process, name).init)[axis])
            for name in ("stride", "padding", "dilation")
        )
        # A convolution runs through the kernel backwards.
        back = (size - 1 - np.arange(size)) * dilation
        left = np.arange(inputs) + padding - back[:, None]
        inside = (left >= 0) & (left // stride < process.a_out.shape[axis])
        reaches.append((inside & (left % stride == 0)).astype(np.int64))
    groups = int(np.ravel(process.groups.init)[0])
    per_group = len(is_synapse) // groups
    by_group = is_synapse.reshape(groups, per_group, *is_synapse.shape[1:]).sum(axis=1)
    counts = np.einsum("ix,jy,gijc->xygc", *reaches, by_group)
    return np.asarray(counts.reshape(-1))


class Graph:
    """A graph, built for the inline runtime and taken apart again by :meth:`close`.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph.

    Attributes
    ----------
    opened : OpenGraph
        The graph, built.
    leaves : list of Leaf
        All Processes that are built from no others, in a fixed order.
    composed : list of AbstractProcess
        All Processes that consist of others.
    config : ReportConfig
        Why Processes are not decomposed, or have no fixed_pt model.
    """

    def __init__(self, process: AbstractProcess) -> None:
        if any(member.is_compiled for member in find_processes(process)):
            problem = "is in use; stop what runs it, or build the graph afresh"
            raise ParameterError("report", "process", problem, label(process))
        self.config = ReportConfig()
        with quiet():
            self.opened = OpenGraph(process, self.config)
        self._parents: dict[AbstractProcess, tuple[AbstractProcess, str]] = {}
        self._note_parts(self.opened.processes)
        self.leaves = [
            Leaf(n.process, n.model, self.name_of(n.process), kind_of(n.process))
            for n in self.opened.graph.nodes
        ]
        self._by_process = {leaf.process: leaf for leaf in self.leaves}
        others = {parent for parent, _ in self._parents.values()}
        others |= {*self.opened.processes} - self._by_process.keys()
        self.composed = sorted(others, key=lambda p: p.id)

    def _note_parts(self, processes: Iterable[AbstractProcess]) -> None:
        """Note of which Processes others are parts: attributes, or built from them."""
        waiting = [*reversed(list(processes))]
        while waiting:
            process = waiting.pop()
            names = process.procs.member_names
            parts = {name: getattr(process.procs, name) for name in names}
            for name, value in vars(process).items():  # such as lava-dl's layers
                if isinstance(value, (list, tuple)):
                    parts |= {f"{name}[{n}]": part for n, part in enumerate(value)}
            parts = {n: p for n, p in parts.items() if isinstance(p, AbstractProcess)}
            new: dict[AbstractProcess, str] = {}
            for name, part in parts.items():  # the first name counts
                if part not in self._parents:
                    new.setdefault(part, name)
            self._parents |= {part: (process, name) for part, name in new.items()}
            waiting += reversed(new)

    def parent_of(self, process: AbstractProcess) -> AbstractProcess | None:
        """Find the Process that a Process is a part of."""
        found = self._parents.get(process)
        return None if found is None else found[0]

    def name_of(self, process: AbstractProcess) -> str:
        """Name a Process; a part after that of which it is one.

        Parameters
        ----------
        process : AbstractProcess
            Any Process of the graph.

        Returns
        -------
        str
            Such as ``Hopfield 'memory' / neurons (LIF)``.
        """
        within: list[str] = []
        while found := self._parents.get(process):
            within.append(f"{found[1]} ({type(process).__name__})")
            process = found[0]
        return " / ".join([label(process), *reversed(within)])

    def close(self) -> None:
        """End the use of the graph, which is then as it was."""
        self.opened.close()

    def targets(self, port: Any) -> list[tuple[Leaf, Any]]:
        """Find the leaves that a port of a leaf sends to, with their ports."""
        ports = port.get_dst_ports()
        found = [(self._by_process.get(p.process), p) for p in ports]
        return [(leaf, p) for leaf, p in found if leaf is not None]

    def sources(self, port: Any) -> list[tuple[Leaf, Any]]:
        """Find the leaves that a port of a leaf receives from, with their ports."""
        ports = port.get_src_ports()
        found = [(self._by_process.get(p.process), p) for p in ports]
        return [(leaf, p) for leaf, p in found if leaf is not None]

    def connections(self) -> list[Connection]:
        """List the arrows between leaves, RefPorts included."""
        arrows = []
        for leaf in self.leaves:
            for port in leaf.process.out_ports.members:
                for other, end in self.targets(port):
                    ends = (leaf.name, port.name, other.name, end.name)
                    arrows.append(Connection(*ends, tuple(map(int, port.shape))))
            for port in leaf.process.ref_ports.members:
                for var in port.get_dst_vars():
                    if var.process in self._by_process:
                        other = self._by_process[var.process]
                        ends = (leaf.name, port.name, other.name, var.name)
                        arrows.append(Connection(*ends, tuple(map(int, port.shape))))
        return arrows


def kind_of(process: AbstractProcess) -> Kind:
    """Say what can become of a Process that is built from no others.

    Parameters
    ----------
    process : AbstractProcess
        Any Process.

    Returns
    -------
    {"hardware", "host", "cpu_only"}
        Adapters count as hardware.
    """
    if has_hardware_model(process) or is_adapter(process):
        return "hardware"
    return "host" if is_on_host(process) else "cpu_only"
