"""How the compiled loop keeps the samples of a probe until Python takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from lava_apps.runtime.probes import Probe

Array = npt.NDArray[Any]
_BUFFER_BYTES = 2**24
_MOST_ROWS = 2**14
_EVENTS = 2**20
_NO_LIMIT = 2**62


class Recorder:
    """A probe in the compiled loop.

    Parameters
    ----------
    probe : Probe
        The probe.
    what : tuple
        Node and port, or ProcessModel and the name of its attribute.
    sample : callable
        Gives the present value of a Var.

    Attributes
    ----------
    state : (4,) numpy.ndarray of int64
        Time steps from one sample to the next, time steps so far, samples kept,
        events kept.
    """

    function: Any = None

    def __init__(
        self, probe: Probe, what: tuple[Any, str], sample: Callable[[], Array]
    ) -> None:
        self.probe, self.what, self._sample = probe, what, sample
        self.state: Array = np.array([probe.every, 0, 0, 0], dtype=np.int64)

    @property
    def buffers(self) -> tuple[Array, ...]:
        """What `function` gets besides the state and the value."""
        return ()

    def steps_left(self) -> int:
        """Say how many time steps can be run before Python must look."""
        return _NO_LIMIT

    def steps_that_fit(self) -> int:
        """Say how many time steps it is until the probe may be full."""
        samples = self.probe.samples_left - 1  # at least one fits, or nothing runs
        return self._until_next() + samples * int(self.state[0])

    def take(self, steps: int) -> None:
        """Hand the samples of the last so many time steps on to the probe."""
        raise NotImplementedError

    def _until_next(self) -> int:
        every, so_far = self.state[:2]
        return int(every - so_far % every)


class Between(Recorder):
    """Python samples between two runs of the loop: a Var that is no array."""

    def steps_left(self) -> int:
        """Say how many time steps it is to the next sample."""
        return self._until_next()

    def take(self, steps: int) -> None:
        """Sample, if it is time."""
        self.state[1] += steps
        if self.state[1] % self.state[0] == 0:
            self.probe.add(self._sample())


@njit(cache=True)
def record(state, samples, value):  # type: ignore[no-untyped-def]
    """Keep a value as the next sample, every so many time steps."""
    state[1] += 1
    if state[1] % state[0] == 0:
        row = samples[state[2]]
        for i in range(value.size):
            row[i] = value.flat[i]
        state[2] += 1


class Dense(Recorder):
    """The loop keeps each sample as a whole."""

    function = record

    def __init__(
        self, probe: Probe, what: tuple[Any, str], sample: Callable[[], Array]
    ) -> None:
        super().__init__(probe, what, sample)
        size = int(np.prod(probe.shape))
        width = max(1, size * np.dtype(probe.dtype).itemsize)
        rows = min(max(1, _BUFFER_BYTES // width), _MOST_ROWS)
        self._samples: Array = np.zeros((rows, size), probe.dtype)

    @property
    def buffers(self) -> tuple[Array, ...]:
        """Where samples are kept."""
        return (self._samples,)

    def steps_left(self) -> int:
        """Say how many time steps it is until the buffer is full."""
        return self._until_next() + (len(self._samples) - 1) * int(self.state[0])

    def take(self, steps: int) -> None:  # noqa: ARG002
        """Hand on what was kept."""
        kept, self.state[2] = self.state[2], 0
        self.probe.add_all(self._samples[:kept])


@njit(cache=True)
def record_events(state, places, values, clock, value):  # type: ignore[no-untyped-def]
    """Keep those entries of a value that are not 0, every so many time steps.

    Sets the last entry of `clock` when another sample might not fit.
    """
    state[1] += 1
    if state[1] % state[0] == 0:
        kept = state[3]
        begin = state[2] * value.size
        for i in range(value.size):
            if value.flat[i] != 0:
                places[kept] = begin + i
                values[kept] = value.flat[i]
                kept += 1
        state[2] += 1
        state[3] = kept
        if kept + value.size > places.size:
            clock[2] = 1


@njit(cache=True)
def record_listed_events(  # type: ignore[no-untyped-def]
    state, places, values, clock, value, indices, count
):
    """Do the same where the sender has listed those entries."""
    state[1] += 1
    if state[1] % state[0] == 0:
        kept = state[3]
        begin = state[2] * value.size
        for k in range(count[0]):
            places[kept] = begin + indices[k]
            values[kept] = value.flat[indices[k]]
            kept += 1
        state[2] += 1
        state[3] = kept
        if kept + value.size > places.size:
            clock[2] = 1


class Events(Recorder):
    """The loop keeps what is not 0, such as spikes, and ends when that is much."""

    function = record_events
    listed = record_listed_events

    def __init__(
        self, probe: Probe, what: tuple[Any, str], sample: Callable[[], Array]
    ) -> None:
        super().__init__(probe, what, sample)
        room = max(_EVENTS, int(np.prod(probe.shape)))
        self._places: Array = np.zeros(room, np.int64)
        self._values: Array = np.zeros(room, probe.dtype)

    @property
    def buffers(self) -> tuple[Array, ...]:
        """Where events are kept."""
        return (self._places, self._values)

    def take(self, steps: int) -> None:  # noqa: ARG002
        """Hand on what was kept."""
        samples, events = (int(n) for n in self.state[2:])
        self.state[2:] = 0
        self.probe.add_events(samples, self._places[:events], self._values[:events])
