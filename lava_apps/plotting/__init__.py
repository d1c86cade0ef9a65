"""One look for all figures."""

from lava_apps.plotting.landscape import draw_energy_landscape
from lava_apps.plotting.maps import draw_cells
from lava_apps.plotting.process_graph import (
    Arrow,
    Box,
    arrow_text,
    draw_graph,
    draw_process_graph,
)
from lava_apps.plotting.spikes import (
    draw_f_i_curve,
    draw_membrane,
    draw_raster,
    draw_spike_statistics,
)
from lava_apps.plotting.style import (
    CLASS_COLOURS,
    COLOURS,
    check_figure,
    check_folder,
    new_figure,
    save_figure,
    use_style,
)
from lava_apps.plotting.weights import draw_receptive_fields, draw_weight_matrix

__all__ = [
    "CLASS_COLOURS",
    "COLOURS",
    "Arrow",
    "Box",
    "arrow_text",
    "check_figure",
    "check_folder",
    "draw_cells",
    "draw_energy_landscape",
    "draw_f_i_curve",
    "draw_graph",
    "draw_membrane",
    "draw_process_graph",
    "draw_raster",
    "draw_receptive_fields",
    "draw_spike_statistics",
    "draw_weight_matrix",
    "new_figure",
    "save_figure",
    "use_style",
]
