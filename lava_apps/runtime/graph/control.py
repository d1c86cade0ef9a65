"""How a run is ended: asked for by a model or the user, by Ctrl-C, by an error."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lava_apps.runtime.errors import BackendError


class Control:
    """What is known about the end of a run, now and of those before.

    Attributes
    ----------
    end_requested : str
        "pause" or "stop": finish the time step, then end the run.
    interrupted : bool
        Ctrl-C: the same, then KeyboardInterrupt.
    failure : BaseException or None
        What ended the use of the graph.
    stopped : bool
        Whether the use of the graph was ended.
    """

    def __init__(self) -> None:
        self.end_requested = ""
        self.interrupted = False
        self.failure: BaseException | None = None
        self.stopped = False

    @property
    def ends(self) -> bool:
        """Whether the run is to end after this time step."""
        return bool(self.end_requested) or self.interrupted

    def prepare(self) -> None:
        """Forget requests to end an earlier run; to be called before each run."""
        self.end_requested, self.interrupted = "", False

    def check_usable(self) -> None:
        """Make sure that the graph can be run.

        Raises
        ------
        BackendError
            After it was stopped, and after an error.
        """
        if self.stopped or self.failure is not None:
            why = "was stopped" if self.stopped else "ended with an error"
            if self.failure is not None:
                why += f" ({self.failure!r})"
            raise BackendError(f"this graph {why}; build it anew to run it again")

    @contextmanager
    def ctrl_c_ends_step(self) -> Iterator[None]:
        """Let Ctrl-C end the run after its time step; a second one ends it at once."""
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            yield
            return

        def handle(number: int, frame: Any) -> None:
            if self.interrupted:
                signal.default_int_handler(number, frame)
            self.interrupted = True

        previous = signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)
