"""What is drawn is what was given."""

import numpy as np
import pytest

from lava_apps.parameters import ParameterError
from lava_apps.plotting import (
    draw_cells,
    draw_energy_landscape,
    draw_f_i_curve,
    draw_membrane,
    draw_raster,
    draw_receptive_fields,
    draw_spike_statistics,
    draw_weight_matrix,
    new_figure,
    use_style,
)
from lava_apps.processes.hopfield import energy, projection


@pytest.fixture
def ax():
    with new_figure(4, 3) as figure:
        yield figure.subplots()


def memories(count=5, neurons=60):
    return np.random.default_rng(1).choice([-1, 1], (count, neurons))


def test_a_raster_has_a_mark_for_each_spike(ax):
    spikes = np.random.default_rng(0).random((50, 8)) < 0.2
    draw_raster(ax, *np.nonzero(spikes))
    x, y = ax.lines[0].get_data()
    assert np.array_equal(np.stack([x, y], axis=1), np.argwhere(spikes))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time step", "neuron")


def test_a_raster_follows_an_order(ax):
    draw_raster(ax, [5, 6, 7], [0, 1, 2], order=[2, 0, 1])
    assert ax.lines[0].get_ydata().tolist() == [1, 2, 0]


def test_a_raster_without_spikes_has_its_axes(ax):
    draw_raster(ax, [], [], order=range(10))
    assert ax.get_ylim() == (-0.7, 9.7)


def test_a_membrane_is_drawn_with_threshold_and_spikes(ax):
    times, potentials = np.arange(5.0), np.array([-60, -55, -51, -60, -58.0])
    draw_membrane(ax, times, potentials, threshold=-50, spike_times=[3.0])
    assert ax.lines[0].get_ydata().tolist() == potentials.tolist()
    assert ax.lines[1].get_ydata() == [-50, -50]
    (stroke,) = ax.collections[0].get_segments()
    assert (stroke[:, 0] == 3).all()
    assert (stroke[:, 1] > -50).all()
    assert ax.get_ylabel() == "membrane potential (mV)"


def test_an_f_i_curve_has_points_and_a_line(ax):
    drives, rates = np.array([1.0, 2, 3]), np.array([0, np.nan, 20.0])
    draw_f_i_curve(ax, drives, rates, closed_form=lambda d: 10 * (d - 1))
    line, points = ax.lines
    assert np.allclose(line.get_ydata(), 10 * (line.get_xdata() - 1))
    assert points.get_xdata().tolist() == [1, 2, 3]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "closed form",
        "measured",
    ]


def test_statistics_tell_chance_from_a_clock():
    spikes = np.random.default_rng(0).random((5000, 20)) < 0.02
    with new_figure(9, 3) as figure:
        axes = figure.subplots(1, 3)
        draw_spike_statistics(axes, spikes, dt=2)
    rate = float(axes[0].get_title().split()[1])
    assert rate == pytest.approx(500 * spikes.mean(), rel=0.01)
    cv = float(axes[1].get_title().split()[-1])
    assert cv == pytest.approx(1, abs=0.06)
    factors = axes[2].lines[1].get_ydata()
    assert np.abs(factors - 1).max() < 0.2


@pytest.mark.parametrize(
    ("weights", "limits"),
    [
        ([[1.0, -3.0], [2.0, 0.0]], (-3, 3)),
        ([[1.0, 3.0], [2.0, 0.0]], (0, 3)),
        ([[-1.0, -3.0], [-2.0, 0.0]], (-3, 0)),
        ([[0.0, 0.0]], (0, 1)),
    ],
)
def test_zero_has_the_same_colour_on_both_sides(ax, weights, limits):
    draw_weight_matrix(ax, weights)
    image = ax.images[0]
    assert image.get_array().tolist() == weights
    assert image.get_clim() == limits
    assert len(ax.figure.axes) == 2  # the colour bar


def test_receptive_fields_stand_in_rows(ax):
    weights = np.arange(5 * 6, dtype=float).reshape(5, 6)
    draw_receptive_fields(ax, weights, (2, 3))
    shown = ax.images[0].get_array()
    assert shown.shape == (5, 11)
    assert shown[0:2, 4:7].tolist() == weights[1].reshape(2, 3).tolist()
    assert shown[3:5, 0:3].tolist() == weights[3].reshape(2, 3).tolist()


def test_the_landscape_is_deepest_at_memories(ax, monkeypatch):
    drawn = []
    contourf = ax.contourf
    monkeypatch.setattr(
        ax, "contourf", lambda *args, **kw: drawn.append(args) or contourf(*args, **kw)
    )
    patterns = memories()
    weights = projection(patterns)
    paths = [patterns[:2] * 1]
    draw_energy_landscape(ax, weights, patterns, paths=paths)
    stars = ax.lines[-1]
    assert len(stars.get_xdata()) == 5
    way = ax.lines[0]
    assert np.allclose(way.get_xdata(), stars.get_xdata()[:2])
    assert np.allclose(way.get_ydata(), stars.get_ydata()[:2])
    contours = next(c for c in ax.collections if hasattr(c, "levels"))
    deepest = energy(patterns, weights).min()
    assert deepest < 0
    assert contours.levels[0] <= contours.zmin <= contours.levels[1]
    assert -1 <= contours.zmin < contours.zmax < 0
    ((x, y, heights),) = drawn
    middle = heights[len(y) // 2, len(x) // 2]
    for star in zip(*stars.get_data(), patterns, strict=True):
        here = heights[np.abs(y - star[1]).argmin(), np.abs(x - star[0]).argmin()]
        assert here < middle
        assert here == pytest.approx(energy(star[2], weights) / -deepest, abs=0.1)


def test_lists_and_columns_of_axes_do_as_well():
    spikes = np.random.default_rng(0).random((100, 9)) < 0.2
    with new_figure(4, 9) as figure:
        draw_spike_statistics(figure.subplots(3, 1, squeeze=False), spikes)
    with new_figure(4, 3) as figure:
        draw_receptive_fields(figure.subplots(), spikes.astype(int), [3, 3])
    assert figure.axes[0].images[0].get_array().shape == (39, 39)


def test_errors_come_without_the_frames_of_pydantic(ax):
    with pytest.raises(ParameterError) as caught:
        draw_raster(ax, [1, 2], [1])
    assert not [e for e in caught.traceback if "pydantic" in str(e.path)]
    assert caught.traceback[-1].name == "draw_raster"


@pytest.mark.parametrize(("hexagonal", "corners"), [(False, 4), (True, 6)])
def test_cells_of_a_map_touch(ax, hexagonal, corners):
    places = np.array([[0.0, 0], [1, 0], [2, 0]])
    cells = draw_cells(ax, places, [1.0, 2, 3], hexagonal=hexagonal, label="d (mm)")
    assert cells.get_array().tolist() == [1, 2, 3]
    paths = cells.get_paths()
    assert {len(p.vertices) - 1 for p in paths} == {corners}
    right, left = paths[0].vertices[:, 0].max(), paths[1].vertices[:, 0].min()
    assert right == pytest.approx(left)
    assert ax.figure.axes[1].get_ylabel() == "d (mm)"


def test_pyplot_gets_the_style():
    import matplotlib as mpl

    with mpl.rc_context():
        use_style()
        assert mpl.rcParams["axes.prop_cycle"].by_key()["color"][0] == "#0072B2"


@pytest.mark.parametrize(
    ("draw", "named"),
    [
        (lambda ax: draw_raster(ax, [1, 2], [1]), "draw_raster.neurons"),
        (lambda ax: draw_raster(ax, [1], [3], order=[0, 1]), "draw_raster.order"),
        (lambda ax: draw_raster(ax, [1], [0], order=[1, 1]), "draw_raster.order"),
        (lambda ax: draw_membrane(ax, [1.0, 2], [1.0]), "draw_membrane.potentials"),
        (lambda ax: draw_f_i_curve(ax, [1.0, 2], [1.0]), "draw_f_i_curve.rates"),
        (lambda ax: draw_weight_matrix(ax, [1, 2]), "draw_weight_matrix.weights"),
        (
            lambda ax: draw_receptive_fields(ax, np.ones((2, 6)), (2, 2)),
            "draw_receptive_fields.image_shape",
        ),
        (lambda ax: draw_raster(ax, [1], [0.5]), "draw_raster.neurons"),
        (lambda ax: draw_raster(ax, [1], [-1]), "draw_raster.neurons"),
        (lambda ax: draw_raster(ax, [[1]], [[1]]), "draw_raster.times"),
        (lambda ax: draw_raster(ax, [1], [0], order="ab"), "draw_raster.order"),
        (lambda ax: draw_raster(ax, [1], [0], order=[0.4]), "draw_raster.order"),
        (lambda ax: draw_membrane(ax, [1.0], 5), "draw_membrane.potentials"),
        (
            lambda ax: draw_membrane(ax, [1.0], [1.0], spike_times="x"),
            "draw_membrane.spike_times",
        ),
        (
            lambda ax: draw_membrane(ax, [1.0], [1.0], threshold=np.nan),
            "draw_membrane.threshold",
        ),
        (lambda ax: draw_f_i_curve(ax, [1.0], ["a"]), "draw_f_i_curve.rates"),
        (lambda ax: draw_f_i_curve(ax, [1.0], [np.inf]), "draw_f_i_curve.rates"),
        (
            lambda ax: draw_f_i_curve(ax, [1.0], [2], closed_form=lambda d: "s"),
            "draw_f_i_curve.closed_form",
        ),
        (
            lambda ax: draw_receptive_fields(ax, np.ones((2, 9)), (-3, -3)),
            "draw_receptive_fields.image_shape",
        ),
        (
            lambda ax: draw_energy_landscape(
                ax, np.zeros((60, 60)), memories(), paths=[2 * memories()]
            ),
            "draw_energy_landscape.paths: must be states of -1",
        ),
        (
            lambda ax: draw_energy_landscape(
                ax, np.zeros((60, 60)), memories(), paths=[np.ones((0, 60))]
            ),
            "draw_energy_landscape.paths",
        ),
        (
            lambda ax: draw_spike_statistics([ax], np.ones((100, 2))),
            "draw_spike_statistics.axes",
        ),
        (
            lambda ax: draw_spike_statistics([ax] * 3, np.ones((10, 2))),
            "draw_spike_statistics.spikes",
        ),
        (lambda ax: draw_cells(ax, np.ones((2, 2)), [1.0]), "draw_cells.places"),
        (
            lambda ax: draw_energy_landscape(ax, np.zeros((60, 60)), memories(2)),
            "draw_energy_landscape.memories: .*span a plane",
        ),
        (
            lambda ax: draw_energy_landscape(ax, np.zeros((50, 50)), memories()),
            "draw_energy_landscape.memories: must have 50",
        ),
        (
            lambda ax: draw_energy_landscape(
                ax, np.zeros((60, 60)), memories(), paths=[np.ones(60)]
            ),
            "draw_energy_landscape.paths",
        ),
    ],
)
def test_what_does_not_fit_is_refused(ax, draw, named):
    with pytest.raises(ParameterError, match=named):
        draw(ax)
