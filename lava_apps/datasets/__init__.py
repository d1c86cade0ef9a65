"""Real data: what ships with the package, and what is fetched with checksums."""

from lava_apps.datasets.columns import Numbers
from lava_apps.datasets.csv_files import Reading
from lava_apps.datasets.digits import load_digits
from lava_apps.datasets.mnist import DataError, load_mnist
from lava_apps.datasets.tables import TABLES, Table, load_table
from lava_apps.datasets.vowels import load_vowels

__all__ = [
    "TABLES",
    "DataError",
    "Numbers",
    "Reading",
    "Table",
    "load_digits",
    "load_mnist",
    "load_table",
    "load_vowels",
]
