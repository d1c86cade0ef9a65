"""Seeds for the Processes of a graph that draw random numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lava_apps.draws import CURRENT_SEEDS, Seeds, new_key
from lava_apps.learning_rules import seed_rule

from lava.magma.core.process.process import AbstractProcess


@contextmanager
def seeded(graph: list[AbstractProcess], seed: int | None) -> Iterator[None]:
    """Give Processes seeds of their own while models are built.

    A Process draws if its ``proc_params`` hold what
    :func:`~lava_apps.draws.seed_parameters` gives. It then has a Var `key`, or consists
    of Processes that ask for their seeds when they are made.

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
        draws = "seed_given" in parameters._parameters
        rule = parameters.get("learning_rule")
        if not (draws or hasattr(rule, "rng_seed")):
            continue
        own = seeds.next()
        if seed is None and parameters.get("seed_given", True):
            continue
        if draws:
            undo.append((parameters.overwrite, "seed", parameters["seed"]))
            parameters.overwrite("seed", own)
        if draws and hasattr(process, "key"):
            undo.append((setattr, process.key, "init", process.key.init))
            process.key.init = new_key(own)
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
