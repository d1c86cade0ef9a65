"""Kernel of Lava's LearningDense.

Read in lava-nc 0.10.0 (``lava/magma/core/model/py/connection.py``,
``lava/magma/core/learning/learning_rule_applier.py``). The rule is compiled from
its product series (:mod:`lava_apps.runtime.kernels.rules`). Where a rule depends on
spikes, only synapses with a spike on either side are looked at, and where it has a
postsynaptic trace in each product, those of neurons with one: the others keep their
values. Random numbers come from the generators of the ProcessModel, drawn in
advance for a block of time steps, so that integers are those of Lava.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from lava_apps.runtime.compiled.registry import register_kernel
from lava_apps.runtime.kernels.connections import own_buffer, scale_sum
from lava_apps.runtime.kernels.rules import learn_function, unusable_trace

from lava.magma.core.learning.constants import W_TRACE, GradedSpikeCfg
from lava.magma.core.learning.learning_rule import Loihi3FLearningRule
from lava.proc.dense import models as dense
from lava.utils.weightutils import truncate_weights

Array = npt.NDArray[Any]
_TRACE_MAX = 2**W_TRACE - 1


@njit(cache=True)
def impulse(trace, whole, fraction, random):  # type: ignore[no-untyped-def]
    """Add an impulse to a trace; integers are rounded by a random number."""
    if fraction is None:
        return trace + whole
    added = trace + whole + (1 if random < fraction else 0)
    return min(max(added, 0), _TRACE_MAX)


@njit(cache=True)
def accumulate(s_in, s_in_indices, s_in_count, a_buff, weights, exponent, graded):  # type: ignore[no-untyped-def]
    """Add up the columns of the neurons that spiked."""
    a_buff[:] = 0
    for k in range(s_in_count[0]):
        column = weights[:, s_in_indices[k]]
        if graded:
            for i in range(a_buff.size):
                a_buff[i] += column[i] * s_in[s_in_indices[k]]
        else:
            for i in range(a_buff.size):
                a_buff[i] += column[i]
    scale_sum(a_buff, exponent)


@njit(cache=True)
def note_spikes(  # type: ignore[no-untyped-def]
    s_in,
    s_in_indices,
    s_in_count,
    s_in_bap,
    x1,
    x2,
    tx,
    y0,
    y1,
    y2,
    y3,
    ty,
    x_impulses,
    y_impulses,
    x_fractions,
    y_fractions,
    y_random,
    epoch,
    overwrite,
    time_step,
):
    """Note when neurons spiked in this epoch; a second spike adds to traces at once."""
    now = (time_step - 1) % epoch + 1
    for k in range(s_in_count[0]):
        j = s_in_indices[k]
        if overwrite:
            half = s_in[j] / 2
            # Lava's integers go through 8 bits.
            x1[j] = half if x_fractions is None else np.int64(np.round(half)) & 255
        if tx[j] > 0:
            # Lava's integers round this one up wherever there is a fraction.
            if not overwrite:
                x1[j] = impulse(x1[j], x_impulses[0], fraction_of(x_fractions, 0), 0)
            x2[j] = impulse(x2[j], x_impulses[1], fraction_of(x_fractions, 1), 0)
        tx[j] = now
    for i in range(s_in_bap.size):
        if s_in_bap[i]:
            y0[i] = True
            if ty[i] > 0:
                random = y_random
                y1[i] = impulse(
                    y1[i], y_impulses[0], fraction_of(y_fractions, 0), random
                )
                y2[i] = impulse(
                    y2[i], y_impulses[1], fraction_of(y_fractions, 1), random
                )
                y3[i] = impulse(
                    y3[i], y_impulses[2], fraction_of(y_fractions, 2), random
                )
            ty[i] = now


@njit(cache=True)
def fraction_of(fractions, n):  # type: ignore[no-untyped-def]
    """Give the fraction of an impulse, where traces are integers."""
    if fractions is None:
        return None
    return fractions[n]


@njit(cache=True)
def absorb_two_factors(  # type: ignore[no-untyped-def]
    s_in,
    s_in_indices,
    s_in_count,
    s_in_bap,
    a_buff,
    weights,
    exponent,
    graded,
    x1,
    x2,
    tx,
    y0,
    y1,
    y2,
    y3,
    ty,
    x_impulses,
    y_impulses,
    x_fractions,
    y_fractions,
    randoms,
    epoch,
    overwrite,
    time_step,
    row,
):
    """Receive spikes of both sides; buffer what is sent in the next time step."""
    accumulate(s_in, s_in_indices, s_in_count, a_buff, weights, exponent, graded)
    note_spikes(
        s_in,
        s_in_indices,
        s_in_count,
        s_in_bap,
        x1,
        x2,
        tx,
        y0,
        y1,
        y2,
        y3,
        ty,
        x_impulses,
        y_impulses,
        x_fractions,
        y_fractions,
        randoms[row, 0],
        epoch,
        overwrite,
        time_step,
    )


@njit(cache=True)
def absorb_three_factors(  # type: ignore[no-untyped-def]
    s_in,
    s_in_indices,
    s_in_count,
    s_in_bap,
    s_in_y1,
    s_in_y2,
    s_in_y3,
    a_buff,
    weights,
    exponent,
    graded,
    x1,
    x2,
    tx,
    y0,
    y1,
    y2,
    y3,
    ty,
    x_impulses,
    y_impulses,
    x_fractions,
    y_fractions,
    randoms,
    epoch,
    overwrite,
    time_step,
    row,
):
    """Receive those and the traces that the postsynaptic neurons send."""
    absorb_two_factors(
        s_in,
        s_in_indices,
        s_in_count,
        s_in_bap,
        a_buff,
        weights,
        exponent,
        graded,
        x1,
        x2,
        tx,
        y0,
        y1,
        y2,
        y3,
        ty,
        x_impulses,
        y_impulses,
        x_fractions,
        y_fractions,
        randoms,
        epoch,
        overwrite,
        time_step,
        row,
    )
    for i in range(y1.size):
        y1[i], y2[i], y3[i] = s_in_y1[i], s_in_y2[i], s_in_y3[i]


_TRACES = ("x1", "x2", "y1", "y2", "y3")


def _prepare(model: Any) -> dict[str, Any]:
    is_fixed = hasattr(model, "weights_set")
    if is_fixed and not model.weights_set:
        model.weights = truncate_weights(
            model.weights,
            sign_mode=model.sign_mode,
            num_weight_bits=model.num_weight_bits,
        )
        model.weights_set = True
    # By columns: a presynaptic spike concerns a column.
    for name in ("weights", "tag_1", "tag_2"):
        setattr(model, name, np.asfortranarray(getattr(model, name)))
    kind = np.int64 if is_fixed else float
    for name in _TRACES:
        setattr(model, name, np.array(getattr(model, name), dtype=kind))
    for name in ("x0", "tx", "y0", "ty"):
        setattr(model, name, np.ascontiguousarray(getattr(model, name)))
    rule, taus = model._learning_rule, np.concatenate([model._x_taus, model._y_taus])
    posts, pres = model._shape
    ending = "_int" if is_fixed else ""
    with np.errstate(divide="ignore"):
        decays = np.exp(-1 / taus.astype(float))
    return {
        "a_buff": own_buffer(model),
        "exponent": model.proc_params.get("weight_exp", 0) if is_fixed else None,
        "graded": bool(model.num_message_bits.item() > 0),
        "x_impulses": getattr(model, f"_x_impulses{ending}").astype(kind),
        "y_impulses": getattr(model, f"_y_impulses{ending}").astype(kind),
        "x_fractions": model._x_impulses_frac if is_fixed else None,
        "y_fractions": model._y_impulses_frac if is_fixed else None,
        "decays": np.where(taus == 0, np.nan, decays),
        "x_history": np.zeros((rule.t_epoch + 1, 2, pres), dtype=kind),
        "y_history": np.zeros((rule.t_epoch + 1, 3, posts), dtype=kind),
        "epoch": int(rule.t_epoch),
        "overwrite": model._graded_spike_cfg == GradedSpikeCfg.OVERWRITE,
        "period": 2 ** int(rule.decimate_exponent or 0),
        "fresh": np.array([True]),
    }


def _draw(model: Any, steps: int) -> dict[str, Array]:
    """Draw what the model would draw in so many time steps.

    Columns: addition to y in the spiking phase; decay of x, addition to x, decay of
    y, addition to y, and rounding of synapses in the learning phase.
    """
    randoms = np.zeros((steps, 6))
    if not hasattr(model, "_x_random") or steps == 0:
        return {"randoms": randoms}
    # They are advanced twice in a time step, before and after the postsynaptic part.
    for column, source in ((1, model._x_random), (3, model._y_random)):
        decays = source._rng_trace_decay.random(2 * steps)
        additions = source._rng_impulse_addition.integers(
            0, _TRACE_MAX + 1, size=2 * steps, dtype=int
        )
        randoms[:, column], randoms[:, column + 1] = decays[1::2], additions[1::2]
        if source is model._y_random:
            randoms[:, 0] = additions[0::2]
        source._random_trace_decay = decays[-1]
        source._random_impulse_addition = additions[-1]
    times = model.time_step + 1 + np.arange(steps)
    learning = times % model._learning_rule.t_epoch == 0
    rounding = model._conn_var_random
    drawn = rounding._rng.random(int(learning.sum()))
    randoms[learning, 5] = drawn
    if drawn.size:
        rounding._random_stochastic_round = drawn[-1]
    return {"randoms": randoms}


def _specialise(model: Any) -> dict[str, Any]:
    three = isinstance(model._learning_rule, Loihi3FLearningRule)
    return {
        "absorb": absorb_three_factors if three else absorb_two_factors,
        "learn": learn_function(model),
    }


def _refuse(model: Any) -> str | None:
    known = GradedSpikeCfg.USE_REGULAR_IMPULSE, GradedSpikeCfg.OVERWRITE
    if model._graded_spike_cfg not in known:
        return f"graded_spike_cfg is {model._graded_spike_cfg!r}"
    return unusable_trace(model)


for _model in (
    dense.PyLearningDenseModelFloat,
    dense.PyLearningDenseModelBitApproximate,
):
    register_kernel(
        _model,
        absorb=absorb_two_factors,
        learn=scale_sum,  # what it is, the rule says
        specialise=_specialise,
        publishes={"a_out": "a_buff"},
        prepare=_prepare,
        draw=_draw,
        refuses=_refuse,
        whole=_model is dense.PyLearningDenseModelBitApproximate,
    )
