"""Neuromorphic applications for Lava.

Custom Processes stand in :mod:`lava_apps.processes`, applications on real data
in :mod:`lava_apps.apps`. Where this package is installed, Lava 0.10.0 can be imported
on Pythons and NumPys that it was not made for (see :mod:`lava_apps.compat`).
"""

from lava_apps import compat

__version__ = "0.1.0"

compat.install()
