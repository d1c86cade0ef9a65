"""Self-organising maps."""

from lava_apps.processes.som.dynamics import GradedCode, initial_weights
from lava_apps.processes.som.process import SOM, Schedule, SpikingSOM

__all__ = ["SOM", "GradedCode", "Schedule", "SpikingSOM", "initial_weights"]
