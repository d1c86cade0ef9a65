"""ProcessModels of the Hopfield network.

Why the decomposition into LIF and Dense is exact
-------------------------------------------------
Let x_j in {0, 1} be the spikes, s_j = 2 x_j - 1 the states, w_ij the integer
weights, R_i = sum_j w_ij, and a_i the external field. Then

    h_i = sum_j w_ij s_j + a_i = sum_j 2 w_ij x_j - R_i + a_i .

1. Dense holds 2 w_ij. Mixed-sign mantissas are even and from -256 to 254, so
   |w_ij| <= 127 loses nothing.
2. LIF keeps (4096 - (du + 1)) / 4096 of u: with du = 4095 nothing. So u is the
   input of this step alone, shifted left by 6: u = 64 (sum_j 2 w_ij x_j + a_i).
3. The bias is ``bias_mant * 2**bias_exp = -R_i * 2**6``. Together u and the bias
   are 64 h_i.
4. dv cannot reach 4096, so v keeps 1/4096 of itself, rounded towards zero. A
   neuron that spiked was reset to 0 and keeps nothing. One that did not spike
   had v <= 0 and keeps r with -|v| / 4096 <= r <= 0.
5. Let H bound |h_i|, cue included. Suppose r > -64. Then h_i >= 1 gives
   v >= 64 - 63 > 0, a spike (vth = 0, strict); h_i <= 0 gives v <= 0, none. And
   then |v| <= 64 H + 63 < 2**18 if H <= 4095, so the next r > -64 as well: below
   one input unit as long as |v| < 2**18. By induction every step is exact.

H <= 4095 holds where sum_j |w_ij| <= 2047 and |a_i| <= 2048, a cue that overrides
any state. |R_i| <= 2047 then fits the 13 bits of bias_mant, and
|u| <= 64 (2 * 2047 + 2048) < 2**23 never wraps, however many neurons there are.
The state before the first spike is all silent, that is, all -1.
"""

import numpy as np
import numpy.typing as npt

from lava_apps.kernel import KernelModel
from lava_apps.loihi2.formats import DECAY_MAX, INPUT_SHIFT, SIGNED_WEIGHT_MAX
from lava_apps.parameters import Array, ParameterError
from lava_apps.processes.hopfield.dynamics import ROW_SUM_MAX, step
from lava_apps.processes.hopfield.process import Hopfield

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF
from lava.utils.weightutils import SignMode


@implements(proc=Hopfield, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyHopfieldModelFloat(KernelModel):
    """Hopfield network in double precision."""

    step = step
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    weights: Array = LavaPyType(np.ndarray, float)
    state: Array = LavaPyType(np.ndarray, float)
    field: Array = LavaPyType(np.ndarray, float)
    order: Array = LavaPyType(np.ndarray, np.int64)
    key: Array = LavaPyType(np.ndarray, np.uint64)

    def check_state(self, owner: str, name: str, value: npt.ArrayLike) -> None:
        """Keep the order a permutation of the neurons."""
        KernelModel.check_state(self, owner, name, value)
        neurons = np.arange(self.order.size)
        if name == "order" and not np.array_equal(np.sort(np.ravel(value)), neurons):
            problem = f"must hold each number from 0 to {neurons[-1]} once"
            raise ParameterError(owner, name, problem, value)


@implements(proc=Hopfield, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyHopfieldModelFixed(KernelModel):
    """Hopfield network in integers: 8-bit weights, 32-bit fields."""

    step = step
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    weights: Array = LavaPyType(np.ndarray, np.int8, precision=8)
    state: Array = LavaPyType(np.ndarray, np.int8)
    field: Array = LavaPyType(np.ndarray, np.int32)
    order: Array = LavaPyType(np.ndarray, np.int64)
    key: Array = LavaPyType(np.ndarray, np.uint64)

    check_state = PyHopfieldModelFloat.check_state

    @classmethod
    def check(cls, process: AbstractProcess) -> None:
        """Refuse weights that are no 8-bit integers."""
        weights = process.weights.init
        largest = np.abs(weights.astype(float)).max()
        if weights.dtype.kind not in "iu" or largest > SIGNED_WEIGHT_MAX:
            problem = (
                f"must be integers from -{SIGNED_WEIGHT_MAX} to {SIGNED_WEIGHT_MAX} "
                "for fixed_pt (quantise() makes them)"
            )
            raise ParameterError(type(process).__name__, "weights", problem, weights)


@implements(proc=Hopfield, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubHopfieldModel(AbstractSubProcessModel):
    """Hopfield network as LIF neurons with a recurrent Dense, for Loihi 2.

    Exact for synchronous updates: the head of this module shows why.
    """

    def __init__(self, process: AbstractProcess) -> None:
        self._check(process)
        weights = process.weights.init.astype(np.int32)
        self.recurrent = Dense(weights=2 * weights, sign_mode=SignMode.MIXED)
        self.neurons = LIF(
            shape=process.s_out.shape,
            du=DECAY_MAX,
            dv=DECAY_MAX,
            vth=0,
            bias_mant=-weights.sum(axis=1),
            bias_exp=INPUT_SHIFT,
        )
        process.a_in.connect(self.neurons.a_in)
        self.neurons.s_out.connect(self.recurrent.s_in)
        self.recurrent.a_out.connect(self.neurons.a_in)
        self.neurons.s_out.connect(process.s_out)

    @staticmethod
    def _check(process: AbstractProcess) -> None:
        PyHopfieldModelFixed.check(process)
        owner, weights, state = (
            type(process).__name__,
            process.weights.init,
            process.state.init,
        )
        row_sum = int(np.abs(weights.astype(int)).sum(axis=1).max())
        if row_sum > ROW_SUM_MAX:
            problem = (
                f"absolute values of a row sum to {row_sum}; the decomposition is "
                f"exact up to {ROW_SUM_MAX} (quantise() keeps to it)"
            )
            raise ParameterError(owner, "weights", problem, weights)
        if (state != -1).any():
            problem = (
                "must be all -1, since LIF neurons start silent (cue a_in instead)"
            )
            raise ParameterError(owner, "state", problem, state)
        if process.proc_params["asynchronous"]:
            problem = "must be synchronous to be built from LIF neurons"
            raise ParameterError(owner, "update", problem, "asynchronous")
