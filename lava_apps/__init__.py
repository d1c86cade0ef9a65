"""Neuromorphic applications for Lava.

Custom Processes stand in :mod:`lava_apps.processes`, applications on real data
in :mod:`lava_apps.apps`. Importing this package first makes Lava 0.10.0
importable on Python 3.11 and 3.12 (see :mod:`lava_apps.compat`).
"""

import os

from lava_apps import compat

__version__ = "0.1.0"

compat.install()

if os.environ.get("LAVA_APPS_BACKEND"):
    from lava_apps.runtime import enable

    enable(os.environ["LAVA_APPS_BACKEND"])
