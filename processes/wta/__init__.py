"""Competition: winner-take-all."""

from lava_apps.processes.wta.dynamics import Decision, decision
from lava_apps.processes.wta.process import SpikingWinnerTakeAll, WinnerTakeAll

__all__ = ["Decision", "SpikingWinnerTakeAll", "WinnerTakeAll", "decision"]
