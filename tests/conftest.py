"""Lava is importable on Python 3.11 and later once lava_apps was imported."""

from hypothesis import settings

import lava_apps  # noqa: F401

# The first call of a step function compiles it, which takes longer than any
# deadline that would make sense for the others.
settings.register_profile("default", deadline=None)
settings.load_profile("default")
