"""Two cues, two actions: a task that only reward can solve.

In each trial one of two cues is shown by a group of neurons that spike. Two action
neurons compete; the first to spike is the action. A reward of 1 follows a short while
later for the right pairing of cue and action, of -1 for the wrong one. After half of
the trials the pairings are exchanged. Which pairing is right the network can know from
the reward alone: cues and actions are spikes of the same statistics whichever it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from lava_apps.loihi2.formats import DECAY_MAX, INPUT_SHIFT
from lava_apps.loihi2.run_configs import Precision
from lava_apps.parameters import Array, Integer, Seed, validated
from lava_apps.processes.connections import DenseReset
from lava_apps.processes.lif import LIF
from lava_apps.processes.stdp import RewardSTDP, STDPDense
from lava_apps.processes.stdp.dynamics import WEIGHT_MAX
from lava_apps.processes.wta import WinnerTakeAll
from lava_apps.runtime import Simulator

from lava.proc.io.source import RingBuffer

CUE_NEURONS = 20
TRIAL = 60
"""Time steps of a trial: a cue, a pause, the reward, and silence."""

_CUE_STEPS, _REWARD_AT = 20, 30
_CUE = 0.25  # spikes of a cue neuron a time step
_RATE, _VTH, _NOISE, _INHIBITION = 0.02, 6, 0.6, 16


@dataclass(frozen=True)
class RewardResult:
    """What the network did.

    Parameters
    ----------
    right : (trials,) numpy.ndarray of bool
        Whether the action of a trial was the right one.
    reversal : int
        Trial from which on the pairings were exchanged.
    weights : (trials, 2, cue neurons) numpy.ndarray
        Weights after each trial.
    seed : int
        Of everything random.
    backend : str
        What it ran on.
    """

    right: Array
    reversal: int
    weights: Array
    seed: int
    backend: str

    def share(self, begin: int, end: int) -> float:
        """Say which share of some trials was right."""
        return float(self.right[begin:end].mean())


class RewardNetwork:
    """Cues, plastic synapses, two action neurons that compete, and the reward.

    Parameters
    ----------
    precision : {"floating_pt", "fixed_pt"}
        Of all ProcessModels.
    seed : int
        Of weights, noise and rounding.
    """

    def __init__(self, precision: Precision, seed: int) -> None:
        fixed = precision == "fixed_pt"
        unit = WEIGHT_MAX if fixed else 1
        shape = (2, 2 * CUE_NEURONS)
        drawn = unit * np.random.default_rng([seed, 2]).uniform(0.4, 0.6, shape)
        self.cues = RingBuffer(data=np.zeros((2 * CUE_NEURONS, TRIAL), dtype=int))
        self.reward = RingBuffer(data=np.zeros((1, TRIAL), dtype=int))
        self.synapses = STDPDense(
            weights=np.rint(drawn).astype(int) if fixed else drawn,
            rule=RewardSTDP(
                a_plus=_RATE * unit, a_minus=0, tau_plus=8, tau_eligibility=25
            ),
            w_max=unit,
            reset_interval=TRIAL,
            seed=seed,
        )
        decays = {"du": DECAY_MAX, "dv": 410} if fixed else {"du": 1, "dv": 0.1}
        self.neurons = LIF(
            shape=(2,),
            vth=_VTH * unit,
            noise=_NOISE * (unit << INPUT_SHIFT if fixed else 1),
            refractory_period=2,
            reset_interval=TRIAL,
            seed=seed,
            **decays,
        )
        self.competition = WinnerTakeAll(shape=(2,))
        exponent = 7 if fixed else 0
        strength = round(_INHIBITION * unit / 2**exponent)
        self.inhibition = DenseReset(
            weights=-strength * (1 - np.eye(2, dtype=int)),
            reset_interval=TRIAL,
            weight_exp=exponent,
        )
        self.cues.s_out.connect(self.synapses.s_in)
        self.reward.s_out.connect(self.synapses.reward_in)
        self.synapses.a_out.connect(self.neurons.a_in)
        self.neurons.s_out.connect(self.competition.a_in)
        self.competition.s_out.connect(self.synapses.s_in_bap)
        self.competition.s_out.connect(self.inhibition.s_in)
        self.inhibition.a_out.connect(self.neurons.a_in)


@validated
def learn_pairings(
    *,
    trials: Annotated[Integer, Field(ge=2, le=100_000)] = 600,
    precision: Precision = "floating_pt",
    seed: Seed = 0,
    backend: Literal["auto", "compiled", "inline"] = "auto",
    on_trial: Callable[[int], None] = lambda _: None,
) -> RewardResult:
    """Let the network learn the pairings, and learn them anew when they are exchanged.

    Parameters
    ----------
    trials : int
        In all; the pairings are exchanged after half of them. Default 600.
    precision : {"floating_pt", "fixed_pt"}
        Of all ProcessModels. Default "floating_pt".
    seed : int
        Of everything random. Default 0.
    backend : {"auto", "compiled", "inline"}
        Backend of the Simulator.
    on_trial : callable
        Called with the number of each trial when it is over.

    Returns
    -------
    RewardResult
        Right and wrong actions, and the weights.
    """
    network = RewardNetwork(precision, seed)
    rng = np.random.default_rng([seed, 3])
    right, weights = np.zeros(trials, dtype=bool), []
    reversal = trials // 2
    with Simulator(network.neurons, backend=backend, precision=precision) as sim:
        probe = sim.probe(network.competition.s_out)
        for trial in range(trials):
            cue = int(rng.integers(2))
            wanted = cue if trial < reversal else 1 - cue
            spikes = np.zeros((2, CUE_NEURONS, TRIAL), dtype=int)
            spikes[cue, :, :_CUE_STEPS] = rng.random((CUE_NEURONS, _CUE_STEPS)) < _CUE
            sim.set(network.cues.data, spikes.reshape(-1, TRIAL))
            sim.set(network.reward.data, 0)
            sim.run(_REWARD_AT)
            _, actions = probe.where()
            probe.clear()
            right[trial] = actions.size > 0 and int(actions[0]) == wanted
            if actions.size > 0:
                reward = np.zeros((1, TRIAL), dtype=int)
                reward[0, _REWARD_AT] = 1 if right[trial] else -1
                sim.set(network.reward.data, reward)
            sim.run(TRIAL - _REWARD_AT)
            probe.clear()
            weights.append(np.array(sim.get(network.synapses.weights), dtype=float))
            on_trial(trial)
        return RewardResult(right, reversal, np.stack(weights), seed, sim.backend)
