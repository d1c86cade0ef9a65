"""Neuromorphic applications for Lava.

Custom Processes stand in :mod:`lava_apps.processes`, applications on real data
in :mod:`lava_apps.apps`. Importing this package first makes Lava 0.10.0
importable on Python 3.11 and 3.12 (see :mod:`lava_apps.compat`).
"""

from lava_apps import compat

__version__ = "0.1.0"

compat.install()
