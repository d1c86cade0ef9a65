"""The loop over time steps: as one compiled function, or in parts for large graphs.

What numba needs to compile a function grows faster than the function: minutes for some
hundred calls, hours for thousands. So many calls are cut into parts, which Python calls
one after the other in each time step; parts that are alike are compiled once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Load = Callable[[str, dict[str, Any], tuple[Any, ...]], Any]
_CLOCK = np.zeros(3, dtype=np.int64)  # of the type that a clock has
MOST_CALLS = 128  # of one function
_PART = 32  # calls


class Call(NamedTuple):
    """A call in the loop: what is called, and the names that it gets."""

    function: Any  # compiled by numba
    names: list[str]


def bind(
    calls: list[Call], names: list[str], values: list[Any], load: Load
) -> Callable[[int, int, Any], None]:
    """Compile the loop for some values.

    Parameters
    ----------
    calls : list of Call
        What is called in each time step, in this order.
    names : list of str
        Of the values that are arguments of the calls; besides ``time_step`` and
        ``row``.
    values : list
        What these names stand for; those in the list when the loop is run.
    load : callable
        Compiles a source with the functions that it calls, for some arguments.

    Returns
    -------
    callable
        Gets the first time step, their number, and the clock.
    """
    if len(calls) <= MOST_CALLS:
        return _bind_whole(calls, names, values, load)
    known = dict(zip(names, values, strict=True))
    return _bind_parts(calls, known, names, values, load)


def _bind_whole(
    calls: list[Call], names: list[str], values: list[Any], load: Load
) -> Callable[[int, int, Any], None]:
    functions, lines = _lines(calls, {name: name for name in names}, "")
    parameters = ", ".join(["first", "steps", "clock", *names])
    source = "\n".join(
        [
            '"""The time steps of a graph; written by lava_apps."""',
            "",
            f"def run({parameters}):",
            "    for time_step in range(first, first + steps):",
            "        row = time_step - first",
            "        clock[0] = time_step",
            *(f"        {line}" for line in lines),
            "        if clock[2] != 0:",
            "            return",
            "",
        ]
    )
    loop = load(source, functions, (1, 0, _CLOCK, *values))

    def run(first: int, steps: int, clock: Any) -> None:
        loop(first, steps, clock, *values)

    return run


def _bind_parts(
    calls: list[Call],
    known: dict[str, Any],
    names: list[str],
    values: list[Any],
    load: Load,
) -> Callable[[int, int, Any], None]:
    places = {name: place for place, name in enumerate(names)}
    parts = []
    for begin in range(0, len(calls), _PART):
        some = calls[begin : begin + _PART]
        used = [
            n for n in dict.fromkeys(n for c in some for n in c.names) if n in known
        ]
        part = _load_part(some, used, [known[name] for name in used], load)
        parts.append((part, begin, [places[name] for name in used]))

    def run(first: int, steps: int, clock: Any) -> None:
        bound = [(part, begin, [values[p] for p in at]) for part, begin, at in parts]
        for time_step in range(first, first + steps):
            clock[0] = time_step
            for part, begin, arguments in bound:
                part(time_step, time_step - first, clock, begin, *arguments)
            if clock[2] != 0:
                return

    return run


def _load_part(
    calls: list[Call], used: list[str], values: list[Any], load: Load
) -> Any:
    local = {name: f"a{n}" for n, name in enumerate(used)}
    functions, lines = _lines(calls, local, "begin + ")
    parameters = ", ".join(["time_step", "row", "clock", "begin", *local.values()])
    source = "\n".join(
        [
            '"""Part of the time steps of a graph; written by lava_apps."""',
            "",
            f"def run({parameters}):",
            *(f"    {line}" for line in lines),
            "",
        ]
    )
    return load(source, functions, (1, 0, _CLOCK, 0, *values))


def _lines(
    calls: list[Call], local: dict[str, str], begin: str
) -> tuple[dict[str, Any], list[str]]:
    """Write calls; each notes its number, for messages."""
    functions: dict[int, tuple[str, Any]] = {}
    lines = []
    for number, call in enumerate(calls):
        name = f"f{len(functions)}"
        name, _ = functions.setdefault(id(call.function), (name, call.function))
        arguments = ", ".join(local.get(n, n) for n in call.names)
        lines += [f"clock[1] = {begin}{number}", f"{name}({arguments})"]
    return dict(functions.values()), lines
