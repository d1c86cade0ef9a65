"""ProcessModels of the leaky integrate-and-fire neurons."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from lava_apps.kernel import KernelModel
from lava_apps.loihi2.formats import (
    BIAS_EXPONENT_MAX,
    BIAS_MANTISSA_MAX,
    BIAS_MANTISSA_MIN,
    DECAY_MAX,
    INPUT_SHIFT,
    POTENTIAL_MAX,
    THRESHOLD_MAX,
)
from lava_apps.parameters import Array, ParameterError
from lava_apps.processes.lif.dynamics import step_fixed, step_float
from lava_apps.processes.lif.process import LIF

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.lif import process as lavas

_NOT_NEGATIVE = dict.fromkeys(
    ("refractory", "refractory_period", "theta_plus", "noise"), (0, np.inf)
)


@implements(proc=LIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyLIFModelFloat(KernelModel):
    """Leaky integrate-and-fire neurons in double precision."""

    step = step_float
    limits = MappingProxyType(
        {
            "du": (0, 1),
            "dv": (0, 1),
            "dtheta": (0, 1),
            "bias_exp": (0, BIAS_EXPONENT_MAX),
            "theta": (0, np.inf),
            **_NOT_NEGATIVE,
        }
    )
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    u: Array = LavaPyType(np.ndarray, float)
    v: Array = LavaPyType(np.ndarray, float)
    theta: Array = LavaPyType(np.ndarray, float)
    refractory: Array = LavaPyType(np.ndarray, np.int32)
    du: Array = LavaPyType(np.ndarray, float)
    dv: Array = LavaPyType(np.ndarray, float)
    vth: Array = LavaPyType(np.ndarray, float)
    bias_mant: Array = LavaPyType(np.ndarray, float)
    bias_exp: Array = LavaPyType(np.ndarray, np.int32)
    refractory_period: Array = LavaPyType(np.ndarray, np.int32)
    v_reset: Array = LavaPyType(np.ndarray, float)
    theta_plus: Array = LavaPyType(np.ndarray, float)
    dtheta: Array = LavaPyType(np.ndarray, float)
    noise: Array = LavaPyType(np.ndarray, float)
    key: Array = LavaPyType(np.ndarray, np.uint64)

    @classmethod
    def check(cls, process: AbstractProcess) -> None:
        """Refuse a reset that is not below the thresholds, besides the ranges."""
        super().check(process)
        values = {name: getattr(process, name).init for name in ("v_reset", "vth")}
        subtract = process.proc_params["subtract"]
        _check_reset(type(process).__name__, "v_reset", values, subtract)

    def check_value(self, owner: str, name: str, value: npt.ArrayLike) -> None:
        """Refuse a reset that is not below the thresholds, besides the ranges."""
        super().check_value(owner, name, value)
        values = {"v_reset": self.v_reset, "vth": self.vth, name: np.asarray(value)}
        _check_reset(owner, name, values, self.proc_params["subtract"])


@implements(proc=LIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyLIFModelFixed(KernelModel):
    """Leaky integrate-and-fire neurons in the integers of Loihi 2."""

    step = step_fixed
    limits = MappingProxyType(
        {
            "u": (-POTENTIAL_MAX, POTENTIAL_MAX),
            "v": (-POTENTIAL_MAX, POTENTIAL_MAX),
            "theta": (0, POTENTIAL_MAX),
            "vth": (0, THRESHOLD_MAX),
            "bias_mant": (BIAS_MANTISSA_MIN, BIAS_MANTISSA_MAX),
            "v_reset": (-POTENTIAL_MAX, POTENTIAL_MAX),
            **_NOT_NEGATIVE,
            "theta_plus": (0, POTENTIAL_MAX),
            "noise": (0, POTENTIAL_MAX),
            "du": (0, DECAY_MAX),
            "dv": (0, DECAY_MAX),
            "dtheta": (0, DECAY_MAX),
            "bias_exp": (0, BIAS_EXPONENT_MAX),
        }
    )
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=16)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    u: Array = LavaPyType(np.ndarray, np.int32, precision=24)
    v: Array = LavaPyType(np.ndarray, np.int32, precision=24)
    theta: Array = LavaPyType(np.ndarray, np.int32, precision=24)
    refractory: Array = LavaPyType(np.ndarray, np.int32)
    du: Array = LavaPyType(np.ndarray, np.int32, precision=12)
    dv: Array = LavaPyType(np.ndarray, np.int32, precision=12)
    vth: Array = LavaPyType(np.ndarray, np.int32, precision=17)
    bias_mant: Array = LavaPyType(np.ndarray, np.int32, precision=13)
    bias_exp: Array = LavaPyType(np.ndarray, np.int32, precision=3)
    refractory_period: Array = LavaPyType(np.ndarray, np.int32)
    v_reset: Array = LavaPyType(np.ndarray, np.int32, precision=24)
    theta_plus: Array = LavaPyType(np.ndarray, np.int32, precision=24)
    dtheta: Array = LavaPyType(np.ndarray, np.int32, precision=12)
    noise: Array = LavaPyType(np.ndarray, float)
    key: Array = LavaPyType(np.ndarray, np.uint64)

    @classmethod
    def check(cls, process: AbstractProcess) -> None:
        """Refuse a reset that is not below the thresholds, besides the ranges."""
        super().check(process)
        values = {name: getattr(process, name).init for name in ("v_reset", "vth")}
        subtract = process.proc_params["subtract"]
        _check_reset(type(process).__name__, "v_reset", values, subtract, INPUT_SHIFT)

    def check_value(self, owner: str, name: str, value: npt.ArrayLike) -> None:
        """Refuse a reset that is not below the thresholds, besides the ranges."""
        super().check_value(owner, name, value)
        values = {"v_reset": self.v_reset, "vth": self.vth, name: np.asarray(value)}
        subtract = self.proc_params["subtract"]
        _check_reset(owner, name, values, subtract, INPUT_SHIFT)


def _check_reset(
    owner: str,
    changed: str,
    values: Mapping[str, Array],
    subtract: bool,
    shift: int = 0,
) -> None:
    """Refuse a reset and thresholds that do not go together.

    `changed` is the one to be named; thresholds are to be shifted left by `shift`.
    """
    if changed not in ("v_reset", "vth"):
        return
    v_reset = np.asarray(values["v_reset"]).flat[0]
    lowest = np.asarray(values["vth"]).min() * 2**shift
    problem = ""
    if not subtract and v_reset > lowest:
        problem = f"must not exceed the lowest threshold, {lowest}"
        if changed == "vth":
            problem = f"must not be below v_reset = {v_reset}"
    elif subtract and lowest < 0:
        problem = "must not be negative where the reset subtracts it"
    elif subtract and v_reset != 0:
        problem = "must be left out where the reset subtracts the threshold"
    if problem:
        given = np.asarray(values[changed])
        given = given.item() if given.size == 1 else given
        raise ParameterError(owner, changed, problem, given)


@implements(proc=LIF, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubLIFModel(AbstractSubProcessModel):
    """The neurons as Lava's LIF, for Loihi 2, where the options are within it."""

    def __init__(self, process: AbstractProcess) -> None:
        self._check(process)
        interval = process.proc_params["reset_interval"]
        resets = {
            "reset_interval": interval,
            "reset_offset": process.proc_params["reset_offset"],
        }
        self.neurons = (lavas.LIFReset if interval else lavas.LIF)(
            **(resets if interval else {}),
            shape=process.s_out.shape,
            u=process.u.init,
            v=process.v.init,
            du=int(process.du.init),
            dv=int(process.dv.init),
            vth=int(process.vth.init.flat[0]),
            bias_mant=process.bias_mant.init,
            bias_exp=process.bias_exp.init,
        )
        process.a_in.connect(self.neurons.a_in)
        self.neurons.s_out.connect(process.s_out)
        for name in ("u", "v", "du", "dv", "bias_mant", "bias_exp"):
            getattr(process, name).alias(getattr(self.neurons, name))

    @staticmethod
    def _check(process: AbstractProcess) -> None:
        PyLIFModelFixed.check(process)
        owner, vth = type(process).__name__, process.vth.init
        if (vth != vth.flat[0]).any():
            problem = "must be one for all neurons in Lava's LIF"
            raise ParameterError(owner, "vth", problem, vth)
        for name in ("refractory_period", "v_reset", "theta", "theta_plus", "noise"):
            value = getattr(process, name).init
            if np.any(value):
                problem = "must be 0 in Lava's LIF"
                raise ParameterError(owner, name, problem, value)
        if process.proc_params["subtract"]:
            problem = "must set v to a value in Lava's LIF"
            raise ParameterError(owner, "reset", problem, "subtract")
