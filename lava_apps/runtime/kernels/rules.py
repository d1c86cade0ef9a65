"""Learning rules in Loihi's grammar, compiled from their product series.

A rule says for each synaptic variable (weights, tag_1, tag_2) a sum of products,
each of a scaling factor, a dependency (a presynaptic spike x0, a postsynaptic one
y0, or the time, u) and factors (traces at the time of that spike, the variables
themselves, constants). Here it becomes a function of one synapse, and that a loop
over those synapses which can change.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import numpy as np
from numba import njit

from lava.magma.core.learning import string_symbols as symbols
from lava.magma.core.learning.constants import (
    FACTOR_TO_WIDTH_DICT,
    W_ACCUMULATOR_S,
    W_ACCUMULATOR_U,
    W_S_MANT,
    W_SYN_VAR_S,
    W_SYN_VAR_U,
    W_TAG_1_U,
    W_TAG_2_U,
    W_WEIGHTS_U,
)
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.learning.product_series import Factor, Product
from lava.utils.weightutils import SignMode

_VARIABLES = ("weights", "tag_1", "tag_2")
_LOW, _HIGH = -(2**W_ACCUMULATOR_U) - 1, 2**W_ACCUMULATOR_U - 1

_SOURCE = """
def learn(
    weights, tag_1, tag_2, x0, tx, x1, x2, y0, ty, y1, y2, y3, x_impulses, y_impulses,
    x_fractions, y_fractions, decays, x_history, y_history, epoch, period, fresh,
    randoms, row, time_step,
):
    if time_step % epoch != 0:
        return
    trace_histories(
        tx, x1, x2, ty, y1, y2, y3, x_impulses, y_impulses, x_fractions, y_fractions,
        decays, x_history, y_history, randoms[row],
    )
    random = randoms[row, 5]
    u = 1 if (time_step // epoch) % period == 0 else 0
    every = fresh[0] or ({by_time} and not {gated} and u == 1)
    fresh[0] = False
    for j in range(tx.size):
        x0[j] = tx[j] > 0
    for i in range(ty.size):
        y0[i] = ty[i] > 0
    last = x_history.shape[0] - 1
    some = False
    if {gated} and u == 1 and not every:
        for i in range(ty.size):
            some = some or ({gate})
    for j in range(tx.size):
        if every or some or ({by_pre} and x0[j]):
            for i in range(ty.size):
                if not some or ({gate}):
                    synapse(i, j, weights, tag_1, tag_2, x0, y0, u, tx, ty, x_history,
                            y_history, random)
    if {by_post} and not every:
        for i in range(ty.size):
            if y0[i]:
                for j in range(tx.size):
                    if not ({by_pre} and x0[j]):
                        synapse(i, j, weights, tag_1, tag_2, x0, y0, u, tx, ty,
                                x_history, y_history, random)
    for j in range(tx.size):
        x1[j], x2[j] = x_history[last, 0, j], x_history[last, 1, j]
        x0[j], tx[j] = False, 0
    for i in range(ty.size):
        if {two_factors}:
            y1[i], y2[i] = y_history[last, 0, i], y_history[last, 1, i]
            y3[i] = y_history[last, 2, i]
        y0[i], ty[i] = False, 0
"""


@njit(cache=True)
def trace_histories(  # type: ignore[no-untyped-def]
    tx,
    x1,
    x2,
    ty,
    y1,
    y2,
    y3,
    x_impulses,
    y_impulses,
    x_fractions,
    y_fractions,
    decays,
    x_history,
    y_history,
    randoms,
):
    """Follow traces through an epoch: decay, then an impulse at the last spike."""
    x_history[0, 0, :], x_history[0, 1, :] = x1, x2
    y_history[0, 0, :], y_history[0, 1, :], y_history[0, 2, :] = y1, y2, y3
    for t in range(1, x_history.shape[0]):
        for n in range(2):
            fraction = None if x_fractions is None else x_fractions[n]
            follow(
                x_history, t, n, tx, decays[n], x_impulses[n], fraction, randoms[1:3]
            )
        for n in range(3):
            fraction = None if y_fractions is None else y_fractions[n]
            follow(
                y_history,
                t,
                n,
                ty,
                decays[2 + n],
                y_impulses[n],
                fraction,
                randoms[3:5],
            )


@njit(cache=True)
def follow(history, t, n, spikes, decay, whole, fraction, randoms):  # type: ignore[no-untyped-def]
    """Follow a trace of all neurons through a time step."""
    before, now = history[t - 1, n], history[t, n]
    for i in range(before.size):
        if fraction is None:
            # A trace without time constant is not a number, as in Lava.
            now[i] = before[i] * decay
            if spikes[i] == t:
                now[i] += whole
        else:
            kept = 0
            if not np.isnan(decay):
                product = decay * before[i]
                kept = int(np.floor(product))
                kept += 1 if randoms[0] < product % 1 else 0
            if spikes[i] == t:
                kept += whole + (1 if randoms[1] < fraction else 0)
                kept = min(max(kept, 0), 127)
            now[i] = kept


@njit(cache=True)
def clip(value, lowest, highest):  # type: ignore[no-untyped-def]
    """Limit an integer."""
    return min(max(value, lowest), highest)


@njit(cache=True)
def rounded(value, bits, random):  # type: ignore[no-untyped-def]
    """Drop bits of an integer, rounded up if a random number is below their share."""
    share = (value & ((1 << bits) - 1)) / (1 << bits)
    return (value >> bits) + (1 if random < share else 0)


def learn_function(model: Any) -> Any:
    """Compile the learning phase of a LearningDense.

    Parameters
    ----------
    model : PyLearningConnection
        The model, whose rule it is to be.

    Returns
    -------
    Dispatcher
        A compiled function, with the arguments of a kernel.
    """
    is_fixed = hasattr(model, "weights_set")
    rule = model._learning_rule
    series = {
        symbols.SYNAPTIC_VARIABLE_VAR_MAPPING[target[1:]]: tuple(one.products)
        for target, one in rule.active_product_series.items()
    }
    dependencies = {p.dependency for products in series.values() for p in products}
    write = _fixed_lines if is_fixed else _float_lines
    lines = [
        line
        for name, products in series.items()
        for line in write(name, products, model.sign_mode)
    ]
    arguments = (
        "i, j, weights, tag_1, tag_2, x0, y0, u, tx, ty, x_history, y_history, random"
    )
    synapse = "\n    ".join(
        [
            f"def synapse({arguments}):",
            *(f"old_{name} = {name}[i, j]" for name in _VARIABLES),
            *lines,
            *(f"{name}[i, j] = new_{name}" for name in series),
        ]
    )
    gates = _gates(series)
    learn = _SOURCE.format(
        gated=bool(gates),
        gate=" or ".join(f"y_history[last, {n}, i] != 0" for n in gates) or "True",
        by_time=symbols.U in dependencies,
        by_pre=symbols.X0 in dependencies,
        by_post=symbols.Y0 in dependencies,
        two_factors=isinstance(rule, Loihi2FLearningRule),
    )
    return _compiled(synapse, learn)


def _gates(series: dict[str, tuple[Product, ...]]) -> list[int]:
    """List the postsynaptic traces without which nothing changes; none if others do.

    Of a rule that looks at all synapses at each time, only those of neurons with such
    a trace then need a look.
    """
    gates = set()
    for product in (p for products in series.values() for p in products):
        traces = [
            int(f.state_var[1]) - 1
            for f in product.factors
            if f.state_var in ("y1", "y2", "y3") and not f.has_const()
        ]
        if product.dependency != symbols.U or not traces:
            return []
        gates.update(traces)
    return sorted(gates)


@functools.lru_cache(maxsize=64)
def _compiled(synapse: str, learn: str) -> Any:
    names = {"np": np, "clip": clip, "rounded": rounded}
    exec(synapse, names)  # noqa: S102 - our own source
    inner = {
        "synapse": njit(_named(names["synapse"], synapse)),
        "trace_histories": trace_histories,
    }
    exec(learn, inner)  # noqa: S102 - our own source
    return njit(_named(inner["learn"], synapse + learn))


def _named(function: Any, source: str) -> Any:
    """Name a function after its source: numba makes symbols of names.

    Two rules by one name could meet in an OS process that reads a loop with one of them
    from the disk, and the one that came first would serve for both.
    """
    name = f"{function.__name__}_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    function.__name__ = function.__qualname__ = name
    return function


def unusable_trace(model: Any) -> str | None:
    """Object to a rule that uses a trace without time constant."""
    rule = model._learning_rule
    for traces in rule.active_traces_per_dependency.values():
        for trace in traces:
            if getattr(rule, f"{trace}_tau") == 0:
                return f"its rule uses {trace}, whose time constant is 0"
    return None


def _trace(name: str, dependency: str) -> str:
    """Say where a trace stands that is looked at when a dependency says."""
    side, number = name[0], int(name[1]) - 1
    moment = {"x0": "tx[j]", "y0": "ty[i]", "u": "-1"}[dependency]
    neuron = "j" if side == "x" else "i"
    return f"{side}_history[{moment}, {number}, {neuron}]"


def _value(factor: Factor, dependency: str) -> str:
    """Write a factor, its constant included."""
    if factor.state_var == symbols.C:
        return f"({factor.const})"
    if factor.state_var in symbols.TRACES:
        text = _trace(factor.state_var, dependency)
    elif factor.state_var in symbols.SYNAPTIC_VARIABLES:
        text = f"old_{symbols.SYNAPTIC_VARIABLE_VAR_MAPPING[factor.state_var]}"
    else:  # x0 or y0
        text = _spike(factor.state_var)
    if factor.has_const():
        text = f"({text} + ({factor.const}))"
    return f"np.sign({text})" if factor.is_sgn else text


def _spike(dependency: str) -> str:
    return {"x0": "x0[j]", "y0": "y0[i]", "u": "u"}[dependency]


def _float_lines(name: str, products: tuple[Product, ...], mode: SignMode) -> list[str]:
    """Write the change of a variable in the order in which Lava evaluates it."""
    terms = []
    for product in products:
        scale = repr(product.s_mantissa * 2.0 ** (product.s_exp - 7))
        factors = [_value(f, product.dependency) for f in product.factors]
        terms.append(" * ".join([scale, _spike(product.dependency), *factors]))
    lines = [f"new_{name} = old_{name} + ({' + '.join(terms)})"]
    is_weight = name == "weights"
    if name == "tag_2" or (is_weight and mode == SignMode.EXCITATORY):
        lines.append(f"new_{name} = max(0.0, new_{name})")
    elif is_weight and mode == SignMode.INHIBITORY:
        lines.append(f"new_{name} = min(0.0, new_{name})")
    return lines


def _fixed_lines(name: str, products: tuple[Product, ...], mode: SignMode) -> list[str]:
    """Write the change of a variable in the widths of Loihi's accumulator."""
    new, shift = f"new_{name}", W_ACCUMULATOR_S - W_SYN_VAR_S[name]
    lines = [f"{new} = np.int64(old_{name} << {shift})"]
    for product in products:
        width = W_S_MANT
        lines.append(f"term = np.int32({_spike(product.dependency)})")
        for factor in product.factors:
            bits = FACTOR_TO_WIDTH_DICT[factor.state_var]
            width += bits
            value = _value(factor, product.dependency)
            value = f"clip({value}, {-(2**bits)}, {2**bits - 1})"
            lines.append(f"term = np.int32(term * np.int32({value}))")
        lines.append(f"term = np.int32(term * ({product.s_mantissa}))")
        lines.append(f"term = np.int32(term >> {max(0, width - W_ACCUMULATOR_U)})")
        # A shift by a negative number gives 0 in numpy.
        shifted = f"term << {product.s_exp}" if product.s_exp >= 0 else "0"
        lines.append(f"term = np.int32({shifted})")
        lines.append(
            f"{new} = clip({new} + clip(term, {_LOW}, {_HIGH}), {_LOW}, {_HIGH})"
        )
    lowest, highest = {
        "tag_1": (-(2**W_TAG_1_U) - 1, 2**W_TAG_1_U - 1),
        "tag_2": (0, 2**W_TAG_2_U - 1),
        "weights": {
            SignMode.EXCITATORY: (0, 2**W_WEIGHTS_U - 1),
            SignMode.INHIBITORY: (-(2**W_WEIGHTS_U) + 1, 0),
        }.get(mode, (-(2**W_WEIGHTS_U), 2**W_WEIGHTS_U - 1)),
    }[name]
    if lowest == 0:
        lines.append(f"{new} = max({new}, 0)")
    if highest == 0:
        lines.append(f"{new} = min({new}, 0)")
    bits = W_ACCUMULATOR_U - W_SYN_VAR_U[name]
    lines.append(f"{new} = clip(rounded({new}, {bits}, random), {lowest}, {highest})")
    return lines
