"""Probes: what a port carried or a Var held, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_apps.graphs import source_var
from lava_apps.messages import label
from lava_apps.runtime.errors import BackendError

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.variable import Var

Array = npt.NDArray[Any]
Target = Any  # OutPort, InPort or Var: Lava's classes carry no types

DEFAULT_MAX_BYTES = 2**30
LARGE = 100 * 2**20  # from here on memory is mentioned beforehand
_A_WHILE = 100  # samples
_SPARSE_BELOW = 0.25  # a sample with fewer non-zero entries is kept as a list of them


class ProbeMemoryError(MemoryError):
    """A probe needs more memory than it may have."""


class Probe:
    """A record of one port or Var; made by `Simulator.probe`.

    Samples with few entries other than zero, such as spikes, are kept as lists of
    those entries.

    Parameters
    ----------
    target : OutPort, InPort or Var
        What is recorded.
    every : int
        Time steps from one sample to the next.
    max_bytes : int
        Memory that the samples may take.

    Attributes
    ----------
    bytes : int
        Memory that the samples take.
    events : int
        Entries other than 0 in all samples: of spikes, their number.
    """

    def __init__(self, target: Target, every: int, max_bytes: int) -> None:
        self.target, self.every, self.max_bytes = target, every, max_bytes
        self.shape: tuple[int, ...] = tuple(target.shape)
        self.dtype: Any = None
        self.bytes = 0
        self.events = 0
        self._count = 0
        self._blocks: list[tuple[int, Any]] = []

    def __repr__(self) -> str:
        return f"<Probe of {self.name}, {self._count} samples>"

    @property
    def name(self) -> str:
        """Process and port or Var."""
        return f"{label(self.target.process)}.{self.target.name}"

    def expect(self, steps: int) -> int:
        """Estimate the bytes that so many more time steps can add at most.

        Of a port that has been recorded for a while: as much as up to now.
        """
        samples = steps // self.every
        if not isinstance(self.target, Var) and self._count >= _A_WHILE:
            return samples * self.bytes // self._count
        width = np.dtype(self.dtype or float).itemsize
        return samples * int(np.prod(self.shape)) * width

    def add(self, sample: Array) -> None:
        """Keep a copy of a sample."""
        self.add_all(np.asarray(sample).reshape(1, -1))

    def add_all(self, samples: Array) -> None:
        """Keep a copy of several samples, (samples, size)."""
        if self.dtype is None:
            self.dtype = samples.dtype
        elif samples.dtype != self.dtype:  # InPorts get more than they declare
            self.dtype = np.result_type(self.dtype, samples.dtype)
        flat = samples.reshape(-1)
        events = int(np.count_nonzero(flat))
        if events < _SPARSE_BELOW * flat.size:
            places = np.flatnonzero(flat)
            self.add_events(len(samples), places, flat[places])
        else:
            self._keep(len(samples), events, samples.nbytes, samples.copy())

    def add_events(self, samples: int, places: Array, values: Array) -> None:
        """Keep a copy of several samples as those of their entries that are not 0.

        `places` index the flattened samples.
        """
        size = samples * int(np.prod(self.shape))
        if len(places) < _SPARSE_BELOW * size:
            kept = (
                places.astype(np.int32 if size < 2**31 else np.int64),
                values.copy(),
            )
            self._keep(samples, len(places), sum(p.nbytes for p in kept), kept)
        else:
            dense: Array = np.zeros(size, values.dtype)
            dense[places] = values
            self._keep(samples, len(places), dense.nbytes, dense)

    def _keep(self, samples: int, events: int, size: int, kept: Any) -> None:
        self.bytes += size
        self.events += events
        self._count += samples
        self._blocks.append((samples, kept))

    @property
    def _largest(self) -> int:
        """Bytes that a sample takes at most; lists have places besides values."""
        width = np.dtype(self.dtype or float).itemsize
        return max(int(np.prod(self.shape)) * max(width, 2), 1)

    @property
    def samples_left(self) -> int:
        """How many samples fit in any case."""
        return max(self.max_bytes - self.bytes, 0) // self._largest

    def full(self) -> ProbeMemoryError:
        """Make the error that says that another sample may not fit."""
        return ProbeMemoryError(
            f"probe of {self.name} needs up to {self._largest:,} bytes for another "
            f"sample, after {self._count} with {self.bytes:,}; max_bytes is "
            f"{self.max_bytes:,}; read and clear() it, sample less often (every=...), "
            "or allow more (max_bytes=...)"
        )

    def where(self) -> tuple[Array, Array]:
        """Say which entries were not 0, without making an array of all.

        Returns
        -------
        samples, places : (events,) numpy.ndarray of int64
            For each, in which sample it was and at which place in C order; of spikes,
            the time step of this record, from 0 on, and the neuron.
        """
        size, begin = int(np.prod(self.shape)), 0
        found: list[Array] = [np.zeros(0, np.int64)]
        for count, kept in self._blocks:
            places = kept[0] if isinstance(kept, tuple) else np.flatnonzero(kept)
            found.append(places.astype(np.int64) + begin * size)
            begin += count
        return np.divmod(np.concatenate(found), size)

    def clear(self) -> None:
        """Forget the samples taken so far, and go on recording."""
        self.bytes = self.events = self._count = 0
        self._blocks = []

    def array(self) -> Array:
        """Give all samples as one array.

        Returns
        -------
        (samples, *shape) numpy.ndarray
            In the type of the port or Var.
        """
        shape = (self._count, *self.shape)
        result = np.zeros(shape, dtype=float if self.dtype is None else self.dtype)
        begin = 0
        for count, kept in self._blocks:
            rows = result[begin : begin + count]
            if isinstance(kept, tuple):
                places, values = kept
                rows.reshape(-1)[places] = values
            else:
                rows[...] = kept.reshape(rows.shape)
            begin += count
        return result


def leaf_port(port: OutPort | InPort) -> OutPort | InPort:
    """Find the port of a leaf Process that a port stands for.

    Parameters
    ----------
    port : OutPort or InPort
        Any port; one of a Process that was built from others is followed to theirs.

    Returns
    -------
    OutPort or InPort
        The only port of a leaf Process it leads to.

    Raises
    ------
    BackendError
        When it leads to several or none.
    """
    if port.process.procs.is_empty():
        return port
    inner = port.get_src_ports() if isinstance(port, OutPort) else port.get_dst_ports()
    inner = [p for p in inner if p.process is not port.process]
    if len(inner) != 1:
        where = f"{label(port.process)}.{port.name}"
        raise BackendError(f"{where} leads to {len(inner)} ports and cannot be probed")
    return leaf_port(inner[0])


def leaf_var(var: Var) -> Var:
    """Find the Var that a Var stands for.

    Parameters
    ----------
    var : Var
        Any Var; an alias is followed.

    Returns
    -------
    Var
        The Var of a leaf Process.
    """
    return source_var(var)
