"""Functions that find their arguments in a block of memory, to be called by address.

Kernels differ in what they take, so one loop cannot call them all. A *wrapper* of a
kernel takes a time step, a row and the address of a block; it finds the kernel's
arguments there and calls it. All wrappers have one signature, so a loop can call any of
them by its address. A wrapper belongs to a kernel and the types of its arguments, not
to a graph: it is compiled once for all graphs.

A block is a row of 8-byte words. An array is in it as numba itself lays it out: no
owner (two words of 0), size, bytes an entry, address, shape, strides. A number fills
its first bytes of as many words as it needs.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic

from lava_apps.runtime.compiled.loader import Source

Array = npt.NDArray[Any]
_SIGNATURE = (
    types.int64,
    types.int64,
    types.intp,
)  # time step, row, address of the block
_WORD = 8  # bytes
_NUMBERS = (bool, int, float, complex)


class OfTheLoop(Enum):
    """Arguments that differ from step to step, as the wrapper calls them."""

    TIME_STEP = "time_step"
    ROW = "row"  # time steps since this run of the loop began


@intrinsic
def argument(typing_context, address, kind):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Give the value of a type that lies at an address."""
    value_type = kind.instance_type

    def generate(context, builder, _, values):  # type: ignore[no-untyped-def]
        layout = context.data_model_manager[value_type]
        pointer = builder.inttoptr(values[0], layout.get_data_type().as_pointer())
        value = layout.load_from_data_pointer(builder, pointer)
        if context.enable_nrt:
            context.nrt.incref(builder, value_type, value)
        return value

    return value_type(types.intp, kind), generate


@intrinsic
def call(  # type: ignore[no-untyped-def]
    typing_context,  # noqa: ARG001
    function,  # noqa: ARG001
    time_step,  # noqa: ARG001
    row,  # noqa: ARG001
    block,  # noqa: ARG001
):
    """Call a wrapper by its address; what it raises is raised."""

    def generate(context, builder, _, values):  # type: ignore[no-untyped-def]
        convention = context.call_conv
        kind = convention.get_function_type(types.none, _SIGNATURE)
        wrapper = builder.inttoptr(values[0], ir.PointerType(kind))
        status, _ = convention.call_function(
            builder, wrapper, types.none, _SIGNATURE, values[1:]
        )
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.none(types.intp, *_SIGNATURE), generate


class Block:
    """The arguments of one call, laid out as the wrapper of its kernel finds them.

    Parameters
    ----------
    function : Dispatcher
        The kernel.
    values : list
        Its arguments, in their order: arrays, numbers, tuples of such, `OfTheLoop`.
        What else numba knows becomes part of the wrapper.

    Attributes
    ----------
    words : list of int
        What it is in memory.
    places : list of int
        For each argument the word at which it begins.
    """

    def __init__(self, function: Dispatcher, values: list[Any]) -> None:
        self.words: list[int] = []
        self.places: list[int] = []
        self._function = function
        self._names: dict[str, Any] = {}
        self._sources: list[str] = []
        for value in values:
            self.places.append(len(self.words))
            self._sources.append(self._add(value))

    def key(self) -> Any:
        """Give what blocks have in common that need the same wrapper."""
        names = self._names.values()
        known = (v if isinstance(v, (types.Type, str)) else id(v) for v in names)
        return (id(self._function), *self._sources, *known)

    def wrapper(self) -> Source:
        """Write the wrapper of the kernel for such arguments.

        Returns
        -------
        Source
            To be compiled.
        """
        names = {"function": self._function, "argument": argument, **self._names}
        lines = [
            '"""The wrapper of a kernel; written by lava_apps."""',
            "",
            "def run(time_step, row, block):",
            f"    function({', '.join(self._sources)})",
            "",
        ]
        return Source("\n".join(lines), names, _SIGNATURE)

    def _add(self, value: Any) -> str:
        """Lay out a value; give the expression by which the wrapper gets it."""
        if isinstance(value, OfTheLoop):
            return value.value
        if isinstance(value, tuple):
            return self._add_tuple(value)
        if not isinstance(value, (np.ndarray, *_NUMBERS)):
            return self._name(value)
        place = len(self.words) * _WORD
        self.words += words_of(value)
        return f"argument(block + {place}, {self._name(numba.typeof(value))})"

    def _add_tuple(self, value: tuple[Any, ...]) -> str:
        parts = "".join(f"{self._add(part)}, " for part in value)
        made_of = self._name(type(value)) if hasattr(value, "_fields") else ""
        return f"{made_of}({parts})"

    def _name(self, value: Any) -> str:
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name


def address_of(wrapper: Any) -> int:
    """Give the address of a compiled wrapper in this OS process.

    Parameters
    ----------
    wrapper : Dispatcher
        To be kept as long as its address is in use.

    Returns
    -------
    int
        The address.
    """
    compiled = wrapper.overloads[_SIGNATURE]
    name = compiled.fndesc.llvm_func_name
    return compiled.library.get_pointer_to_function(name)  # type: ignore[no-any-return]


def words_of(value: Any) -> list[int]:
    """Lay out an array or a number.

    Parameters
    ----------
    value : numpy.ndarray, bool, int, float or complex
        The array must be kept alive as long as the words are in use.

    Returns
    -------
    list of int
        Its words.
    """
    if isinstance(value, np.ndarray):
        address = value.__array_interface__["data"][0]
        nobody = (0, 0)
        return [
            *nobody,
            value.size,
            value.itemsize,
            address,
            *value.shape,
            *value.strides,
        ]
    held = np.array(value, str(numba.typeof(value))).tobytes()
    padded = held.ljust(-(-len(held) // _WORD) * _WORD, b"\0")
    return np.frombuffer(padded, np.int64).tolist()  # type: ignore[no-any-return]
