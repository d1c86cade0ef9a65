"""Running graphs of Lava Processes."""

import lava_apps.runtime.compiled.backend
import lava_apps.runtime.inline.backend
import lava_apps.runtime.stock.backend  # noqa: F401 - each makes itself known
from lava_apps.graphs import install
from lava_apps.runtime.backends import register_backend
from lava_apps.runtime.compiled.registry import register_kernel
from lava_apps.runtime.errors import (
    BackendError,
    BackendWarning,
    DeadlockError,
    ShapeError,
)
from lava_apps.runtime.housekeeping import note_log_handlers
from lava_apps.runtime.probes import Probe, ProbeMemoryError
from lava_apps.runtime.simulator import Simulator
from lava_apps.runtime.snapshots import Snapshot
from lava_apps.runtime.state import StateError
from lava_apps.runtime.stock.processes import ModelError
from lava_apps.runtime.switch import disable, enable

__all__ = [
    "BackendError",
    "BackendWarning",
    "DeadlockError",
    "ModelError",
    "Probe",
    "ProbeMemoryError",
    "ShapeError",
    "Simulator",
    "Snapshot",
    "StateError",
    "disable",
    "enable",
    "register_backend",
    "register_kernel",
]

# Before a graph is made: virtual ports walk along others when they are connected, and
# each Process adds a handler to the log.
install()
note_log_handlers()
