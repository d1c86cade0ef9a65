"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file beside another and let it take its place when it is complete.

    Parameters
    ----------
    path : pathlib.Path
        The file to be replaced, or made, in a folder that exists.

    Yields
    ------
    pathlib.Path
        Where to write to. It is on the disk before it replaces `path`; if the
        ``with`` block raises, it is removed and `path` stays as it was.
    """
    for left in path.parent.glob(f".{path.name}.*.part"):
        if not _is_alive(left.suffixes[-2][1:]):  # its writer was killed
            left.unlink(missing_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True
