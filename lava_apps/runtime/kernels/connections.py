"""Kernels of Lava's connections, without learning and delays.

Read in lava-nc 0.10.0 (``lava/proc/dense/models.py``, ``lava/proc/sparse/
models.py``): what arrives in a time step is added up and sent in the next. Here it
is added up column by column, in the order in which Lava adds it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from lava_apps.runtime.compiled.registry import register_kernel
from lava_apps.runtime.compiled.threads import part_of
from lava_apps.runtime.kernels.columns import (
    KEEP_ALL,
    Columns,
    Packed,
    limited,
    limits,
    pack,
)

from lava.proc.dense import models as dense
from lava.proc.sparse import models as sparse
from lava.utils.weightutils import SignMode, determine_sign_mode

Array = npt.NDArray[Any]
_MANY_SYNAPSES = 2**22  # from here on a second thread may pay
_MUCH_WORK = 2**14  # synaptic events in a time step, below which it does not


@njit(cache=True)
def add_column(a_buff, rows, values, table, factor):  # type: ignore[no-untyped-def]
    """Add a column of weights, times a factor, to what will be sent."""
    if table is None:
        for p in range(rows.size):
            a_buff[rows[p]] += values[p] * factor
    else:
        for p in range(rows.size):
            a_buff[rows[p]] += table[values[p]] * factor


@njit(cache=True)
def add_all(a_buff, values, table, factor):  # type: ignore[no-untyped-def]
    """Add a column that has a weight for every row."""
    if table is None:
        for i in range(values.size):
            a_buff[i] += values[i] * factor
    else:
        for i in range(values.size):
            a_buff[i] += table[values[i]] * factor


@njit(cache=True)
def add_eight(a_buff, columns, j0, j1, j2, j3, j4, j5, j6, j7):  # type: ignore[no-untyped-def]
    """Add eight columns, in their order, in one pass over what will be sent."""
    for i in range(a_buff.size):
        half = a_buff[i] + columns[j0, i] + columns[j1, i] + columns[j2, i]
        half = half + columns[j3, i] + columns[j4, i] + columns[j5, i]
        a_buff[i] = half + columns[j6, i] + columns[j7, i]


@njit(cache=True)
def shift_right(a_buff, bits):  # type: ignore[no-untyped-def]
    """Divide integers by a power of two, rounded down; leave floats, without, alone."""
    if bits is not None:
        for i in range(a_buff.size if bits > 0 else 0):
            a_buff[i] >>= bits


@njit(cache=True)
def scale_sum(a_buff, exponent):  # type: ignore[no-untyped-def]
    """Multiply integers by a power of two; leave floats, without exponent, alone."""
    if exponent is not None:
        for i in range(a_buff.size):
            if exponent > 0:
                a_buff[i] <<= exponent
            else:
                a_buff[i] >>= -exponent


@njit(cache=True)
def absorb_sparse(  # type: ignore[no-untyped-def]
    s_in, s_in_indices, s_in_count, a_buff, starts, rows, values, table, gain, graded
):
    """Add the columns of the neurons that spiked."""
    a_buff[:] = 0
    for k in range(s_in_count[0]):
        j = s_in_indices[k]
        begin, end = starts[j], starts[j + 1]
        factor = gain * s_in[j] if graded else gain
        add_column(a_buff, rows[begin:end], values[begin:end], table, factor)


@njit(cache=True)
def absorb_dense(  # type: ignore[no-untyped-def]
    s_in, s_in_indices, s_in_count, a_buff, columns, table, gain, graded
):
    """Add the columns of the neurons that spiked."""
    a_buff[:] = 0
    count = s_in_count[0]
    alone = 0
    if not graded and gain == 1 and table is None:
        alone = count - count % 8
        for k in range(0, alone, 8):
            add_eight(
                *(a_buff, columns, s_in_indices[k], s_in_indices[k + 1]),
                *(s_in_indices[k + 2], s_in_indices[k + 3], s_in_indices[k + 4]),
                *(s_in_indices[k + 5], s_in_indices[k + 6], s_in_indices[k + 7]),
            )
    for k in range(alone, count):
        j = s_in_indices[k]
        factor = gain * s_in[j] if graded else gain
        add_all(a_buff, columns[j], table, factor)


@njit(cache=True)
def absorb_rows(  # type: ignore[no-untyped-def]
    begin, end, s_in, indices, count, a_buff, starts, rows, values, table, gain, graded
):
    """Add up a range of rows of the columns of the neurons that spiked."""
    a_buff[begin:end] = 0
    for k in range(count):
        j = indices[k]
        first, last = starts[j], starts[j + 1]
        column = rows[first:last]
        last = first + np.searchsorted(column, end)
        first += np.searchsorted(column, begin)
        factor = gain * s_in[j] if graded else gain
        add_column(a_buff, rows[first:last], values[first:last], table, factor)


@njit(cache=True, parallel=True)
def absorb_sparse_parallel(  # type: ignore[no-untyped-def]
    s_in,
    s_in_indices,
    s_in_count,
    a_buff,
    starts,
    rows,
    values,
    table,
    gain,
    right,
    graded,
    threads,
):
    """Add the columns of the neurons that spiked, each thread a part of the rows."""
    count = s_in_count[0]
    if threads[0] == 1 or count * rows.size < _MUCH_WORK * (starts.size - 1):
        absorb_sparse(
            *(s_in, s_in_indices, s_in_count, a_buff, starts, rows, values, table),
            gain,
            graded,
        )
    else:
        for part in prange(threads[0]):
            begin, end = part_of(a_buff.size, part, threads[0])
            absorb_rows(
                *(begin, end, s_in, s_in_indices, count, a_buff, starts, rows, values),
                table,
                gain,
                graded,
            )
    shift_right(a_buff, right)


@dataclass
class DenseColumns:
    """A dense matrix by columns.

    Parameters
    ----------
    dtype : numpy.dtype
        Type of the matrix it stands for.
    packed : Packed
        Its values, (columns, rows).
    """

    dtype: Any
    packed: Packed

    def matrix(self) -> Array:
        """Give the matrix by rows."""
        return np.ascontiguousarray(self.packed.unpack(self.dtype).T)


def sign_mode(model: Any) -> SignMode:
    """Give the signs of a model's weights: as it was told, or as they are."""
    told = model.proc_params.get("sign_mode")
    if told:
        return told
    weights = model.weights
    values = weights.data if hasattr(weights, "indptr") else weights
    return determine_sign_mode(values) if values.size else SignMode.EXCITATORY


def limit_weights(model: Any, take: Any) -> Any:
    """Limit the weights of a fixed_pt model as it does in its first time step."""
    if model.weights_set:
        return take(model.weights, KEEP_ALL)
    rule = limits(sign_mode(model), model.proc_params.get("num_weight_bits", 8))
    taken = take(model.weights, rule)
    model.weights_set = True
    return taken


def own_buffer(model: Any, name: str = "a_buff", port: str = "a_out") -> Array:
    """Give what a model will send, in the type of its OutPort; the Var itself."""
    buffer = getattr(model, name)
    kind = np.dtype(getattr(model, port)._d_type)
    if buffer.dtype != kind or not buffer.flags.c_contiguous:
        setattr(model, name, np.ascontiguousarray(buffer, dtype=kind))
    return getattr(model, name)  # type: ignore[no-any-return]


@njit(cache=True)
def _limit_dense(weights, rule, columns):  # type: ignore[no-untyped-def]
    for i in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            columns[j, i] = limited(weights[i, j], rule)


def _dense_columns(weights: Array, rule: tuple[int, int, int, int]) -> DenseColumns:
    columns = np.empty(weights.shape[::-1], np.int16 if rule[0] else weights.dtype)
    _limit_dense(weights, rule, columns)
    return DenseColumns(weights.dtype, pack(columns))


def _sparse_columns(weights: Any, rule: tuple[int, int, int, int]) -> Columns:
    """Take a sparse matrix apart, in the type that Lava's model has it in."""
    if not weights.has_canonical_format:
        weights = weights.copy()
        weights.sum_duplicates()
    is_whole = weights.dtype.kind in "iub"
    kind = np.int32 if rule[0] else weights.dtype if is_whole else float
    return Columns.of(weights, kind, rule)


def _common(model: Any) -> dict[str, Any]:
    held = model.weights.packed
    is_fixed = hasattr(model, "weights_set")
    exponent = model.proc_params.get("weight_exp", 0) if is_fixed else 0
    right = max(-exponent, 0)
    gain = held.gain << max(exponent, 0)
    # A common power of two makes up for a shift to the right.
    while right > 0 and gain % 2 == 0:
        right, gain = right - 1, gain >> 1
    return {
        "a_buff": own_buffer(model),
        "table": held.table,
        "gain": gain,
        "right": right if is_fixed else None,
        "graded": bool(model.num_message_bits.item() > 0),
    }


def _prepare_dense(model: Any) -> dict[str, Any]:
    if not isinstance(model.weights, DenseColumns):
        is_fixed = hasattr(model, "weights_set")
        model.weights = (
            limit_weights(model, _dense_columns)
            if is_fixed
            else _dense_columns(model.weights, KEEP_ALL)
        )
    return {"columns": model.weights.packed.values, **_common(model)}


def _prepare_sparse(model: Any) -> dict[str, Any]:
    if not isinstance(model.weights, Columns):
        is_fixed = hasattr(model, "weights_set")
        model.weights = (
            limit_weights(model, _sparse_columns)
            if is_fixed
            else _sparse_columns(model.weights, KEEP_ALL)
        )
    held = model.weights
    return {
        "starts": held.starts,
        "rows": held.rows,
        "values": held.packed.values,
        **_common(model),
    }


def _has_much(model: Any) -> bool:
    """Say whether a few spikes can make work enough for two threads."""
    synapses = model.weights.packed.values.size
    return bool(synapses >= _MANY_SYNAPSES)


def _release(model: Any) -> None:
    if isinstance(model.weights, (Columns, DenseColumns)):
        model.weights = model.weights.matrix()


def _refuse_floats_of_32_bits(model: Any) -> str | None:
    if model.weights.dtype == np.float32:
        return "its weights are float32, which Lava adds up in 32 bits; use float64"
    return None


@njit(cache=True)
def absorb_sparse_fixed(  # type: ignore[no-untyped-def]
    s_in,
    s_in_indices,
    s_in_count,
    a_buff,
    starts,
    rows,
    values,
    table,
    gain,
    right,
    graded,
):
    """Add the columns of the neurons that spiked, and apply a weight exponent."""
    absorb_sparse(
        s_in,
        s_in_indices,
        s_in_count,
        a_buff,
        starts,
        rows,
        values,
        table,
        gain,
        graded,
    )
    shift_right(a_buff, right)


@njit(cache=True)
def absorb_dense_fixed(  # type: ignore[no-untyped-def]
    s_in, s_in_indices, s_in_count, a_buff, columns, table, gain, right, graded
):
    """Add the columns of the neurons that spiked, and apply a weight exponent."""
    absorb_dense(s_in, s_in_indices, s_in_count, a_buff, columns, table, gain, graded)
    shift_right(a_buff, right)


_BY_ROWS = {"absorb": absorb_sparse_parallel}
for _model, _absorb, _parallel, _prepare, _is_fixed in (
    (dense.PyDenseModelFloat, absorb_dense, {}, _prepare_dense, False),
    (dense.PyDenseModelBitAcc, absorb_dense_fixed, {}, _prepare_dense, True),
    (sparse.PySparseModelFloat, absorb_sparse, _BY_ROWS, _prepare_sparse, False),
    (sparse.PySparseModelBitAcc, absorb_sparse_fixed, _BY_ROWS, _prepare_sparse, True),
):
    register_kernel(
        _model,
        absorb=_absorb,
        publishes={"a_out": "a_buff"},
        prepare=_prepare,
        release=_release,
        holds=("weights",),
        refuses=_refuse_floats_of_32_bits,
        whole=_is_fixed,
        parallel=_parallel,
        is_large=_has_much,
    )
