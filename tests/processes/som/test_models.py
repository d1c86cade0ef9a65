"""Self-organising maps against MiniSom, definitions, and under the contract."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minisom import MiniSom

from lava_apps.parameters import ParameterError
from lava_apps.processes.encoders import GradedEncoder
from lava_apps.processes.som import (
    SOM,
    GradedCode,
    Schedule,
    SpikingSOM,
    initial_weights,
)
from lava_apps.processes.som.dynamics import (
    Grid,
    influences,
    offsets,
    race_of,
    scheduled,
)
from lava_apps.runtime import Simulator
from lava_apps.testing import Case, contract
from lava_apps.testing.strategies import generators

RNG = np.random.default_rng(5)
WEIGHTS = RNG.integers(0, 256, size=(4, 3, 5))
SAMPLES = RNG.integers(0, 256, size=(30, 5))
CPU_ONLY = {"decomposition": "CPU only; SpikingSOM is shaped for Loihi 2"}
KINDS = ["rectangular", "hexagonal"]


def online():
    return SOM(weights=WEIGHTS, samples=30, rate=0.5)


def hexagonal_toroid():
    options = {"topology": "hexagonal", "toroid": True, "neighbourhood": "mexican_hat"}
    radius = Schedule(2, 0.7, "exponential")
    return SOM(weights=WEIGHTS, samples=30, radius=radius, seed=3, **options)


def bubbles_by_product():
    options = {"neighbourhood": "bubble", "metric": "dot"}
    rate = Schedule(0.7, 0.1, "inverse")
    return SOM(weights=WEIGHTS, samples=20, radius=1.5, rate=rate, **options)


def batches():
    return SOM(weights=WEIGHTS, samples=30, batch=7, rate=1, learning=0.5)


def finder():
    return SOM(weights=WEIGHTS, samples=1, learning=0)


CODE = GradedCode(SAMPLES, neurons=12, steps=10)
GRADED = np.zeros((60, 5 + CODE.lines), int)
GRADED[::10] = CODE.encode(SAMPLES[:6])


def coded(shape=(4, 3), seed=0):
    chosen = np.random.default_rng(seed).integers(30, size=shape)
    return CODE.encode(SAMPLES)[chosen].astype(int)


def spiking():
    return SpikingSOM(weights=coded(), norm=CODE.norm, steps=10, rate_exp=1)


def spiking_hexagonal():
    options = {"topology": "hexagonal", "toroid": True, "neighbourhood": "bubble"}
    return SpikingSOM(weights=coded(), norm=CODE.norm, steps=10, radius=1.5, **options)


LEAVES = (online, hexagonal_toroid, bubbles_by_product, batches, finder)
SPIKING = (spiking, spiking_hexagonal)


@pytest.mark.parametrize(
    ("check", "case"),
    contract(
        *(Case(make, {"a_in": SAMPLES}, gaps=CPU_ONLY) for make in LEAVES),
        *(Case(make, {"a_in": GRADED}, precisions=("fixed_pt",)) for make in SPIKING),
    ),
)
def test_contract(check, case):
    check(case)


def trained(som, data, precision="floating_pt", steps=None):
    """Present data once, and give the weights."""
    GradedEncoder(data=data).s_out.connect(som.a_in)
    with Simulator(som, precision=precision) as sim:
        sim.run(steps or len(data))
        return np.array(sim.get(som.weights))


MINISOM = {
    "inverse": ("inverse_decay_to_zero", "inverse_decay_to_one"),
    "asymptotic": ("asymptotic_decay", "asymptotic_decay"),
    "linear": ("linear_decay_to_zero", "linear_decay_to_one"),
}
OURS = {
    "inverse": (Schedule(0.5, 0.5 / 101, "inverse"), Schedule(3, 1, "inverse")),
    "asymptotic": (Schedule(0.5, 0.5 / 3, "inverse"), Schedule(3, 1, "inverse")),
    "linear": (Schedule(0.5, 0), Schedule(3, 1)),
}


def minisom(weights, shape, schedule="linear", **options):
    """Make a MiniSom, whose first axis is our columns."""
    rate, radius = MINISOM[schedule]
    som = MiniSom(
        *(shape[1], shape[0], weights.shape[-1]),
        sigma=3,
        learning_rate=0.5,
        decay_function=rate,
        sigma_decay_function=radius,
        **options,
    )
    som._weights = np.ascontiguousarray(weights.transpose(1, 0, 2))
    return som


def of_minisom(som, shape):
    return som.get_weights().transpose(1, 0, 2).reshape(shape[0] * shape[1], -1)


@pytest.mark.parametrize("schedule", OURS)
@pytest.mark.parametrize(
    ("topology", "neighbourhood"),
    [
        ("rectangular", "gaussian"),
        ("rectangular", "bubble"),
        ("rectangular", "mexican_hat"),
        ("hexagonal", "gaussian"),
        ("hexagonal", "mexican_hat"),
    ],
)
def test_weights_are_those_of_minisom(topology, neighbourhood, schedule):
    # An odd number of rows: MiniSom counts them from the other end.
    shape, data = (7, 5), np.random.default_rng(1).random((600, 6))
    weights = initial_weights(data, shape)
    theirs = minisom(
        weights,
        shape,
        schedule,
        topology=topology,
        neighborhood_function=neighbourhood,
    )
    theirs.train(data, len(data))
    rate, radius = OURS[schedule]
    ours = SOM(
        weights=weights,
        samples=len(data),
        rate=rate,
        radius=radius,
        topology=topology,
        neighbourhood=neighbourhood,
    )
    found = trained(ours, data)
    # Mexican hats at a high rate diverge, in MiniSom as here.
    largest = max(1, np.abs(found).max())
    assert np.abs(found - of_minisom(theirs, shape)).max() < 1e-10 * largest
    assert np.abs(found - weights.reshape(35, -1)).max() > 0.1


def test_batches_are_those_of_minisom():
    shape, data = (6, 4), np.random.default_rng(2).random((50, 3))
    weights = initial_weights(data, shape)
    theirs = minisom(weights, shape)
    theirs.train_batch_offline(data, 8)
    rate, radius = OURS["linear"]
    ours = SOM(weights=weights, samples=400, batch=50, rate=rate, radius=radius)
    found = trained(ours, data, steps=400)
    assert np.abs(found - of_minisom(theirs, shape)).max() < 1e-10


@given(rng=generators(), hexagonal=st.booleans(), toroid=st.booleans())
@settings(max_examples=40)
def test_distances_on_the_grid_are_the_shortest(rng, hexagonal, toroid):
    rows, columns = 2 * rng.integers(1, 5), rng.integers(2, 8)
    grid = Grid(rows, columns, hexagonal, toroid)
    height = np.sqrt(3) / 2 if hexagonal else 1

    def place(neuron):
        row, column = divmod(neuron, columns)
        return np.array([column + (row % 2) / 2 * hexagonal, row * height])

    one, other = rng.integers(rows * columns, size=2)
    images = [
        place(one) - place(other) + np.array([i * columns, j * rows * height])
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        if toroid or i == j == 0
    ]
    shortest = min(np.hypot(*image) for image in images)
    found = np.hypot(*offsets(*divmod(one, columns), other, grid))
    assert found == pytest.approx(shortest, abs=1e-12)


@pytest.mark.parametrize("hexagonal", [False, True])
@pytest.mark.parametrize("rows", [1, 4])
def test_the_neighbourhood_is_a_function_of_distance(hexagonal, rows):
    grid = Grid(rows, 5, hexagonal, False)
    for winner in range(5 * rows):
        d = np.array(
            [np.hypot(*offsets(*divmod(i, 5), winner, grid)) for i in range(5 * rows)]
        )
        for n, expected in (
            (0, np.exp(-(d**2) / (2 * 1.3**2))),
            (2, np.exp(-(d**2) / (2 * 1.3**2)) * (1 - d**2 / 1.3**2)),
        ):
            found = np.zeros((rows, 5))
            influences(found, winner, 1.3, n, grid)
            assert found.reshape(-1) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("kind", ["linear", "exponential", "inverse"])
def test_schedules_go_from_first_to_last(kind):
    course = Schedule(8, 2, kind).course()
    assert scheduled(course, 0.0) == 8
    assert scheduled(course, 1.0) == pytest.approx(2)
    assert scheduled(course, 7.0) == scheduled(course, 1.0)
    middle = {"linear": 5, "exponential": 4, "inverse": 3.2}[kind]
    assert scheduled(course, 0.5) == pytest.approx(middle)
    assert Schedule(3, kind=kind).last == 3


def mean_distance(weights, data):
    return np.sqrt(((data[:, None] - weights) ** 2).sum(axis=2)).min(axis=1).mean()


@pytest.mark.parametrize("topology", KINDS)
@pytest.mark.parametrize("batch", [1, 300])
def test_eight_bits_map_as_well_as_floats(topology, batch):
    rng = np.random.default_rng(4)
    data = (rng.random((300, 3)) ** 2 * 255).astype(int)
    weights = np.clip(np.rint(initial_weights(data, (6, 6))), 0, 255)
    errors = []
    for precision in ("floating_pt", "fixed_pt"):
        som = SOM(
            weights=weights,
            samples=3000,
            topology=topology,
            batch=batch,
            rate=Schedule(0.5, 0.05) if batch == 1 else 1,
        )
        found = trained(som, data, precision, steps=3000)
        errors.append(mean_distance(found, data))
    assert found.dtype == np.uint8
    assert errors[1] == pytest.approx(errors[0], rel=0.05)


def test_winner_and_distance_are_those_of_the_sample():
    for metric in ("euclidean", "dot"):
        som = SOM(weights=WEIGHTS, samples=1, learning=0, metric=metric)
        GradedEncoder(data=SAMPLES).s_out.connect(som.a_in)
        with Simulator(som) as sim:
            ports = som.winner_out, som.distance_out, som.s_out
            probes = [sim.probe(port) for port in ports]
            sim.run(30)
            winners, distances, spikes = (sim.data[probe] for probe in probes)
            assert np.array_equal(sim.get(som.weights), WEIGHTS.reshape(12, 5))
        flat = WEIGHTS.reshape(12, 5)
        apart = np.linalg.norm(SAMPLES[:, None] - flat, axis=2)
        expected = (SAMPLES @ flat.T).argmax(1) if metric == "dot" else apart.argmin(1)
        assert np.array_equal(winners[:, 0], expected)
        assert distances[:, 0] == pytest.approx(apart[range(30), expected])
        assert np.array_equal(spikes.reshape(30, 12).argmax(axis=1), expected)
        assert (spikes.sum(axis=(1, 2)) == 1).all()


def test_weights_begin_on_the_plane_of_the_principal_components():
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    data = rng.normal(size=(5000, 4)) * [3, 2, 0.1, 0.1] @ axes.T + 7
    weights = initial_weights(data, (5, 9))
    along = (weights - data.mean(axis=0)) @ axes
    assert np.abs(along[..., 2:]).max() < 0.05
    # The largest component along the longer side, a standard deviation each way.
    assert np.abs(along[0, :, 0]) == pytest.approx(
        3 * np.abs(np.linspace(-1, 1, 9)), abs=0.15
    )
    assert np.abs(along[:, 0, 1]) == pytest.approx(
        2 * np.abs(np.linspace(-1, 1, 5)), abs=0.15
    )
    for shape in ((1, 3), (4, 1)):
        assert initial_weights(data[:, :1], shape).shape == (*shape, 1)
    sampled = initial_weights(data, (3, 3), method="sample", seed=2)
    assert all((data == row).all(axis=1).any() for row in sampled.reshape(9, 4))


def test_graded_codes_have_one_length_and_come_back():
    data = RNG.normal(size=(200, 6)) * 3 - 1
    code = GradedCode(data, neurons=100)
    coded = code.encode(data)
    assert coded.dtype == np.uint8
    assert coded.min() >= 1
    lengths = np.linalg.norm(coded.astype(float), axis=1)
    assert lengths == pytest.approx(code.norm, rel=0.02)
    step = (data.max() - data.min()) / code.largest
    assert np.abs(code.decode(coded) - data).max() <= step
    assert race_of(code.norm, 100, 100, 0.3) is not None
    # More neurons, fewer integers; beyond, a clear error.
    assert GradedCode(data, neurons=2000).largest < code.largest
    with pytest.raises(ParameterError, match="neurons: must be fewer"):
        GradedCode(data, neurons=10**6)
    for wrong in (data[:, :3], coded):
        with pytest.raises(ParameterError, match=r"encode.data: must have 6 columns"):
            code.encode(wrong)
    with pytest.raises(ParameterError, match=r"decode.weights: must have"):
        code.decode(data)
    with pytest.raises(ParameterError, match="data: must not be all the same"):
        GradedCode(np.ones((3, 3)), neurons=4)


def test_spiking_neurons_with_the_largest_product_win_once_a_sample():
    weights, steps = coded((5, 5), seed=1), 40
    code, graded = CODE, CODE.encode(SAMPLES)
    som = SpikingSOM(weights=weights, norm=code.norm, steps=steps, reach=0.9)
    GradedEncoder(data=graded, steps=steps).s_out.connect(som.a_in)
    race = som.proc_params["race"]
    with Simulator(som, precision="fixed_pt") as sim:
        sim.set(som.influence, np.zeros((25, 25)))
        probe = sim.probe(som.s_out)
        sim.run(30 * steps)
        assert np.array_equal(sim.get(som.weights), weights.reshape(25, -1))
    spikes = sim.data[probe].reshape(30, steps, 25)
    assert spikes.sum(axis=1).max() == 1
    products = graded.astype(int) @ weights.reshape(25, -1).T
    units = products * 2.0**race.weight_exp
    rise = race.bias_mant * 2.0**race.bias_exp / 64
    for sample in range(30):
        (times,) = np.nonzero(spikes[sample].any(axis=1))
        assert len(times) == 1
        winners = spikes[sample, times[0]] > 0
        assert units[sample][winners].max() >= units[sample].max() - 1
        assert units[sample][winners].min() >= units[sample].max() - rise - 1


@pytest.mark.parametrize("seed", range(6))
def test_winners_go_to_the_sample_and_a_sample_out_of_reach_teaches_nothing(seed):
    steps, options = 20, {"steps": 20, "radius": 0.1, "rate_exp": 1}
    sample = CODE.encode(SAMPLES[:1])
    weights = coded((3, 3), seed=2)
    som = SpikingSOM(weights=weights, norm=CODE.norm, reach=0.9, seed=seed, **options)
    GradedEncoder(data=sample, steps=steps).s_out.connect(som.a_in)
    with Simulator(som, precision="fixed_pt") as sim:
        sim.run(15 * steps)
        learned = sim.get(som.weights)
    changed = (learned != weights.reshape(9, -1)).any(axis=1)
    before, after = (
        np.abs(w.reshape(9, -1)[changed].astype(int) - sample.astype(int)).max(axis=1)
        for w in (weights, learned)
    )
    # Several win together, until the random rounding of their weights parts them.
    assert (after < before).all()
    # Traces hold half of the payload.
    assert after.min() <= 2
    far = SpikingSOM(weights=weights // 8, norm=CODE.norm, reach=0.3, **options)
    GradedEncoder(data=sample, steps=steps).s_out.connect(far.a_in)
    with Simulator(far, precision="fixed_pt") as sim:
        probe = sim.probe(far.s_out)
        sim.run(3 * steps)
        assert np.array_equal(sim.get(far.weights), (weights // 8).reshape(9, -1))
    assert not sim.data[probe].any()


def test_influence_is_full_for_the_winner_and_falls_with_distance():
    som = SpikingSOM(weights=coded(), norm=CODE.norm, steps=10)
    values = som.influences(1.0)
    assert (np.diagonal(values) == 127).all()
    assert values[1, 0] == round(127 * np.exp(-0.5))
    assert np.array_equal(values, som.influences(1.0).T)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (SOM, {"weights": WEIGHTS[0]}, "weights: must be a non-empty array of 3"),
        (SOM, {"samples": 0}, "samples: must be greater"),
        (SOM, {"radius": 0}, "radius: must be a Schedule, or a number of 0.01 or"),
        (SOM, {"radius": "a"}, "radius: must be a Schedule, or a number"),
        (SOM, {"radius": Schedule(2, 0)}, "radius: must stay at 0.01 or more"),
        (SOM, {"batch": 6}, "batch: must not exceed samples = 5"),
        (SOM, {"rate": 1.5}, "rate: must be a Schedule, or a number from 0 to 1"),
        (SOM, {"rate": Schedule(1.5, 1)}, "rate: must not exceed 1"),
        (SOM, {"topology": "round"}, "topology: "),
        (
            SOM,
            {"weights": WEIGHTS[:3], "topology": "hexagonal", "toroid": True},
            "toroid: of a hexagonal grid needs an even number of rows",
        ),
        (
            SOM,
            {"batch": 3, "neighbourhood": "mexican_hat"},
            'neighbourhood: must not be "mexican_hat" in batches',
        ),
        (SOM, {"radios": 3}, "radios: unknown"),
        (SpikingSOM, {"weights": WEIGHTS + 0.5}, "weights: must be integers from 0"),
        (SpikingSOM, {"norm": 10_000}, "norm: must be shorter for 12 neurons"),
        (SpikingSOM, {"steps": 7}, "steps: "),
        (SpikingSOM, {"neighbourhood": "mexican_hat"}, "neighbourhood: "),
        (SpikingSOM, {"rate_exp": 5}, "rate_exp: "),
    ],
)
def test_bad_arguments_are_refused(make, arguments, message):
    good = {"weights": WEIGHTS} | (
        {"samples": 5} if make is SOM else {"norm": CODE.norm}
    )
    with pytest.raises(ParameterError, match=rf"{make.__name__}\.{message}"):
        make(**good | arguments)


@pytest.mark.parametrize("kind", ["exponential", "inverse"])
def test_a_schedule_that_never_ends_at_0_is_refused(kind):
    with pytest.raises(ParameterError, match="last: must be above 0"):
        Schedule(1, 0, kind)


def test_fixed_point_refuses_weights_beyond_8_bits():
    som = SOM(weights=WEIGHTS * 2, samples=5)
    with pytest.raises(ParameterError, match="weights: must be from 0 to 255"):
        Simulator(som, precision="fixed_pt")


@pytest.mark.parametrize(
    "shape", [(5, 40), (40, 5), (2, 9), (7, 7), (3, 1), (1, 4), (2, 2)]
)
def test_principal_components_are_those_of_the_singular_values(shape):
    rng = np.random.default_rng(3)
    data = rng.normal(size=shape) * rng.uniform(0.5, 4, shape[1])
    weights = initial_weights(data, (4, 3))
    mean = data.mean(axis=0)
    _, lengths, vectors = np.linalg.svd(data - mean, full_matrices=False)
    lengths = lengths / np.sqrt(len(data))
    # Corners: a standard deviation along the first, and along the second.
    for corner in (weights[0, 0], weights[3, 2]):
        for k in range(min(2, len(lengths))):
            along = (corner - mean) @ vectors[k]
            assert abs(along) == pytest.approx(lengths[k], abs=1e-9)
    spanned = (weights - mean).reshape(12, -1)
    assert spanned @ vectors[:2].T @ vectors[:2] == pytest.approx(spanned, abs=1e-9)


def test_many_features_cost_no_matrix_of_them():
    """56 samples of 186,480 features would be 259 GiB."""
    data = np.random.default_rng(0).normal(size=(12, 100_000))
    tracemalloc.start()
    initial_weights(data, (3, 3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * data.nbytes
