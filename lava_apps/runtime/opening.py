"""From a Process to its built graph, and back."""

from __future__ import annotations

from typing import Any

from lava_apps.graphs import find_processes
from lava_apps.runtime import housekeeping
from lava_apps.runtime.arrangement import Arrangement
from lava_apps.runtime.errors import BackendError
from lava_apps.runtime.graph.built import BuiltGraph, Node
from lava_apps.runtime.inline.runtime import InlineRuntime
from lava_apps.runtime.probes import Probe, leaf_port, leaf_var

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.run_configs import RunConfig

_SELECTION = "lava.magma.core.run_configs"


class OpenGraph:
    """A graph that is built, and in use until it is closed.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph.
    run_cfg : lava.magma.core.run_configs.RunConfig
        How Lava selects ProcessModels.

    Attributes
    ----------
    processes : list of AbstractProcess
        All Processes, those built from others included.
    graph : BuiltGraph
        What was built.
    runtime : InlineRuntime
        What ``Var.get`` and ``Process.run`` of these Processes use.

    Raises
    ------
    BackendError
        For a graph that cannot be built in this OS process; it is as it was then.
    """

    def __init__(self, process: AbstractProcess, run_cfg: RunConfig) -> None:
        housekeeping.install()
        self.processes: list[AbstractProcess] = find_processes(process)
        self._arrangement = Arrangement(self.processes)
        executable = compile_graph(process, run_cfg, self._arrangement)
        try:
            self.runtime = InlineRuntime(executable)
            self.graph: BuiltGraph = self.runtime.build()
        except BaseException:
            self._arrangement.restore()
            raise
        process.runtime = self.runtime
        executable.assign_runtime_to_all_processes(self.runtime)

    def find(self, probe: Probe) -> tuple[Node, Any]:
        """Find what a probe is of.

        Parameters
        ----------
        probe : Probe
            The probe.

        Returns
        -------
        node : Node
            Of the leaf Process.
        target : OutPort, InPort or Var
            Of that Process.

        Raises
        ------
        BackendError
            For a target outside of the graph, or one that has no time steps.
        """
        target = probe.target
        inner = leaf_var(target) if isinstance(target, Var) else leaf_port(target)
        node = self.graph.node_of(inner.process)
        if node is None:
            raise BackendError(f"{probe.name} is not part of this graph")
        if not node.has_time_steps:
            raise BackendError(f"{probe.name} has no time steps (AsyncProtocol)")
        return node, inner

    def close(self) -> None:
        """End the use of the graph; it can be built anew."""
        self.runtime.stop()
        self._arrangement.restore()


def compile_graph(
    process: AbstractProcess, run_cfg: RunConfig, arrangement: Arrangement
) -> Any:
    """Let Lava compile a graph, and put it back together where that fails.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph.
    run_cfg : lava.magma.core.run_configs.RunConfig
        How Lava selects ProcessModels.
    arrangement : Arrangement
        How the graph is put together now; what is added is noted there.

    Returns
    -------
    lava.magma.compiler.executable.Executable
        The compiled graph.

    Raises
    ------
    BackendError
        Where one of Lava's own run configurations fails in itself.
    """
    try:
        executable = process.compile(run_cfg)
    except BaseException as error:
        arrangement.note_additions()
        arrangement.restore()
        if isinstance(error, (NameError, IndexError)) and _is_of_a_run_config(error):
            kind = type(run_cfg).__name__
            problem = f"Lava's {kind} cannot select ProcessModels here ({error!r})"
            hint = "use lava_apps.loihi2.run_config or RunConfig"
            raise BackendError(f"{problem}; {hint}") from error
        raise
    arrangement.note_additions()
    return executable


def _is_of_a_run_config(error: BaseException) -> bool:
    """Tell whether an exception was raised in Lava's selection of ProcessModels."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and place.tb_frame.f_globals.get("__name__") == _SELECTION
