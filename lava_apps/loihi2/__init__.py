"""The shape of Loihi 2: number formats, readiness, conversion, run configurations.

From other modules come :func:`~lava_apps.loihi2.readiness.report`,
:func:`~lava_apps.loihi2.fixed.to_fixed`,
:func:`~lava_apps.loihi2.hardware.run_config`,
:func:`~lava_apps.loihi2.hardware.add_adapters`,
:class:`~lava_apps.loihi2.hardware.HardwareError`,
:class:`~lava_apps.loihi2.hardware.HardwareWarning` and
:class:`~lava_apps.loihi2.run_configs.RunConfig`.
"""

from __future__ import annotations

import importlib
from typing import Any

# Reports and conversions run graphs, so they know the runtime, which knows the run
# configurations of this package: they are imported when they are asked for.
_PLACES = {
    "HardwareError": "lava_apps.loihi2.hardware",
    "HardwareWarning": "lava_apps.loihi2.hardware",
    "RunConfig": "lava_apps.loihi2.run_configs",
    "add_adapters": "lava_apps.loihi2.hardware",
    "report": "lava_apps.loihi2.readiness",
    "run_config": "lava_apps.loihi2.hardware",
    "to_fixed": "lava_apps.loihi2.fixed",
}

__all__ = [
    "HardwareError",
    "HardwareWarning",
    "RunConfig",
    "add_adapters",
    "report",
    "run_config",
    "to_fixed",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
