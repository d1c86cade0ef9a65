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
