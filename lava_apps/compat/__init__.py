"""Lava 0.10.0 on Python 3.10 to 3.14 and NumPy 1.26 to 2.

A few modules of Lava have lines that newer Pythons or NumPys refuse. They are executed
with those lines mended (:mod:`lava_apps.compat.mends`), and nothing else is touched.
That is so once ``lava_apps`` is imported, and in any Python that imports ``lava`` first
(``_lava_apps_hook.py``).
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

import _lava_apps_hook as hook
from lava_apps.compat.loading import (
    PROCESS,
    choose_runtime,
    is_right,
    lava_version,
)
from lava_apps.compat.mends import LAVA_VERSIONS

LAVA_VERSION = LAVA_VERSIONS[0]


class LavaVersionError(ImportError):
    """The Lava that is installed is not the version this package is made for."""


class VersionFinder(MetaPathFinder):
    """Refuse another version of Lava when it is imported; find nothing.

    Only once ``lava_apps`` is imported: scripts for another version are left alone.
    """

    @staticmethod
    def find_spec(
        fullname: str,
        path: object = None,  # noqa: ARG004 - Python's names
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Look at the version of Lava where it lies."""
        if fullname == "lava" and hook.is_import(sys._getframe(2)):
            spec = PathFinder.find_spec(fullname, None, target)
            check_lava(spec.submodule_search_locations if spec else None)
        return None


def check_lava(places: object) -> None:
    """Make sure that Lava is the version this package is made for.

    Parameters
    ----------
    places : iterable of str or None
        Folders of the namespace package ``lava``.

    Raises
    ------
    LavaVersionError
        With the command that installs the right one.
    """
    for place in map(Path, places or ()):  # type: ignore[call-overload]
        found = lava_version(place.parent) if (place / "magma").is_dir() else None
        if not is_right(found):
            raise LavaVersionError(
                f"Lava is {found}; lava-apps needs lava-nc {LAVA_VERSION}. "
                f"{hook.how_to_install()}"
            )


def install() -> None:
    """Make Lava importable; a second call changes nothing.

    Raises
    ------
    LavaVersionError
        Where another version of Lava is imported already.
    """
    hook.install()
    if not any(isinstance(finder, VersionFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, VersionFinder())
    if "lava" in sys.modules:
        check_lava(getattr(sys.modules["lava"], "__path__", None))
    if PROCESS in sys.modules:
        choose_runtime(sys.modules[PROCESS])
