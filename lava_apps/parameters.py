"""What a parameter may be, and the one shape of error when it is not.

A constructor or function states the types and ranges of its parameters in its
signature, with the annotations of this module, and wears :func:`validated`.
A bad argument then raises a :class:`ParameterError` that reads
``ClassName.parameter: what is wrong and what is allowed, given what was given``
before anything was changed. pydantic does the checking.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    validate_call,
)
from pydantic_core import PydanticCustomError

P = ParamSpec("P")
T = TypeVar("T")
Array = npt.NDArray[Any]


class ParameterError(ValueError):
    """A parameter that is not what it may be.

    Parameters
    ----------
    owner : str
        Class or function that the parameter belongs to.
    parameter : str
        Name of the parameter.
    problem : str
        What is wrong and what is allowed.
    given : object
        What was given; long values are abbreviated.
    """

    def __init__(self, owner: str, parameter: str, problem: str, given: object) -> None:
        self.owner, self.parameter = owner, parameter
        self.complaint = f"{problem}, given {describe(given)}"
        super().__init__(f"{owner}.{parameter}: {self.complaint}")
        self._arguments = (owner, parameter, problem, given)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error travel between OS processes."""
        return type(self), self._arguments


def describe(value: object) -> str:
    """Show a value in a few words.

    Parameters
    ----------
    value : object
        Any value.

    Returns
    -------
    str
        Shape and type of an array, class and name of what has no repr of its own,
        otherwise at most 60 characters of the repr.
    """
    if isinstance(value, np.ndarray) and value.size > 1:
        return f"an array of shape {value.shape} and type {value.dtype}"
    if type(value).__repr__ is object.__repr__:
        name = getattr(value, "name", None)
        kind = type(value).__name__
        return f"{kind} {name!r}" if isinstance(name, str) else f"an object of {kind}"
    text = " ".join(repr(value).splitlines())
    return text if len(text) <= 60 else text[:57] + "..."


def invalid(problem: str) -> PydanticCustomError:
    """Make the error by which a validator rejects a value.

    Parameters
    ----------
    problem : str
        What is wrong and what is allowed.

    Returns
    -------
    PydanticCustomError
        To be raised inside a validator.
    """
    return PydanticCustomError("lava_apps", "{problem}", {"problem": problem})


def validated(function: Callable[P, T]) -> Callable[P, T]:
    """Check the arguments of a function against its annotations at each call.

    Parameters
    ----------
    function : callable
        A function, or the ``__init__`` of a Process. Arguments are replaced by
        what the annotations make of them (lists become arrays, say).

    Returns
    -------
    callable
        The same function; it raises :class:`ParameterError` for an argument
        that is missing, unknown, of the wrong type or out of range.
    """
    is_constructor = function.__name__ == "__init__"
    qualified = function.__qualname__.rpartition("<locals>.")[-1]
    names = list(inspect.signature(function).parameters)
    checked = validate_call(config=_CONFIG)(function)
    module = function.__module__

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return checked(*args, **kwargs)
        except ValidationError as error:
            owner = type(args[0]).__name__ if is_constructor else qualified
            raise _parameter_error(owner, names, error) from None
        except ParameterError as error:
            # Of the function itself: without the frames of pydantic on the way.
            trace = error.__traceback__
            while trace and trace.tb_frame.f_globals.get("__name__") != module:
                trace = trace.tb_next
            raise error.with_traceback(trace) from error.__cause__

    return wrapper


# Strict: "0.5" is no number, and "no" is no truth value.
_CONFIG = ConfigDict(arbitrary_types_allowed=True, strict=True)


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


def _parameter_error(
    owner: str, names: list[str], error: ValidationError
) -> ParameterError:
    """Say the most telling of pydantic's errors in our shape."""
    errors = error.errors(include_url=False)
    # An unknown name explains a missing one: it is most likely its misspelling.
    errors.sort(key=lambda e: not e["type"].startswith("unexpected"))
    kind, place, given = errors[0]["type"], errors[0]["loc"], errors[0]["input"]
    # pydantic counts positional arguments, the object itself included.
    position = place[0] if place else names[0]
    if isinstance(position, int):
        name = names[position] if position < len(names) else f"argument {position}"
    else:
        name = str(position)
    if kind == "unexpected_positional_argument" and name in names:
        return ParameterError(owner, name, "must be given by keyword", given)
    if kind.startswith("unexpected"):
        allowed = ", ".join(n for n in names if n not in ("self", "cls"))
        return ParameterError(owner, name, f"unknown, allowed are {allowed}", given)
    if kind.startswith("missing"):
        return ParameterError(owner, name, "is required", _Nothing())
    problem = errors[0]["msg"].replace("Input should be", "must be", 1)
    return ParameterError(owner, name, problem[:1].lower() + problem[1:], given)


def _python_scalar(value: object) -> object:
    """Make a Python number of a numpy one; a bool is no number."""
    if isinstance(value, (bool, np.bool_)):
        raise invalid("must be a number")
    return value.item() if isinstance(value, np.generic) else value


Integer = Annotated[int, BeforeValidator(_python_scalar)]
"""An int or a numpy integer; neither a bool nor a float."""

PositiveInteger = Annotated[Integer, Field(ge=1)]
TimeSteps = Annotated[Integer, Field(ge=1, lt=2**31)]
"""A number of time steps, as 32-bit counters hold it."""

Seed = Annotated[Integer, Field(ge=0, lt=2**63)]
FirstIndex = Annotated[Integer, Field(ge=0, lt=2**62)]
Number = Annotated[float, BeforeValidator(_python_scalar), Field(allow_inf_nan=False)]
"""A finite int or float, Python's or numpy's."""

PositiveNumber = Annotated[Number, Field(gt=0)]
NonNegativeNumber = Annotated[Number, Field(ge=0)]
Fraction = Annotated[Number, Field(ge=0, le=1)]


def _shape(value: object) -> object:
    value = _python_scalar(value)
    return (value,) if isinstance(value, int) else value


Shape = Annotated[
    tuple[PositiveInteger, ...], Field(min_length=1), BeforeValidator(_shape)
]
"""A tuple of positive integers; a single one means one dimension."""


def _numeric_array(value: object) -> Array:
    try:
        array = np.array(value)  # a copy: what the caller does later is not ours
    except ValueError:
        raise invalid("must be an array of numbers with rows of one length") from None
    if array.dtype.kind not in "iuf":
        raise invalid("must be an array of integers or floats")
    if not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise invalid(f"must be finite, is not at {place}")
    return array


def _event_array(value: object) -> Array:
    is_bool = isinstance(value, np.ndarray) and value.dtype == bool
    return _numeric_array(value.astype(np.int8) if is_bool else value)  # type: ignore[attr-defined]


def dimensions(number: int) -> AfterValidator:
    """Make a validator for the number of dimensions of a non-empty array.

    Parameters
    ----------
    number : int
        Dimensions required.

    Returns
    -------
    pydantic.AfterValidator
        For use in an ``Annotated`` array type.
    """

    def check(array: Array) -> Array:
        if array.ndim != number or array.size == 0:
            raise invalid(f"must be a non-empty array of {number} dimension(s)")
        return array

    return AfterValidator(check)


def _signs(array: Array) -> Array:
    if not (np.abs(array) == 1).all():
        raise invalid("must hold only -1 and +1")
    return array


def _zero_diagonal_square(array: Array) -> Array:
    if array.shape[0] != array.shape[1]:
        raise invalid("must be square")
    if np.diagonal(array).any():
        place = int(np.flatnonzero(np.diagonal(array))[0])
        raise invalid(f"must have a zero diagonal, has not at [{place}, {place}]")
    return array


NumericArray = Annotated[Array, BeforeValidator(_numeric_array)]
"""A finite array of integers or floats, copied from the caller's."""

PerNeuron = Annotated[Any, BeforeValidator(_numeric_array)]
"""A finite number, or an array of them that :func:`spread` fits to a shape."""

EventArray = Annotated[Array, BeforeValidator(_event_array)]
"""The same, or an array of bools: where there was a spike."""

Matrix = Annotated[NumericArray, dimensions(2)]
EventMatrix = Annotated[EventArray, dimensions(2)]
Vector = Annotated[NumericArray, dimensions(1)]
SignArray = Annotated[NumericArray, AfterValidator(_signs)]
"""An array that holds only -1 and +1."""

SignVector = Annotated[Vector, AfterValidator(_signs)]
SignMatrix = Annotated[Matrix, AfterValidator(_signs)]
RecurrentWeights = Annotated[Matrix, AfterValidator(_zero_diagonal_square)]
"""A square matrix with a zero diagonal: no neuron feeds itself."""


def spread(
    owner: str, parameter: str, value: npt.ArrayLike, shape: tuple[int, ...]
) -> Array:
    """Give each neuron of a population its value.

    Parameters
    ----------
    owner, parameter : str
        Class and parameter to be named in an error.
    value : array_like
        A number for all, or numbers that broadcast to the shape.
    shape : tuple of int
        Shape of the population.

    Returns
    -------
    (*shape) numpy.ndarray
        A contiguous copy.

    Raises
    ------
    ParameterError
        For numbers that do not fit.
    """
    try:
        return np.array(np.broadcast_to(value, shape), order="C")
    except ValueError:
        problem = f"must be a number or fit the shape {shape}"
        raise ParameterError(owner, parameter, problem, value) from None


def is_symmetric(matrix: Array) -> bool:
    """Tell whether a square matrix equals its transpose up to rounding.

    Parameters
    ----------
    matrix : (n, n) numpy.ndarray
        Any square matrix.

    Returns
    -------
    bool
        True where no pair differs by more than 1e-9 of the largest entry.
    """
    matrix = matrix.astype(float)  # a difference of 8-bit integers wraps around
    tolerance = 1e-9 * np.abs(matrix).max()
    return bool((np.abs(matrix - matrix.T) <= tolerance).all())
