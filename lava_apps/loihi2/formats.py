"""Number formats of Loihi 2, as far as Lava's source states them.

Every value here was read in lava-nc 0.10.0 (its bit-accurate CPU models and
their docstrings); nothing was measured on hardware.
"""

from __future__ import annotations

INPUT_SHIFT = 6
"""Synaptic input is shifted left by this many bits when it is added to u."""

DECAY_BITS = 12
"""du and dv are 12-bit; u keeps ``4096 - (du + 1)``, v keeps ``4096 - dv`` of 4096."""

DECAY_MAX = 2**DECAY_BITS - 1

SIGNED_WEIGHT_MAX = 127
"""Largest weight w that a mixed-sign synapse holds on both sides.

Its mantissa is even, from -256 to 254, so 2w is what is stored.
"""

POTENTIAL_MAX = 2**23 - 1
"""u and v are 24-bit signed: u wraps beyond this value, v stays at it."""

THRESHOLD_MAX = 2**17 - 1
"""vth is 17-bit; a spike needs ``v > vth * 2**INPUT_SHIFT``."""

BIAS_MANTISSA_MIN, BIAS_MANTISSA_MAX = -(2**12), 2**12 - 1
"""bias_mant is 13-bit signed, for ``bias_mant * 2**bias_exp``."""

BIAS_EXPONENT_MAX = 7
"""bias_exp is 3-bit. The bias is not shifted left as synaptic input is."""

INPUT_SUM_LIMIT = 2 ** (23 - INPUT_SHIFT)
"""A neuron's synaptic input must stay below this, or u wraps at once."""

INHIBITORY_WEIGHT_MIN, EXCITATORY_WEIGHT_MAX = -255, 255
"""Range of the mantissas of synapses of one sign."""

WEIGHT_EXPONENT_MIN, WEIGHT_EXPONENT_MAX = -8, 7
"""Weights are ``mantissa * 2**exponent``."""

MESSAGE_MAX = 2**23 - 1
"""Graded spikes carry up to 24 bits with their sign."""
