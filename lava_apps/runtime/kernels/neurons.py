"""Kernels of Lava's neurons.

The equations are those of lava-nc 0.10.0 (``lava/proc/lif/models.py``,
``lava/proc/atrlif/models.py``), in the same order of operations. Neurons are
updated block by block, first all potentials, which vectorises, and then the few
that spiked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from lava_apps.loihi2.arithmetic import DECAY_UNITY, keep, saturate, wrap_current
from lava_apps.loihi2.formats import INPUT_SHIFT
from lava_apps.runtime.compiled.registry import register_kernel
from lava_apps.runtime.compiled.threads import part_of

from lava.proc.atrlif import models as atrlif
from lava.proc.lif import models as lif

_BLOCK = 256
_MANY = 16  # spikes in a block
_MANY_NEURONS = 2**15  # from here on a second thread may pay


@njit(cache=True)
def clear(s_out, s_out_indices, s_out_count):  # type: ignore[no-untyped-def]
    """Take back the spikes of the last time step."""
    for k in range(s_out_count[0]):
        s_out[s_out_indices[k]] = 0
    s_out_count[0] = 0


@njit(cache=True)
def close_gaps(indices, parts):  # type: ignore[no-untyped-def]
    """Join lists that threads made, each at the begin of its part; count them."""
    count = 0
    for part in range(parts.size):
        begin, _ = part_of(indices.size, part, parts.size)
        for k in range(parts[part]):
            indices[count + k] = indices[begin + k]
        count += parts[part]
    return count


@njit(cache=True)
def float_range(  # type: ignore[no-untyped-def]
    begin, end, a_in, s_out, indices, u, v, keep_u, keep_v, vth, bias
):
    """Advance the neurons of a range; list those that spiked, and count them."""
    count = 0
    for start in range(begin, end, _BLOCK):
        stop = min(start + _BLOCK, end)
        a_block, bias_block = a_in[start:stop], bias[start:stop]
        u_block, v_block = u[start:stop], v[start:stop]
        spikes = 0
        for i in range(v_block.size):
            u_block[i] = u_block[i] * keep_u + a_block[i]
            v_block[i] = v_block[i] * keep_v + u_block[i] + bias_block[i]
            spikes += v_block[i] > vth
        if spikes == 0:
            continue
        s_block = s_out[start:stop]
        if spikes > _MANY:
            # Without branches, which would be mispredicted.
            for i in range(v_block.size):
                indices[count] = start + i
                count += v_block[i] > vth
            for i in range(v_block.size):
                spike = v_block[i] > vth
                s_block[i] = spike
                v_block[i] = 0 if spike else v_block[i]
        else:
            for i in range(v_block.size):
                if v_block[i] > vth:
                    v_block[i] = 0
                    s_block[i] = 1
                    indices[count] = start + i
                    count += 1
    return count


@njit(cache=True)
def lif_float(  # type: ignore[no-untyped-def]
    a_in, s_out, s_out_indices, s_out_count, u, v, du, dv, vth, bias_mant
):
    """Advance LIF neurons in floating point."""
    clear(s_out, s_out_indices, s_out_count)
    s_out_count[0] = float_range(
        0, v.size, a_in, s_out, s_out_indices, u, v, 1 - du, 1 - dv, vth, bias_mant
    )


@njit(cache=True, parallel=True)
def lif_float_parallel(  # type: ignore[no-untyped-def]
    a_in, s_out, s_out_indices, s_out_count, u, v, du, dv, vth, bias_mant, threads
):
    """Advance LIF neurons in floating point, by several threads."""
    if threads[0] == 1:
        lif_float(a_in, s_out, s_out_indices, s_out_count, u, v, du, dv, vth, bias_mant)
        return
    clear(s_out, s_out_indices, s_out_count)
    keep_u, keep_v = 1 - du, 1 - dv
    parts = np.zeros(threads[0], np.int64)
    for part in prange(parts.size):
        begin, end = part_of(v.size, part, parts.size)
        listed = s_out_indices[begin:end]
        parts[part] = float_range(
            begin, end, a_in, s_out, listed, u, v, keep_u, keep_v, vth, bias_mant
        )
    s_out_count[0] = close_gaps(s_out_indices, parts)


@njit(cache=True)
def lif_reset_float(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    s_out_indices,
    s_out_count,
    u,
    v,
    du,
    dv,
    vth,
    bias_mant,
    reset_interval,
    reset_offset,
    time_step,
):
    """Advance LIF neurons that are reset at intervals, in floating point."""
    if time_step % reset_interval == reset_offset:
        u[:] = 0
        v[:] = 0
    lif_float(a_in, s_out, s_out_indices, s_out_count, u, v, du, dv, vth, bias_mant)


@njit(cache=True)
def lif_refractory_float(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    s_out_indices,
    s_out_count,
    u,
    v,
    du,
    dv,
    vth,
    bias_mant,
    refractory_period,
    refractory_period_end,
    time_step,
):
    """Advance LIF neurons that rest after a spike, in floating point."""
    clear(s_out, s_out_indices, s_out_count)
    count = 0
    for i in range(v.size):
        u[i] = u[i] * (1 - du) + a_in[i]
        if refractory_period_end[i] < time_step:
            v[i] = v[i] * (1 - dv) + (u[i] + bias_mant[i])
        if v[i] > vth:
            refractory_period_end[i] = time_step + refractory_period
            v[i] = 0
            s_out[i] = 1
            s_out_indices[count] = i
            count += 1
    s_out_count[0] = count


@njit(cache=True)
def ternary_float(  # type: ignore[no-untyped-def]
    a_in, s_out, s_out_indices, s_out_count, u, v, du, dv, vth_hi, vth_lo, bias_mant
):
    """Advance neurons with spikes of either sign in floating point."""
    clear(s_out, s_out_indices, s_out_count)
    count = 0
    for i in range(v.size):
        u[i] = u[i] * (1 - du) + a_in[i]
        v[i] = v[i] * (1 - dv) + u[i] + bias_mant[i]
        spike = (v[i] > vth_hi) - (v[i] < vth_lo)
        if spike != 0:
            v[i] = 0
            s_out[i] = spike
            s_out_indices[count] = i
            count += 1
    s_out_count[0] = count


@njit(cache=True)
def advance_fixed(i, a_in, u, v, du, dv, effective_bias):  # type: ignore[no-untyped-def]
    """Advance the current and potential of a neuron in the integers of Loihi 2."""
    # Lava adds the input in 32 bits, which wrap before the 24 of the current do.
    current = np.int32(keep(u[i], DECAY_UNITY - (du + 1)) + (a_in[i] << INPUT_SHIFT))
    u[i] = wrap_current(np.int64(current))
    potential = np.int32(keep(v[i], DECAY_UNITY - dv) + u[i] + effective_bias[i])
    v[i] = saturate(potential)


@njit(cache=True)
def fixed_range(  # type: ignore[no-untyped-def]
    begin, end, a_in, s_out, indices, u, v, du, dv, effective_vth, effective_bias
):
    """Advance the neurons of a range; list those that spiked, and count them."""
    count = 0
    for start in range(begin, end, _BLOCK):
        stop = min(start + _BLOCK, end)
        a_block, bias_block = a_in[start:stop], effective_bias[start:stop]
        u_block, v_block = u[start:stop], v[start:stop]
        spikes = 0
        for i in range(v_block.size):
            advance_fixed(i, a_block, u_block, v_block, du, dv, bias_block)
            spikes += v_block[i] > effective_vth
        if spikes > 0:
            for i in range(v_block.size):
                if v_block[i] > effective_vth:
                    v_block[i] = 0
                    s_out[start + i] = 1
                    indices[count] = start + i
                    count += 1
    return count


@njit(cache=True)
def lif_fixed(  # type: ignore[no-untyped-def]
    a_in, s_out, s_out_indices, s_out_count, u, v, du, dv, effective_vth, effective_bias
):
    """Advance LIF neurons in the integers of Loihi 2."""
    clear(s_out, s_out_indices, s_out_count)
    s_out_count[0] = fixed_range(
        0,
        v.size,
        a_in,
        s_out,
        s_out_indices,
        u,
        v,
        du,
        dv,
        effective_vth,
        effective_bias,
    )


@njit(cache=True, parallel=True)
def lif_fixed_parallel(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    s_out_indices,
    s_out_count,
    u,
    v,
    du,
    dv,
    effective_vth,
    effective_bias,
    threads,
):
    """Advance LIF neurons in the integers of Loihi 2, by several threads."""
    if threads[0] == 1:
        lif_fixed(
            *(a_in, s_out, s_out_indices, s_out_count, u, v, du, dv),
            effective_vth,
            effective_bias,
        )
        return
    clear(s_out, s_out_indices, s_out_count)
    parts = np.zeros(threads[0], np.int64)
    for part in prange(parts.size):
        begin, end = part_of(v.size, part, parts.size)
        listed = s_out_indices[begin:end]
        parts[part] = fixed_range(
            *(begin, end, a_in, s_out, listed, u, v, du, dv),
            effective_vth,
            effective_bias,
        )
    s_out_count[0] = close_gaps(s_out_indices, parts)


@njit(cache=True)
def lif_reset_fixed(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    s_out_indices,
    s_out_count,
    u,
    v,
    du,
    dv,
    effective_vth,
    effective_bias,
    reset_interval,
    reset_offset,
    time_step,
):
    """Advance LIF neurons that are reset at intervals, in integers."""
    if time_step % reset_interval == reset_offset:
        u[:] = 0
        v[:] = 0
    lif_fixed(
        a_in,
        s_out,
        s_out_indices,
        s_out_count,
        u,
        v,
        du,
        dv,
        effective_vth,
        effective_bias,
    )


@njit(cache=True)
def ternary_fixed(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    s_out_indices,
    s_out_count,
    u,
    v,
    du,
    dv,
    effective_vth_hi,
    effective_vth_lo,
    effective_bias,
):
    """Advance neurons with spikes of either sign in the integers of Loihi 2."""
    clear(s_out, s_out_indices, s_out_count)
    count = 0
    for i in range(v.size):
        advance_fixed(i, a_in, u, v, du, dv, effective_bias)
        spike = (v[i] > effective_vth_hi[i % effective_vth_hi.size]) - (
            v[i] < effective_vth_lo[i % effective_vth_lo.size]
        )
        if spike != 0:
            v[i] = 0
            s_out[i] = spike
            s_out_indices[count] = i
            count += 1
    s_out_count[0] = count


@njit(cache=True)
def atrlif_float(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    s_out_indices,
    s_out_count,
    i,
    v,
    theta,
    r,
    s,
    bias_mant,
    delta_i,
    delta_v,
    delta_theta,
    delta_r,
    theta_0,
    theta_step,
):
    """Advance neurons with adaptive threshold and refractoriness, as floats."""
    clear(s_out, s_out_indices, s_out_count)
    count = 0
    for n in range(v.size):
        i[n] = (1 - delta_i) * i[n] + a_in[n]
        v[n] = (1 - delta_v) * v[n] + i[n] + bias_mant[n]
        theta[n] = (1 - delta_theta) * (theta[n] - theta_0) + theta_0
        r[n] = (1 - delta_r) * r[n]
        s[n] = (v[n] - r[n]) >= theta[n]
        if s[n]:
            r[n] += 2 * theta[n]
            theta[n] += theta_step
            s_out[n] = 1
            s_out_indices[count] = n
            count += 1
    s_out_count[0] = count


@njit(cache=True)
def atrlif_fixed(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    s_out_indices,
    s_out_count,
    i,
    v,
    theta,
    r,
    s,
    effective_bias,
    keep_i,
    is_whole,
    keep_v,
    keep_theta,
    keep_r,
    theta_0,
    theta_step,
):
    """Advance neurons with adaptive threshold and refractoriness, as integers.

    Lava's deltas may be fractions, though in integers: 4096ths are kept, of the current
    with their own fraction.
    """
    clear(s_out, s_out_indices, s_out_count)
    count = 0
    for n in range(v.size):
        if is_whole:
            # This product is one of 32 bits in Lava, the others are of 64.
            decayed = np.int64(np.int32(i[n] * np.int64(keep_i)))
        else:
            decayed = np.int64(i[n] * keep_i)
        kept = keep(decayed, 1)
        i[n] = wrap_current(np.int64(np.int32(kept + (a_in[n] << INPUT_SHIFT))))
        kept = np.int32(keep(np.int64(v[n]), keep_v))
        v[n] = saturate(np.int32(kept + i[n] + effective_bias[n]))
        above = np.int64(theta[n]) - theta_0
        kept = np.int32(keep(above, keep_theta))
        theta[n] = kept + theta_0
        r[n] = np.int32(keep(np.int64(r[n]), keep_r))
        s[n] = np.int32(v[n] - r[n]) >= theta[n]
        if s[n]:
            r[n] += 2 * theta[n]
            theta[n] += theta_step
            s_out[n] = 1
            s_out_indices[count] = n
            count += 1
    s_out_count[0] = count


def numbers(model: Any, *names: str) -> dict[str, Any]:
    """Give parameters that Lava declares as numbers, as numbers."""
    return {name: np.asarray(getattr(model, name)).item() for name in names}


def floats(model: Any, *names: str) -> dict[str, float]:
    """Give parameters as floats, whatever they were given as."""
    return {name: float(value) for name, value in numbers(model, *names).items()}


def no_number(*names: str) -> Any:
    """Make the objection to a parameter that should be one number and is not."""

    def objection(model: Any) -> str | None:
        for name in names:
            if np.size(getattr(model, name)) != 1:
                return f"{name} is not one number for all neurons"
        return None

    return objection


def _float(model: Any) -> dict[str, Any]:
    names = ("du", "dv", "vth", "vth_hi", "vth_lo")
    return floats(model, *(n for n in names if hasattr(model, n)))


def _fixed(model: Any) -> dict[str, Any]:
    """Scale bias and threshold as the model does, the threshold only once."""
    model.scale_bias()
    if not model.isthrscaled:
        model.scale_threshold()
    bias = np.broadcast_to(model.effective_bias, model.v.shape)
    values = {
        "effective_bias": np.ascontiguousarray(bias),
        **numbers(model, "du", "dv"),
    }
    if hasattr(model, "effective_vth"):
        values |= numbers(model, "effective_vth")
    return values


_KEPT = ("v", "theta", "r")
_ATRLIF = ("delta_i", "delta_v", "delta_theta", "delta_r", "theta_0", "theta_step")


def _atrlif_fixed(model: Any) -> dict[str, Any]:
    model.scale_bias()
    if not model.isthrscaled:
        model.scale_threshold()
    bias = np.ascontiguousarray(np.broadcast_to(model.effective_bias, model.v.shape))
    deltas = numbers(model, *_ATRLIF[:4])
    lost = {name: value * DECAY_UNITY for name, value in deltas.items()}
    return {
        "effective_bias": bias,
        "keep_i": float(DECAY_UNITY - (lost["delta_i"] + 1)),
        "is_whole": isinstance(deltas["delta_i"], int),
        **{f"keep_{n}": int(DECAY_UNITY - lost[f"delta_{n}"]) for n in _KEPT},
        **numbers(model, "theta_0", "theta_step"),
    }


def _is_large(model: Any) -> bool:
    return bool(model.v.size >= _MANY_NEURONS)


_PARALLEL = {lif_float: lif_float_parallel, lif_fixed: lif_fixed_parallel}
_DECAYS = ("du", "dv")
for _model, _step, _prepare, _names in (
    (lif.PyLifModelFloat, lif_float, _float, (*_DECAYS, "vth")),
    (lif.PyLifModelBitAcc, lif_fixed, _fixed, (*_DECAYS, "vth")),
    (lif.PyLifResetModelFloat, lif_reset_float, _float, (*_DECAYS, "vth")),
    (lif.PyLifResetModelBitAcc, lif_reset_fixed, _fixed, (*_DECAYS, "vth")),
    (lif.PyLifRefractoryModelFloat, lif_refractory_float, _float, (*_DECAYS, "vth")),
    (lif.PyTernLifModelFloat, ternary_float, _float, (*_DECAYS, "vth_hi", "vth_lo")),
    (lif.PyTernLifModelFixed, ternary_fixed, _fixed, _DECAYS),
    (atrlif.PyATRLIFModelFloat, atrlif_float, lambda m: floats(m, *_ATRLIF), _ATRLIF),
    (atrlif.PyATRLIFModelFixed, atrlif_fixed, _atrlif_fixed, _ATRLIF),
):
    register_kernel(
        _model,
        step=_step,
        prepare=_prepare,
        refuses=no_number(*_names),
        flat=True,
        whole="Float" not in _model.__name__,
        parallel={"step": _PARALLEL[_step]} if _step in _PARALLEL else {},
        is_large=_is_large,
    )
