"""Real data: what ships with the package, and what is fetched with checksums."""

from lava_apps.datasets.digits import load_digits
from lava_apps.datasets.mnist import DataError, load_mnist

__all__ = ["DataError", "load_digits", "load_mnist"]
