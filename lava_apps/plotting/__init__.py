"""One look for all figures."""

from lava_apps.plotting.style import COLOURS, check_folder, new_figure, save_figure

__all__ = ["COLOURS", "check_folder", "new_figure", "save_figure"]
