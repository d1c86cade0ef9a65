"""Lava is importable on Python 3.11 and later once lava_apps was imported."""

import os

from hypothesis import settings

import lava_apps  # noqa: F401

# The first call of a step function compiles it, which takes longer than any
# deadline that would make sense for the others.
settings.register_profile("default", deadline=None)
# The gate tries the same examples each time; everybody else tries others.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "default")
