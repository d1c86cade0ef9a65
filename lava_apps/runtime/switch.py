"""Let Lava's own ``Process.run`` use another runtime."""

from __future__ import annotations

from lava_apps.parameters import ParameterError
from lava_apps.runtime import housekeeping
from lava_apps.runtime.inline.runtime import InlineRuntime

from lava.magma.core.process import process as lava_process
from lava.magma.runtime.runtime import Runtime

RUNTIMES = {"inline": InlineRuntime, "lava": Runtime}


def enable(backend: str = "inline") -> None:
    """Let ``Process.run`` and ``Process.create_runtime`` use a backend from now on.

    Graphs that have a runtime already keep it. The environment variable
    ``LAVA_APPS_BACKEND`` does the same when the first graph is run.

    Parameters
    ----------
    backend : {"inline", "lava"}
        "inline" runs a graph within this OS process, "lava" is Lava's own.

    Raises
    ------
    ParameterError
        For another name.
    """
    if backend not in RUNTIMES:
        problem = f"must be one of {', '.join(map(repr, RUNTIMES))}"
        raise ParameterError("enable", "backend", problem, backend)
    if backend == "inline":
        housekeeping.install()
    lava_process.Runtime = RUNTIMES[backend]


def disable() -> None:
    """Let ``Process.run`` use Lava's own runtime again."""
    lava_process.Runtime = Runtime
