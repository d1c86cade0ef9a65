"""Which graphs can be converted to integers, as far as it can be seen without a run."""

from __future__ import annotations

import numpy as np

from lava_apps.graphs import find_processes
from lava_apps.loihi2.catalogue import class_path, is_connection
from lava_apps.messages import label
from lava_apps.parameters import ParameterError

from lava.magma.core.process.process import AbstractProcess

_LIF_VARS = ("u", "v", "du", "dv", "vth", "bias_mant", "bias_exp")
_SOURCE, _SINK = "lava.proc.io.source.RingBuffer", "lava.proc.io.sink.RingBuffer"


def is_lif(process: AbstractProcess) -> bool:
    """Tell whether a Process has the parameters of LIF neurons, by their names.

    Parameters
    ----------
    process : AbstractProcess
        Any Process.

    Returns
    -------
    bool
        True for Lava's LIF and its kin, and this package's.
    """
    names = set(process.vars.member_names)
    return set(_LIF_VARS) <= names and hasattr(process, "a_in")


def is_convertible(process: AbstractProcess) -> bool:
    """Tell whether `to_fixed` gives a Process integers.

    Parameters
    ----------
    process : AbstractProcess
        Any Process.

    Returns
    -------
    bool
        True for LIF neurons, connections, and RingBuffers that send.
    """
    if is_lif(process) or is_connection(process):
        return True
    return class_path(process) == _SOURCE


def targets(process: AbstractProcess) -> list[AbstractProcess]:
    """List what a Process sends to.

    Parameters
    ----------
    process : AbstractProcess
        Any Process.

    Returns
    -------
    list of AbstractProcess
        One for each connection, over any virtual ports.
    """
    return [
        port.process
        for out in process.out_ports.members
        for port in out.get_dst_ports()
    ]


def why_not(process: AbstractProcess) -> str:
    """Say why `to_fixed` refuses a graph, before it is run.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph.

    Returns
    -------
    str
        Empty for a graph that it takes.
    """
    try:
        refuse_what_cannot_be(find_processes(process))
    except ParameterError as error:
        return str(error).removeprefix("to_fixed.")
    return ""


def refuse_what_cannot_be(graph: list[AbstractProcess]) -> None:
    """Refuse a graph that `to_fixed` does not convert, before it is run.

    Parameters
    ----------
    graph : list of AbstractProcess
        All Processes.

    Raises
    ------
    ParameterError
        Naming a Process, and saying what to do.
    """
    populations = {p for p in graph if is_lif(p)}
    synapses = {p for p in graph if is_connection(p)}
    for process in graph:
        if hasattr(process, "_learning_rule"):
            problem = "learning rules are not converted; give all Processes of this "
            problem += "graph the integers of fixed_pt yourself"
            rule = type(process._learning_rule).__name__
            raise ParameterError("to_fixed", label(process), problem, rule)
    for population in populations:
        _refuse_values(population)
        for port in population.a_in.get_src_ports():
            if port.process not in synapses and class_path(port.process) != _SOURCE:
                where = f"{label(port.process)} feeds {label(population)} directly"
                problem = "must go through a connection, which has a scale"
                raise ParameterError("to_fixed", where, problem, port)
    for source in graph:
        fed = set(targets(source)) if class_path(source) == _SOURCE else set()
        if fed & populations and not fed <= populations:
            problem = (
                "must feed neurons alone, or nothing but connections: its data are "
            )
            problem += "scaled for neurons"
            fed_too = ", ".join(sorted(label(p) for p in fed - populations))
            raise ParameterError("to_fixed", label(source), problem, fed_too)
    for connection in synapses:
        for target in targets(connection):
            if target not in populations and class_path(target) != _SINK:
                problem = "must feed LIF neurons, whose scale is known, or a sink"
                raise ParameterError("to_fixed", label(connection), problem, target)
        for port in connection.s_in.get_src_ports():
            data = getattr(port.process, "data", None)
            if class_path(port.process) == _SOURCE and data is not None:
                values = np.asarray(data.init, float)
                if (values != np.rint(values)).any():
                    problem = "must send integers to a connection"
                    owner = label(port.process)
                    raise ParameterError("to_fixed", owner, problem, values)


def _refuse_values(population: AbstractProcess) -> None:
    owner = label(population)
    for name in ("du", "dv"):
        first = float(np.ravel(getattr(population, name).init)[0])
        if not 0 <= first <= 1:
            problem = "must be from 0 to 1, as floating_pt has it"
            raise ParameterError("to_fixed", f"{owner}.{name}", problem, first)
    for name in ("vth", "bias_mant", "u", "v"):
        values = np.asarray(getattr(population, name).init, float)
        if not np.isfinite(values).all():
            raise ParameterError(
                "to_fixed", f"{owner}.{name}", "must be finite", values
            )
    vth = np.asarray(population.vth.init, float)
    if not float(vth.max()) > 0:
        problem = "must be above 0 to have a scale"
        raise ParameterError("to_fixed", f"{owner}.vth", problem, vth)
