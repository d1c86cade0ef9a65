"""Hypothesis strategies for what Processes are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Array = npt.NDArray[Any]


def generators() -> st.SearchStrategy[np.random.Generator]:
    """Draw random generators, for values whose shrinking would say nothing.

    Returns
    -------
    hypothesis.strategies.SearchStrategy
        Of numpy.random.Generator.
    """
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


@st.composite
def sign_patterns(
    draw: st.DrawFn, max_patterns: int = 6, max_neurons: int = 40
) -> npt.NDArray[np.int8]:
    """Draw random patterns of -1 and +1, more neurons than patterns.

    Parameters
    ----------
    max_patterns, max_neurons : int
        Largest numbers.

    Returns
    -------
    (P, N) numpy.ndarray of int8
        With N > 2 P.
    """
    patterns = draw(st.integers(1, max_patterns))
    neurons = draw(st.integers(2 * patterns + 1, max_neurons))
    rng = draw(generators())
    return rng.choice(np.array([-1, 1], dtype=np.int8), (patterns, neurons))


@st.composite
def symmetric_weights(
    draw: st.DrawFn, max_neurons: int = 40, integers: bool = False
) -> Array:
    """Draw symmetric weights with zero diagonal.

    Parameters
    ----------
    max_neurons : int
        Largest number of neurons.
    integers : bool
        Integers from -127 to 127 instead of normally distributed floats.

    Returns
    -------
    (N, N) numpy.ndarray
        int64 or float64, at least two neurons.
    """
    neurons = draw(st.integers(2, max_neurons))
    rng = draw(generators())
    shape = (neurons, neurons)
    values: Array = (
        rng.integers(-127, 128, shape) if integers else rng.normal(size=shape)
    )
    upper: Array = np.triu(values, 1)
    return np.asarray(upper + upper.T)
