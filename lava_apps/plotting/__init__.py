"""One look for all figures."""

from lava_apps.plotting.process_graph import Arrow, Box, draw_process_graph
from lava_apps.plotting.style import (
    CLASS_COLOURS,
    COLOURS,
    check_folder,
    new_figure,
    save_figure,
)

__all__ = [
    "CLASS_COLOURS",
    "COLOURS",
    "Arrow",
    "Box",
    "check_folder",
    "draw_process_graph",
    "new_figure",
    "save_figure",
]
