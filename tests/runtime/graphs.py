"""Small graphs for the runtime's tests, with their ProcessModels.

The models are handed to the compiler as exceptions (:func:`config`), so that Lava
need not look for them, and execute the tests beside this file in doing so.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lava_apps.loihi2.run_configs import RunConfig

from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyAsyncProcessModel, PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.async_protocol import AsyncProtocol
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class Node(AbstractProcess):
    """Receive, call a function with the model, send."""

    def __init__(self, shape=(2,), act=None, name=None):
        super().__init__(act=act, name=name)
        self.a_in = InPort(shape=shape)
        self.a_out = OutPort(shape=shape)
        self.count = Var(shape=shape, init=0)
        self.ref = RefPort(shape=shape)


@implements(proc=Node, protocol=LoihiProtocol)
@requires(CPU)
class PyNodeModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    count: np.ndarray = LavaPyType(np.ndarray, float)
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float)

    def run_spk(self):
        received = self.a_in.recv()
        self.count += 1
        sent = self.proc_params["act"](self) if self.proc_params["act"] else None
        self.a_out.send(received + self.count if sent is None else sent)


@implements(proc=Node, protocol=LoihiProtocol)
@requires(CPU)
class PyGuardedModel(PyNodeModel):
    """Count the calls of its guards in the second entry of `count`."""

    def run_spk(self):
        self.a_in.recv()
        self.count[0] += 1

    def lrn_guard(self):
        self.count[1] += 1
        return self.time_step % 3 == 0

    def pre_guard(self):
        self.count[1] += 10
        return self.time_step % 2 == 0

    def post_guard(self):
        self.count[1] += 100
        return self.time_step % 4 == 0


class Teller(AbstractProcess):
    """Read and write the Var of another Process after each step."""

    def __init__(self, shape=(2,)):
        super().__init__()
        self.ref = RefPort(shape=shape)
        self.seen = Var(shape=shape, init=0)


@implements(proc=Teller, protocol=LoihiProtocol)
@requires(CPU)
class PyTellerModel(PyLoihiProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float)
    seen: np.ndarray = LavaPyType(np.ndarray, float)

    def post_guard(self):
        return True

    def run_post_mgmt(self):
        self.seen[:] = self.ref.read()
        self.ref.write(self.seen * 10)
        self.ref.wait()


class Free(AbstractProcess):
    """Send one vector after another, by the AsyncProtocol; nothing if it is mute."""

    def __init__(self, shape=(2,), endless=False, mute=False):
        super().__init__(endless=endless, mute=mute)
        self.a_out = OutPort(shape=shape)
        self.sent = Var(shape=(1,), init=0)


@implements(proc=Free, protocol=AsyncProtocol)
@requires(CPU)
class PyFreeModel(PyAsyncProcessModel):
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    sent: np.ndarray = LavaPyType(np.ndarray, float)

    def run_async(self):
        while self.proc_params["endless"] or self.sent[0] < self.num_steps:
            if self.check_for_stop_cmd() or self.check_for_pause_cmd():
                return
            if self.proc_params["mute"]:
                continue
            self.sent += 1
            self.a_out.send(np.full(2, self.sent[0]))


MODELS = {Node: PyNodeModel, Teller: PyTellerModel, Free: PyFreeModel}


def config(*processes):
    """Make a run configuration for these Processes, given models by instance."""
    exceptions = {p: MODELS[type(p)] for p in processes if type(p) in MODELS}
    return RunConfig(exceptions=exceptions)


def chain(*acts, **options):
    """Connect nodes in a row; give the nodes and a run configuration."""
    nodes = [Node(act=act, name=f"node{n}", **options) for n, act in enumerate(acts)]
    for before, after in pairwise(nodes):
        before.a_out.connect(after.a_in)
    return nodes, config(*nodes)
