"""Interface of the Hopfield network."""

from typing import Any, Literal

import numpy as np

from lava_apps.draws import new_key, seed_parameters
from lava_apps.kernel import Process
from lava_apps.parameters import (
    ParameterError,
    RecurrentWeights,
    Seed,
    SignVector,
    is_symmetric,
    validated,
)

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import LogConfig
from lava.magma.core.process.variable import Var


class Hopfield(Process):
    """Hopfield network of N neurons with states -1 and +1.

    Its weights hold memories as states of least energy: started near one of
    them, the network falls into it (Hopfield 1982, PNAS 79:2554). In each time
    step a neuron takes the state +1 if its local field
    ``h_i = sum_j w_ij s_j + a_i`` is above zero and -1 otherwise.

    Cue it through `a_in`: a field stronger than any row of the weights sums to
    (:func:`~lava_apps.processes.hopfield.dynamics.cue_field`), positive for +1
    and negative for -1, sets the state in one time step; a weaker one pulls at
    it. Read the state from `s_out`, or from the Var `state`.

    ProcessModels: ``floating_pt``; ``fixed_pt`` with integer weights from -127
    to 127, which is exact in integers; and for synchronous updates in
    ``fixed_pt`` a decomposition into Lava's LIF and Dense for Loihi 2, with the
    same states in every step as long as no row of absolute weights sums to more
    than 2047 and no external field exceeds 2048 (``models.py`` shows why; the
    first is checked, the second cannot be before it arrives). In the
    decomposition only the ports carry the state; the Vars are those of its parts.

    Parameters
    ----------
    weights : (N, N) array_like
        ``weights[i, j]`` leads from neuron j to neuron i; zero diagonal.
        Symmetric if `update` is "asynchronous", which makes the energy fall.
        Without that, synchronous updates can also replay sequences.
    state : (N,) array_like, optional
        Initial states, each -1 or +1. Default: all -1, a silent network.
    update : {"synchronous", "asynchronous"}
        All neurons at once by the old state, or each once in random order by
        the state so far (a *sweep*), in one time step. Default "synchronous".
    seed : int, optional
        Seed of the random order, from 0 to 2**63 - 1. Default: one of its own, by its
        place in the graph: Processes draw independently, and runs can be repeated.
    name : str, optional
        Name of the Process.
    log_config : lava.magma.core.process.process.LogConfig, optional
        Lava's logging options.

    Attributes
    ----------
    a_in : InPort, shape (N,)
        External field, in units of the weights.
    s_out : OutPort, shape (N,)
        Spikes: 1 where the state is +1, 0 where it is -1.
    weights, state, field : Var
        As above; `field` is the local field each neuron last decided by.
    order, key : Var
        Permutation of the last sweep, and of which random numbers it comes.

    Raises
    ------
    ParameterError
        For weights that are not square, not finite, with entries on the
        diagonal or (where it matters) not symmetric; states other than -1 and
        +1 or of another number; an unknown keyword.

    Examples
    --------
    >>> from lava_apps.processes.hopfield import Hopfield, hebbian
    >>> Hopfield(weights=hebbian([[1, -1, 1, -1]])).s_out.shape
    (4,)
    """

    @validated
    def __init__(
        self,
        *,
        weights: RecurrentWeights,
        state: SignVector | None = None,
        update: Literal["synchronous", "asynchronous"] = "synchronous",
        seed: Seed | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        asynchronous = update == "asynchronous"
        if asynchronous and not is_symmetric(weights):
            problem = "must be symmetric for asynchronous updates"
            raise ParameterError(type(self).__name__, "weights", problem, weights)
        neurons = len(weights)
        if state is None:
            state = np.full(neurons, -1)
        if len(state) != neurons:
            problem = f"must have {neurons} entries, as the weights have rows"
            raise ParameterError(type(self).__name__, "state", problem, state)

        options: dict[str, Any] = {"name": name, "log_config": log_config}
        super().__init__(asynchronous=asynchronous, **seed_parameters(seed), **options)
        self.a_in = InPort(shape=(neurons,))
        self.s_out = OutPort(shape=(neurons,))
        self.weights = Var(shape=weights.shape, init=weights)
        self.state = Var(shape=(neurons,), init=state)
        self.field = Var(shape=(neurons,), init=0)
        self.order = Var(shape=(neurons,), init=np.arange(neurons))
        self.key = Var(shape=(2,), init=new_key(self.proc_params["seed"]))
