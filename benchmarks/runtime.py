"""The inline runtime against Lava's own, side by side in one run.

    python benchmarks/runtime.py [--json]

Prints the median of several rounds for both, and their ratio. Absolute times
depend on the machine and on what else it does; the ratios hardly do.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_apps.runtime import disable, enable

from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF

CONFIG = Loihi2SimCfg(select_tag="floating_pt")
ROUNDS = 5
WIDTH = 100


class Pass(AbstractProcess):
    """Hand a vector on."""

    def __init__(self) -> None:
        super().__init__()
        self.a_in = InPort(shape=(WIDTH,))
        self.a_out = OutPort(shape=(WIDTH,))


@implements(proc=Pass, protocol=LoihiProtocol)
@requires(CPU)
class PyPassModel(PyLoihiProcessModel):
    """Hand a vector on."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def run_spk(self) -> None:
        """Receive and send."""
        self.a_out.send(self.a_in.recv())


class Holder(AbstractProcess):
    """Hold an array."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = Var(shape=(400, 784), init=np.ones((400, 784)))


@implements(proc=Holder, protocol=LoihiProtocol)
@requires(CPU)
class PyHolderModel(PyLoihiProcessModel):
    """Hold an array."""

    weights: npt.NDArray[Any] = LavaPyType(np.ndarray, float)


def pass_chain() -> AbstractProcess:
    """Build 16 Processes that only hand a vector on."""
    chain = [Pass() for _ in range(16)]
    for before, after in pairwise(chain):
        before.a_out.connect(after.a_in)
    return chain[0]


def lif_chain() -> AbstractProcess:
    """Build 8 LIF and 7 Dense of 100 neurons, in a chain."""
    rng = np.random.default_rng(0)
    bias = [1.5] + [0.0] * 7
    layers = [LIF(shape=(WIDTH,), du=0.1, dv=0.1, vth=10, bias_mant=b) for b in bias]
    for before, after in pairwise(layers):
        dense = Dense(weights=rng.normal(size=(WIDTH, WIDTH)))
        before.s_out.connect(dense.s_in)
        dense.a_out.connect(after.a_in)
    return layers[0]


def seconds(work: Callable[[], Any]) -> float:
    """Time some work once."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def seconds_a_step(make: Callable[[], AbstractProcess]) -> float:
    """Time a step of a graph, warmed up, in the median of several rounds."""
    process = make()
    process.run(RunSteps(num_steps=50), CONFIG)
    steps = 200
    rounds = [
        seconds(lambda: process.run(RunSteps(num_steps=steps))) for _ in range(ROUNDS)
    ]
    process.stop()
    return statistics.median(rounds) / steps


def seconds_to_get() -> float:
    """Time reading a Var of 400 by 784."""
    holder = Holder()
    holder.run(RunSteps(num_steps=1), CONFIG)
    holder.weights.get()
    rounds = [seconds(holder.weights.get) for _ in range(3)]
    holder.stop()
    return statistics.median(rounds)


def seconds_to_build() -> float:
    """Time building a graph of two Processes, running two steps, and stopping."""

    def work() -> None:
        neurons, dense = LIF(shape=(WIDTH,)), Dense(weights=np.eye(WIDTH))
        neurons.s_out.connect(dense.s_in)
        neurons.run(RunSteps(num_steps=2), CONFIG)
        neurons.stop()

    work()
    return statistics.median(seconds(work) for _ in range(ROUNDS))


WORK: dict[str, Callable[[], float]] = {
    "16 Processes that hand 100 values on, a step": lambda: seconds_a_step(pass_chain),
    "8 LIF and 7 Dense of 100 neurons, a step": lambda: seconds_a_step(lif_chain),
    "Var.get of 400 x 784": seconds_to_get,
    "build, run 2 steps, stop": seconds_to_build,
}


def main() -> None:
    """Measure everything on both runtimes."""
    results = {}
    for name, work in WORK.items():
        enable("inline")
        inline = work()
        disable()
        lava = work()
        results[name] = {"lava": lava, "inline": inline, "ratio": lava / inline}
    if "--json" in sys.argv:
        print(json.dumps(results))
        return
    for name, times in results.items():
        print(
            f"{name:45} lava {times['lava'] * 1e6:12,.0f} us   "
            f"inline {times['inline'] * 1e6:10,.1f} us   {times['ratio']:10,.1f} times"
        )


if __name__ == "__main__":
    main()
