"""Associative memory: a Hopfield network restores damaged images of digits."""

from lava_apps.apps.hopfield.capacity import CapacityResult, measure_capacity
from lava_apps.apps.hopfield.experiment import RecallResult, restore_images
from lava_apps.apps.hopfield.network import recall

__all__ = [
    "CapacityResult",
    "RecallResult",
    "measure_capacity",
    "recall",
    "restore_images",
]
