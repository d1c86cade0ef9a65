"""ProcessModels of the encoders.

One for each, for either precision: encoders are no part of the chip.
"""

import numpy as np

from lava_apps.kernel import KernelModel
from lava_apps.parameters import Array
from lava_apps.processes.encoders.dynamics import (
    delta_step,
    latency_step,
    population_step,
    rate_step,
)
from lava_apps.processes.encoders.process import (
    DeltaEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


@implements(proc=RateEncoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt", "fixed_pt")
class PyRateEncoderModel(KernelModel):
    """Rate code."""

    step = rate_step
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    start_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    sample: Array = LavaPyType(np.ndarray, np.int64)
    position: Array = LavaPyType(np.ndarray, np.int64)
    stream: Array = LavaPyType(np.ndarray, np.uint64)


@implements(proc=LatencyEncoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt", "fixed_pt")
class PyLatencyEncoderModel(KernelModel):
    """Latency code."""

    step = latency_step
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    start_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    sample: Array = LavaPyType(np.ndarray, np.int64)
    position: Array = LavaPyType(np.ndarray, np.int64)


@implements(proc=PopulationEncoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt", "fixed_pt")
class PyPopulationEncoderModel(KernelModel):
    """Population code."""

    step = population_step
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    start_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    sample: Array = LavaPyType(np.ndarray, np.int64)
    position: Array = LavaPyType(np.ndarray, np.int64)
    activation: Array = LavaPyType(np.ndarray, float)
    centres: Array = LavaPyType(np.ndarray, float)
    stream: Array = LavaPyType(np.ndarray, np.uint64)


@implements(proc=DeltaEncoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt", "fixed_pt")
class PyDeltaEncoderModel(KernelModel):
    """Delta modulation."""

    step = delta_step
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    start_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    sample: Array = LavaPyType(np.ndarray, np.int64)
    position: Array = LavaPyType(np.ndarray, np.int64)
    level: Array = LavaPyType(np.ndarray, float)
