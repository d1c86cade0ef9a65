"""Checkpoints: long work that can be stopped, killed and resumed at any time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from lava_apps.runtime import Snapshot, StateError
from lava_apps.runtime import state as files


def save_checkpoint(
    path: Path, kind: str, header: Mapping[str, Any], snapshot: Snapshot
) -> None:
    """Write how far the work is and the state of its graph, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The file; its folder is made if it is missing.
    kind : str
        What work it is.
    header : mapping
        How far it is, as JSON has it.
    snapshot : Snapshot
        State of the graph then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {"kind": kind, "graph": snapshot.graph, "time_step": snapshot.time_step}
    files.write(path, known | dict(header), snapshot.tree)


def load_checkpoint(path: Path, kind: str) -> tuple[dict[str, Any], Snapshot]:
    """Read such a file.

    Parameters
    ----------
    path : pathlib.Path
        What `save_checkpoint` wrote.
    kind : str
        What work it must be.

    Returns
    -------
    header : dict
        How far it was.
    snapshot : Snapshot
        State of the graph.

    Raises
    ------
    StateError
        For a file that is missing, damaged, or a checkpoint of something else.
    """
    content = files.read(path)
    if content.get("kind") != kind:
        raise StateError(f"{path}: holds no checkpoint of a {kind}")
    with files.complete(path):
        graph, steps = content["graph"], int(content["time_step"])
        return content, Snapshot(graph, content["tree"], steps)


class Checkpoints:
    """Keep the last state, and write it every so often, and at the end.

    As a context manager it writes the last state also when Ctrl-C or an error ends
    the work.

    Parameters
    ----------
    path : pathlib.Path or None
        The file. None: nothing is kept.
    kind : str
        What work it is.
    seconds : float
        Time from one writing to the next. Default 60.
    """

    def __init__(self, path: Path | None, kind: str, seconds: float = 60.0) -> None:
        self._path, self._kind, self._seconds = path, kind, seconds
        self._kept: tuple[Callable[[], Mapping[str, Any]], Snapshot] | None = None
        self._written = time.perf_counter()

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._write()

    def keep(
        self, header: Callable[[], Mapping[str, Any]], snapshot: Callable[[], Snapshot]
    ) -> None:
        """Keep how far the work is and its state, together.

        Parameters
        ----------
        header : callable
            Gives how far it is; called when it is written.
        snapshot : callable
            Gives the state of the graph; called now.
        """
        if self._path is None:
            return
        # At once: Ctrl-C may come between any two lines.
        self._kept = header, snapshot()
        if time.perf_counter() - self._written > self._seconds:
            self._write()

    def _write(self) -> None:
        if self._path is not None and self._kept is not None:
            header, snapshot = self._kept
            save_checkpoint(self._path, self._kind, header(), snapshot)
            self._written = time.perf_counter()
