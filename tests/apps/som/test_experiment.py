import dataclasses
import signal
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from lava_apps.apps.som import MapSettings, SelfOrganisingMap, map_table
from lava_apps.apps.som.figures import (
    draw_hits,
    draw_labels,
    draw_planes,
    draw_u_matrix,
)
from lava_apps.apps.som.model import Model
from lava_apps.apps.som.network import positions
from lava_apps.apps.som.quality import (
    adjacent,
    best_units,
    grid_distances,
    purity,
    topographic_error,
    u_matrix,
)
from lava_apps.apps.som.training import load_progress
from lava_apps.datasets import Table, load_table
from lava_apps.parameters import ParameterError
from lava_apps.runtime import StateError

DIGITS = load_table("digits")
IRIS = load_table("iris")
SMALL = MapSettings(rows=4, columns=5, epochs=2)


@pytest.mark.parametrize("seed", [1])  # docs/som.md has three
def test_spikes_map_digits_almost_as_well_as_floats(seed):
    options = {"rows": 20, "columns": 20, "seed": seed}
    online = map_table(DIGITS, MapSettings(**options))
    spiking = map_table(DIGITS, MapSettings(**options, mode="spiking"))
    assert spiking.model.settings.precision == "fixed_pt"
    assert spiking.quantisation_error < 1.15 * online.quantisation_error
    assert online.topographic_error < 0.03
    assert spiking.topographic_error < 0.25
    assert min(online.purity, spiking.purity) > 0.93


def bent_plane(seed, samples=2000):
    """Give a sheet that is bent to an S, twice as long as wide."""
    rng = np.random.default_rng(seed)
    along, across = rng.uniform(-1.5 * np.pi, 1.5 * np.pi, samples), rng.random(samples)
    x, z = np.sin(along), np.sign(along) * (np.cos(along) - 1)
    return Table("sheet", np.stack([x, 4.7 * across, z], 1), ["x", "y", "z"])


@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
@pytest.mark.parametrize("mode", ["online", "batch"])
def test_the_topology_of_a_bent_plane_is_kept(mode, topology):
    for seed in range(3):
        options = {"topology": topology, "mode": mode, "epochs": 20, "seed": seed}
        settings = MapSettings(rows=20, columns=10, **options)
        result = map_table(bent_plane(seed), settings, scaling="none")
        assert result.topographic_error <= 0.05


def test_all_precisions_and_modes_give_a_map_of_iris():
    for options in (
        {},
        {"precision": "fixed_pt"},
        {"mode": "batch"},
        {"mode": "batch", "precision": "fixed_pt"},
        {"topology": "hexagonal", "toroid": True},
        {"initial": "sample", "neighbourhood": "bubble"},
    ):
        result = map_table(IRIS, MapSettings(rows=6, columns=8, epochs=20, **options))
        assert result.quantisation_error < 0.75
        assert result.purity > 0.9


@pytest.mark.parametrize("mode", ["online", "spiking"])
def test_ctrl_c_and_resume_end_with_the_same_map(mode, tmp_path):
    path = tmp_path / "there" / "checkpoint.npz"
    settings = MapSettings(rows=6, columns=6, epochs=3, mode=mode)
    whole = map_table(IRIS, settings)

    def interrupt(done):
        interrupt.done += done
        if interrupt.done > 200:
            signal.raise_signal(signal.SIGINT)

    interrupt.done = 0
    with pytest.raises(KeyboardInterrupt):
        map_table(IRIS, settings, checkpoint=path, on_samples=interrupt)
    progress, _ = load_progress(path)
    assert 150 < progress.done < 450
    seen = []
    options = {"checkpoint": path, "resume": True}
    resumed = map_table(IRIS, settings, on_samples=seen.append, **options)
    assert sum(seen) == 450
    assert np.array_equal(resumed.model.weights, whole.model.weights)
    for change, problem in (
        ({"seed": 1}, "seed: must be 0, as in the checkpoint"),
        ({"rows": 5}, "rows: must be 6"),
    ):
        with pytest.raises(ParameterError, match=f"map_table.{problem}"):
            map_table(IRIS, dataclasses.replace(settings, **change), **options)
    with pytest.raises(ParameterError, match=r"map_table.data: must be 'iris, stand"):
        map_table(IRIS, settings, scaling="none", **options)
    with pytest.raises(ParameterError, match="resume: needs the file"):
        map_table(IRIS, settings, resume=True)


@pytest.mark.parametrize("mode", ["online", "spiking"])
def test_lavas_own_runtime_gives_the_same_map(mode):
    table = Table("few", IRIS.data[::10], IRIS.features)
    settings = MapSettings(rows=2, columns=2, epochs=2, mode=mode)
    theirs = map_table(table, settings, backend="lava")
    ours = map_table(table, settings, backend="inline")
    assert theirs.backend == "lava"
    assert np.array_equal(theirs.model.weights, ours.model.weights)


def test_the_last_batch_has_the_final_radius():
    options = {"rows": 6, "columns": 6, "mode": "batch", "epochs": 30}
    errors = [
        map_table(IRIS, MapSettings(**options, final_radius=radius)).quantisation_error
        for radius in (0.3, 1.0, 2.0)
    ]
    assert errors[0] < errors[1] < errors[2]


def test_a_checkpoint_of_other_rows_is_refused(tmp_path):
    path = tmp_path / "checkpoint.npz"
    map_table(IRIS, SMALL, checkpoint=path)
    other = dataclasses.replace(IRIS, data=IRIS.data[::-1])
    with pytest.raises(ParameterError, match=r"data: must be 'iris, standard, "):
        map_table(other, SMALL, checkpoint=path, resume=True)


def test_scaling_does_what_it_says():
    data = np.random.default_rng(0).normal(3, 2, (50, 3)) * [1, 10, 0]
    table = Table("t", data, ["a", "b", "c"])
    for how, mean, spread in (("standard", 0, 1), ("range", None, None)):
        model = map_table(table, SMALL, scaling=how).model
        scaled = (data - model.centre) / model.width
        if how == "standard":
            assert scaled[:, :2].mean(axis=0) == pytest.approx(mean, abs=1e-12)
            assert scaled[:, :2].std(axis=0) == pytest.approx(spread)
        else:
            assert scaled[:, :2].min(axis=0).tolist() == [0, 0]
            assert scaled[:, :2].max(axis=0) == pytest.approx(1)
        assert not scaled[:, 2].any()


def test_a_map_comes_back_from_its_file_and_places_samples(tmp_path):
    result = map_table(IRIS, SMALL)
    path = tmp_path / "new" / "map.npz"
    result.model.save(path)
    model = Model.load(path)
    assert model.settings == result.model.settings
    first, distance = model.place(IRIS.data)
    assert np.array_equal(first, result.first)
    assert np.array_equal(distance, result.distance)
    with pytest.raises(ParameterError, match=r"Model.place.data: must have 4 columns"):
        model.place(IRIS.data[:, :3])
    with pytest.raises(ParameterError, match=r"data: must be finite"):
        model.place([[1, 2, 3, np.nan]])
    assert Model.load(str(path)).features == IRIS.features
    path.write_bytes(b"no map")
    with pytest.raises(StateError):
        Model.load(path)


def test_figures_of_tables_and_images(tmp_path):
    settings = MapSettings(rows=5, columns=4, topology="hexagonal", epochs=1)
    wide = Table("wide", np.random.default_rng(0).random((9, 40)), list("ab" * 20))
    many = dataclasses.replace(wide, labels=np.arange(9).astype(str))
    for n, table in enumerate((IRIS, DIGITS, many)):
        result = map_table(table, settings)
        for draw in (draw_u_matrix, draw_planes, draw_hits, draw_labels):
            path = draw(result, tmp_path / f"{n}{draw.__name__}.png")
            assert path.stat().st_size > 5_000


def test_measures_of_a_map_by_hand():
    settings = MapSettings(rows=2, columns=3, topology="hexagonal", toroid=True)
    places = positions(settings)
    assert places[4] == pytest.approx([1.5, np.sqrt(3) / 2])
    everyone = np.arange(6)
    apart = grid_distances(settings, np.zeros(6, int), everyone)
    assert apart == pytest.approx([0, 1, 1, 1, np.sqrt(3), 1], abs=1e-12)
    assert adjacent(settings, apart).tolist() == [True] * 4 + [False, True]
    flat = MapSettings(rows=2, columns=3)
    assert topographic_error(flat, np.array([0, 0, 0]), np.array([1, 4, 2])) == (
        pytest.approx(1 / 3)
    )
    weights = np.array([[0.0], [1], [2], [0], [1], [5]])
    first, second, distance = best_units(weights, np.array([[0.2], [4.0]]))
    assert first.tolist() == [0, 5]
    assert second.tolist() == [3, 2]
    assert distance == pytest.approx([0.2, 1])
    # Of neuron 0: neighbours 1, 3 and 4, across the corner.
    assert u_matrix(flat, weights)[0] == pytest.approx((1 + 0 + 1) / 3)
    labels = np.array(["a", "a", "b", "b", "b"])
    assert purity(np.array([0, 0, 0, 1, 1]), labels, 6) == pytest.approx(4 / 5)


@pytest.mark.parametrize(
    "options", [{}, {"mode": "batch", "topology": "hexagonal"}], ids=["online", "batch"]
)
def test_the_estimator_is_one_of_scikit_learn(options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a check that it leaves out
        check_estimator(SelfOrganisingMap(rows=4, columns=3, **options))


def test_the_estimator_runs_the_same_process():
    data = StandardScaler().fit_transform(load_iris().data)
    result = map_table(IRIS, MapSettings(rows=5, columns=6, seed=4))
    estimator = SelfOrganisingMap(rows=5, columns=6, random_state=3)
    pipeline = make_pipeline(StandardScaler(), estimator)
    placed = pipeline.fit_transform(load_iris().data)
    first, _, distance = best_units(estimator.weights_, data)
    assert np.array_equal(estimator.labels_, first)
    assert np.array_equal(placed, estimator.positions_[first])
    assert estimator.quantisation_error_ == pytest.approx(distance.mean())
    assert estimator.score(data) == pytest.approx(-distance.mean())
    assert list(pipeline.get_feature_names_out()) == ["x", "y"]
    # The same but for the order of samples.
    assert estimator.quantisation_error_ == pytest.approx(
        result.quantisation_error, rel=0.1
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 0}, "rows: must be greater"),
        ({"rows": 1, "columns": 1}, "rows: must make 2 neurons"),
        ({"epochs": 0}, "epochs: "),
        ({"rate": 0}, "rate: must be greater"),
        ({"rate": 0.1, "mode": "spiking"}, "rate: goes with mode online"),
        ({"final_rate": 0.1, "mode": "batch"}, "final_rate: goes with mode online"),
        ({"mode": "offline"}, "mode: "),
        (
            {"mode": "spiking", "precision": "floating_pt"},
            'precision: must be "fixed_pt" for the spiking map',
        ),
    ],
)
def test_wrong_settings_are_named(arguments, message):
    with pytest.raises(ParameterError, match=rf"MapSettings\.{message}"):
        MapSettings(**arguments)


def test_the_estimator_refuses_spikes():
    with pytest.raises(ParameterError, match="mode: must be online or batch"):
        SelfOrganisingMap(mode="spiking").fit(IRIS.data)


def test_a_table_of_one_row_is_refused():
    with pytest.raises(ParameterError, match="data: must have 2 rows"):
        map_table(Table("t", np.ones((1, 2)), ["a", "b"]))


def test_values_too_large_to_be_scaled_are_refused():
    table = Table("t", np.array([[1e300, 1], [-1e300, 2], [0, 3]]), ["a", "b"])
    with pytest.raises(ParameterError, match="scaling: makes numbers too large"):
        map_table(table, SMALL)
