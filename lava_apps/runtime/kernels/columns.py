"""Weights by presynaptic neuron, in the smallest type that holds them.

A connection in the compiled loop costs what its spikes cost: a spike of neuron j
adds column j of the weights. So they are kept column by column, each value in as
few bytes as it needs: integers without common powers of two in 8 bits where that
is enough; floats as numbers of a table where there are at most 256 different ones,
in 32 bits where nothing is lost by that, and in 64 otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.sparse import csr_matrix

from lava.utils.weightutils import SignMode

Array = npt.NDArray[Any]
Rule = tuple[int, int, int, int]
_TABLE_SIZE = 256


@dataclass
class Packed:
    """Values in a small type.

    Parameters
    ----------
    values : numpy.ndarray
        Small numbers, or places in `table`.
    table : numpy.ndarray or None
        The floats that the values stand for, if they do.
    gain : int
        What integers are to be multiplied by.
    """

    values: Array
    table: Array | None
    gain: int

    def unpack(self, dtype: Any) -> Array:
        """Give the values as they were."""
        if self.table is not None:
            return np.asarray(self.table[self.values], dtype=dtype)
        values = self.values.astype(dtype)
        return values if self.gain == 1 else values * dtype.type(self.gain)


def pack(values: Array) -> Packed:
    """Find the smallest type that holds values.

    Parameters
    ----------
    values : numpy.ndarray of int or float
        Any values.

    Returns
    -------
    Packed
        The same values.
    """
    return _pack_integers(values) if values.dtype.kind in "iu" else _pack_floats(values)


def _pack_integers(values: Array) -> Packed:
    lowest, highest = (int(values.min()), int(values.max())) if values.size else (0, 0)
    sign = -1 if highest <= 0 and lowest < 0 else 1
    bits = int(np.bitwise_or.reduce(values, axis=None)) if values.size else 0
    shift = (bits & -bits).bit_length() - 1 if bits else 0
    ends = sorted((sign * (lowest >> shift), sign * (highest >> shift)))
    for kind in (np.int8, np.uint8, np.int16, np.int32):
        if np.iinfo(kind).min <= ends[0] and ends[1] <= np.iinfo(kind).max:
            break
    small = np.empty(values.shape, kind)
    _shrink(values.reshape(-1), small.reshape(-1), shift, sign)
    return Packed(small, None, sign << shift)


@njit(cache=True)
def _shrink(values, small, shift, sign):  # type: ignore[no-untyped-def]
    for p in range(values.size):
        small[p] = sign * (values[p] >> shift)


def _pack_floats(values: Array) -> Packed:
    flat = np.ascontiguousarray(values).reshape(-1)
    table, codes = np.zeros(_TABLE_SIZE), np.empty(flat.size, np.uint8)
    different = _tabulate(flat, table, codes)
    if different <= _TABLE_SIZE:
        return Packed(codes.reshape(values.shape), table, 1)
    small = flat.astype(np.float32)
    if _are_equal(flat, small):
        return Packed(small.reshape(values.shape), None, 1)
    return Packed(np.ascontiguousarray(values), None, 1)


@njit(cache=True)
def _tabulate(values, table, codes):  # type: ignore[no-untyped-def]
    """Give different values numbers as they appear, unless there are too many."""
    places = {0.0: 0}
    places.clear()
    for p in range(values.size):
        value = values[p]
        if value in places:
            codes[p] = places[value]
            continue
        count = len(places)
        if count == table.size or np.isnan(value):
            return table.size + 1
        table[count] = value
        codes[p] = count
        places[value] = count
    return len(places)


@njit(cache=True)
def _are_equal(values, small):  # type: ignore[no-untyped-def]
    different = 0
    for p in range(values.size):
        different += np.float64(small[p]) != values[p]
    return different == 0


@dataclass
class Columns:
    """A sparse matrix by columns.

    Parameters
    ----------
    shape : tuple of int
        Rows, the postsynaptic neurons, and columns, the presynaptic ones.
    dtype : numpy.dtype
        Type of the matrix it stands for.
    starts : (columns + 1,) numpy.ndarray of int64
        Where each column begins.
    rows : (synapses,) numpy.ndarray of uint16 or uint32
        Rows of the synapses, ascending within a column.
    packed : Packed
        Their weights.
    """

    shape: tuple[int, int]
    dtype: Any
    starts: Array
    rows: Array
    packed: Packed

    @classmethod
    def of(cls, matrix: csr_matrix, dtype: Any, rule: Rule) -> Columns:
        """Take a matrix by rows apart, its entries limited by :func:`limited`."""
        posts, pres = matrix.shape
        starts = np.zeros(pres + 1, np.int64)
        _count(matrix.indptr, matrix.indices, matrix.data, rule, starts)
        starts = np.cumsum(starts)
        rows = np.empty(starts[-1], np.uint16 if posts <= 2**16 else np.uint32)
        is_narrow = matrix.data.dtype.itemsize == 1
        kind = matrix.data.dtype if is_narrow else np.int16 if rule[0] else dtype
        values = np.empty(starts[-1], kind)
        cursor = starts[:-1].copy()
        _fill(
            *(matrix.indptr, matrix.indices, matrix.data),
            *(rule, cursor, rows, values),
        )
        return cls((posts, pres), np.dtype(dtype), starts, rows, pack(values))

    def matrix(self) -> csr_matrix:
        """Give the matrix by rows."""
        starts: Array = np.zeros(self.shape[0] + 1, np.int64)
        _count_rows(self.rows, starts)
        starts = np.cumsum(starts)
        wide = max(self.shape[1], starts[-1]) >= 2**31
        columns = np.empty(starts[-1], np.int64 if wide else np.int32)
        data = np.empty(starts[-1], self.dtype)
        values = self.packed.unpack(self.dtype)
        _by_rows(self.starts, self.rows, values, starts[:-1].copy(), columns, data)
        return csr_matrix(
            (data, columns, starts.astype(columns.dtype)), shape=self.shape
        )


KEEP_ALL = (0, 0, 0, 0)


def limits(mode: SignMode, bits: int) -> tuple[int, int, int, int]:
    """Say how Lava limits weights to bits and signs, for :func:`limited`.

    Parameters
    ----------
    mode : lava.utils.weightutils.SignMode
        Signs of the weights.
    bits : int
        Bits of a weight, at most 8.

    Returns
    -------
    tuple of int
        Mode, lowest and highest magnitude, and lowest bits to be cut off.
    """
    mixed = mode == SignMode.MIXED
    return (mode.value or 2, -256 if mixed else 0, 255, 8 - bits + mixed)


@njit(cache=True)
def limited(value, rule):  # type: ignore[no-untyped-def]
    """Limit a weight to bits and sign, as Lava does for Loihi.

    Read in lava-nc 0.10.0 (``lava/utils/weightutils.py``): clip, then truncate.

    Parameters
    ----------
    value : number
        A weight.
    rule : tuple of int
        What :func:`limits` gives, or `KEEP_ALL`.

    Returns
    -------
    number
        The weight that is left.
    """
    mode, lowest, highest, cut = rule
    if mode == 0:
        return value
    sign = -1 if mode == 3 else 1
    whole = sign * np.int64(np.int32(value))
    whole = (min(max(whole, lowest), highest) >> cut) << cut
    return sign * whole


@njit(cache=True)
def _count(indptr, indices, data, rule, starts):  # type: ignore[no-untyped-def]
    for i in range(indptr.size - 1):
        for p in range(indptr[i], indptr[i + 1]):
            if limited(data[p], rule) != 0:
                starts[indices[p] + 1] += 1


@njit(cache=True)
def _fill(indptr, indices, data, rule, cursor, rows, values):  # type: ignore[no-untyped-def]
    for i in range(indptr.size - 1):
        for p in range(indptr[i], indptr[i + 1]):
            value = limited(data[p], rule)
            if value != 0:
                place = cursor[indices[p]]
                rows[place] = i
                values[place] = value
                cursor[indices[p]] = place + 1


@njit(cache=True)
def _count_rows(rows, starts):  # type: ignore[no-untyped-def]
    for p in range(rows.size):
        starts[rows[p] + 1] += 1


@njit(cache=True)
def _by_rows(starts, rows, values, cursor, columns, data):  # type: ignore[no-untyped-def]
    for j in range(starts.size - 1):
        for p in range(starts[j], starts[j + 1]):
            place = cursor[rows[p]]
            columns[place] = j
            data[place] = values[p]
            cursor[rows[p]] = place + 1
