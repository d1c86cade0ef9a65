"""Equations of the Hopfield network.

States are s in {-1, +1}^N. The local field of neuron i is

    h_i = sum_j w_ij s_j + a_i

with a_i the external field, and a neuron takes the state +1 if h_i > 0 and -1
otherwise (Hopfield 1982, PNAS 79:2554, with states of either sign instead of 0
and 1). A field of zero gives -1, as a LIF neuron whose potential equals its threshold
stays silent. In floats a field counts as zero where it does not exceed what rounding
can make of zero (:func:`is_positive`): Hebbian weights are multiples of 1/N, which
floats do not hold, and their sums miss zero by some last bits.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from lava_apps.draws import shuffle
from lava_apps.loihi2.conversion import QuantisedWeights, quantise_weights
from lava_apps.parameters import (
    Matrix,
    ParameterError,
    RecurrentWeights,
    SignArray,
    SignMatrix,
    is_symmetric,
    validated,
)

FloatArray = npt.NDArray[np.float64]

ROW_SUM_MAX = 2047
"""Largest row sum of absolute integer weights that the decomposition allows.

A cue of :data:`CUE_FIELD` then overrides any state, and the field of a neuron
stays within 12 bits, cue included; ``models.py`` shows why that is the limit.
"""

_ROUNDING_UNIT = 2.0**-53

CUE_FIELD = ROW_SUM_MAX + 1
"""External field that overrides any recurrent field of such weights."""


@njit(cache=True)
def local_field(weights, state, a_in, i):  # type: ignore[no-untyped-def]
    """Sum the recurrent input and the external field of a neuron.

    Parameters
    ----------
    weights : (N, N) numpy.ndarray
        ``weights[i, j]`` leads from neuron j to neuron i.
    state : (N,) numpy.ndarray
        -1 or +1.
    a_in : (N,) numpy.ndarray
        External field.
    i : int
        The neuron.

    Returns
    -------
    number
        Its local field.
    """
    total = a_in[i] + weights[i, 0] * state[0]
    for j in range(1, state.size):
        total += weights[i, j] * state[j]
    return total


@njit(cache=True)
def is_positive(field, weights, a_in, i):  # type: ignore[no-untyped-def]
    """Tell whether a field is above zero, for certain.

    A sum of n floats, each rounded once and added up one after the other, is off by
    less than ``n u`` times the sum of their absolute values, to first order in the
    rounding unit u (Higham 2002, "Accuracy and Stability of Numerical Algorithms",
    section 4.2); weights that were rounded themselves add another u. Integers are never
    off.

    Parameters
    ----------
    field : number
        What :func:`local_field` gave.
    weights, a_in, i
        What it was given.

    Returns
    -------
    bool
        False where rounding may have made it of zero, too.
    """
    if field <= 0:
        return False
    total = float(abs(a_in[i]))
    for j in range(weights.shape[1]):
        total += abs(weights[i, j])
    return field > (weights.shape[1] + 3) * _ROUNDING_UNIT * total


@njit(cache=True)
def step(  # type: ignore[no-untyped-def]
    a_in, s_out, weights, state, field, order, key, asynchronous, time_step
):
    """Advance the network by one time step, in place.

    Parameters
    ----------
    a_in : (N,) numpy.ndarray
        External field in this step.
    s_out : (N,) numpy.ndarray
        Filled with 1 where the new state is +1, with 0 elsewhere.
    weights : (N, N) numpy.ndarray
        ``weights[i, j]`` leads from neuron j to neuron i.
    state : (N,) numpy.ndarray
        -1 or +1.
    field : (N,) numpy.ndarray
        Filled with the local field that each neuron decided by.
    order : (N,) numpy.ndarray of int
        Filled with a random permutation of the neurons in an asynchronous step.
    key : (2,) numpy.ndarray of uint64
        Of the random numbers (:mod:`lava_apps.draws`).
    asynchronous : bool
        False: all neurons decide by the old state. True: one after the other,
        each once, in random order, by what the others have become meanwhile.
    time_step : int
        Of the run.
    """
    if asynchronous:
        for i in range(order.size):
            order[i] = i
        shuffle(order, key, time_step)
        for i in order:
            field[i] = local_field(weights, state, a_in, i)
            state[i] = 1 if is_positive(field[i], weights, a_in, i) else -1
    else:
        for i in range(state.size):
            field[i] = local_field(weights, state, a_in, i)
        for i in range(state.size):
            state[i] = 1 if is_positive(field[i], weights, a_in, i) else -1
    for i in range(state.size):
        s_out[i] = 1 if state[i] > 0 else 0


@validated
def energy(state: SignArray, weights: RecurrentWeights) -> FloatArray:
    """Compute the energy of one state or of many (Hopfield 1982).

    ``E = -1/2 sum_ij w_ij s_i s_j``; it never rises under asynchronous updates
    without external field.

    Parameters
    ----------
    state : (..., N) array_like
        States, each -1 or +1; leading dimensions are kept.
    weights : (N, N) array_like
        Symmetric, zero diagonal.

    Returns
    -------
    (...) numpy.ndarray of float64
        The energies, in units of the weights.

    Raises
    ------
    ParameterError
        For weights that are not symmetric, or states of another size.
    """
    if not is_symmetric(weights):
        raise ParameterError("energy", "weights", "must be symmetric", weights)
    if state.ndim == 0 or state.shape[-1] != len(weights):
        problem = f"must have {len(weights)} neurons in its last dimension"
        raise ParameterError("energy", "state", problem, state)
    state = state.astype(float)
    recurrent = state @ weights.astype(float)
    return np.asarray(-0.5 * (recurrent * state).sum(axis=-1))


def _symmetric_without_diagonal(weights: FloatArray) -> FloatArray:
    weights = (weights + weights.T) / 2
    np.fill_diagonal(weights, 0)
    return weights


@validated
def hebbian(patterns: SignMatrix) -> FloatArray:
    """Store patterns by Hebb's rule (Hopfield 1982).

    ``w_ij = 1/N sum_p x_pi x_pj``. It holds about 0.138 N random patterns
    (Amit, Gutfreund and Sompolinsky 1985, Phys. Rev. Lett. 55:1530), and far
    fewer that resemble each other.

    Parameters
    ----------
    patterns : (P, N) array_like
        Patterns to store, each -1 or +1.

    Returns
    -------
    (N, N) numpy.ndarray of float64
        Symmetric weights with zero diagonal.

    Raises
    ------
    ParameterError
        For entries other than -1 and +1, or a wrong number of dimensions.
    """
    patterns = patterns.astype(float)
    return _symmetric_without_diagonal(patterns.T @ patterns / patterns.shape[1])


@validated
def projection(patterns: SignMatrix) -> FloatArray:
    """Store patterns by projection on the space they span.

    ``W = X+ X`` with the pseudo-inverse ``X+`` of the patterns (Personnaz, Guyon
    and Dreyfus 1986, Phys. Rev. A 34:4217), diagonal set to zero. Each pattern
    is a fixed point as long as no neuron's own entry of W was 1, however much
    the patterns resemble each other. Patterns that depend on others, such as their
    negatives, add nothing to the space, and so nothing to W.

    Parameters
    ----------
    patterns : (P, N) array_like
        Patterns to store, each -1 or +1.

    Returns
    -------
    (N, N) numpy.ndarray of float64
        Symmetric weights with zero diagonal.

    Raises
    ------
    ParameterError
        For entries other than -1 and +1, a wrong number of dimensions, or as
        many independent patterns as neurons.
    """
    states = patterns.astype(float)
    _, lengths, directions = np.linalg.svd(states, full_matrices=False)
    # The usual bound of what a length of zero comes out as.
    rounding = max(states.shape) * np.finfo(float).eps
    spanning = directions[lengths > rounding * lengths[0]]
    weights = _symmetric_without_diagonal(spanning.T @ spanning)
    # A projection has entries up to 1: these are zeros that were rounded.
    weights[np.abs(weights) < rounding] = 0
    if not weights.any():
        problem = "span all dimensions, so that every state is a fixed point"
        raise ParameterError("projection", "patterns", problem, patterns)
    return weights


@validated
def storkey(patterns: SignMatrix) -> FloatArray:
    """Store patterns by Storkey's rule (Storkey 1997, ICANN, LNCS 1327:451).

    Patterns come one after the other; each adds
    ``(x_i x_j - x_i h_ji - h_ij x_j) / N`` with ``h_ij`` the field of neuron i
    without the contributions of i and j. Local and incremental as Hebb's rule
    is, with a higher capacity.

    Parameters
    ----------
    patterns : (P, N) array_like
        Patterns to store, each -1 or +1.

    Returns
    -------
    (N, N) numpy.ndarray of float64
        Symmetric weights with zero diagonal.

    Raises
    ------
    ParameterError
        For entries other than -1 and +1, or a wrong number of dimensions.
    """
    neurons = patterns.shape[1]
    weights = np.zeros((neurons, neurons))
    for x in patterns.astype(float):
        # With a zero diagonal only the contribution of j is to be taken out.
        field = (weights @ x)[:, None] - weights * x
        weights += (np.outer(x, x) - x[:, None] * field.T - field * x) / neurons
        np.fill_diagonal(weights, 0)
    return _symmetric_without_diagonal(weights)


@validated
def quantise(weights: RecurrentWeights) -> QuantisedWeights:
    """Round weights to integers that all models, the decomposition too, can hold.

    Parameters
    ----------
    weights : (N, N) array_like
        Float weights with zero diagonal.

    Returns
    -------
    QuantisedWeights
        8-bit weights whose rows sum to at most :data:`ROW_SUM_MAX` in absolute
        values, the scale, and the relative error made.

    Raises
    ------
    ParameterError
        For weights that are not square, not finite, all zero, or so many that
        none is left within the limit.
    """
    return quantise_weights(weights, row_sum_max=ROW_SUM_MAX)


@validated
def overlap(state: SignArray, pattern: SignArray) -> FloatArray:
    """Measure the agreement of states with patterns.

    Parameters
    ----------
    state : (..., N) array_like
        States, each -1 or +1.
    pattern : (..., N) array_like
        Patterns, each -1 or +1; broadcast against `state`.

    Returns
    -------
    (...) numpy.ndarray of float64
        ``1/N sum_i s_i x_i``: 1 for equal, 0 for unrelated, -1 for inverted.

    Raises
    ------
    ParameterError
        For other entries, or shapes that do not fit.
    """
    try:
        products = state * pattern
    except ValueError:
        problem = f"must fit the shape {state.shape} of the states"
        raise ParameterError("overlap", "pattern", problem, pattern) from None
    return np.asarray(products.mean(axis=-1), dtype=float)


@validated
def cue_field(weights: Matrix) -> float:
    """Find an external field strong enough to override any state.

    Parameters
    ----------
    weights : (N, N) array_like
        Weights of the network.

    Returns
    -------
    float
        One more than the largest row sum of absolute weights.
    """
    return float(np.abs(weights.astype(float)).sum(axis=1).max()) + 1
