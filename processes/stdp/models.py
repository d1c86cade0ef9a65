"""ProcessModels of the plastic synapses."""

from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from lava_apps.kernel import KernelModel
from lava_apps.loihi2.formats import TRACE_MAX
from lava_apps.parameters import Array, ParameterError
from lava_apps.processes.stdp.dynamics import (
    TAG_MAX,
    WEIGHT_MAX,
    step_fixed,
    step_float,
)
from lava_apps.processes.stdp.process import STDPDense

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import LearningDense
from lava.utils.weightutils import SignMode


@implements(proc=STDPDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PySTDPDenseModelFloat(KernelModel):
    """Plastic synapses in double precision."""

    step = step_float
    publishes = MappingProxyType({"a_out": "a_buff"})
    limits = MappingProxyType(
        dict.fromkeys(("weights", "x1", "x2", "y1", "y2", "tag_scale"), (0, np.inf))
        | {"learning": (0, 1)}
    )
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_in_bap: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    start_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    reward_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    a_buff: Array = LavaPyType(np.ndarray, float)
    weights: Array = LavaPyType(np.ndarray, float)
    x1: Array = LavaPyType(np.ndarray, float)
    x2: Array = LavaPyType(np.ndarray, float)
    y1: Array = LavaPyType(np.ndarray, float)
    y2: Array = LavaPyType(np.ndarray, float)
    tag: Array = LavaPyType(np.ndarray, float)
    tag_scale: Array = LavaPyType(np.ndarray, float)
    total: Array = LavaPyType(np.ndarray, float)
    learning: Array = LavaPyType(np.ndarray, float)
    key: Array = LavaPyType(np.ndarray, np.uint64)

    def arrange(self) -> None:
        """Hold matrices by columns: a presynaptic spike concerns a column."""
        self.weights = np.asfortranarray(self.weights)
        self.tag = np.asfortranarray(self.tag)

    def check_value(self, owner: str, name: str, value: npt.ArrayLike) -> None:
        """Refuse weights beyond the largest, besides the ranges."""
        KernelModel.check_value(self, owner, name, value)
        w_max = self.proc_params["rule"].w_max
        if name == "weights" and np.asarray(value).max() > w_max:
            problem = f"must not exceed w_max = {w_max:g}"
            raise ParameterError(owner, name, problem, value)


@implements(proc=STDPDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySTDPDenseModelFixed(KernelModel):
    """Plastic synapses of 8 bits, with traces of 7."""

    step = step_fixed
    publishes = MappingProxyType({"a_out": "a_buff"})
    limits = MappingProxyType(
        {
            "weights": (0, WEIGHT_MAX),
            "learning": (0, 1),
            "tag": (-TAG_MAX, TAG_MAX),
            **dict.fromkeys(("x1", "x2", "y1", "y2"), (0, TRACE_MAX)),
        }
    )
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=1)
    s_in_bap: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=1)
    start_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=1)
    reward_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=8)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=16)
    a_buff: Array = LavaPyType(np.ndarray, np.int32)
    weights: Array = LavaPyType(np.ndarray, np.uint8, precision=8)
    x1: Array = LavaPyType(np.ndarray, np.int32, precision=7)
    x2: Array = LavaPyType(np.ndarray, np.int32, precision=7)
    y1: Array = LavaPyType(np.ndarray, np.int32, precision=7)
    y2: Array = LavaPyType(np.ndarray, np.int32, precision=7)
    tag: Array = LavaPyType(np.ndarray, np.int8, precision=8)
    tag_scale: Array = LavaPyType(np.ndarray, np.int32)
    total: Array = LavaPyType(np.ndarray, float)
    learning: Array = LavaPyType(np.ndarray, float)
    key: Array = LavaPyType(np.ndarray, np.uint64)

    arrange = PySTDPDenseModelFloat.arrange
    check_value = PySTDPDenseModelFloat.check_value

    @classmethod
    def check(cls, process: AbstractProcess) -> None:
        """Refuse a largest weight beyond 8 bits, besides the ranges."""
        super().check(process)
        w_max = process.proc_params["rule"].w_max
        if np.isfinite(w_max) and (w_max > WEIGHT_MAX or w_max != int(w_max)):
            problem = f"must be an integer up to {WEIGHT_MAX} for fixed_pt"
            raise ParameterError(type(process).__name__, "w_max", problem, w_max)


class _Learning(AbstractSubProcessModel):
    """The synapses as Lava's LearningDense, where the grammar has the rule."""

    def __init__(self, process: AbstractProcess) -> None:
        self._check(process)
        parameters = process.proc_params
        rule = parameters["plasticity"].loihi(
            impulse=self.impulse(process), seed=parameters["seed"]
        )
        self.synapses = LearningDense(
            weights=process.weights.init,
            learning_rule=rule,
            sign_mode=SignMode.EXCITATORY,
        )
        process.s_in.connect(self.synapses.s_in)
        process.s_in_bap.connect(self.synapses.s_in_bap)
        self.synapses.a_out.connect(process.a_out)
        for name in ("weights", "x1", "x2", "y1", "y2"):
            getattr(process, name).alias(getattr(self.synapses, name))

    @staticmethod
    def impulse(process: AbstractProcess) -> int:
        """Say what a spike is in a trace."""
        raise NotImplementedError

    @staticmethod
    def _check(process: AbstractProcess) -> None:
        owner = type(process).__name__
        for name in ("norm", "reset_interval"):
            if process.proc_params[name]:
                problem = "cannot be had from Lava's LearningDense"
                raise ParameterError(owner, name, problem, process.proc_params[name])
        for name in ("start_in", "reward_in"):
            sources = getattr(process, name).get_src_ports()
            if sources:
                problem = "must be left unconnected: Lava's LearningDense has it not"
                sender = f"{sources[0].process.name}.{sources[0].name}"
                raise ParameterError(owner, name, problem, sender)
        if process.learning.init != 1:
            problem = "must be 1 in Lava's LearningDense"
            given = float(process.learning.init)
            raise ParameterError(owner, "learning", problem, given)
        if process.proc_params["rule"].rewarded:
            problem = "of three factors needs neurons that send traces and reward"
            given = process.proc_params["plasticity"]
            raise ParameterError(owner, "rule", problem, given)


@implements(proc=STDPDense, protocol=LoihiProtocol)
@tag("floating_pt")
class SubSTDPDenseModelFloat(_Learning):
    """The synapses as Lava's LearningDense in floating point, equal step for step."""

    @staticmethod
    def impulse(process: AbstractProcess) -> int:  # noqa: ARG004
        """Say what a spike is in a trace: 1, as here."""
        return 1

    @staticmethod
    def _check(process: AbstractProcess) -> None:
        _Learning._check(process)
        w_max = process.proc_params["rule"].w_max
        if np.isfinite(w_max):
            problem = "must not be given: Lava's LearningDense has none in floats"
            raise ParameterError(type(process).__name__, "w_max", problem, w_max)


@implements(proc=STDPDense, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubSTDPDenseModelFixed(_Learning):
    """The synapses as Lava's LearningDense in fixed point, equal in the mean."""

    @staticmethod
    def impulse(process: AbstractProcess) -> int:
        """Say what a spike is in a trace, as here."""
        return int(process.proc_params["impulse"])

    @staticmethod
    def _check(process: AbstractProcess) -> None:
        _Learning._check(process)
        PySTDPDenseModelFixed.check(process)
        w_max = process.proc_params["rule"].w_max
        if np.isfinite(w_max) and w_max != WEIGHT_MAX:
            problem = f"must be {WEIGHT_MAX} or not given in Lava's LearningDense"
            raise ParameterError(type(process).__name__, "w_max", problem, w_max)
