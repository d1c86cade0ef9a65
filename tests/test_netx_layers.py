"""Layers of lava-dl's files against torch, SLAYER and the equations."""

import importlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_apps.netx import NetworkError, NetworkWarning, build, load_network
from lava_apps.netx.fitting import fit, held
from lava_apps.runtime import Simulator
from lava_apps.testing.strategies import generators
from tests.deep import needs_deep
from tests.test_netx_descriptions import CONV, CUBA, DENSE, ONCE, REC, currents, write

from lava.proc.io.source import RingBuffer

pytestmark = needs_deep
SIGMA_DELTA = {"type": b"SDNN", "vThMant": 2, "activation": b"relu"}
RESONATOR = {"type": b"RF_PHASE", "vThMant": 100, "sinDecay": 517, "cosDecay": 3999}
COMPLEX = {
    **{"type": b"dense", "shape": [2], "neuron": RESONATOR},
    "weight": {"real": [[1, 2], [3, 4]], "imag": [[1, 2], [3, 4]]},
}
IMAGE = {"type": b"input", "shape": [1, 4, 4]}
SMALL = {**CONV, "shape": [1, 4, 4]}


def convolved(rng, lowest, highest):
    """Give a convolution of random form, an input, and what torch makes of it."""
    import torch

    groups = int(rng.integers(1, 3))
    kernel = rng.integers(1, 4, 2)
    weight = rng.integers(lowest, highest, (2 * groups, 2, *kernel))
    sent = rng.integers(0, 2, (4, 2 * groups, 6, 8))
    form = {
        "stride": rng.integers(1, 3, 2),
        "padding": rng.integers(0, 3, 2),
        "dilation": rng.integers(1, 3, 2),
    }
    arrays = (torch.tensor(x, dtype=torch.float64) for x in (sent, weight))
    options = {key: tuple(value.tolist()) for key, value in form.items()}
    wanted = torch.nn.functional.conv2d(*arrays, groups=groups, **options).numpy()
    layer = {**CONV, **form, "weight": weight, "groups": groups}
    layer["shape"] = wanted.shape[1:]
    return layer, sent, wanted


@pytest.mark.parametrize("backend", ["inline", "compiled"])
@pytest.mark.parametrize("is_delayed", [False, True])
@pytest.mark.parametrize("span", [(-9, 9), (1, 9), (-9, 0), (-256, 255)])
def test_a_convolution_is_that_of_torch_after_its_delays(
    tmp_path, backend, is_delayed, span
):
    rng = np.random.default_rng(span[1] + 10 * is_delayed)
    layer, sent, convolution = convolved(rng, *span)
    channels, steps = len(layer["weight"]), 9
    delay = rng.integers(0, 4, channels) * is_delayed
    delay[0] = 2 * is_delayed
    image = {"type": b"input", "shape": sent.shape[1:]}
    path = write(tmp_path / "x.net", image, {**layer, "delay": delay})
    network = load_network(path)
    data = np.zeros((*sent.shape[:0:-1], steps), int)
    data[..., : len(sent)] = sent.transpose(3, 2, 1, 0)
    RingBuffer(data=data).s_out.connect(network.inp)
    with Simulator(network, precision="fixed_pt", backend=backend) as sim:
        probe = sim.probe(network.out_layer.neuron.a_in)
        sim.run(steps)
    wanted = np.zeros((steps, *convolution.shape[1:]))
    for t, row in enumerate(convolution):
        for channel in range(channels):
            wanted[t + 1 + delay[channel], channel] += row[channel]
    assert wanted.any()
    assert np.array_equal(sim.data[probe].transpose(0, 3, 2, 1), wanted)


def test_a_delayed_convolution_runs_the_same_on_lavas_runtime(tmp_path):
    path = write(tmp_path / "x.net", IMAGE, {**SMALL, "delay": 2})
    data = np.zeros((4, 4, 1, 5), int)
    data[1, 1, 0, 0] = 1
    found = []
    for backend in ("lava", "inline"):
        network = load_network(path)
        RingBuffer(data=data).s_out.connect(network.inp)
        with Simulator(network, precision="fixed_pt", backend=backend) as sim:
            probe = sim.probe(network.out_layer.neuron.u)
            sim.run(5)
        found.append(sim.data[probe])
    assert np.flatnonzero(found[0].any(axis=(1, 2, 3)))[0] == 3
    assert np.array_equal(*found)


def test_delayed_convolutions_forget_between_samples(tmp_path):
    rng = np.random.default_rng(3)
    neuron = {**CUBA, "iDecay": 1024, "vDecay": 512, "vThMant": 10}
    kernel = rng.integers(-20, 40, (1, 1, 3, 3))
    layer = {**SMALL, "neuron": neuron, "weight": kernel, "delay": 2}
    path = write(tmp_path / "x.net", IMAGE, layer, layer)
    interval, samples = 10, 4
    sent = rng.integers(0, 2, (4, 4, 1, samples * interval))

    def spikes(data):
        network = load_network(path, reset_interval=interval)
        RingBuffer(data=data).s_out.connect(network.inp)
        with Simulator(network, precision="fixed_pt") as sim:
            probe = sim.probe(network.out)
            sim.run(data.shape[-1])
        return sim.data[probe]

    together = spikes(sent)
    for begin, end in pairwise(range(0, samples * interval + 1, interval)):
        alone = spikes(sent[..., begin:end])[2:]
        assert np.array_equal(together[begin + 2 : end], alone)
    assert np.count_nonzero(together) > 10


@settings(max_examples=200, deadline=None)
@given(
    rng=generators(),
    low=st.integers(-256, 255),
    span=st.integers(0, 511),
    zeros=st.integers(0, 8),
)
def test_all_weights_of_8_bits_are_held_as_they_are(rng, low, span, zeros):
    build._import_netx()
    optimise = importlib.import_module("lava.lib.dl.netx.utils").optimize_weight_bits
    weights = rng.integers(low, min(low + span, 255) + 1, (2, 3)) >> zeros << zeros
    # Of one sign, 8 bits hold -255 at least, or twice 128.
    if weights.max() <= 0 and weights.min() < -255 and (weights % 2).any():
        return
    fitted = fit(weights, optimise)
    found = held(fitted.weights, fitted.bits, fitted.exponent)
    assert np.array_equal(found, weights)


@pytest.mark.parametrize(
    ("weight", "kept"),
    [
        ([[-1, -1], [-1, -2]], -1),
        ([[-1, 0], [-1, -1]], -1),
        ([[-256, -2], [-2, -2]], -256),
        ([[0, 0], [0, 0]], 0),
        ([[255, 0], [1, 1]], 255),
    ],
)
@pytest.mark.parametrize("layer", [DENSE, REC, {**DENSE, "delay": [0, 0]}])
def test_weights_of_one_sign_are_held(tmp_path, layer, weight, kept):
    path = write(tmp_path / "x.net", {**layer, "weight": weight})
    assert currents(path, ONCE)[1, 0] == kept


@pytest.mark.parametrize("weight", [[[300, 2], [1, 1]], [[600, 2], [1, 0]]])
def test_one_weight_too_large_leaves_the_others(tmp_path, weight):
    path = write(tmp_path / "x.net", {**DENSE, "weight": weight})
    with pytest.warns(NetworkWarning, match=r"layer 0: weight too large: .* to 255$"):
        found = currents(path, ONCE)
    assert found[1].tolist() == [255, 1]


def slayer_and_graph(tmp_path, delay, spikes):
    """Let SLAYER's recurrent block and the graph of its export run the same."""
    import h5py
    import torch

    from lava.lib.dl import slayer

    torch.manual_seed(0)
    neuron = {"threshold": 0.6, "current_decay": 0.5, "voltage_decay": 0.2}
    block = slayer.block.cuba.Recurrent(neuron, 3, 4, weight_scale=3, delay=True)
    arriving = torch.tensor(spikes[None], dtype=torch.float32)
    with torch.no_grad():
        block(arriving)  # makes its delays
        block.delay.delay.data = torch.tensor(delay, dtype=torch.float32)
        block.neuron.current_state.zero_()
        block.neuron.voltage_state.zero_()
        wanted = block(arriving)[0].numpy()
    path = tmp_path / "x.net"
    with h5py.File(path, "w") as file:
        block.export_hdf5(file.create_group("layer/0"))
    network = load_network(path)
    RingBuffer(data=spikes).s_out.connect(network.inp)
    with Simulator(network, precision="fixed_pt") as sim:
        probe = sim.probe(network.out)
        sim.run(spikes.shape[-1])
    return wanted, sim.data[probe].T


@pytest.mark.parametrize("delay", [0, 1, 4])
def test_recurrent_layers_with_one_delay_are_slayers(tmp_path, delay):
    spikes = (np.random.default_rng(0).random((3, 40)) < 0.4).astype(int)
    wanted, found = slayer_and_graph(tmp_path, 4 * [delay], spikes)
    assert wanted.sum() > 30
    assert np.array_equal(wanted, found)


def test_delays_that_cannot_be_slayers_are_a_warning(tmp_path):
    layer = {**REC, "delay": [0, 3]}
    message = r"layer 0: delay: between its neurons 1 of 2 messages arrive up to 3 time"
    with pytest.warns(NetworkWarning, match=message):
        load_network(write(tmp_path / "x.net", layer))
    # Only neuron 1, which waits longer, hears from the other.
    load_network(write(tmp_path / "y.net", {**layer, "weight_rec": [[0, 0], [4, 0]]}))
    biased = {**DENSE, "delay": [0, 3], "bias": [0, 1]}
    with pytest.warns(NetworkWarning, match="layer 0: delay: .* its bias is not"):
        load_network(write(tmp_path / "z.net", biased))


@pytest.mark.parametrize("name", ["iDecay", "vDecay", "vThMant"])
def test_values_of_each_neuron_are_honoured(tmp_path, name):
    neuron = {**CUBA, "vDecay": 1024, "vThMant": 60, "iDecay": 2048}
    layer = {**DENSE, "weight": [[40, 2], [40, 2]], "bias": 3}
    inputs = np.tile([[1, 0], [1, 1], [0, 0]], (5, 1))

    def spikes(values):
        own = {**layer, "neuron": {**neuron, name: values}}
        network = load_network(write(tmp_path / "x.net", own))
        RingBuffer(data=inputs.T).s_out.connect(network.inp)
        with Simulator(network, precision="fixed_pt", backend="inline") as sim:
            probe = sim.probe(network.out_layer.neuron.v)
            sim.run(len(inputs))
        return sim.data[probe]

    low, high = spikes(50), spikes(2000)
    assert not np.array_equal(low, high)
    both = spikes([50, 2000])
    assert np.array_equal(both, np.stack([low[:, 0], high[:, 1]], axis=1))


def test_resonators_have_the_decays_of_the_file(tmp_path):
    neuron = load_network(write(tmp_path / "x.net", COMPLEX)).out_layer.neuron
    assert (neuron.sin_decay.init, neuron.cos_decay.init) == (517, 3999)


def changed(layer, **changes):
    return {**layer, "neuron": {**layer["neuron"], **changes}}


def weights(**parts):
    return {**COMPLEX, "weight": {**COMPLEX["weight"], **parts}}


FLAT = {"type": b"flatten", "shape": [16]}
NUMBERS = np.zeros(0)
REFUSED = [
    ([{"type": b"input", "shape": [5]}, DENSE], "1: .* takes 2 inputs, but 5 come"),
    ([DENSE, {**DENSE, "weight": [[1, 2, 3]]}], "1: .* takes 3 inputs, but 2 come"),
    ([IMAGE, {**FLAT, "shape": [17]}, DENSE], "1: .* is not that of 16 messages"),
    ([IMAGE, SMALL, FLAT, SMALL], "3: .*needs an image of 3 dimensions"),
    ([IMAGE, SMALL, {**DENSE, "weight": np.ones((2, 16))}], "2: .* layer flatten must"),
    ([DENSE, {"type": b"average", "shape": [1]}, DENSE], "1: .* for type 'average'"),
    ([DENSE, {"type": b"concat", "shape": [1]}, DENSE], "1: .* for type 'concat'"),
    ([IMAGE], "holds no layer of neurons"),
    ([IMAGE, {**SMALL, "stride": 0}], "1: stride must be an integer from 1 to 127"),
    ([IMAGE, {**SMALL, "padding": 1.2}], "1: padding must be integers; it has 1.2"),
    ([IMAGE, {**SMALL, "dilation": [1, 1, 1]}], "1: dilation must have 1 or 2 values"),
    ([IMAGE, {**SMALL, "groups": 2}], "1: .*groups must divide 1 channels"),
    ([IMAGE, {**SMALL, "kernelSize": [5, 5]}], r"1: .*kernelSize says \[5, 5\]"),
    ([IMAGE, {**SMALL, "weight": np.ones((1, 2, 3, 3))}], "takes 2 channels, but 1"),
    (
        [IMAGE, {**SMALL, "shape": [1, 5, 5]}],
        r"1: .*shape says \(1, 5, 5\), but \(1, 4",
    ),
    ([IMAGE, {**SMALL, "delay": [1, 2]}], "1: delay must have 1 or 16 values, not 2"),
    ([IMAGE, {**SMALL, "delay": 0.5}], "1: delay must be integers"),
    ([IMAGE, {k: v for k, v in SMALL.items() if k != "neuron"}], "1 has no neuron"),
    ([{**DENSE, "bias": [40_000, 1]}], "0: bias must be from -32768 to 32767"),
    ([{**DENSE, "bias": {"a": 1}}], "0: bias must be numbers, not a group"),
    ([{**DENSE, "neuron": 3}], "0: neuron must be a group"),
    ([{**REC, "weight_rec": np.ones((2, 1))}], "0: .*weight_rec must be of shape"),
    ([changed(DENSE, messageBits=8)], "0: neuron/messageBits cannot be honoured"),
    (
        [changed(DENSE, refDelay=[1, 3])],
        "0: neuron/refDelay cannot .* must be 1, not 3",
    ),
    ([changed(DENSE, iDecay=[1, 2, 3])], "0: neuron/iDecay must have 1 or 2 values"),
    ([changed(DENSE, vDecay=NUMBERS)], "0: neuron/vDecay is empty"),
    ([changed(DENSE, vDecay=b"fast")], "0: neuron/vDecay must be finite numbers"),
    ([changed(DENSE, weight_exp=NUMBERS)], "0: neuron/weight_exp must be a number"),
    ([{**DENSE, "neuron": {**SIGMA_DELTA, "activation": b"tanh"}}], "must be 'relu'"),
    (
        [{**DENSE, "bias": 1, "neuron": {**SIGMA_DELTA, "sigma_output": True}}],
        "0: bias cannot be honoured: neurons with sigma_output have none",
    ),
    ([weights(imag=[[0.5, 1], [1, 1]])], "0: weight/imag must be integers, .* 0.5"),
    ([weights(real=[[np.nan, 1], [1, 1]])], "0: weight/real must be finite"),
    ([weights(real=[[1, 2, 3], [1, 2, 3]])], "0: .*real and imaginary parts of two"),
    ([weights(real=[[600, 1], [1, 1]])], "0: weight/real must .* from -256 to 255"),
    ([{**COMPLEX, "bias": [1, 2]}], "0: bias cannot be honoured: resonators have"),
    ([{**COMPLEX, "delay": [1, 2]}], "0: delay cannot be honoured: nothing delays"),
    ([{**COMPLEX, "neuron": CUBA}], "0: .*weight must be real and imaginary for"),
    ([{**DENSE, "neuron": RESONATOR}], "0: .*weight must be real and imaginary for"),
    ([changed(COMPLEX, sinDecay=500.5)], "0: neuron/sinDecay must be integers"),
    ([changed(COMPLEX, sinDecay=0)], "0: neuron/sinDecay must .* from 1 to 4096"),
    ([changed(COMPLEX, type=b"ADRF_PHASE")], "0: unknown neuron 'ADRF_PHASE'"),
]


@pytest.mark.parametrize(("layers", "problem"), REFUSED)
def test_what_a_graph_cannot_do_is_refused(tmp_path, capsys, layers, problem):
    path = write(tmp_path / "x.net", *layers)
    wanted = f"layer {problem}" if problem[0].isdigit() else problem
    with pytest.raises(NetworkError, match=rf"x\.net: .*{wanted}|{wanted}"):
        load_network(path)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([changed(DENSE, sinDecay=3)], "layer 0: neuron: sinDecay: nothing is made"),
        ([weights(phase=[1])], "layer 0: weight: phase: nothing is made of it"),
        ([{"type": b"input", "shape": [2], "bias": [1]}, DENSE], "0: bias: it has no"),
        ([IMAGE, SMALL, FLAT], "its last layer flattens and is left out"),
    ],
)
def test_what_is_ignored_is_named(tmp_path, layers, message):
    with pytest.warns(NetworkWarning, match=message):
        load_network(write(tmp_path / "x.net", *layers))


def test_layers_that_are_not_wanted_are_not_looked_at(tmp_path):
    path = write(tmp_path / "x.net", DENSE, {**DENSE, "weight": [[0.5, 1], [1, 1]]})
    assert len(load_network(path, layers=1).layers) == 1


def test_forms_that_files_have_are_taken(tmp_path):
    """Arrays of one, biases of one number, thresholds that nobody reaches."""
    forms = {"stride": [1], "groups": [1], "delay": [0], "weight": [[[[1]]]] * 2}
    convolution = {**SMALL, **forms, "padding": 0, "bias": 5, "shape": [2, 4, 4]}
    neuron = load_network(
        write(tmp_path / "x.net", IMAGE, convolution)
    ).out_layer.neuron
    assert (np.asarray(neuron.bias_mant.init) == 5).all()
    silent = changed(DENSE, vThMant=2**18 - 1, vDecay=0)
    load_network(write(tmp_path / "y.net", {**silent, "bias": [[1, 2]], "delay": [0]}))
    last = {**SIGMA_DELTA, "sigma_output": True, "messageBits": 16}
    summed = {**DENSE, "neuron": last, "bias": [0, 0]}
    load_network(write(tmp_path / "z.net", summed), input_bits=16)
