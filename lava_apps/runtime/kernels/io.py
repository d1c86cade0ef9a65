"""Kernels of Lava's sources, sinks and monitors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from lava_apps.runtime.compiled.registry import register_kernel

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.proc.io import sink, source
from lava.proc.monitor.models import PyMonitorModel
from lava.proc.receiver.models import ReceiverModel
from lava.proc.spiker.models import SpikerModel


@njit(cache=True)
def send_row(s_out, s_out_indices, s_out_count, data, length, time_step):  # type: ignore[no-untyped-def]
    """Send what stands in a buffer for this time step, over and over."""
    place = (time_step - 1) % length
    count = 0
    for i in range(s_out.size):
        value = data[i * length + place]
        s_out[i] = value
        if value != 0:
            s_out_indices[count] = i
            count += 1
    s_out_count[0] = count


@njit(cache=True)
def keep_row(a_in, data, length, time_step):  # type: ignore[no-untyped-def]
    """Keep what arrives in a buffer, over and over."""
    place = (time_step - 1) % length
    for i in range(a_in.size):
        data[i * length + place] = a_in[i]


@njit(cache=True)
def spike_at_rate(s_out, counter, rate, payload):  # type: ignore[no-untyped-def]
    """Send a payload every so many time steps."""
    for i in range(s_out.size):
        place = i % counter.size
        if counter[place] == rate[place]:
            s_out[i] = payload[place]
            counter[place] = 1
        else:
            s_out[i] = 0
            counter[place] += 1


@njit(cache=True)
def keep(a_in, payload):  # type: ignore[no-untyped-def]
    """Keep what arrived last."""
    payload[:] = a_in


@njit(cache=True)
def monitor(value, kept, time_step):  # type: ignore[no-untyped-def]
    """Keep a value as that of this time step."""
    row = time_step - 1
    if row * value.size >= kept.size:
        raise IndexError("a Monitor runs for more time steps than it was made for")
    for i in range(value.size):
        kept[row * value.size + i] = value[i]


@njit(cache=True)
def monitor_port(in_port_0, out_read_0, n_in_ports, time_step):  # type: ignore[no-untyped-def]
    """Keep what a port of another Process sent."""
    if n_in_ports > 0:
        monitor(in_port_0, out_read_0, time_step)


@njit(cache=True)
def monitor_var(var, var_read_0, n_ref_ports, time_step):  # type: ignore[no-untyped-def]
    """Keep what a Var of another Process holds at the end of a time step."""
    if n_ref_ports > 0:
        monitor(var, var_read_0, time_step)


def _monitored(process: AbstractProcess) -> dict[str, Var]:
    if process.proc_params["n_ref_ports"] == 0:
        return {}
    (var,) = process.ref_port_0.get_dst_vars()
    return {"var": var}


def _no_var(_: Any) -> dict[str, Any]:
    return {"var": np.zeros(1)}


def _refuse_several(model: Any) -> str | None:
    several = model.proc_params["n_ref_ports"] + model.proc_params["n_in_ports"] > 1
    return "it monitors several ports or Vars" if several else None


def _length(model: Any) -> dict[str, int]:
    return {"length": model.data.shape[-1]}


def _refuse_several_rates(model: Any) -> str | None:
    sizes = {model.rate.size, model.counter.size, model.payload.size}
    return None if len(sizes) == 1 else "rate, counter and payload differ in shape"


for _cls in (source.PySendModelFloat, source.PySendModelFixed):
    register_kernel(_cls, step=send_row, prepare=_length, flat=True)
for _cls in (sink.PyReceiveModelFloat, sink.PyReceiveModelFixed):
    register_kernel(_cls, step=keep_row, prepare=_length, flat=True)
register_kernel(
    SpikerModel, step=spike_at_rate, refuses=_refuse_several_rates, flat=True
)
register_kernel(ReceiverModel, step=keep, flat=True)
register_kernel(
    PyMonitorModel,
    step=monitor_port,
    finish=monitor_var,
    prepare=_no_var,
    reads=_monitored,
    refuses=_refuse_several,
    flat=True,
)
