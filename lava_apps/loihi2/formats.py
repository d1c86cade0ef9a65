"""Number formats and limits of Loihi 2, as far as open sources tell them.

Nothing here was measured on hardware. :data:`FORMATS` and :data:`RESOURCES` say for
each what it is, where it comes from, and how far that can be trusted
(:class:`Evidence`); the constants below are the same numbers by name. Validators,
conversions and the readiness report draw on them, and on nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt


class Evidence(Enum):
    """How something about the chip is known."""

    SOURCE = "read in source"
    COMPILER = "compiler output"
    INFERRED = "inferred"
    SECOND_HAND = "second-hand"


@dataclass(frozen=True)
class Format:
    """A range of integers that the chip holds, or a number of things it has.

    Parameters
    ----------
    name : str
        What it is the range of.
    low, high : int or float
        Smallest and largest value.
    evidence : Evidence
        How it is known.
    source : str
        Where from.
    meaning : str
        What it is about, and what happens beyond it.
    """

    name: str
    low: float
    high: float
    evidence: Evidence
    source: str
    meaning: str

    def holds(self, values: npt.ArrayLike) -> bool:
        """Say whether all of some values are integers within the range.

        Parameters
        ----------
        values : array_like
            Numbers.

        Returns
        -------
        bool
            False for NaN, too.
        """
        given = np.asarray(values, float)
        inside = (given >= self.low) & (given <= self.high)
        return bool((inside & (given == np.rint(given))).all())


def _by_name(*formats: Format) -> dict[str, Format]:
    return {entry.name: entry for entry in formats}


_LIF = "lava/proc/lif/models.py"
_DENSE = "lava/utils/weightutils.py"
_LEARNING = "lava/magma/core/learning/constants.py"
_GRADED = "lava/proc/graded/models.py"
_NOTEBOOKS = "compiler output in public notebooks"
_PRE_SILICON = "Davies et al. 2018, IEEE Micro 38(1):82, table 2 (Loihi 1, pre-silicon)"
_S, _C = Evidence.SOURCE, Evidence.COMPILER
_I, _2 = Evidence.INFERRED, Evidence.SECOND_HAND

FORMATS = _by_name(
    Format(
        *("u", -(2**23), 2**23 - 1, _S, _LIF),
        "current of a neuron, 24 bits; it wraps beyond them",
    ),
    Format(
        *("v", -(2**23) + 1, 2**23 - 1, _S, _LIF),
        "potential of a neuron, 24 bits; it stays at the ends",
    ),
    Format(
        *("du", 0, 4095, _S, _LIF),
        "u keeps 4096 - (du + 1) of 4096 in a time step, rounded towards 0; one a "
        "population",
    ),
    Format(
        *("dv", 0, 4095, _S, _LIF),
        "v keeps 4096 - dv of 4096, rounded towards 0; one a population",
    ),
    Format(
        *("vth", 0, 2**17 - 1, _S, _LIF),
        "threshold; a spike needs v > vth * 2**6; one a population",
    ),
    Format(
        *("bias_mant", -(2**12), 2**12 - 1, _S, _LIF),
        "bias is bias_mant * 2**bias_exp, not shifted as synaptic input is",
    ),
    Format("bias_exp", 0, 7, _S, _LIF, "see bias_mant"),
    Format(
        *("input_shift", 6, 6, _S, _LIF),
        "synaptic input is shifted left by this many bits when it is added to u",
    ),
    Format(
        *("input_sum", -(2**17) + 1, 2**17 - 1, _S, _LIF),
        "synaptic input of a neuron in a time step; beyond, u wraps at once",
    ),
    Format("excitatory_weight", 0, 255, _S, _DENSE, "mantissa of a weight, 8 bits"),
    Format("inhibitory_weight", -255, 0, _S, _DENSE, "mantissa of a weight, 8 bits"),
    Format(
        *("mixed_weight", -256, 254, _S, _DENSE),
        "mantissa of a weight where both signs occur; even, or it is truncated",
    ),
    Format("weight_exp", -8, 7, _S, _DENSE, "weights are mantissa * 2**weight_exp"),
    Format(
        *("num_weight_bits", 0, 8, _S, _DENSE),
        "bits of a weight's mantissa; fewer truncate it",
    ),
    Format("learned_weight", -255, 255, _S, _LEARNING, "8 bits and a sign"),
    Format("tag", -255, 255, _S, _LEARNING, "variable of a synapse, 8 bits and a sign"),
    Format("trace", 0, 127, _S, _LEARNING, "trace of spikes, 7 bits"),
    Format(
        *("trace_impulse", 0, 127, _S, _LEARNING),
        "what a spike adds to a trace; fractions are biased in Lava's integers",
    ),
    Format("rule_constant", -256, 255, _S, _LEARNING, "constant in a rule, 8 bits"),
    Format("t_epoch", 1, 63, _2, _LEARNING, "time steps of a learning epoch, 6 bits"),
    Format(
        *("delay", 0, 62, _S, "lava/proc/dense/models.py"),
        "time steps of a synapse's delay, 6 bits; Lava's model takes 63, but use 62",
    ),
    Format(
        *("num_message_bits", 0, 24, _S, _GRADED),
        "bits of a graded spike with its sign; 0 for spikes without a payload",
    ),
)
"""Ranges of what a neuron, a synapse or a spike holds, by name."""

RESOURCES = _by_name(
    Format(
        *("cores", 0, 120, _S, "lava/magma/compiler/subcompilers/constants.py"),
        "cores of a chip",
    ),
    Format("groups", 0, 8, _I, _NOTEBOOKS, "groups of neurons that share a core"),
    Format("neurons", 0, 4095, _I, _NOTEBOOKS, "neurons of a core"),
    Format(
        *("pool", 0, 16_000, _I, _NOTEBOOKS),
        "words of 64 bits for the synapses and axons of a core",
    ),
    Format("memory", 0, 20_000, _I, _NOTEBOOKS, "words of a core in all"),
    Format(
        *("synapse_bits", 20, 20, _I, _NOTEBOOKS),
        "bits of a synapse: a weight of 8 and an index of 12",
    ),
    Format("axon_bits", 10, 10, _I, _NOTEBOOKS, "bits more for each incoming axon"),
)
"""What a chip and a core have; inferred from utilisation that a compiler printed."""

ENERGIES = _by_name(
    Format("synaptic_operation", 23.6, 23.6, _2, _PRE_SILICON, "pJ, at least"),
    Format("active_neuron", 81.0, 81.0, _2, _PRE_SILICON, "pJ a neuron's update"),
    Format("inactive_neuron", 52.0, 52.0, _2, _PRE_SILICON, "pJ a neuron's update"),
    Format("spike", 1.7, 1.7, _2, _PRE_SILICON, "pJ within a tile"),
    Format("stdp_update", 120.0, 120.0, _2, _PRE_SILICON, "pJ a synapse"),
)
"""Energies of Loihi 1; of Loihi 2 none is published for single operations."""

INPUT_SHIFT = int(FORMATS["input_shift"].high)
"""Synaptic input is shifted left by this many bits when it is added to u."""

DECAY_BITS = 12
"""du and dv are 12-bit; u keeps ``4096 - (du + 1)``, v keeps ``4096 - dv`` of 4096."""

DECAY_MAX = int(FORMATS["du"].high)

SIGNED_WEIGHT_MAX = int(FORMATS["mixed_weight"].high) // 2
"""Largest weight w that a mixed-sign synapse holds on both sides.

Its mantissa is even, from -256 to 254, so 2w is what is stored.
"""

POTENTIAL_MAX = int(FORMATS["v"].high)
"""u and v are 24-bit signed: u wraps beyond this value, v stays at it."""

THRESHOLD_MAX = int(FORMATS["vth"].high)
"""vth is 17-bit; a spike needs ``v > vth * 2**INPUT_SHIFT``."""

BIAS_MANTISSA_MIN = int(FORMATS["bias_mant"].low)
BIAS_MANTISSA_MAX = int(FORMATS["bias_mant"].high)
"""bias_mant is 13-bit signed, for ``bias_mant * 2**bias_exp``."""

BIAS_EXPONENT_MAX = int(FORMATS["bias_exp"].high)
"""bias_exp is 3-bit. The bias is not shifted left as synaptic input is."""

INPUT_SUM_LIMIT = int(FORMATS["input_sum"].high) + 1
"""A neuron's synaptic input must stay below this, or u wraps at once."""

INHIBITORY_WEIGHT_MIN = int(FORMATS["inhibitory_weight"].low)
EXCITATORY_WEIGHT_MAX = int(FORMATS["excitatory_weight"].high)
"""Largest mantissa of synapses of one sign."""

WEIGHT_EXPONENT_MIN = int(FORMATS["weight_exp"].low)
WEIGHT_EXPONENT_MAX = int(FORMATS["weight_exp"].high)
"""Weights are ``mantissa * 2**exponent``."""

TRACE_MAX = int(FORMATS["trace"].high)
"""Traces of spikes are 7-bit."""

MESSAGE_MAX = 2 ** (int(FORMATS["num_message_bits"].high) - 1) - 1
"""Graded spikes carry up to 24 bits with their sign."""
