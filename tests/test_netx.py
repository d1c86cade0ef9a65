import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from lava_apps.netx import NetworkError, NetworkWarning, load_network
from lava_apps.parameters import ParameterError
from lava_apps.runtime import Simulator
from tests.deep import needs_deep, shipped

from lava.proc.io.reset import Reset
from lava.proc.io.source import RingBuffer


def spikes_of(network, backend, steps=12, **source):
    with Simulator(network, precision="fixed_pt", backend=backend) as sim:
        probe = sim.probe(network.out_layer.neuron.s_out)
        for name, value in source.items():
            sim.set(getattr(network.in_layer.neuron, name), value)
        sim.run(steps)
    return sim.data[probe]


@needs_deep
@pytest.mark.parametrize(
    "name", ["mnist.net", "tiny.net", "gts/pilotnet_lif/network.net"]
)
def test_networks_that_lava_dl_ships_run_the_same_on_two_backends(name):
    found = []
    for backend in ("inline", "compiled"):
        network = load_network(shipped(name))
        shape = network.in_layer.neuron.bias_mant.shape
        rng = np.random.default_rng(0)
        bias = rng.integers(0, 60, shape)
        found.append(spikes_of(network, backend, bias_mant=bias))
    assert np.array_equal(*found)


@needs_deep
def test_tiny_net_gives_the_output_that_lava_dl_recorded():
    """As lava-dl's own test compares them, which sets neurons back at these times."""
    network = load_network(shipped("tiny.net"))
    network.in_layer.neuron.bias_mant.init = np.load(
        shipped("gts/tinynet/input_bias.npy")
    )
    for n, layer in enumerate(network.layers):
        for var in (layer.neuron.u, layer.neuron.v):
            Reset(interval=17, offset=n - 1).connect_var(var)
    recorded = np.load(shipped("gts/tinynet/output.npy"))[0].transpose(3, 2, 1, 0)
    output = spikes_of(network, "inline", steps=17)
    assert np.count_nonzero(recorded) > 10
    assert np.array_equal(output[2:17], recorded[1:])


@needs_deep
@pytest.mark.parametrize("name", ["network.net", "square_network.net"])
def test_sigma_delta_networks_run_the_same_on_two_backends(name):
    found = []
    for backend in ("inline", "compiled"):
        network = load_network(shipped(f"gts/pilotnet_sdnn/{name}"), layers=3)
        rng = np.random.default_rng(0)
        source = RingBuffer(data=rng.integers(0, 3, (*network.inp.shape, 2)))
        source.s_out.connect(network.inp)
        found.append(spikes_of(network, backend, steps=4))
    assert np.array_equal(*found)
    assert np.count_nonzero(found[0]) > 100


@needs_deep
@pytest.mark.parametrize("backend", ["inline", "compiled"])
def test_the_sigma_delta_pilotnet_gives_what_lava_dl_recorded(backend):
    folder = "gts/pilotnet_sdnn"
    network = load_network(shipped(f"{folder}/network.net"))
    source = RingBuffer(data=np.load(shipped(f"{folder}/input.npy")))
    source.s_out.connect(network.inp)
    recorded = np.load(shipped(f"{folder}/output.npy"))
    steps = len(network.layers)
    assert recorded.any()
    assert np.array_equal(spikes_of(network, backend, steps)[:, 0], recorded[0])


@needs_deep
def test_axonal_delays_give_what_lava_dl_recorded():
    with pytest.warns(NetworkWarning, match="averages"):
        network = load_network(shipped("gts/ntidigits/ntidigits.net"))
    recorded = np.load(shipped("gts/ntidigits/output.npy"))
    source = RingBuffer(data=np.load(shipped("gts/ntidigits/input.npy")))
    source.s_out.connect(network.inp)
    output = spikes_of(network, "compiled", steps=3000).T
    assert np.count_nonzero(recorded) > 20_000
    assert np.array_equal(output[:, :-1], recorded[:, 1:])


@needs_deep
def test_a_network_is_loaded_without_torch(tmp_path):
    program = f"""
import sys
class Missing:  # as if it were not installed
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'")
sys.meta_path.insert(0, Missing)
import lava_apps
from pathlib import Path
from lava_apps.netx import load_network
from lava_apps.runtime import Simulator
network = load_network(Path({str(shipped("tiny.net"))!r}))
with Simulator(network, precision="fixed_pt", backend="inline") as sim:
    sim.run(2)
try:
    from lava.lib.dl import slayer
except ImportError as error:
    print("slayer says:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "slayer says" in done.stdout  # the stand-in is gone


@needs_deep
def test_cut_off_and_wrong_files_are_refused(tmp_path):
    import h5py

    whole = shipped("tiny.net").read_bytes()
    for size in (0, 10, 2_000, len(whole) // 2, len(whole) - 5_000):
        path = tmp_path / "cut.net"
        path.write_bytes(whole[:size])
        with pytest.raises(NetworkError, match=r"cut.net: "):
            load_network(path)
    with pytest.raises(NetworkError, match="no such file"):
        load_network(tmp_path / "missing.net")

    def changed(change):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.net"
        shutil.copy(shipped("mnist.net"), path)
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    def set_type(file):
        file["layer/1/type"][0] = b"nonsense"

    def weights(value):
        def change(file):
            del file["layer/1/weight"]
            file["layer/1"]["weight"] = value

        return change

    for change, problem in (
        (lambda f: f.__delitem__("layer"), "holds no layers"),
        (lambda f: f.__delitem__("layer/1"), "layer 1 is missing"),
        (lambda f: f.__delitem__("layer/2/weight"), "layer 2 has no weight"),
        (lambda f: f.__delitem__("layer/1/neuron/iDecay"), "its neuron has no iDecay"),
        (lambda f: f.__delitem__("layer/1/type"), "layer 1 has no type"),
        (set_type, "unknown type, 'nonsense'"),
        (weights(np.full((512, 784), np.nan)), "weight must be finite"),
        (weights(np.zeros((0, 784))), "weight is empty"),
        (weights(np.ones((512, 783))), "cannot build"),
        (weights(np.ones((3, 3, 3))), "cannot build"),
    ):
        path = changed(change)
        with pytest.raises(NetworkError, match=problem):
            load_network(path)


@needs_deep
def test_layers_are_set_back_in_samples_shorter_than_the_network():
    for interval, offsets in ((16, [2, 3, 4]), (3, [2, 0, 1])):
        network = load_network(shipped("tiny.net"), reset_interval=interval)
        found = [x.neuron.proc_params["reset_offset"] for x in network.layers]
        assert found == offsets


@needs_deep
def test_what_lava_dl_says_is_a_warning_and_nothing_is_printed(tmp_path, capsys):
    import h5py

    path = tmp_path / "large.net"
    shutil.copy(shipped("mnist.net"), path)
    with h5py.File(path, "r+") as file:
        file["layer/1/weight"][0, :2] = 300, -20
    with pytest.warns(NetworkWarning, match=r"large.net: .*too large: 300, clipped"):
        load_network(path)
    assert capsys.readouterr().out == ""


@needs_deep
@pytest.mark.parametrize("bits", [-1, 25, 8.5])
def test_wrong_bits_of_input_are_refused(bits):
    with pytest.raises(ParameterError, match=r"load_network.input_bits"):
        load_network(shipped("tiny.net"), input_bits=bits)


@needs_deep
def test_wrong_arguments_are_refused():
    with pytest.raises(ParameterError, match=r"load_network.layers"):
        load_network(shipped("tiny.net"), layers=0)
    with pytest.raises(ParameterError, match=r"load_network.reset_interval"):
        load_network(shipped("tiny.net"), reset_interval=-1)


def test_without_lava_dl_it_is_named(tmp_path):
    program = """
import sys
class Missing:
    def find_spec(name, path=None, target=None):
        if name in ("h5py", "torch"):
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Missing)
import lava_apps
from pathlib import Path
from lava_apps.netx import NetworkError, load_network
Path("x.net").touch()
try:
    load_network(Path("x.net"))
except NetworkError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "README says how to get it" in done.stdout


@needs_deep
def test_the_mnist_net_of_lava_dl_takes_6_5_and_1_cores(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "lava_apps.cli", "loihi2", "check"),
            *(str(shipped("mnist.net")), "--json", "--steps", "5"),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    found = json.loads(done.stdout)
    assert [core["count"] for core in found["cores"]] == [1, 6, 5, 1]
    # Its last layer has no neurons of its own, and gets netx's: du = -1.
    assert found["verdict"] == "not_ready"
    assert done.returncode == 1
