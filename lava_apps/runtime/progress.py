"""A progress bar for runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


@contextmanager
def progress_bar(steps: int, *, shown: bool) -> Iterator[Callable[[int], None] | None]:
    """Show a bar with steps a second, drawn anew at most ten times a second."""
    if not shown:
        yield None
        return
    columns = (TextColumn("time steps"), BarColumn(), MofNCompleteColumn())
    rate = TextColumn("{task.fields[rate]:,.0f}/s")
    bar = Progress(*columns, rate, TimeRemainingColumn(), console=Console(stderr=True))
    begin = drawn = time.perf_counter()
    done = 0
    with bar:
        task = bar.add_task("", total=steps, rate=0.0)

        def advance(steps_done: int) -> None:
            nonlocal done, drawn
            done += steps_done
            now = time.perf_counter()
            if now - drawn > 0.1 or done == steps:
                drawn = now
                bar.update(task, completed=done, rate=done / (now - begin))

        yield advance
