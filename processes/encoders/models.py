"""ProcessModels of the encoders.

One for each, for either precision: encoders are no part of the chip. Only what sends
numbers has two.
"""

import numpy as np
import numpy.typing as npt

from lava_apps.kernel import KernelModel
from lava_apps.loihi2.formats import MESSAGE_MAX
from lava_apps.parameters import Array, ParameterError
from lava_apps.processes.encoders.dynamics import (
    delta_step,
    graded_step,
    latency_step,
    population_step,
    rate_step,
)
from lava_apps.processes.encoders.process import (
    DeltaEncoder,
    GradedEncoder,
    LatencyEncoder,
    PopulationEncoder,
    RateEncoder,
)

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.process import AbstractProcess
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
    key: Array = LavaPyType(np.ndarray, np.uint64)


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
    key: Array = LavaPyType(np.ndarray, np.uint64)


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
    count: Array = LavaPyType(np.ndarray, np.int64)


@implements(proc=GradedEncoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyGradedEncoderModelFloat(KernelModel):
    """Graded spikes."""

    step = graded_step
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    start_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    sample: Array = LavaPyType(np.ndarray, np.int64)
    position: Array = LavaPyType(np.ndarray, np.int64)
    order: Array = LavaPyType(np.ndarray, np.int64)

    def check_state(self, owner: str, name: str, value: npt.ArrayLike) -> None:
        """Keep the order within the samples."""
        KernelModel.check_state(self, owner, name, value)
        last, rows = len(self.proc_params["data"]) - 1, np.asarray(value)
        if name == "order" and not (rows.min() >= 0 and rows.max() <= last):
            problem = f"must be from 0 to {last}"
            raise ParameterError(owner, name, problem, value)


@implements(proc=GradedEncoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyGradedEncoderModelFixed(KernelModel):
    """Graded spikes of integers."""

    step = graded_step
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    start_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    sample: Array = LavaPyType(np.ndarray, np.int64)
    position: Array = LavaPyType(np.ndarray, np.int64)
    order: Array = LavaPyType(np.ndarray, np.int64)

    check_state = PyGradedEncoderModelFloat.check_state

    @classmethod
    def check(cls, process: AbstractProcess) -> None:
        """Refuse fractions, and numbers beyond a graded spike of 24 bits."""
        super().check(process)
        owner, data = type(process).__name__, process.proc_params["data"]
        if data.dtype.kind == "f":
            problem = "must have an integer type for fixed_pt"
            raise ParameterError(owner, "data", problem, data)
        if data.min() < -MESSAGE_MAX or data.max() > MESSAGE_MAX:
            problem = f"must be from {-MESSAGE_MAX} to {MESSAGE_MAX} for fixed_pt"
            raise ParameterError(owner, "data", problem, data)
