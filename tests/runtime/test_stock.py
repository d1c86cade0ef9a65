import multiprocessing
import os
import signal
import threading

import numpy as np
import pytest
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF

from lava_apps.loihi2.run_configs import RunConfig
from lava_apps.parameters import ParameterError
from lava_apps.runtime.stock import ModelError, record


class Fragile(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.s_out = OutPort(shape=(1,))


@implements(proc=Fragile, protocol=LoihiProtocol)
@requires(CPU)
class PyFragileModel(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def run_spk(self):
        if self.time_step == 3:
            raise ZeroDivisionError("broke at three")
        self.s_out.send(np.ones(1))


def test_every_port_is_recorded_at_every_step():
    data = np.arange(12).reshape(3, 4)
    source, neurons = RingBuffer(data=data), LIF(shape=(3,), vth=5, du=0, dv=0)
    source.s_out.connect(neurons.a_in)
    calls = []
    sent, spikes = record(
        [source.s_out, neurons.s_out], 4, RunConfig(), on_step=lambda: calls.append(1)
    )
    assert np.array_equal(sent, data.T)
    # Closed form: u and v accumulate, v above 5 spikes and is reset.
    u, v, expected = np.zeros(3), np.zeros(3), []
    for column in data.T:
        u += column
        v += u
        expected.append(v > 5)
        v[v > 5] = 0
    assert np.array_equal(spikes, expected)
    assert len(calls) == 4
    assert multiprocessing.active_children() == []


def test_a_model_that_raises_is_an_error_with_its_traceback_and_not_a_hang():
    process = Fragile()
    config = RunConfig(exceptions={process: PyFragileModel})
    with pytest.raises(ModelError, match=r"(?s)Fragile 'Process_.*broke at three"):
        record([process.s_out], 10, config)
    assert multiprocessing.active_children() == []


@pytest.fixture
def hears_ctrl_c():
    """A shell's background jobs, and so perhaps this, are started deaf to it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.usefixtures("hears_ctrl_c")
def test_ctrl_c_ends_every_os_process():
    neurons = LIF(shape=(3,))
    threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        record([neurons.s_out], 10_000_000, RunConfig())
    assert multiprocessing.active_children() == []


def test_it_runs_outside_the_main_thread():
    recorded = []
    neurons = LIF(shape=(2,), bias_mant=11)
    thread = threading.Thread(
        target=lambda: recorded.extend(record([neurons.s_out], 2, RunConfig()))
    )
    thread.start()
    thread.join(60)
    assert np.array_equal(recorded, [np.ones((2, 2))])


def test_what_cannot_be_recorded_is_refused():
    with pytest.raises(ParameterError, match=r"record.ports: .* at least 1 item"):
        record([], 3, RunConfig())
    neurons = LIF(shape=(1,))
    record([neurons.s_out], 1, RunConfig())
    with pytest.raises(ParameterError, match=r"record.ports: .* not run before"):
        record([neurons.s_out], 1, RunConfig())


def test_no_steps_are_refused():
    with pytest.raises(ParameterError, match=r"record.steps: must be greater"):
        record([LIF(shape=(1,)).s_out], 0, RunConfig())
