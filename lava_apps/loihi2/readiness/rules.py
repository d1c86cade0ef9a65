"""The readiness rules, each a function that gives findings about a graph."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lava_apps.kernel import Process
from lava_apps.loihi2.catalogue import (
    FROM_CHIP,
    TO_CHIP,
    class_path,
    is_adapter,
    is_on_host,
)
from lava_apps.loihi2.convertible import is_convertible
from lava_apps.loihi2.cores import estimate_cores
from lava_apps.loihi2.formats import FORMATS, RESOURCES, Evidence, Format
from lava_apps.loihi2.hardware import find_boundaries
from lava_apps.loihi2.readiness.activity import Observed
from lava_apps.loihi2.readiness.graph import Graph, Leaf, Synapses
from lava_apps.loihi2.readiness.ranges import Bounds, WorstCase
from lava_apps.loihi2.readiness.result import Finding, Population, Verdict
from lava_apps.parameters import ParameterError

from lava.magma.core.learning.learning_rule import Loihi3FLearningRule
from lava.utils.weightutils import SignMode

_NEURON_PARAMETERS = ("du", "dv", "vth", "bias_mant", "bias_exp", "u", "v")
_IMPULSES = ("x1_impulse", "x2_impulse", "y1_impulse", "y2_impulse", "y3_impulse")
_WEIGHT_FORMATS = {
    SignMode.MIXED: "mixed_weight",
    SignMode.EXCITATORY: "excitatory_weight",
    SignMode.INHIBITORY: "inhibitory_weight",
}
_MONITOR = "lava.proc.monitor.process.Monitor"
_CHIP_CORES, _GROUPS = (int(RESOURCES[name].high) for name in ("cores", "groups"))


@dataclass(frozen=True)
class Known:
    """All that is known about a graph when the rules are asked.

    Parameters
    ----------
    graph : Graph
        The graph.
    synapses : mapping of Leaf to Synapses
        Of all connections.
    worst : mapping of Leaf to WorstCase
        Of all LIF neurons whose parameters are integers.
    observed : mapping
        Ranges in the run; empty without one.
    chips : int
        How many there are.
    cores : list of Population
        From :func:`estimate_populations`.
    refusal : str
        Why `to_fixed` refuses the graph; empty where it does not.
    """

    graph: Graph
    synapses: Mapping[Leaf, Synapses]
    worst: Mapping[Leaf, WorstCase]
    observed: Observed
    chips: int
    cores: Sequence[Population]
    refusal: str

    @cached_property
    def to_integers(self) -> str:
        """How the graph gets integers."""
        config = self.graph.config
        if config.without_model:
            name = self.graph.name_of(config.without_model[0])
            problem = "to_fixed changes no class"
            return f"use a Process that has one instead of {name}: {problem}"
        others = [
            self.graph.name_of(process)
            for process in config.unfit
            if not is_convertible(process) or self.graph.parent_of(process) is not None
        ]
        if others:
            problem = "to_fixed leaves it as it is"
            return f"give {others[0]} the integers of fixed_pt: {problem}"
        if self.refusal:
            return f"to_fixed refuses this graph: {self.refusal}"
        return "to_fixed makes a graph of integers (lava-apps loihi2 fix)"

    @property
    def on_chip(self) -> list[Leaf]:
        """What has a model for Loihi 2, adapters left out."""
        return [x for x in self.graph.leaves if x.is_population or x.is_connection]


def _judge(rule: str, leaf: Leaf, parameter: str, value: Any, limit: Format) -> Finding:
    """Compare a value with its format."""
    verdict: Verdict = "pass" if limit.holds(value) else "fail"
    text = f"integers from {limit.low:,.0f} to {limit.high:,.0f}"
    shown = show(value, limit)
    return Finding(rule, verdict, leaf.name, parameter, shown, text, limit.evidence)


def show(value: Any, limit: Format | None = None) -> str:
    """Show a parameter in a few words: one that breaks its format, or the extremes.

    Parameters
    ----------
    value : array_like
        Number or numbers.
    limit : Format, optional
        What they should be.

    Returns
    -------
    str
        A number, or the lowest and highest.
    """
    values = np.unique(np.asarray(value, float))
    if limit is not None and not limit.holds(values):
        broken = [x for x in values if not limit.holds(x)]
        more = f" and {len(broken) - 1:,} more" if len(broken) > 1 else ""
        return f"{max(broken, key=abs):,.10g}{more}"
    if values.size == 1:
        return f"{values[0]:,.10g}"
    return f"{values[0]:,.10g} to {values[-1]:,.10g}"


def check_models(known: Known) -> Iterator[Finding]:
    """Rule "models": a model for each Process, an adapter at each boundary."""
    for leaf in known.graph.leaves:
        verdict: Verdict = "fail" if leaf.kind == "cpu_only" else "pass"
        yield Finding(
            *("models", verdict, leaf.name, "ProcessModel", leaf.kind),
            "hardware, or host behind an adapter",
            Evidence.INFERRED,
            reason_for(known.graph, leaf) if verdict == "fail" else "",
        )
    names = {leaf.process: leaf.name for leaf in known.graph.leaves}
    chip = {leaf.process for leaf in known.on_chip}
    for port, ends, is_to_chip in find_boundaries(names):
        receivers = {p.process for e in ends for p in [e, *e.get_dst_ports()]}
        reached = {p for p in receivers if p in names and is_on_host(p) != is_to_chip}
        on_chip = reached & chip if is_to_chip else {port.process} & chip
        if reached and on_chip:
            adapter = TO_CHIP if is_to_chip else FROM_CHIP
            yield Finding(
                *("models", "fail", names[port.process], port.name, "no adapter"),
                f"{adapter} between host and chip",
                Evidence.INFERRED,
                f"before {min(names[p] for p in reached)}; "
                "run_config(process=...) puts one there on a board",
            )


def reason_for(graph: Graph, leaf: Leaf) -> str:
    """Say why a Process is what it is.

    Parameters
    ----------
    graph : Graph
        Its graph.
    leaf : Leaf
        The Process.

    Returns
    -------
    str
        One sentence.
    """
    if leaf.kind == "host":
        return "feeds the chip or reads from it, in Python on the host"
    if is_adapter(leaf.process):
        return "an adapter between host and chip"
    if leaf.kind == "hardware":
        return "public code runs this class on Loihi 2"
    if class_path(leaf.process) == _MONITOR:
        return "reads Vars of models for the CPU; leave it out on a board"
    if leaf.process in graph.config.refused:
        return graph.config.refused[leaf.process]
    problem = "has no decomposition, and no model of its own is known: CPU only"
    if not leaf.process.in_ports.members and leaf.process.out_ports.members:
        advice = (
            "record what it sends, and send that with lava.proc.io.source.RingBuffer"
        )
    elif leaf.process.in_ports.members and not leaf.process.out_ports.members:
        advice = "receive with lava.proc.io.sink.RingBuffer instead"
    else:
        advice = (
            "make it of LIF neurons and connections, in a SubProcessModel of its own"
        )
    return f"{problem}; {advice}"


def check_parameters(known: Known) -> Iterator[Finding]:
    """Rule "parameters": fixed_pt, and integers in their ranges."""
    for process in known.graph.composed:
        if isinstance(process, Process) and process.chip_lacks:
            yield Finding(
                *("parameters", "unknown", known.graph.name_of(process)),
                *("decomposition", "not the same", "the same in each time step"),
                Evidence.INFERRED,
                process.chip_lacks,
            )
    for leaf in known.on_chip:
        unfit = known.graph.config.unfit.get(leaf.process, "")
        verdict: Verdict = "fail" if unfit else "pass"
        yield Finding(
            *("parameters", verdict, leaf.name, "precision"),
            "no fixed_pt model takes it" if unfit else "fixed_pt",
            "fixed_pt",
            Evidence.SOURCE,
            f"{unfit}; {known.to_integers}" if unfit else "",
        )
        if leaf.is_lif:
            for name in _NEURON_PARAMETERS:
                yield _judge(
                    "parameters", leaf, name, leaf.initial(name), FORMATS[name]
                )
            yield from _check_reset(leaf)
        elif leaf.is_population:
            yield from _check_integers(leaf)
        else:
            for name, default in (("weight_exp", 0), ("num_weight_bits", 8)):
                value = leaf.process.proc_params.get(name)
                value = default if value is None else value
                yield _judge("parameters", leaf, name, value, FORMATS[name])
            yield from _check_exponent(leaf)


def _check_exponent(leaf: Leaf) -> Iterator[Finding]:
    """Say that Lava's convolution makes no use of an exponent."""
    exponent = np.ravel(leaf.process.proc_params.get("weight_exp") or 0)[0]
    if exponent and not hasattr(leaf.process, "weights"):
        yield Finding(
            *("parameters", "unknown", leaf.name, "weight_exp", f"{exponent}", "0"),
            Evidence.SOURCE,
            "Lava's model for the CPU leaves it out: what is observed is without it",
        )


def _check_reset(leaf: Leaf) -> Iterator[Finding]:
    """Check the interval of LIFReset, of which one user's report is known."""
    interval = leaf.process.proc_params.get("reset_interval")
    if interval:
        is_power = interval & (interval - 1) == 0
        yield Finding(
            *("parameters", "pass" if is_power else "unknown", leaf.name),
            *("reset_interval", f"{interval:,}", "a power of 2"),
            Evidence.SECOND_HAND,
            "" if is_power else "a user of a board found that it must be one",
        )


def _check_integers(leaf: Leaf) -> Iterator[Finding]:
    """Check the Vars of neurons whose formats are not public."""
    for var in leaf.process.vars.members:
        value = np.asarray(var.init)
        if value.dtype.kind in "iuf" and value.size:
            whole = bool((value == np.rint(value)).all())
            yield Finding(
                *("parameters", "pass" if whole else "fail", leaf.name, var.name),
                show(value),
                "integers; their range is not public",
                Evidence.INFERRED,
            )


def check_weights(known: Known) -> Iterator[Finding]:
    """Rule "weights": the mantissas given are those that the chip holds."""
    for leaf, synapses in known.synapses.items():
        given, held = synapses.given.ravel(), synapses.held.ravel()
        changed = given != held  # NaN differs from everything
        limit = FORMATS[_WEIGHT_FORMATS.get(synapses.sign_mode, "mixed_weight")]
        even = ", even" if synapses.sign_mode == SignMode.MIXED else ""
        text = f"integers from {limit.low:,.0f} to {limit.high:,.0f}{even}"
        shown, note = show(given), ""
        if changed.any():
            difference = np.abs(np.nan_to_num(given, nan=np.inf) - held)
            worst = int(np.argmax(difference))
            shown = f"{given[worst]:,.6g}"
            note = f"becomes {held[worst]:,}; {int(changed.sum()):,} weights change"
        verdict: Verdict = "fail" if changed.any() else "pass"
        name = "weights" if hasattr(leaf.process, "weights") else "weight"
        yield Finding(
            "weights", verdict, leaf.name, name, shown, text, limit.evidence, note
        )


def check_ranges(known: Known) -> Iterator[Finding]:
    """Rule "ranges": u and v within 24 bits."""
    limit = FORMATS["v"]  # of u the rule asks the same
    text = f"from {limit.low:,.0f} to {limit.high:,.0f}"
    for leaf in known.on_chip:
        if not leaf.is_population:
            continue
        if not leaf.is_lif:
            yield Finding(
                *("ranges", "unknown", leaf.name, "state", "unknown", text),
                limit.evidence,
                "the arithmetic of these neurons is not public",
            )
            continue
        for name in ("u", "v"):
            worst = getattr(known.worst[leaf], name) if leaf in known.worst else None
            seen = known.observed.get((leaf, name))
            verdict, note = _judge_range(worst, seen, limit)
            shown = [
                f"{kind} {low:,.0f} to {high:,.0f}"
                for kind, bounds in (("worst case", worst), ("observed", seen))
                for low, high in ([bounds] if bounds else [])
            ]
            yield Finding(
                *("ranges", verdict, leaf.name, name, ", ".join(shown) or "unknown"),
                text,
                limit.evidence,
                note,
            )


def _judge_range(
    worst: Bounds | None, seen: Bounds | None, limit: Format
) -> tuple[Verdict, str]:
    def inside(bounds: Bounds) -> bool:
        return bounds[0] >= limit.low and bounds[1] <= limit.high

    if seen is not None and not inside(seen):
        return "fail", "left 24 bits in the run"
    if worst is not None and inside(worst):
        return "pass", ""
    if worst is None:
        return "unknown", "the parameters are no integers in their ranges"
    did = "stayed within them in the run" if seen is not None else "not run"
    return "unknown", f"could leave 24 bits; {did}"


def check_delays(known: Known) -> Iterator[Finding]:
    """Rule "delays": at most 62 time steps."""
    for leaf in known.on_chip:
        if leaf.is_connection and hasattr(leaf.process, "delays"):
            delays = leaf.process.delays.init
            values = delays.data if hasattr(delays, "indptr") else np.asarray(delays)
            yield _judge("delays", leaf, "delays", values, FORMATS["delay"])


def check_learning(known: Known) -> Iterator[Finding]:
    """Rule "learning": two factors, epoch, impulses."""
    for leaf in known.on_chip:
        if not leaf.is_plastic:
            continue
        rule = leaf.process._learning_rule
        three = isinstance(rule, Loihi3FLearningRule)
        yield Finding(
            *("learning", "fail" if three else "pass", leaf.name, "learning_rule"),
            "three factors" if three else "two factors",
            "two factors",
            Evidence.SOURCE,
            note="a third factor needs a neuron model that is not public"
            if three
            else "",
        )
        yield _judge("learning", leaf, "t_epoch", rule.t_epoch, FORMATS["t_epoch"])
        for name in _IMPULSES:
            impulse = getattr(rule, name)
            yield _judge("learning", leaf, name, impulse, FORMATS["trace_impulse"])


def check_messages(known: Known) -> Iterator[Finding]:
    """Rule "messages": at most 24 bits."""
    for leaf in known.on_chip:
        if leaf.is_connection:
            bits = leaf.initial("num_message_bits")
            limit = FORMATS["num_message_bits"]
            yield _judge("messages", leaf, "num_message_bits", bits, limit)


def estimate_populations(
    graph: Graph, synapses: Mapping[Leaf, Synapses]
) -> list[Population]:
    """Estimate the cores of each population of neurons.

    Parameters
    ----------
    graph : Graph
        The graph.
    synapses : mapping of Leaf to Synapses
        Of all connections.

    Returns
    -------
    list of Population
        One for each; with an infinite share where no core holds even one neuron.
    """
    return [
        _estimate(graph, synapses, leaf) for leaf in graph.leaves if leaf.is_population
    ]


def _estimate(
    graph: Graph, synapses: Mapping[Leaf, Synapses], leaf: Leaf
) -> Population:
    incoming, missing = [], []
    for port in leaf.process.in_ports.members:
        for source, _ in graph.sources(port):
            if source not in synapses:
                continue
            matrix = synapses[source].matrix
            if matrix is None or matrix.shape[0] != leaf.neurons:
                missing.append("how synapses of a convolution are stored")
                continue
            if source.is_plastic:
                missing.append("plastic synapses")
            if "Delay" in type(source.process).__name__:
                missing.append("bits of delays")
            incoming.append(matrix)
    targets = {
        other.process.id
        for port in leaf.process.out_ports.members
        for other, _ in graph.targets(port)
    }
    unknown = ", ".join(sorted(set(missing)))
    try:
        estimate = estimate_cores(leaf.neurons, incoming, len(targets))
    except ParameterError:  # not even one neuron a core
        cores = leaf.neurons
        return Population(leaf.name, cores, cores, 1.0, math.inf, unknown)
    return Population(
        *(leaf.name, estimate.cores, leaf.neurons, estimate.utilisation),
        estimate.share,
        unknown,
    )


def check_groups(known: Known) -> Iterator[Finding]:
    """Rule "groups": at most 8 populations share a core."""
    available = known.chips * _CHIP_CORES
    groups = len(known.cores)
    if not groups:
        return
    a_core = math.ceil(groups / available)
    verdict: Verdict = "pass" if a_core <= _GROUPS else "fail"
    note = ""
    if verdict == "pass" and a_core > 1:
        verdict, note = "unknown", "how populations are placed is not known"
    yield Finding(
        *("groups", verdict, "all populations", "groups a core"),
        f"{groups:,} groups on {available:,} cores: {a_core} on one at least",
        f"at most {_GROUPS}",
        RESOURCES["groups"].evidence,
        note,
    )


def check_cores(known: Known) -> Iterator[Finding]:
    """Rule "cores": as many as there are."""
    available = known.chips * _CHIP_CORES
    if not known.cores:
        return
    apart = sum(population.count for population in known.cores)
    at_least = sum(p.share for p in known.cores) - 1e-9
    verdict: Verdict = "pass"
    notes = [f"not in the estimate: {p.unknown}" for p in known.cores if p.unknown]
    notes += [
        f"a core cannot hold even one neuron of {p.population}"
        for p in known.cores
        if math.isinf(p.share)
    ]
    if at_least > available:
        verdict = "fail"
    elif apart > available:
        verdict = "unknown"
        notes.append(
            f"fits only where populations share cores ({math.ceil(at_least)} at least)"
        )
    elif notes:
        verdict = "unknown"
    yield Finding(
        *("cores", verdict, "all populations", "cores"),
        f"{apart:,}, each population on its own",
        f"at most {available:,} on {known.chips} chip(s)",
        RESOURCES["pool"].evidence,
        "; ".join(sorted(set(notes))),
    )


CHECKS = (
    check_models,
    check_parameters,
    check_weights,
    check_ranges,
    check_delays,
    check_learning,
    check_messages,
    check_groups,
    check_cores,
)


def is_integer_lif(leaf: Leaf) -> bool:
    """Tell whether the parameters of LIF neurons are what the chip holds.

    Parameters
    ----------
    leaf : Leaf
        Any Process.

    Returns
    -------
    bool
        Only then u and v have bounds.
    """
    return leaf.is_lif and all(
        FORMATS[name].holds(leaf.initial(name)) for name in _NEURON_PARAMETERS
    )
