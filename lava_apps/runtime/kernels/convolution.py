"""Kernel of Lava's convolution.

Read in lava-nc 0.10.0 (``lava/proc/conv/models.py``, ``utils.py``). Lava adds up
whole images with scipy; here each active pixel is added where it has an effect, so
that floats may differ in their last bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from lava_apps.runtime.compiled.registry import register_kernel
from lava_apps.runtime.kernels.connections import own_buffer

from lava.proc.conv import models as conv

_CLAMP = 1 << 24


@njit(cache=True)
def absorb_convolved(  # type: ignore[no-untyped-def]
    s_in,
    s_in_indices,
    s_in_count,
    a_buf,
    weight,
    stride_,
    padding_,
    dilation_,
    per_group,
    graded,
    clamped,
):
    """Add the active pixels, convolved with the kernel, to what will be sent."""
    a_buf[...] = 0
    _, height, channels = s_in.shape
    posts, size_x, size_y, group_in = weight.shape
    for k in range(s_in_count[0]):
        place = np.int64(s_in_indices[k])
        c = place % channels
        y = (place // channels) % height
        x = place // (channels * height)
        value = s_in[x, y, c] if graded else s_in.dtype.type(1)
        first = (c // group_in) * per_group
        for i in range(size_x):
            # A convolution runs through the kernel backwards.
            left = x + padding_[0] - (size_x - 1 - i) * dilation_[0]
            if left < 0 or left % stride_[0] != 0:
                continue
            out_x = left // stride_[0]
            if out_x >= a_buf.shape[0]:
                continue
            for j in range(size_y):
                top = y + padding_[1] - (size_y - 1 - j) * dilation_[1]
                if top < 0 or top % stride_[1] != 0:
                    continue
                out_y = top // stride_[1]
                if out_y >= a_buf.shape[1]:
                    continue
                for post in range(first, min(first + per_group, posts)):
                    a_buf[out_x, out_y, post] += (
                        weight[post, i, j, c % group_in] * value
                    )
    if clamped:
        for n in range(a_buf.size):
            wrapped = (a_buf.flat[n] + _CLAMP // 2) % _CLAMP
            a_buf.flat[n] = wrapped - _CLAMP // 2


def _prepare(model: Any) -> dict[str, Any]:
    groups = int(model.groups[0])
    return {
        "a_buf": own_buffer(model, "a_buf"),
        "stride_": model.stride.astype(np.int64),
        "padding_": model.padding.astype(np.int64),
        "dilation_": model.dilation.astype(np.int64),
        "per_group": model.weight.shape[0] // groups,
        "graded": bool(model.num_message_bits.item() > 0),
        "clamped": isinstance(model, conv.PyConvModelFixed),
    }


for _model in (conv.PyConvModelFloat, conv.PyConvModelFixed):
    register_kernel(
        _model,
        absorb=absorb_convolved,
        publishes={"a_out": "a_buf"},
        prepare=_prepare,
        whole=_model is conv.PyConvModelFixed,
    )
