"""What a readiness report holds, and how it becomes JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lava_apps.loihi2.formats import ENERGIES, RESOURCES, Evidence

Verdict = Literal["pass", "fail", "unknown"]
Readiness = Literal["ready", "not_ready", "unknown"]
Kind = Literal["hardware", "decomposable", "host", "cpu_only"]

RULES: Mapping[str, str] = {
    "models": "every Process has a model for Loihi 2, an adapter at each boundary",
    "parameters": "fixed_pt, every parameter an integer in its range",
    "weights": "weights are not changed by clipping and truncation",
    "ranges": "u and v stay within 24 bits, in the worst case and as observed",
    "delays": "delays of at most 62 time steps",
    "learning": "two factors, epochs of at most 63, integer impulses from 0 to 127",
    "messages": "messages of at most 24 bits",
    "groups": "at most 8 groups of neurons a core",
    "cores": "the cores there are suffice (a lower bound)",
}
"""What is checked, by name, in the order of the report."""


@dataclass(frozen=True)
class Finding:
    """What a rule says of one parameter of one Process.

    Parameters
    ----------
    rule : str
        One of :data:`RULES`.
    verdict : {"pass", "fail", "unknown"}
        What was found.
    process, parameter : str
        What it was found of.
    value : str
        What it is.
    limit : str
        What it may be.
    evidence : Evidence
        How the limit is known.
    note : str
        What helps, or why it is unknown. Default empty.
    """

    rule: str
    verdict: Verdict
    process: str
    parameter: str
    value: str
    limit: str
    evidence: Evidence
    note: str = ""


@dataclass(frozen=True)
class Range:
    """The values of a variable, and those that it may have.

    Parameters
    ----------
    name : str
        Variable: u, v, weights, or a trace.
    low, high : float
        What the chip holds.
    worst : (2,) tuple of float, optional
        Lowest and highest value in the worst case; None where there is no bound or
        none is known.
    observed : (2,) tuple of float, optional
        Lowest and highest value in the run; of u and v before they wrap or are
        limited. None without a run.
    """

    name: str
    low: float
    high: float
    worst: tuple[float, float] | None
    observed: tuple[float, float] | None


@dataclass(frozen=True)
class Member:
    """A Process, and what can become of it.

    Parameters
    ----------
    name : str
        Class and name.
    path : str
        Class with its module.
    parent : str
        The Process that it is a part of; empty if none.
    kind : {"hardware", "decomposable", "host", "cpu_only"}
        It has a model for Loihi 2, is built from others, has its place on the host,
        or runs on a CPU only.
    reason : str
        Why.
    neurons : int
        How many it has; 0 for other Processes.
    ranges : tuple of Range
        Of its variables.
    """

    name: str
    path: str
    parent: str
    kind: Kind
    reason: str
    neurons: int
    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class Connection:
    """An arrow of the graph.

    Parameters
    ----------
    source, source_port, target, target_port : str
        From where to where, by the names of Processes and ports.
    shape : tuple of int
        Of the message.
    """

    source: str
    source_port: str
    target: str
    target_port: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Population:
    """The cores of a population of neurons, estimated.

    Parameters
    ----------
    population : str
        Process.
    count : int
        Cores, a lower bound.
    neurons : int
        How many it has.
    utilisation : float
        Of the fullest core's memory, from 0 to 1.
    share : float
        What it takes at least, in cores, if others may have the rest; infinite where
        not even one neuron fits a core.
    unknown : str
        What is not in the estimate; empty if everything is.
    """

    population: str
    count: int
    neurons: int
    utilisation: float
    share: float
    unknown: str


@dataclass(frozen=True)
class Activity:
    """What happened in a run, on what would be the chip.

    Parameters
    ----------
    steps : int
        Time steps.
    spikes : int
        Messages sent by neurons.
    synaptic_operations : int
        Spikes times synapses that they reach.
    active, inactive : int
        Updates of neurons; active with a u, v or input other than 0, or a spike.
    stdp_updates : int
        Plastic synapses times learning epochs, an upper bound.
    """

    steps: int
    spikes: int
    synaptic_operations: int
    active: int
    inactive: int
    stdp_updates: int

    def energy(self) -> dict[str, Any]:
        """Estimate the energy with the constants of Loihi 1.

        E = 23.6 synaptic operations + 81 active + 52 inactive + 1.7 spikes + 120 STDP
        updates, in pJ (Davies et al. 2018, IEEE Micro 38(1):82, table 2,
        pre-silicon): without static power, the way between tiles, input and output.
        Nobody has published such constants for Loihi 2.

        Returns
        -------
        dict
            The estimate's name, its total in nJ, and that of a time step.
        """
        counts = {
            "synaptic_operation": self.synaptic_operations,
            "active_neuron": self.active,
            "inactive_neuron": self.inactive,
            "spike": self.spikes,
            "stdp_update": self.stdp_updates,
        }
        total = sum(ENERGIES[name].high * count for name, count in counts.items())
        return {
            "name": "estimate with Loihi 1 constants",
            "steps": self.steps,
            "counts": counts,
            "total_nj": total / 1000,
            "per_step_nj": total / 1000 / self.steps,
        }


@dataclass(frozen=True)
class Report:
    """What is known about a graph on Loihi 2.

    Parameters
    ----------
    target : str
        What was looked at.
    findings : tuple of Finding
        What each rule says.
    processes : tuple of Member
        All Processes, those that others are built from included.
    connections : tuple of Connection
        Between those that are built from no others.
    cores : tuple of Population
        Cores by population.
    chips : int
        Chips that the board is taken to have.
    activity : Activity, optional
        Of the run.
    run : str
        Of how many time steps the run was, or why there was none.
    """

    target: str
    findings: tuple[Finding, ...]
    processes: tuple[Member, ...]
    connections: tuple[Connection, ...]
    cores: tuple[Population, ...]
    chips: int
    activity: Activity | None
    run: str

    @property
    def verdict(self) -> Readiness:
        """One "fail" makes it not ready, one "unknown" leaves it open."""
        verdicts = {finding.verdict for finding in self.findings}
        if "fail" in verdicts:
            return "not_ready"
        return "unknown" if "unknown" in verdicts else "ready"

    def of(self, rule: str) -> Verdict:
        """Give the verdict of one rule over all that it was asked of.

        Parameters
        ----------
        rule : str
            One of :data:`RULES`.

        Returns
        -------
        {"pass", "fail", "unknown"}
            "pass" where it concerns nothing.
        """
        verdicts = {f.verdict for f in self.findings if f.rule == rule}
        for verdict in ("fail", "unknown"):
            if verdict in verdicts:
                return verdict
        return "pass"

    @property
    def core_count(self) -> int:
        """Cores of all populations, each on its own."""
        return sum(population.count for population in self.cores)

    @property
    def chips_needed(self) -> int:
        """Chips for so many cores."""
        return -(-self.core_count // int(RESOURCES["cores"].high))

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON has it.

        Returns
        -------
        dict
            With the keys target, verdict, rules, processes, connections, cores,
            chips, chips_available, activity, energy, run. What has no bound is None.
        """
        rules = [
            {
                "rule": rule,
                "title": title,
                "verdict": self.of(rule),
                "findings": [
                    asdict(f) | {"evidence": f.evidence.value}
                    for f in self.findings
                    if f.rule == rule
                ],
            }
            for rule, title in RULES.items()
        ]
        return {
            "target": self.target,
            "verdict": self.verdict,
            "rules": rules,
            "processes": [_finite(asdict(member)) for member in self.processes],
            "connections": [asdict(connection) for connection in self.connections],
            "cores": [_finite(asdict(population)) for population in self.cores],
            "chips": self.chips_needed,
            "chips_available": self.chips,
            "activity": None if self.activity is None else asdict(self.activity),
            "energy": None if self.activity is None else self.activity.energy(),
            "run": self.run,
        }


def _finite(value: Any) -> Any:
    """Replace infinite numbers, which JSON has not."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and math.isinf(value) else value
