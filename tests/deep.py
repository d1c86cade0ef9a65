"""Tests that need lava-dl, torch, or h5py, which are an extra (`make deep`)."""

import importlib.util
import os
from pathlib import Path

import pytest

_WANTED = ("h5py", "torch", "torchvision", "cv2")


def _is_there(name):
    return importlib.util.find_spec(name) is not None


def _netx():
    """Find lava-dl's folder without importing it."""
    spec = importlib.util.find_spec("lava")
    places = [Path(p) / "lib" / "dl" / "netx" for p in spec.submodule_search_locations]
    return next((place for place in places if place.is_dir()), None)


MISSING = [n for n in _WANTED if not _is_there(n)] + ([] if _netx() else ["lava-dl"])
if os.environ.get("LAVA_APPS_DEEP") and MISSING:
    raise RuntimeError(f"asked for by LAVA_APPS_DEEP, but missing: {MISSING}")

needs_deep = pytest.mark.skipif(
    bool(MISSING), reason=f"needs the extra dl: {', '.join(MISSING)}"
)


def shipped(name):
    """Give a file of lava-dl's own tests, which its wheel brings."""
    folder = _netx().parents[3] / "tests" / "lava" / "lib" / "dl" / "netx"
    return folder / name
