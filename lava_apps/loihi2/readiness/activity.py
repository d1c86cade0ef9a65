"""What happens in a run: ranges before anything wraps, spikes, synaptic operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from lava_apps.loihi2.arithmetic import sum_current, sum_potential
from lava_apps.loihi2.readiness.graph import Graph, Leaf, Synapses
from lava_apps.loihi2.readiness.result import Activity
from lava_apps.parameters import Array
from lava_apps.runtime.inline.backend import InlineBackend
from lava_apps.runtime.probes import Probe
from lava_apps.runtime.progress import progress_bar

Observed = dict[tuple[Leaf, str], tuple[float, float]]
"""Lowest and highest value of a variable of a Process."""

TRACES = ("x1", "x2", "y1", "y2", "y3")
_CHUNK_SAMPLES = 4_000_000  # of all probes together, between two looks at them
_LONGEST_CHUNK = 1_000


class Observer:
    """Probes on all that would be on the chip.

    Parameters
    ----------
    graph : Graph
        The graph, not run yet.
    synapses : mapping of Leaf to Synapses
        Of all connections.
    """

    def __init__(self, graph: Graph, synapses: Mapping[Leaf, Synapses]) -> None:
        self._graph, self._synapses = graph, synapses
        self._backend = InlineBackend(graph.opened)
        self._probes: dict[tuple[Leaf, str], Probe] = {}
        self.observed: Observed = {}
        self._last: dict[tuple[Leaf, str], Array] = {}
        self._spikes = self._operations = self._active = self._inactive = 0
        for leaf in graph.leaves:
            for name in _watched(leaf):
                probe = Probe(getattr(leaf.process, name), 1, 2**40)
                self._backend.attach(probe)
                self._probes[leaf, name] = probe
        for leaf in graph.leaves:
            if leaf.is_lif:
                for name in ("u", "v"):
                    shape = leaf.process.s_out.shape
                    value = np.broadcast_to(leaf.initial(name), shape)
                    self._last[leaf, name] = value.astype(np.int64).ravel()

    def run(self, steps: int, *, progress: bool) -> Activity:
        """Run the graph, and sum up.

        Parameters
        ----------
        steps : int
            How many time steps.
        progress : bool
            Show a progress bar on stderr.

        Returns
        -------
        Activity
            What happened.
        """
        width = sum(int(np.prod(p.shape)) for p in self._probes.values())
        chunk = min(max(_CHUNK_SAMPLES // max(width, 1), 1), _LONGEST_CHUNK)
        with progress_bar(steps, shown=progress) as advance:
            for begin in range(0, steps, chunk):
                now = min(chunk, steps - begin)
                self._backend.run(now, advance or (lambda _: None))
                self._look(begin)
        return Activity(
            steps,
            self._spikes,
            self._operations,
            self._active,
            self._inactive,
            self._stdp_updates(steps),
        )

    def _look(self, begin: int) -> None:
        """Take what the probes recorded, and let them forget it."""
        records = {key: probe.array() for key, probe in self._probes.items()}
        for probe in self._probes.values():
            probe.clear()
        for leaf in self._graph.leaves:
            if leaf.is_population:
                self._look_at_neurons(leaf, records, begin)
            elif leaf.is_connection:
                arrived = np.count_nonzero(records[leaf, "s_in"], axis=0).ravel()
                self._operations += int(arrived @ self._synapses[leaf].fan_out)
                for name in _watched(leaf):
                    if name != "s_in":
                        self._extend(leaf, name, records[leaf, name])

    def _look_at_neurons(
        self, leaf: Leaf, records: Mapping[tuple[Leaf, str], Array], begin: int
    ) -> None:
        by_name = {n: r for (owner, n), r in records.items() if owner is leaf}
        rows = {n: r.reshape(len(r), -1) for n, r in by_name.items()}
        sent = sum(int(np.count_nonzero(rows[n])) for n in _outputs(leaf))
        self._spikes += sent
        is_active = np.zeros((len(next(iter(rows.values()))), leaf.neurons), bool)
        for record in rows.values():
            if record.shape[1] == leaf.neurons:
                is_active |= record != 0
        active = int(np.count_nonzero(is_active))
        self._active += active
        self._inactive += is_active.size - active
        if leaf.is_lif:
            sums = self._before_limits(leaf, rows, begin)
            for name, values in zip(("u", "v"), sums, strict=True):
                self._extend(leaf, name, values)

    def _before_limits(
        self, leaf: Leaf, rows: Mapping[str, Array], begin: int
    ) -> tuple[Array, Array]:
        """Give u and v as they would be with more than 24 bits, step by step."""
        u, v = (rows[name].astype(np.int64) for name in ("u", "v"))
        before = [
            np.concatenate([self._last[leaf, n][None], r[:-1]])
            for n, r in (("u", u), ("v", v))
        ]
        self._last[leaf, "u"], self._last[leaf, "v"] = u[-1].copy(), v[-1].copy()
        interval = leaf.process.proc_params.get("reset_interval")
        if interval:
            offset = leaf.process.proc_params.get("reset_offset")
            times = np.arange(begin + 1, begin + 1 + len(u))
            for record in before:
                record[times % interval == offset] = 0
        mantissa, exponent = leaf.initial("bias_mant"), leaf.initial("bias_exp")
        bias = np.broadcast_to(mantissa * 2.0**exponent, leaf.process.s_out.shape)
        decays = (int(leaf.initial("du").flat[0]), int(leaf.initial("dv").flat[0]))
        a_in = rows["a_in"].astype(np.int64)
        sums = np.empty_like(u), np.empty_like(v)
        _sum_up(*before, *decays, a_in, u, bias.ravel().astype(np.int64), *sums)
        return sums

    def _extend(self, leaf: Leaf, name: str, values: Any) -> None:
        low, high = float(np.min(values)), float(np.max(values))
        if (leaf, name) in self.observed:
            before = self.observed[leaf, name]
            low, high = min(low, before[0]), max(high, before[1])
        self.observed[leaf, name] = low, high

    def _stdp_updates(self, steps: int) -> int:
        """Count plastic synapses at each learning epoch."""
        updates = 0
        for leaf in self._graph.leaves:
            if leaf.is_plastic:
                synapses = int(np.prod(leaf.process.weights.shape))
                updates += synapses * (steps // leaf.process._learning_rule.t_epoch)
        return updates


@njit(cache=True)
def _sum_up(u_before, v_before, du, dv, a_in, u, bias, u_sum, v_sum):  # type: ignore[no-untyped-def]
    for t in range(u.shape[0]):
        for i in range(u.shape[1]):
            u_sum[t, i] = sum_current(u_before[t, i], du, a_in[t, i])
            v_sum[t, i] = sum_potential(v_before[t, i], dv, u[t, i] + bias[i])


def _outputs(leaf: Leaf) -> list[str]:
    return [port.name for port in leaf.process.out_ports.members]


def _watched(leaf: Leaf) -> list[str]:
    """Name the ports and Vars of a leaf that are to be probed."""
    if leaf.is_population:
        inputs = [port.name for port in leaf.process.in_ports.members]
        state = ["u", "v"] if leaf.is_lif else []
        return [*inputs, *_outputs(leaf), *state]
    if leaf.is_plastic:
        return ["s_in", "weights", *TRACES]
    return ["s_in"] if leaf.is_connection else []
