"""One look for all figures."""

from lava_apps.plotting.style import COLOURS, new_figure, save_figure

__all__ = ["COLOURS", "new_figure", "save_figure"]
