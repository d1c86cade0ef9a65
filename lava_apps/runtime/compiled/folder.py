"""The folder for machine code: the user's own, and nobody else's.

numba reads what lies there with pickle, which runs whatever it is told to. So a folder
counts only if this user alone can write to it. Where there is none, each OS process has
a private one, removed at its end.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import numba
import pooch

NAME = "lava-apps"
PREFIX = "lava_apps_loop_"
_LOOPS = "loops"
_OLDEST = 90 * 24 * 3600.0  # seconds since a loop was last used
_MOST_BYTES = 2 * 2**30
_private: dict[int, Path] = {}  # by the OS process that made it
_lock = threading.Lock()


def cache_folder() -> Path:
    """Give the folder for compiled loops; it is made if it can be.

    Returns
    -------
    pathlib.Path
        Below numba's ``NUMBA_CACHE_DIR`` if that is set, otherwise in the user's cache;
        a private folder of this OS process where others own it or may write to it, or
        nobody may.
    """
    given = numba.config.CACHE_DIR
    wanted = Path(given) if given else Path(pooch.os_cache(NAME))
    folder = wanted / _LOOPS
    with _lock:
        if os.getpid() in _private:
            return _private[os.getpid()]
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not whose_else(folder):
                with tempfile.TemporaryFile(dir=folder):
                    return folder
        except OSError:
            pass
        return _make_private()


def whose_else(folder: Path) -> str:
    """Say who besides this user could put files into a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Which; all folders above it count, too.

    Returns
    -------
    str
        Empty if nobody could, as far as the system tells.
    """
    if not hasattr(os, "getuid"):  # Windows keeps a user's folders by other means
        return ""
    trusted = {os.getuid(), 0}
    resolved = folder.resolve()
    for place in (resolved, *resolved.parents):
        known = place.stat()
        if known.st_uid not in trusted:
            return f"{place} belongs to another user"
        open_to_others = known.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        # In a sticky folder others can add files, but not replace what is there.
        is_sticky = bool(known.st_mode & stat.S_ISVTX) and place != resolved
        if open_to_others and not is_sticky:
            return f"others may write to {place}"
    return ""


def is_private() -> bool:
    """Say whether what is compiled is lost at the end of this OS process.

    Returns
    -------
    bool
        True where `cache_folder` had to make a folder of this OS process.
    """
    cache_folder()
    return os.getpid() in _private


def _make_private() -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"{NAME}-"))  # with the rights 0700
    _private[os.getpid()] = folder
    atexit.register(_remove, os.getpid(), folder)
    return folder


def _remove(owner: int, folder: Path) -> None:
    """Remove a private folder at the end of the OS process that made it, no other."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def prune(folder: Path) -> None:
    """Remove loops that were not used for long, and the oldest of too many.

    Parameters
    ----------
    folder : pathlib.Path
        Of compiled loops; only files that are named as they are count.
    """
    with suppress(OSError):
        found = []
        for path in folder.rglob(f"{PREFIX}*"):
            with suppress(OSError):  # another OS process may be removing it
                if path.is_file() and not path.is_symlink():
                    known = path.stat()
                    found.append((known.st_mtime, known.st_size, path))
        kept, now = 0, time.time()
        for used, size, path in sorted(found, reverse=True):
            kept += size
            if now - used > _OLDEST or kept > _MOST_BYTES:
                with suppress(OSError):
                    path.unlink()
