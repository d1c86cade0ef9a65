"""ProcessModels of the self-organising maps."""

from types import MappingProxyType

import numpy as np

from lava_apps.kernel import KernelModel
from lava_apps.learning_rules import seed_rule
from lava_apps.parameters import Array
from lava_apps.processes.som.dynamics import WEIGHT_MAX, step_fixed, step_float
from lava_apps.processes.som.process import SOM, SpikingSOM
from lava_apps.processes.wta import SpikingWinnerTakeAll

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.learning.constants import GradedSpikeCfg
from lava.magma.core.learning.learning_rule import Loihi3FLearningRule
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense, LearningDense
from lava.utils.weightutils import SignMode

_FOR_EVER = 2**30  # time constant of a trace, in time steps
_COUNTS = {"presented": (0, 2**62), "hits": (0, np.inf), "learning": (0, 1)}


@implements(proc=SOM, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PySOMModelFloat(KernelModel):
    """Self-organising map in double precision."""

    step = step_float
    limits = MappingProxyType(_COUNTS)
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    winner_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    distance_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    weights: Array = LavaPyType(np.ndarray, float)
    activation: Array = LavaPyType(np.ndarray, float)
    influence: Array = LavaPyType(np.ndarray, float)
    presented: Array = LavaPyType(np.ndarray, np.int64)
    sums: Array = LavaPyType(np.ndarray, float)
    hits: Array = LavaPyType(np.ndarray, float)
    totals: Array = LavaPyType(np.ndarray, float)
    seen: Array = LavaPyType(np.ndarray, float)
    learning: Array = LavaPyType(np.ndarray, float)
    key: Array = LavaPyType(np.ndarray, np.uint64)

    def arrange(self) -> None:
        """Hold matrices by columns: a feature concerns all neurons."""
        for name in ("weights", "totals"):
            setattr(self, name, np.asfortranarray(getattr(self, name)))


@implements(proc=SOM, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySOMModelFixed(KernelModel):
    """Self-organising map with weights and inputs of 8 bits."""

    step = step_fixed
    limits = MappingProxyType({"weights": (0, WEIGHT_MAX), **_COUNTS})
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=8)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    winner_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    distance_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    weights: Array = LavaPyType(np.ndarray, np.uint8, precision=8)
    activation: Array = LavaPyType(np.ndarray, np.int64)
    influence: Array = LavaPyType(np.ndarray, float)
    presented: Array = LavaPyType(np.ndarray, np.int64)
    sums: Array = LavaPyType(np.ndarray, np.int64)
    hits: Array = LavaPyType(np.ndarray, np.int64)
    totals: Array = LavaPyType(np.ndarray, float)
    seen: Array = LavaPyType(np.ndarray, float)
    learning: Array = LavaPyType(np.ndarray, float)
    key: Array = LavaPyType(np.ndarray, np.uint64)

    arrange = PySOMModelFloat.arrange


@implements(proc=SpikingSOM, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubSpikingSOMModel(AbstractSubProcessModel):
    """Spiking map from Lava's LearningDense and Dense, and competing LIF neurons."""

    def __init__(self, process: AbstractProcess) -> None:
        parameters, shape = process.proc_params, process.s_out.shape
        race = parameters["race"]
        # In integers Lava divides y1 w by 2**5 and x1 y1 by 2**3, for their widths:
        # these are 2**-(7 + rate_exp) y1 times w and 2 x1.
        exponent = -2 - parameters["rate_exp"]
        rule = Loihi3FLearningRule(
            # The loss first: the sum of the gain and the weight may have no room.
            dw=f"-2^{exponent}*u0*y1*w + 2^{exponent - 1}*u0*x1*y1",
            x1_tau=_FOR_EVER,
            t_epoch=1,
        )
        self.synapses = LearningDense(
            weights=process.weights.init,
            weight_exp=race.weight_exp,
            sign_mode=SignMode.EXCITATORY,
            num_message_bits=8,
            graded_spike_cfg=GradedSpikeCfg.OVERWRITE,
            learning_rule=seed_rule(rule, parameters["seed"]),
        )
        self.neurons = SpikingWinnerTakeAll(
            shape=shape,
            input_max=race.vth,
            vth=race.vth,
            inhibition=race.inhibition,
            tie_break=0,
            bias_mant=race.bias_mant,
            bias_exp=race.bias_exp,
            # In its last time step nobody spikes: that would teach the next sample.
            reset_interval=parameters["steps"],
        )
        self.neighbours = Dense(
            weights=process.influence.init, sign_mode=SignMode.EXCITATORY
        )
        process.a_in.connect(self.synapses.s_in)
        self.synapses.a_out.reshape(shape).connect(self.neurons.a_in)
        self.neurons.s_out.flatten().connect(self.neighbours.s_in)
        self.neighbours.a_out.connect(self.synapses.s_in_y1)
        self.neurons.s_out.connect(process.s_out)
        process.weights.alias(self.synapses.weights)
        process.influence.alias(self.neighbours.weights)
