"""Kernels of Lava's sigma-delta neurons.

Read in lava-nc 0.10.0 (``lava/proc/sdn/models.py``), in the same order of operations.
A neuron sends the change of its activation, once it is large enough; what it did not
send stays as a residue.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from lava_apps.runtime.compiled.registry import register_kernel
from lava_apps.runtime.kernels.neurons import clear

from lava.proc.sdn import models as sdn
from lava.proc.sdn.process import ActivationMode


@njit(cache=True)
def sigma(a_in, s_out, sigma):  # type: ignore[no-untyped-def]
    """Add up what arrives, and send the sum."""
    for i in range(sigma.size):
        sigma[i] += a_in[i]
        s_out[i] = sigma[i]


@njit(cache=True)
def encode(act, i, before, residue, error, vth, cumulates):  # type: ignore[no-untyped-def]
    """Give what one neuron sends for its activation, and keep the rest."""
    delta = act - before[i] + residue[i]
    deciding = delta
    if cumulates:
        error[i] += delta
        deciding = error[i]
    sent = delta if abs(deciding) >= vth else delta * 0
    if cumulates and sent != 0:
        error[i] = 0
    residue[i] = delta - sent
    before[i] = act
    return sent


@njit(cache=True)
def send(i, change, s_out, s_out_indices, s_out_count, factor):  # type: ignore[no-untyped-def]
    """Send the change of one neuron, shifted to the right."""
    if change == 0:
        return
    sent = change // factor if factor > 1 else change
    if sent != 0:
        s_out[i] = sent
        s_out_indices[s_out_count[0]] = i
        s_out_count[0] += 1


@njit(cache=True)
def delta(  # type: ignore[no-untyped-def]
    a_in, s_out, s_out_indices, s_out_count, vth, act, residue, error, shifts, cumulates
):
    """Advance delta encoders; `shifts` are those of the input and of the output."""
    clear(s_out, s_out_indices, s_out_count)
    for i in range(s_out.size):
        value = a_in[i] * shifts[0]
        change = encode(value, i, act, residue, error, vth[0], cumulates)
        send(i, change, s_out, s_out_indices, s_out_count, shifts[1])


@njit(cache=True)
def sigma_delta(  # type: ignore[no-untyped-def]
    a_in,
    s_out,
    s_out_indices,
    s_out_count,
    sigma,
    bias,
    vth,
    act,
    residue,
    error,
    shifts,
    rectifies,
    cumulates,
):
    """Advance sigma-delta neurons: add up, activate, encode."""
    clear(s_out, s_out_indices, s_out_count)
    for i in range(s_out.size):
        sigma[i] += a_in[i]
        value = sigma[i] + bias[i]
        if rectifies and value < 0:
            value = value * 0
        change = encode(value, i, act, residue, error, vth[0], cumulates)
        send(i, change, s_out, s_out_indices, s_out_count, shifts[1])


def _shifts(model: Any) -> dict[str, Any]:
    """Give shifts as factors: of the input to the left, of the output to the right."""
    is_fixed = "fixed_pt" in model.tags
    spike_exp, state_exp = (
        int(np.ravel(getattr(model, name))[0]) if is_fixed else 0
        for name in ("spike_exp", "state_exp")
    )
    cumulates = bool(np.ravel(model.cum_error)[0])
    factors = np.array([1 << (spike_exp + state_exp), 1 << state_exp])
    return {"shifts": factors, "cumulates": cumulates}


def _activation(model: Any) -> dict[str, Any]:
    return _shifts(model) | {"rectifies": model.act_mode == ActivationMode.RELU}


def _unknown_mode(model: Any) -> str | None:
    if model.act_mode in (ActivationMode.UNIT, ActivationMode.RELU):
        return None
    return f"activation mode {model.act_mode}"


for _model in (sdn.PySigmaModelFloat, sdn.PySigmaModelFixed):
    register_kernel(_model, step=sigma, flat=True)
for _model in (sdn.PyDeltaModelFloat, sdn.PyDeltaModelFixed):
    register_kernel(_model, step=delta, prepare=_shifts, flat=True)
for _model in (sdn.PySigmaDeltaModelFloat, sdn.PySigmaDeltaModelFixed):
    register_kernel(
        _model,
        step=sigma_delta,
        prepare=_activation,
        refuses=_unknown_mode,
        flat=True,
    )
