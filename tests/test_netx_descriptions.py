"""What files of lava-dl say: honoured, or refused by layer and key."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_apps.netx import NetworkError, NetworkWarning, load_network
from lava_apps.runtime import Simulator
from lava_apps.testing.strategies import generators
from tests.deep import needs_deep

from lava.proc.io.source import RingBuffer

pytestmark = needs_deep
CUBA = {"type": b"CUBA", "iDecay": 4096, "vDecay": 4096, "vThMant": 100_000}
DENSE = {"type": b"dense", "weight": [[4, 2], [8, -6]], "neuron": CUBA}
REC = {**DENSE, "type": b"dense_rec", "weight_rec": [[0, 2], [4, 0]]}
KERNEL = np.arange(-4, 5).reshape(1, 1, 3, 3)
CONV = {
    **{"type": b"conv", "weight": KERNEL, "neuron": CUBA},
    **{"stride": 1, "padding": 1, "dilation": 1, "groups": 1},
}


def write(path, *layers):
    """Write a network; a dense layer has as many neurons as its weight has rows."""
    import h5py

    def add(group, key, value):
        if isinstance(value, dict):
            for name, inner in value.items():
                add(group.require_group(key), name, inner)
        else:
            group[key] = np.asarray(value)

    with h5py.File(path, "w") as file:
        for n, layer in enumerate(layers):
            group = file.require_group(f"layer/{n}")
            shape = [len(layer["weight"])] if "weight" in layer else None
            for key, value in {"shape": shape, **layer}.items():
                if value is not None:
                    add(group, key, value)
    return path


def currents(path, spikes, **options):
    """Give what reaches the neurons of the last layer in each time step."""
    network = load_network(path, **options)
    data = np.asarray(spikes).T
    source = RingBuffer(data=data.reshape(*network.inp.shape, -1))
    source.s_out.connect(network.inp)
    with Simulator(network, precision="fixed_pt") as sim:
        probe = sim.probe(network.out_layer.neuron.a_in)
        sim.run(data.shape[-1])
    return sim.data[probe]


ONCE = np.array([[1, 0], [0, 0], [0, 0], [0, 0], [0, 0]])


# Recurrent messages that arrive later than in training are another test.
LATE = "ignore:.*time steps later than in training"


@pytest.mark.filterwarnings(LATE)
@pytest.mark.parametrize("layer", [DENSE, REC])
@pytest.mark.parametrize("delay", [None, [0, 0], 0, [2, 2], [0, 3], [[1, 0], [3, 0]]])
def test_weights_are_those_of_the_file_with_and_without_delays(tmp_path, layer, delay):
    given = layer if delay is None else {**layer, "delay": delay}
    found = currents(write(tmp_path / "x.net", given), ONCE)
    expected = np.zeros((9, 2), int)
    delays = np.zeros((2, 2), int) if delay is None else np.asarray(delay)
    delays = delays.reshape(-1, 1) if delays.ndim == 1 else delays
    for neuron in range(2):
        arrives = 1 + np.broadcast_to(delays, (2, 2))[neuron, 0]
        expected[arrives, neuron] = (4, 8)[neuron]
    assert np.array_equal(found, expected[:5])


def reference(inputs, weight, weight_rec, delay, vth):
    """Integrate neurons without memory but their messages; give their spikes."""
    steps, n = len(inputs), len(weight)
    arriving = np.zeros((steps + 10, n))
    spikes = np.zeros((steps, n), int)
    for t in range(steps):
        spikes[t] = arriving[t] * 64 > vth * 64
        for i in range(n):
            arriving[t + 1 + delay[i], i] += weight[i] @ inputs[t]
            for k in range(n):
                later = max(delay[i] - delay[k], 0)
                arriving[t + 1 + later, i] += weight_rec[i, k] * spikes[t, k]
    return spikes


@pytest.mark.filterwarnings(LATE)
@given(rng=generators(), inputs=st.integers(1, 4), neurons=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_recurrent_layers_with_delays_are_those_of_the_equations(
    tmp_path_factory, rng, inputs, neurons
):
    weight = rng.integers(-9, 30, (neurons, inputs))
    weight_rec = rng.integers(-9, 20, (neurons, neurons))
    if not weight.any() and not weight_rec.any():
        return
    delay = rng.integers(0, 4, neurons)
    layer = {**REC, "weight": weight, "weight_rec": weight_rec, "delay": delay}
    layer["neuron"] = {**CUBA, "vThMant": 10}
    path = write(tmp_path_factory.mktemp("nets") / "x.net", layer)
    sent = rng.integers(0, 2, (20, inputs))
    network = load_network(path)
    RingBuffer(data=sent.T).s_out.connect(network.inp)
    with Simulator(network, precision="fixed_pt") as sim:
        probe = sim.probe(network.out)
        sim.run(20)
    wanted = reference(sent, weight, weight_rec, delay, 10)
    assert np.array_equal(sim.data[probe], wanted)


@pytest.mark.filterwarnings(LATE)
@pytest.mark.parametrize("kind", ["forward", "recurrent", "delayed", "both"])
@pytest.mark.parametrize("interval", [5, 8, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_sample_gives_the_spikes_of_a_fresh_network(tmp_path, kind, interval, seed):
    rng = np.random.default_rng(seed)
    neuron = {**CUBA, "iDecay": 1024, "vDecay": 512, "vThMant": 10}
    layers = []
    for inputs, neurons in ((4, 3), (3, 5), (5, 2)):
        layer = {**DENSE, "neuron": neuron}
        layer["weight"] = rng.integers(-20, 60, (neurons, inputs))
        if kind in ("recurrent", "both"):
            layer["type"] = b"dense_rec"
            layer["weight_rec"] = rng.integers(-60, 60, (neurons, neurons))
        if kind in ("delayed", "both"):
            layer["delay"] = rng.integers(0, interval - 1, neurons)
        layers.append(layer)
    path = write(tmp_path / "x.net", *layers)
    samples = 4
    sent = rng.integers(0, 2, (4, samples * interval))

    def spikes(data, steps, backend="auto"):
        network = load_network(path, reset_interval=interval)
        RingBuffer(data=data).s_out.connect(network.inp)
        with Simulator(network, precision="fixed_pt", backend=backend) as sim:
            probes = [sim.probe(x.neuron.s_out) for x in network.layers]
            sim.run(steps)
        return [sim.data[probe] for probe in probes]

    together = spikes(sent, samples * interval)
    inline = spikes(sent, samples * interval, "inline")
    fired = 0
    for depth, (found, same) in enumerate(zip(together, inline, strict=True)):
        assert np.array_equal(found, same)
        for k in range(samples):
            # A layer begins its sample depth + 1 time steps after the network.
            begin = k * interval + depth + 1
            own = np.zeros((4, interval + 4), int)
            own[:, :interval] = sent[:, k * interval : (k + 1) * interval]
            alone = spikes(own, interval)[depth][depth + 1 :]
            part = found[begin : begin + interval][: len(alone)]
            assert np.array_equal(part, alone[: len(part)])
            fired += part.sum()
    assert fired > 3


@pytest.mark.parametrize(
    ("exponent", "wanted"), [(2, [1, 2]), (0, [4, 8]), (-1, [8, 16]), (2.0, [1, 2])]
)
@pytest.mark.parametrize("layer", [DENSE, {**DENSE, "delay": 0}, REC])
def test_the_exponent_of_a_norm_divides_weights(tmp_path, layer, exponent, wanted):
    even = {**layer, "weight": [[4, -4], [8, 4]], "neuron": CUBA}
    if "weight_rec" in layer:
        even["weight_rec"] = [[0, 4], [8, 0]]
    even["neuron"] = {**CUBA, "weight_exp": exponent}
    even["bias"] = [64, -32]
    path = write(tmp_path / "x.net", even)
    found = currents(path, ONCE)
    assert found[1].tolist() == wanted
    neuron = load_network(path).out_layer.neuron
    bias = np.asarray(neuron.bias_mant.init) * 2.0 ** np.asarray(neuron.bias_exp.init)
    assert bias.tolist() == [64 * 64 / 2**exponent, -32 * 64 / 2**exponent]


def test_sums_that_an_exponent_rounds_are_a_warning(tmp_path):
    layer = {**DENSE, "neuron": {**CUBA, "weight_exp": 2}}
    path = write(tmp_path / "x.net", layer)
    message = r"layer 0: neuron/weight_exp 2: .* multiples of 4 are rounded down"
    with pytest.warns(NetworkWarning, match=message):
        load_network(path)


def test_the_exponent_of_a_norm_divides_a_kernel(tmp_path):
    layers = {"type": b"input", "shape": [1, 4, 4]}, {**CONV, "shape": [1, 4, 4]}
    spikes = np.zeros((3, 16), int)
    spikes[0, 5] = 1
    plain = currents(write(tmp_path / "x.net", *layers), spikes)
    assert plain.any()
    scaled = {**layers[1], "weight": 4 * KERNEL, "neuron": {**CUBA, "weight_exp": 2}}
    found = currents(write(tmp_path / "y.net", layers[0], scaled), spikes)
    assert np.array_equal(found, plain)
    odd = {**layers[1], "neuron": {**CUBA, "weight_exp": 2}}
    with pytest.raises(
        NetworkError, match=r"layer 1: .* multiples of 4 in a layer con"
    ):
        load_network(write(tmp_path / "z.net", layers[0], odd))


def changed(layer, **changes):
    neuron = {k: v for k, v in changes.items() if k in _OF_NEURONS}
    others = {k: v for k, v in changes.items() if k not in _OF_NEURONS}
    return {**layer, **others, "neuron": {**layer["neuron"], **neuron}}


_OF_NEURONS = {
    *("iDecay", "vDecay", "vThMant", "refDelay", "gradedSpike", "weight_exp", "wgtExp"),
    *("activation", "messageBits", "sigma_output"),
}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"weight": [[0.7, 2], [8.9, 1]]}, "weight must be integers, .* 0.7 and 1 mor"),
        ({"bias": [0.5, 1]}, "bias must be integers"),
        ({"bias": [1, 2, 3]}, "bias must have 1 or 2 values, not 3"),
        ({"delay": [1.5, 0]}, "delay must be integers"),
        ({"delay": [-1, 0]}, "delay must be from 0 to 62, not -1"),
        ({"delay": [63, 0]}, "delay must be from 0 to 62, not 63"),
        ({"delay": [1, 2, 3]}, "cannot build"),
        ({"iDecay": 4097}, "neuron/iDecay must be an integer from 0 to 4096, not 4097"),
        ({"vDecay": -1}, "neuron/vDecay must be an integer from 0 to 4096"),
        ({"vDecay": 0.5}, "neuron/vDecay must be integers; it has 0.5"),
        ({"vThMant": 2**18}, "neuron/vThMant must be an integer from 0 to 262143"),
        ({"refDelay": 3}, "neuron/refDelay cannot be honoured: it must be 1"),
        ({"gradedSpike": True}, "neuron/gradedSpike cannot be honoured"),
        ({"wgtExp": 1}, "neuron/wgtExp cannot be honoured"),
        ({"weight_exp": 0.5}, "neuron/weight_exp must be an integer from -7 to 7"),
        ({"weight_exp": np.nan}, "neuron/weight_exp must be an integer from -7 to 7"),
        ({"inFeatures": 3}, "inFeatures says 3, but its weight has 2"),
        ({"outFeatures": 1}, "outFeatures says 1, but its weight has 2"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_layer_and_key(
    tmp_path, changes, problem
):
    path = write(tmp_path / "x.net", changed(DENSE, **changes))
    with pytest.raises(NetworkError, match=rf"x\.net.*{problem}"):
        load_network(path)


@pytest.mark.parametrize("delay", [2, [2], [0, 3], "one a neuron"])
@pytest.mark.parametrize("backend", ["compiled", "inline"])
def test_delays_of_a_convolution_are_honoured(tmp_path, delay, backend):
    rng = np.random.default_rng(0)
    kernel = rng.integers(-4, 5, (2, 1, 3, 3))
    layers = (
        {"type": b"input", "shape": [1, 4, 5]},
        {
            **CONV,
            "shape": [2, 4, 5],
            "weight": kernel,
        },
    )
    if delay == "one a neuron":
        delay = rng.integers(0, 4, 2 * 4 * 5)
    spikes = rng.integers(0, 2, (12, 20))
    plain = currents(write(tmp_path / "x.net", *layers), spikes)
    delayed = {**layers[1], "delay": delay}
    path = write(tmp_path / "y.net", layers[0], delayed)
    network = load_network(path)
    RingBuffer(data=spikes.T.reshape(*network.inp.shape, -1)).s_out.connect(network.inp)
    with Simulator(network, precision="fixed_pt", backend=backend) as sim:
        probe = sim.probe(network.out_layer.neuron.a_in)
        sim.run(12)
    found = sim.data[probe]
    each = np.asarray(delay)
    if each.size == 40:
        each = each.reshape(2, 4, 5).transpose()
    each = np.broadcast_to(each, (5, 4, 2))
    for place in np.ndindex(5, 4, 2):
        late = each[place]
        wanted = np.zeros(12)
        wanted[late:] = plain[(slice(12 - late), *place)]
        assert np.array_equal(found[(slice(None), *place)], wanted)
    assert found.any()


def test_delays_of_a_convolution_that_fit_nothing_are_refused(tmp_path):
    layers = {"type": b"input", "shape": [1, 4, 4]}, {**CONV, "shape": [1, 4, 4]}
    path = write(tmp_path / "x.net", layers[0], {**layers[1], "delay": [1, 2, 3]})
    with pytest.raises(
        NetworkError, match="layer 1: delay must have 1 or 16 values, not 3"
    ):
        load_network(path)
    load_network(write(tmp_path / "y.net", layers[0], {**layers[1], "delay": [0]}))


@pytest.mark.parametrize(
    ("changes", "names"),
    [({"stride": 2}, "stride"), ({"mask": [1, 0], "dropout": 0.1}, "dropout, mask")],
)
def test_keys_that_nothing_is_made_of_are_named(tmp_path, changes, names):
    path = write(tmp_path / "x.net", {**DENSE, **changes})
    with pytest.warns(NetworkWarning, match=f"layer 0: {names}: nothing is made of"):
        load_network(path)


@pytest.mark.parametrize("weight", [[[300, -20], [1, 2]], [[-300, 20], [1, 2]]])
def test_weights_beyond_8_bits_are_named_with_what_becomes_of_them(tmp_path, weight):
    path = write(tmp_path / "x.net", {**DENSE, "weight": weight})
    with pytest.warns(NetworkWarning, match=r"layer 0: weight too .* clipped to -?25"):
        load_network(path)


@pytest.mark.parametrize(
    "weight",
    [[[129, -3], [7, 1]], [[254, -256], [1, 2]], [[1, 255]], [[-2]], [[-4, -128]]],
)
def test_weights_that_8_bits_hold_are_held(tmp_path, weight):
    found = currents(write(tmp_path / "x.net", {**DENSE, "weight": weight}), ONCE)
    assert found[1].tolist() == [row[0] for row in weight]


def test_resonators_that_are_not_set_back_are_a_warning(tmp_path):
    neuron = {"type": b"RF_PHASE", "vThMant": 100, "sinDecay": 500, "cosDecay": 4000}
    layer = {**DENSE, "neuron": neuron, "weight": {}}
    del layer["weight"]
    layer |= {"shape": [2], "type": b"dense"}
    layer["weight"] = {"real": [[1, 2], [3, 4]], "imag": [[1, 2], [3, 4]]}
    path = write(tmp_path / "x.net", {**layer, "shape": [2]})
    with pytest.warns(NetworkWarning, match="RF neurons are not set back"):
        load_network(path, reset_interval=8)


def test_a_file_is_closed_whatever_happens(tmp_path):
    import h5py

    good = write(tmp_path / "x.net", DENSE)
    load_network(good)
    bad = write(tmp_path / "y.net", changed(DENSE, delay=[1, 2, 3]))
    with pytest.raises(NetworkError):
        load_network(bad)
    for path in (good, bad):
        with h5py.File(path, "r+") as file:  # h5py refuses one that is open
            file["layer/0"].attrs["note"] = 1
