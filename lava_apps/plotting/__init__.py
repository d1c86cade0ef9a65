"""One look for all figures."""

from lava_apps.plotting.style import (
    CLASS_COLOURS,
    COLOURS,
    check_folder,
    new_figure,
    save_figure,
)

__all__ = ["CLASS_COLOURS", "COLOURS", "check_folder", "new_figure", "save_figure"]
