"""Whether there is a chip, run configurations for it or the CPU, and adapters.

Nothing here was run on hardware. Of Intel's Loihi extension of Lava, which is not
public, only what public code shows is used: the base classes of its ProcessModels, and
the two adapters of ``lava.proc.embedded_io.spike``.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lava_apps.graphs import find_processes
from lava_apps.loihi2.catalogue import (
    ADAPTERS,
    FROM_CHIP,
    TO_CHIP,
    class_path,
    is_adapter,
    is_on_host,
)
from lava_apps.loihi2.run_configs import Precision, RunConfig
from lava_apps.messages import label, warn_caller
from lava_apps.parameters import ParameterError, validated

from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.core.model.model import AbstractProcessModel
from lava.magma.core.model.py.model import AbstractPyProcessModel
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import Loihi2HwCfg
from lava.magma.core.run_configs import RunConfig as LavaRunConfig
from lava.utils import loihi

Model = type[AbstractProcessModel]
Target = Literal["auto", "cpu", "loihi2"]

_GRADED_BITS = 24


class HardwareError(RuntimeError):
    """A graph cannot run on Loihi 2 here; the message says why."""


class HardwareWarning(UserWarning):
    """A graph runs on the CPU, since there is no board."""


@dataclass(frozen=True)
class Hardware:
    """What of the hardware is here.

    Parameters
    ----------
    extension : bool
        Lava's Loihi extension is installed.
    board : str, optional
        A board that can be reached.
    missing : str
        What is missing, for a message; empty if nothing is.
    """

    extension: bool
    board: str | None
    missing: str


def find_hardware() -> Hardware:
    """Look for Lava's Loihi extension and a board; raise nothing if there is none.

    A board counts as there when ``NXSDKHOST`` names its host (as
    ``lava.utils.loihi.use_ethernet_host`` sets it), or when SLURM's ``sinfo`` lists a
    node that is up, unless ``NOSLURM`` is set.

    Returns
    -------
    Hardware
        What is there, and what is missing.
    """
    if not loihi.is_installed():
        return Hardware(False, None, "Lava's Loihi extension is not installed")
    host = os.environ.get("NXSDKHOST")
    if host:
        return Hardware(True, f"host {host}", "")
    nodes = [] if os.environ.get("NOSLURM") else _nodes_up()
    if nodes:
        return Hardware(True, f"SLURM node {nodes[0]}", "")
    return Hardware(
        True, None, "no board: NXSDKHOST is not set, and sinfo lists no node that is up"
    )


def _nodes_up() -> list[str]:
    """List the nodes that SLURM has and that are not down."""
    sinfo = shutil.which("sinfo")
    if sinfo is None:
        return []
    command = [sinfo, "--Node", "--noheader", "--format=%N %T"]
    try:
        listed = subprocess.run(  # noqa: S603 - a fixed command, found on the path
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [line.split() for line in listed.splitlines()]
    unusable = ("down", "drain", "fail", "unknown")
    return [r[0] for r in rows if len(r) == 2 and not r[1].startswith(unusable)]


@validated
def run_config(
    target: Target = "auto",
    precision: Precision = "fixed_pt",
    *,
    process: AbstractProcess | None = None,
) -> LavaRunConfig:
    """Give the run configuration for a board, or for the CPU where there is none.

    Parameters
    ----------
    target : {"auto", "cpu", "loihi2"}
        "loihi2" needs Lava's Loihi extension and a board; "auto", the default, takes
        them where they are, and otherwise the CPU, with a HardwareWarning that says
        so.
    precision : {"floating_pt", "fixed_pt"}
        Default "fixed_pt", the only one on hardware.
    process : AbstractProcess, optional
        Any Process of the graph that is to run. For hardware its Processes are then
        looked at beforehand, and an adapter is put at each boundary between host and
        chip that has none (:func:`add_adapters`). Default: neither.

    Returns
    -------
    lava.magma.core.run_configs.RunConfig
        For ``Process.run`` or, that for the CPU, for a Simulator.

    Raises
    ------
    HardwareError
        For target "loihi2" without the extension or a board; with `process`, for
        Processes that have no model for Loihi 2, naming all of them.
    ParameterError
        For target "loihi2" and floating_pt.
    """
    if target == "cpu":
        return RunConfig(precision)
    if precision != "fixed_pt":
        if target == "loihi2":
            problem = "must be fixed_pt for Loihi 2"
            raise ParameterError("run_config", "precision", problem, precision)
        warn_caller("runs on the CPU: Loihi 2 has no floating_pt", HardwareWarning)
        return RunConfig(precision)
    missing = find_hardware().missing
    if missing and target == "loihi2":
        raise HardwareError(f"cannot run on Loihi 2: {missing}")
    if missing:
        warn_caller(f"runs on the CPU: {missing}", HardwareWarning)
        return RunConfig(precision)
    config = HardwareRunConfig()
    if process is not None:
        config.check(process)
        add_adapters(process)
    return config


class HardwareRunConfig(Loihi2HwCfg):
    """Run configuration for Loihi 2 that never takes a Python model for the chip.

    A neuro-core model comes first, then one for the embedded processors, then the
    decomposition of a Process that has one; Python is for what is on the host. Lava's
    own ``Loihi2HwCfg`` runs in Python whatever has no other model, without a word.
    """

    def __init__(self) -> None:
        super().__init__(select_tag="fixed_pt")

    def select(self, process: AbstractProcess, proc_models: Sequence[Model]) -> Model:
        """Select the ProcessModel of a Process; Lava's compiler calls this.

        Parameters
        ----------
        process : AbstractProcess
            The Process that needs a model.
        proc_models : sequence of type
            All ProcessModels that Lava found for it.

        Returns
        -------
        type
            The ProcessModel to use.

        Raises
        ------
        HardwareError
            When the Process has neither a model for the chip nor a decomposition.
        """
        fitting = [m for m in proc_models if not m.tags or "fixed_pt" in m.tags]
        kinds = [
            _extension_class(
                "lava.magma.core.model.nc.model", "AbstractNcProcessModel"
            ),
            _extension_class("lava.magma.core.model.c.model", "CLoihiProcessModel"),
            AbstractSubProcessModel,
        ]
        if is_on_host(process) or is_adapter(process):
            kinds.append(AbstractPyProcessModel)
        for kind in kinds:
            for model in fitting:
                if kind is not None and issubclass(model, kind):
                    return model
        known = ", ".join(model.__name__ for model in proc_models)
        raise HardwareError(f"{label(process)} has no model for Loihi 2 (only {known})")

    def check(self, process: AbstractProcess) -> None:
        """Refuse a graph with Processes that have no model for Loihi 2.

        Parameters
        ----------
        process : AbstractProcess
            Any Process of the graph.

        Raises
        ------
        HardwareError
            Naming all of them.
        """
        problems = []
        for member in find_processes(process):
            try:
                self.select(member, ProcGroupDiGraphs._find_proc_models(member))
            except HardwareError as error:
                problems.append(str(error))
        if problems:
            raise HardwareError("; ".join(sorted(problems)))


def _extension_class(module: str, name: str) -> type | None:
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None


def add_adapters(process: AbstractProcess) -> list[AbstractProcess]:
    """Put an adapter at each boundary between host and chip that has none.

    Spikes travel between them through Processes of Lava's Loihi extension,
    ``PyToNxAdapter`` and ``NxToPyAdapter``. Their `num_message_bits` are those of the
    connection that receives; from neurons that send spikes without a payload, 0;
    otherwise 24.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph. The adapters stay in it.

    Returns
    -------
    list of AbstractProcess
        The adapters that were added; none where all are there.

    Raises
    ------
    HardwareError
        Without the extension; for a port that feeds host and chip through one virtual
        port. The graph is then as it was.
    """
    members = sorted(find_processes(process), key=lambda member: member.id)
    boundaries = list(find_boundaries(members))
    if not boundaries:
        return []
    classes = [_extension_class(ADAPTERS, name) for name in (TO_CHIP, FROM_CHIP)]
    if None in classes:
        raise HardwareError(f"no adapters: there is no {ADAPTERS} here")
    make_to_chip, make_from_chip = classes
    for port, ends, _ in boundaries:
        if any(len(_sides(end)) > 1 for end in ends):
            where = f"{label(port.process)}.{port.name}"
            problem = "feeds host and chip through one virtual port"
            raise HardwareError(f"no adapter: {where} {problem}")
    added = []
    for port, ends, is_to_chip in boundaries:
        make: Callable[..., Any] = make_to_chip if is_to_chip else make_from_chip  # type: ignore[assignment]
        adapter = make(shape=port.shape, num_message_bits=_message_bits(port, ends))
        port.connect(adapter.inp)
        for end in ends:
            port.out_connections.remove(end)
            end.in_connections.remove(port)
            adapter.out.out_connections.append(end)
            end.in_connections.append(adapter.out)
        added.append(adapter)
    return added


def find_boundaries(
    processes: Iterable[AbstractProcess],
) -> Iterable[tuple[OutPort, list[Any], bool]]:
    """Find the ports that connect host and chip without an adapter.

    Parameters
    ----------
    processes : iterable of AbstractProcess
        Those of a graph.

    Yields
    ------
    port : OutPort
        Where messages come from.
    ends : list of port
        Which of its connections lead to the other side.
    is_to_chip : bool
        The port is on the host.
    """
    for process in processes:
        if is_adapter(process):
            continue
        from_host = is_on_host(process)
        for port in process.out_ports.members:
            ends = [e for e in port.out_connections if _crosses(e, from_host)]
            if ends:
                yield port, ends, from_host


def _crosses(end: Any, from_host: bool) -> bool:
    """Tell whether a connection leads from host to chip, or the other way."""
    return (not from_host) in _sides(end)


def _sides(end: Any) -> set[bool]:
    """Say where a connection leads: to the host (True), to the chip, or to both."""
    targets = [end] if isinstance(end, InPort) else end.get_dst_ports()
    return {is_on_host(t.process) for t in targets if not is_adapter(t.process)}


def _message_bits(port: OutPort, ends: Sequence[Any]) -> int:
    """Say how wide the messages of a port are."""
    receivers = [
        target.process
        for end in ends
        for target in ([end] if isinstance(end, InPort) else end.get_dst_ports())
    ]
    bits = [
        int(np.ravel(p.num_message_bits.init)[0])
        for p in receivers
        if hasattr(p, "num_message_bits")
    ]
    if bits:
        return max(bits)
    is_unary = class_path(port.process).startswith("lava.proc.lif.process.")
    return 0 if is_unary else _GRADED_BITS
