"""Lava 0.10.0 on newer Pythons and NumPys.

A finder loads the few modules of Lava that newer Pythons or NumPys refuse with those
lines mended (:mod:`lava_apps.compat.mends`). It touches nothing else.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

from lava_apps.compat.finder import MendingFinder

LAVA_VERSION = "0.10.0"
INSTALL_COMMAND = (
    f"pip install --no-deps --ignore-requires-python lava-nc=={LAVA_VERSION}"
)


class LavaVersionError(ImportError):
    """Lava is missing, or is not the version this package is made for."""


def check_lava() -> None:
    """Make sure that the installed Lava is the one this package is made for.

    Raises
    ------
    LavaVersionError
        With the command that installs the right one.
    """
    try:
        found = version("lava-nc")
    except PackageNotFoundError:
        found = None
    if found != LAVA_VERSION:
        state = "Lava is not installed" if found is None else f"Lava is {found}"
        raise LavaVersionError(
            f"{state}; lava-apps needs lava-nc {LAVA_VERSION}. Install it with: "
            f"{INSTALL_COMMAND}"
        )


def install() -> None:
    """Check Lava's version and make it importable; a second call changes nothing."""
    check_lava()
    if not any(isinstance(finder, MendingFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, MendingFinder())
