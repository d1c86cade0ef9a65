"""Seeds for the Processes of a graph that draw random numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from lava_apps.learning_rules import seed_rule
from lava_apps.streams import CURRENT_SEEDS, Seeds, new_stream

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var


@contextmanager
def seeded(graph: list[AbstractProcess], seed: int | None) -> Iterator[None]:
    """Give Processes seeds of their own while models are built.

    Parameters
    ----------
    graph : list of AbstractProcess
        All of the graph.
    seed : int, optional
        Of the whole graph: then each Process that draws gets one that depends on it and
        on its place in the graph. Default: only those get one that were given none.
    """
    seeds = Seeds(seed or 0, overrides=seed is not None)
    undo: list[tuple[Any, ...]] = []
    for process in sorted(graph, key=lambda p: p.id):
        parameters = process.proc_params
        is_given = parameters.get("seed_given", True)
        is_ours = parameters.get("seed_given") is not None
        stream, rule = _stream_of(process), parameters.get("learning_rule")
        if not (is_ours or stream is not None or hasattr(rule, "rng_seed")):
            continue
        own = seeds.next()
        if seed is None and is_given:
            continue
        if is_ours:
            undo.append((parameters.overwrite, "seed", parameters["seed"]))
            parameters.overwrite("seed", own)
        if stream is not None:
            undo.append((setattr, stream, "init", stream.init))
            stream.init = new_stream(own)
        if hasattr(rule, "rng_seed"):
            undo.append((parameters.overwrite, "learning_rule", rule))
            parameters.overwrite("learning_rule", seed_rule(copy.copy(rule), own))
    token = CURRENT_SEEDS.set(seeds)
    try:
        yield
    finally:
        CURRENT_SEEDS.reset(token)
        for restore, *arguments in undo:
            restore(*arguments)


def _stream_of(process: AbstractProcess) -> Var | None:
    """Find the random stream of a Process; other Vars may be called so, too."""
    var = getattr(process, "stream", None)
    if not isinstance(var, Var) or var.shape != (2,):
        return None
    return var if np.asarray(var.init).dtype == np.uint64 else None
