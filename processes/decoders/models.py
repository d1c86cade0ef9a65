"""ProcessModels of the decoders.

One for each, for either precision: decoders are no part of the chip.
"""

import numpy as np

from lava_apps.kernel import KernelModel
from lava_apps.parameters import Array
from lava_apps.processes.decoders.dynamics import (
    filter_step,
    first_spike_step,
    population_step,
    rate_step,
)
from lava_apps.processes.decoders.process import (
    FilterDecoder,
    FirstSpikeDecoder,
    PopulationDecoder,
    RateDecoder,
)

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


@implements(proc=RateDecoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt", "fixed_pt")
class PyRateDecoderModel(KernelModel):
    """Rates."""

    step = rate_step
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    start_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    counts: Array = LavaPyType(np.ndarray, float)
    last: Array = LavaPyType(np.ndarray, float)


@implements(proc=FirstSpikeDecoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt", "fixed_pt")
class PyFirstSpikeDecoderModel(KernelModel):
    """Latencies."""

    step = first_spike_step
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    start_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    winner_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    latency: Array = LavaPyType(np.ndarray, np.int64)
    elapsed: Array = LavaPyType(np.ndarray, np.int64)
    winner: Array = LavaPyType(np.ndarray, np.int64)
    last: Array = LavaPyType(np.ndarray, np.int64)


@implements(proc=PopulationDecoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt", "fixed_pt")
class PyPopulationDecoderModel(KernelModel):
    """Population vector."""

    step = population_step
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    start_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    counts: Array = LavaPyType(np.ndarray, float)
    last: Array = LavaPyType(np.ndarray, float)
    centres: Array = LavaPyType(np.ndarray, float)


@implements(proc=FilterDecoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt", "fixed_pt")
class PyFilterDecoderModel(KernelModel):
    """Exponential filter."""

    step = filter_step
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    start_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    trace: Array = LavaPyType(np.ndarray, float)
