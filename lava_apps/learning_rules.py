"""Seeds for Lava's learning rules that reach all of their random numbers.

Lava's integers are rounded at random where a rule's product is none: traces with the
seed of the rule, weights, delays and tags always with the seed 2. Two maps of different
seeds then learn the same. A rule that :func:`seed_rule` has seen carries a seed for the
latter, too; any other is what it is in Lava.
"""

from __future__ import annotations

import functools
from typing import Any, TypeVar

from lava.magma.core.learning.learning_rule import LoihiLearningRule
from lava.magma.core.learning.random import ConnVarRandom
from lava.magma.core.model.py.connection import LearningConnectionModelBitApproximate

Rule = TypeVar("Rule", bound=LoihiLearningRule)

_LARGEST = 2**31
_TRACE_SEEDS = 4  # Lava's own count from the rule's seed on


def seed_rule(rule: Rule, seed: int) -> Rule:
    """Give a learning rule a seed for all of its random numbers, in place.

    Parameters
    ----------
    rule : lava.magma.core.learning.learning_rule.LoihiLearningRule
        The rule.
    seed : int
        From 0 to 2**63 - 1, of which 31 bits count.

    Returns
    -------
    LoihiLearningRule
        The same rule.
    """
    _install()
    rule.rng_seed = seed % _LARGEST
    rule.rounding_seed = rule.rng_seed + _TRACE_SEEDS
    return rule


def _install() -> None:
    """Let Lava's model for integers heed the seed; a second call changes nothing."""
    model = LearningConnectionModelBitApproximate
    if hasattr(model, "heeds_rounding_seed"):
        return
    lavas = model._init_randoms

    @functools.wraps(lavas)
    def init_randoms(self: Any) -> None:
        lavas(self)
        seed = getattr(self._learning_rule, "rounding_seed", None)
        if seed is not None:
            self._conn_var_random = ConnVarRandom(seed)

    model._init_randoms, model.heeds_rounding_seed = init_randoms, True
