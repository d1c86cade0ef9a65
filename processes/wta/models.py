"""ProcessModels of the competition between neurons.

Why one spiking neuron goes on, and of ties the lowest index
------------------------------------------------------------
Let a_i <= A be constant inputs, V >= A the threshold, no leak, w >= V + A what a
spike takes from each other neuron, and T what it takes besides from higher indices.
All start at v = 0; n_i = floor(V / a_i) + 1 is the time step in which neuron i
would exceed V, and n the smallest, that of the set S.

1. *One spikes alone*, neuron s in step t, and no other exceeds V. In step t + 1
   any other j has at most V - w + a_j <= a_j - A, and s has a_s. After n_s steps,
   when s exceeds V again, j has at most a_j n_s - A. If j is no faster than s,
   that is a_j (n_s - 1) <= V, this is at most V. So s spikes alone again.
2. *S ties.* In it a_r (n - 1) <= V < a_s n, hence a_r < rho a_s with
   rho = n / (n - 1), at most that for n = floor(V / A) + 1. The lowest index s of
   S loses w (|S| - 1) and exceeds V after k steps with a_s k <= W + a_s, where
   W = V + w (|S| - 1). Any other r of S lost at least T more; then it has at most
   rho W + A - w (|S| - 1) - T, which is at most V if T >= (rho - 1) W + A. A
   neuron j outside of S is slower than s, was at most at V and lost w more: it has
   at most V + A - A. So s spikes alone, no other of S was faster than n, and 1
   goes on for ever.

With (rho - 1) = 1 / floor(V / A), and |S| up to all neurons, that is the default.

Why nobody spikes who is silenced
---------------------------------
Before a time step each potential is at most V, for who exceeded it was reset. In the
step it gains A at most, and loses A by the silencing: it stays at most V.
"""

import math
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from lava_apps.kernel import KernelModel
from lava_apps.loihi2.formats import (
    BIAS_EXPONENT_MAX,
    BIAS_MANTISSA_MAX,
    BIAS_MANTISSA_MIN,
    DECAY_MAX,
    EXCITATORY_WEIGHT_MAX,
    INPUT_SHIFT,
    INPUT_SUM_LIMIT,
    POTENTIAL_MAX,
    THRESHOLD_MAX,
    WEIGHT_EXPONENT_MAX,
)
from lava_apps.parameters import Array, ParameterError
from lava_apps.processes.wta.dynamics import (
    ACTIVITY_BITS,
    spiking_step_fixed,
    spiking_step_float,
    step_fixed,
    step_float,
)
from lava_apps.processes.wta.process import SpikingWinnerTakeAll, WinnerTakeAll

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF, LIFReset
from lava.utils.weightutils import SignMode

_COUNTS = {"winning": (0, 1), "steps": (0, 2**62), "decision_time": (0, 2**62)}
_LARGEST_ACTIVITY = INPUT_SUM_LIMIT << ACTIVITY_BITS


@implements(proc=WinnerTakeAll, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyWinnerTakeAllModelFloat(KernelModel):
    """Winner-take-all in double precision."""

    step = step_float
    limits = MappingProxyType({"dv": (0, 1), "inhibition": (0, np.inf), **_COUNTS})
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    start_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    winner_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    activity: Array = LavaPyType(np.ndarray, float)
    winning: Array = LavaPyType(np.ndarray, np.int32)
    steps: Array = LavaPyType(np.ndarray, np.int64)
    decision_time: Array = LavaPyType(np.ndarray, np.int64)
    threshold: Array = LavaPyType(np.ndarray, float)
    inhibition: Array = LavaPyType(np.ndarray, float)
    dv: Array = LavaPyType(np.ndarray, float)


@implements(proc=WinnerTakeAll, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyWinnerTakeAllModelFixed(KernelModel):
    """Winner-take-all in integers."""

    step = step_fixed
    limits = MappingProxyType(
        {
            "threshold": (-INPUT_SUM_LIMIT, INPUT_SUM_LIMIT),
            "inhibition": (0, 2**16 - 1),
            "dv": (1, DECAY_MAX + 1),
            "activity": (-_LARGEST_ACTIVITY, _LARGEST_ACTIVITY),
            **_COUNTS,
        }
    )
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    start_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    winner_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    activity: Array = LavaPyType(np.ndarray, np.int64)
    winning: Array = LavaPyType(np.ndarray, np.int32)
    steps: Array = LavaPyType(np.ndarray, np.int64)
    decision_time: Array = LavaPyType(np.ndarray, np.int64)
    threshold: Array = LavaPyType(np.ndarray, np.int32)
    inhibition: Array = LavaPyType(np.ndarray, np.int64)
    dv: Array = LavaPyType(np.ndarray, np.int64)

    @classmethod
    def check(cls, process: AbstractProcess) -> None:
        """Refuse a decay nobody gave: its default is a fraction of 1."""
        parameters = process.proc_params
        if parameters["soft"] and parameters["default_dv"]:
            problem = f"must be given, from 1 to {DECAY_MAX + 1}, for fixed_pt"
            raise ParameterError(type(process).__name__, "dv", problem, None)
        super().check(process)


_LARGEST_WEIGHT = EXCITATORY_WEIGHT_MAX * 2**WEIGHT_EXPONENT_MAX
_SPIKING = {
    "bias_exp": (0, BIAS_EXPONENT_MAX),
    "s_last": (0, 1),
    "vth": (0, np.inf),
    "inhibition": (0, _LARGEST_WEIGHT),
    "tie_break": (0, _LARGEST_WEIGHT),
}


def _check_spiking(
    model: KernelModel, owner: str, name: str, value: npt.ArrayLike
) -> None:
    """Refuse a value that the constructor would refuse beside the others."""
    if name not in ("vth", "inhibition", "tie_break"):
        return
    input_max, largest = (model.proc_params[n] for n in ("input_max", "largest"))
    given = np.asarray(value).flat[0]
    if name == "vth":
        if given < input_max:
            problem = f"must be at least input_max = {input_max:g}"
            raise ParameterError(owner, name, problem, given)
        return
    other = "tie_break" if name == "inhibition" else "inhibition"
    together = given + getattr(model, other).flat[0]
    limit = EXCITATORY_WEIGHT_MAX * 2 ** model.proc_params["weight_exp"]
    if together > limit:
        problem = f"and {other} must not exceed {limit} together"
        raise ParameterError(owner, name, problem, given)
    neurons = model.v.size
    if (neurons - 1) * together + largest >= INPUT_SUM_LIMIT:
        problem = f"and {other} must not sum to more than {INPUT_SUM_LIMIT} over "
        problem += f"{neurons} neurons in a tie"
        raise ParameterError(owner, name, problem, given)


@implements(proc=SpikingWinnerTakeAll, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PySpikingWinnerTakeAllModelFloat(KernelModel):
    """Competing integrate-and-fire neurons in double precision."""

    step = spiking_step_float
    limits = MappingProxyType({"dv": (0, 1), **_SPIKING})
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v: Array = LavaPyType(np.ndarray, float)
    s_last: Array = LavaPyType(np.ndarray, np.int32)
    vth: Array = LavaPyType(np.ndarray, float)
    dv: Array = LavaPyType(np.ndarray, float)
    bias_mant: Array = LavaPyType(np.ndarray, float)
    bias_exp: Array = LavaPyType(np.ndarray, np.int32)
    inhibition: Array = LavaPyType(np.ndarray, float)
    tie_break: Array = LavaPyType(np.ndarray, float)

    def check_value(self, owner: str, name: str, value: npt.ArrayLike) -> None:
        """Keep inhibition within the weights, besides the ranges."""
        super().check_value(owner, name, value)
        _check_spiking(self, owner, name, value)


@implements(proc=SpikingWinnerTakeAll, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySpikingWinnerTakeAllModelFixed(KernelModel):
    """Competing integrate-and-fire neurons in the integers of Loihi 2."""

    step = spiking_step_fixed
    limits = MappingProxyType(
        {
            "v": (-POTENTIAL_MAX, POTENTIAL_MAX),
            "dv": (0, DECAY_MAX),
            **_SPIKING,
            "vth": (0, THRESHOLD_MAX),
            "bias_mant": (BIAS_MANTISSA_MIN, BIAS_MANTISSA_MAX),
        }
    )
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    v: Array = LavaPyType(np.ndarray, np.int32, precision=24)
    s_last: Array = LavaPyType(np.ndarray, np.int32, precision=1)
    vth: Array = LavaPyType(np.ndarray, np.int32, precision=17)
    dv: Array = LavaPyType(np.ndarray, np.int32, precision=12)
    bias_mant: Array = LavaPyType(np.ndarray, np.int32, precision=13)
    bias_exp: Array = LavaPyType(np.ndarray, np.int32, precision=3)
    inhibition: Array = LavaPyType(np.ndarray, np.int32)
    tie_break: Array = LavaPyType(np.ndarray, np.int32)

    def check_value(self, owner: str, name: str, value: npt.ArrayLike) -> None:
        """Keep inhibition within the weights, besides the ranges."""
        super().check_value(owner, name, value)
        _check_spiking(self, owner, name, value)


@implements(proc=SpikingWinnerTakeAll, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubSpikingWinnerTakeAllModel(AbstractSubProcessModel):
    """Competing neurons as Lava's LIF and an inhibitory Dense, for Loihi 2."""

    def __init__(self, process: AbstractProcess) -> None:
        PySpikingWinnerTakeAllModelFixed.check(process)
        shape, exponent = process.s_out.shape, process.proc_params["weight_exp"]
        size, interval = math.prod(shape), process.proc_params["reset_interval"]
        inhibition, tie_break = (
            int(process.inhibition.init),
            int(process.tie_break.init),
        )
        weights = np.full((size, size), -inhibition)
        # weights[i, j] leads from j to i: lower indices inhibit more.
        weights[np.tril_indices(size, -1)] -= tie_break
        np.fill_diagonal(weights, 0)
        self.lateral = Dense(
            weights=weights >> exponent,
            weight_exp=exponent,
            sign_mode=SignMode.INHIBITORY,
        )
        options = {
            "shape": shape,
            "du": DECAY_MAX,
            "dv": int(process.dv.init),
            "vth": int(process.vth.init),
            "bias_mant": int(process.bias_mant.init),
            "bias_exp": int(process.bias_exp.init),
        }
        if interval:
            offset = process.proc_params["reset_offset"]
            options |= {"reset_interval": interval, "reset_offset": offset}
            self.neurons = LIFReset(**options)
            self._silence(process, interval, offset)
        else:
            self.neurons = LIF(**options)
        process.a_in.connect(self.neurons.a_in)
        self.neurons.s_out.flatten().connect(self.lateral.s_in)
        self.lateral.a_out.reshape(shape).connect(self.neurons.a_in)
        self.neurons.s_out.connect(process.s_out)
        for name in ("v", "vth", "dv"):
            getattr(process, name).alias(getattr(self.neurons, name))

    def _silence(self, process: AbstractProcess, interval: int, offset: int) -> None:
        """Add neurons that keep time, and silence the others at the end of a trial.

        Their potential counts the time steps since their own reset, two time steps
        before the trial's last one: one for the way.
        """
        if interval > THRESHOLD_MAX + 1:
            problem = f"must be at most {THRESHOLD_MAX + 1} in Lava's LIFReset"
            owner = type(process).__name__
            raise ParameterError(owner, "reset_interval", problem, interval)
        synapses, mantissa, exponent = process.proc_params["silencer"]
        counted = (1 - offset) % interval + 1
        self.clock = LIFReset(
            shape=(synapses,),
            v=counted % interval << INPUT_SHIFT,
            du=DECAY_MAX,
            vth=interval - 1,
            bias_mant=1 << INPUT_SHIFT,
            reset_interval=interval,
            reset_offset=(offset - 1) % interval,
        )
        shape = process.s_out.shape
        self.silencer = Dense(
            weights=np.full((math.prod(shape), synapses), -mantissa),
            weight_exp=exponent,
            sign_mode=SignMode.INHIBITORY,
        )
        if counted == interval:
            # The clock spiked before the first time step.
            self.silencer.a_buff.init = -process.proc_params["silencing"]
        self.clock.s_out.connect(self.silencer.s_in)
        self.silencer.a_out.reshape(shape).connect(self.neurons.a_in)
