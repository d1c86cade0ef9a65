"""Self-organising maps of real data."""

from lava_apps.apps.som.estimator import SelfOrganisingMap
from lava_apps.apps.som.experiment import MapResult, map_table
from lava_apps.apps.som.network import MapSettings

__all__ = ["MapResult", "MapSettings", "SelfOrganisingMap", "map_table"]
