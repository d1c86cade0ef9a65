"""Kernels of Lava's connections with delays.

Read in lava-nc 0.10.0 (``lava/proc/dense/models.py``, ``lava/proc/sparse/
models.py``): what arrives is added to the column of ``a_buff`` that is sent after
the delay of its synapse; all columns move on by one in each time step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.sparse import csc_matrix

from lava_apps.runtime.compiled.registry import register_kernel
from lava_apps.runtime.kernels.connections import sign_mode

from lava.proc.dense import models as dense
from lava.proc.sparse import models as sparse
from lava.utils.weightutils import clip_weights, truncate_weights

Array = npt.NDArray[Any]
_LONGEST = 63  # Lava's fixed_pt models refuse longer ones


@njit(cache=True)
def absorb_delayed(  # type: ignore[no-untyped-def]
    s_in,
    s_in_indices,
    s_in_count,
    a_buff,
    message,
    arrived,
    starts,
    rows,
    values,
    delays,
    exponent,
    graded,
):
    """Add the columns of the neurons that spiked, each synapse after its delay."""
    arrived[...] = 0
    for k in range(s_in_count[0]):
        j = s_in_indices[k]
        for p in range(starts[j], starts[j + 1]):
            if delays[p] < arrived.shape[1]:
                # The product is one in the type of the weights, as in Lava.
                value = values.dtype.type(values[p] * s_in[j]) if graded else values[p]
                arrived[rows[p], delays[p]] += value
    last = a_buff.shape[1] - 1
    for i in range(a_buff.shape[0]):
        for d in range(last):
            a_buff[i, d] = a_buff[i, d + 1]
        a_buff[i, last] = 0
        for d in range(last + 1):
            a_buff[i, d] += scaled(arrived[i, d], exponent)
        message[i] = a_buff[i, 0]


@njit(cache=True)
def scaled(value, exponent):  # type: ignore[no-untyped-def]
    """Multiply an integer by a power of two; leave floats alone."""
    if exponent is None:
        return value
    if exponent > 0:
        return value << exponent
    return value >> -exponent


def _prepare(model: Any) -> dict[str, Any]:
    is_fixed = hasattr(model, "weights_set")
    if is_fixed and not model.weights_set:
        mode, bits = sign_mode(model), model.proc_params.get("num_weight_bits", 8)
        clipped = clip_weights(model.weights, mode, num_bits=8)
        model.weights = truncate_weights(clipped, mode, bits)
        model.weights_set = True
    is_sparse = hasattr(model.weights, "indptr")
    weights = csc_matrix(model.weights)
    weights.sort_indices()
    columns = np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))
    delays = np.asarray(model.delays[weights.indices, columns]).reshape(-1)
    kind = np.dtype(model.a_out._d_type)
    if not model.a_buff.flags.c_contiguous:
        model.a_buff = np.ascontiguousarray(model.a_buff)
    # Lava adds up the integers of a dense matrix in 64 bits, of a sparse one in 32.
    adding = np.int64 if is_fixed and not is_sparse else kind
    exponent = model.proc_params.get("weight_exp", 0) if is_fixed else None
    return {
        "message": np.ascontiguousarray(model.a_buff[:, 0], dtype=kind),
        "arrived": np.zeros(model.a_buff.shape, dtype=adding),
        "starts": weights.indptr.astype(np.int64),
        "rows": weights.indices.astype(np.uint32),
        "values": weights.data.astype(np.int32 if is_fixed else float),
        "delays": delays.astype(np.uint16),
        "exponent": exponent,
        "graded": bool(model.num_message_bits.item() > 0),
    }


def _refuse(model: Any) -> str | None:
    if hasattr(model, "weights_set") and model.delays.max() > _LONGEST:
        return f"its delays exceed {_LONGEST}"
    return None


for _model in (
    dense.PyDelayDenseModelFloat,
    dense.PyDelayDenseModelBitAcc,
    sparse.PyDelaySparseModelFloat,
    sparse.PyDelaySparseModelBitAcc,
):
    register_kernel(
        _model,
        absorb=absorb_delayed,
        publishes={"a_out": "message"},
        prepare=_prepare,
        refuses=_refuse,
        whole="BitAcc" in _model.__name__,
    )
