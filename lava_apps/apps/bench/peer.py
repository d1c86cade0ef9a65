"""One simulator with one network, in an OS process of its own.

    python peer.py SIMULATOR NETWORK FILE STEPS

FILE holds the arrays of the network (lava_apps/apps/bench/networks.py). Prints a line
of JSON when the network is built, with the number of spikes in its first COUNTED time
steps; then, for each line on stdin, runs STEPS steps and prints the seconds they took.
Every peer is asked for one thread, and none counts spikes while it is timed.

Peers need not have lava_apps, nor an interpreter that could have it.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

COUNTED = 2_000  # time steps, the same for all
_SAMPLE = 250  # time steps of an image

Run = Callable[[], float]  # runs the time steps, gives the seconds
Ready = tuple[Run, float, str]  # and the spikes of the first run, and a version


def _timed(work: Callable[[], Any]) -> Run:
    """Make a function that runs some work and gives the seconds it took."""

    def run() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return run


def _lava(backend: str, network: str, arrays: dict[str, Any], steps: int) -> Ready:
    """Run the graph of Lava Processes."""
    from lava_apps import __version__
    from lava_apps.apps.bench.networks import NETWORKS
    from lava_apps.compat import LAVA_VERSION
    from lava_apps.runtime import Simulator

    _, build = NETWORKS[network]
    process, populations = build(arrays)
    with Simulator(process, backend=backend) as counting:
        probes = [counting.probe(p.s_out) for p in populations]
        counting.run(COUNTED)
    spikes = sum(float(counting.data[probe].sum()) for probe in probes)
    process, _ = build(arrays)
    sim = Simulator(process, backend=backend)
    atexit.register(sim.stop)
    sim.run(steps)
    which = LAVA_VERSION if backend == "lava" else __version__
    return _timed(lambda: sim.run(steps)), spikes, which


def _brian2(mode: str, network: str, arrays: dict[str, Any], steps: int) -> Ready:
    """Run Brian2, interpreted step by step or as a program in C++."""
    assert network == "balanced"
    import brian2.only as b2

    if mode == "standalone":
        b2.set_device("cpp_standalone", build_on_run=False)
    make = _brian2_network
    if mode == "runtime":
        made = make(b2, arrays, count=True)
        made["network"].run(COUNTED * 0.1 * b2.ms)
        spikes = float(made["monitor"].num_spikes)
        made = make(b2, arrays, count=False)
        made["network"].run(steps * 0.1 * b2.ms)
        again = _timed(lambda: made["network"].run(steps * 0.1 * b2.ms))
        return again, spikes, version("brian2")
    folder = Path(tempfile.mkdtemp(prefix="brian2-"))
    made = make(b2, arrays, count=True)
    made["network"].run(COUNTED * 0.1 * b2.ms)
    b2.device.build(directory=str(folder / "counting"), run=True, with_output=False)
    spikes = float(made["monitor"].num_spikes)
    b2.device.reinit()
    b2.device.activate(build_on_run=False)
    made = make(b2, arrays, count=False)
    made["network"].run(steps * 0.1 * b2.ms)
    b2.device.build(directory=str(folder / "timed"), run=True, with_output=False)

    def again_from_the_start() -> float:
        b2.device.run(with_output=False)
        # The loop alone, as the program itself measures it.
        return float(b2.device._last_run_time)

    again_from_the_start()
    return again_from_the_start, spikes, version("brian2")


def _brian2_network(b2: Any, arrays: dict[str, Any], *, count: bool) -> dict[str, Any]:
    b2.defaultclock.dt = 0.1 * b2.ms
    dv = float(arrays["dv"])
    names = {
        "tau_m": 0.1 / dv * b2.ms,
        "tau_s": 0.1 / float(arrays["du"]) * b2.ms,
        "drive": float(arrays["bias"]) / dv,
        "limit": float(arrays["vth"]),
    }
    equations = "dv/dt = (g + drive - v)/tau_m : 1\ndg/dt = -g/tau_s : 1"
    neurons = b2.NeuronGroup(
        len(arrays["v"]),
        equations,
        threshold="v > limit",
        reset="v = 0",
        method="exact",
        namespace=names,
    )
    neurons.v = arrays["v"]
    synapses = b2.Synapses(
        neurons, neurons, "w : 1", on_pre="g_post += w", delay=0.1 * b2.ms
    )
    synapses.connect(i=arrays["pre"], j=arrays["post"])
    synapses.w = arrays["weight"] / dv
    parts = [neurons, synapses]
    monitor = b2.SpikeMonitor(neurons, record=False) if count else None
    network = b2.Network(*parts, *([monitor] if count else []))
    return {"network": network, "monitor": monitor}


def _nest(network: str, arrays: dict[str, Any], steps: int) -> Ready:
    """Run NEST."""
    assert network == "balanced"
    import nest as simulator

    simulator.ResetKernel()
    simulator.resolution, simulator.local_num_threads = 0.1, 1
    dv = float(arrays["dv"])
    tau = 0.1 / dv
    neurons = simulator.Create(
        "iaf_psc_exp",
        len(arrays["v"]),
        {
            **{"C_m": tau, "tau_m": tau, "E_L": 0.0, "V_reset": 0.0, "t_ref": 0.1},
            **dict.fromkeys(("tau_syn_ex", "tau_syn_in"), 0.1 / float(arrays["du"])),
            "V_th": float(arrays["vth"]),
            "I_e": float(arrays["bias"]) / dv,
        },
    )
    neurons.V_m = arrays["v"]
    first = neurons[0].global_id
    weights = arrays["weight"] / dv
    simulator.Connect(
        arrays["pre"] + first,
        arrays["post"] + first,
        "one_to_one",
        {"weight": weights, "delay": np.full(len(weights), 0.1)},
    )
    simulator.Prepare()
    simulator.Run(COUNTED * 0.1)
    spikes = float(simulator.local_spike_counter)
    return _timed(lambda: simulator.Run(steps * 0.1)), spikes, simulator.__version__


def _bindsnet(network: str, arrays: dict[str, Any], steps: int) -> Ready:
    """Run BindsNET, whose connection is a dense matrix."""
    if network == "digits":
        return _bindsnet_digits(arrays, steps)
    assert network == "balanced"
    import torch
    from bindsnet.network import Network
    from bindsnet.network.nodes import CurrentLIFNodes
    from bindsnet.network.topology import Connection

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    size, dv = len(arrays["v"]), float(arrays["dv"])
    neurons = CurrentLIFNodes(
        n=size,
        thresh=float(arrays["vth"]),
        rest=float(arrays["bias"]) / dv,  # the bias, which it has not
        reset=0.0,
        refrac=0,
        tc_decay=-1 / np.log(1 - dv),
        tc_i_decay=-1 / np.log(1 - float(arrays["du"])),
    )
    dense = np.zeros((size, size), dtype=np.float32)
    dense[arrays["pre"], arrays["post"]] = arrays["weight"]
    net = Network(dt=1.0)
    net.add_layer(neurons, name="neurons")
    connection = Connection(source=neurons, target=neurons, w=torch.from_numpy(dense))
    net.add_connection(connection, source="neurons", target="neurons")
    neurons.v = torch.from_numpy(arrays["v"].astype(np.float32)).reshape(1, size)
    spikes = 0.0
    for _ in range(COUNTED):
        net.run(inputs={}, time=1)
        spikes += float(neurons.s.sum())
    again = _timed(lambda: net.run(inputs={}, time=steps))
    return again, spikes, version("bindsnet")


def _bindsnet_digits(arrays: dict[str, Any], steps: int) -> Ready:
    """Train BindsNET's network of Diehl and Cook, with its own options."""
    import torch
    from bindsnet.encoding import poisson
    from bindsnet.models import DiehlAndCook2015
    from bindsnet.network.monitors import Monitor

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    images = torch.from_numpy(arrays["images"].astype(np.float32) / 2)
    net = DiehlAndCook2015(
        n_inpt=images.shape[1],
        n_neurons=int(arrays["neurons"]),
        inpt_shape=(1, 28, 28),
    )
    monitor = Monitor(net.layers["Ae"], ["s"], time=_SAMPLE)
    net.add_monitor(monitor, "spikes")
    shown = iter(range(10**9))

    def train(samples: int, *, counted: bool = False) -> float:
        spikes = 0.0
        for _ in range(samples):
            image = images[next(shown) % len(images)].reshape(1, 28, 28)
            train = poisson(image, time=_SAMPLE).unsqueeze(1)
            net.run(inputs={"X": train}, time=_SAMPLE)
            spikes += float(monitor.get("s").sum()) if counted else 0.0
            net.reset_state_variables()
        return spikes

    spikes = train(COUNTED // _SAMPLE, counted=True)
    del net.monitors["spikes"]
    return _timed(lambda: train(steps // _SAMPLE)), spikes, version("bindsnet")


SIMULATORS: dict[str, Callable[[str, dict[str, Any], int], Ready]] = {
    "compiled": lambda *rest: _lava("compiled", *rest),
    "inline": lambda *rest: _lava("inline", *rest),
    "lava": lambda *rest: _lava("lava", *rest),
    "brian2-standalone": lambda *rest: _brian2("standalone", *rest),
    "brian2-runtime": lambda *rest: _brian2("runtime", *rest),
    "nest": _nest,
    "bindsnet": _bindsnet,
}


def main() -> None:
    """Build, and then run as often as asked."""
    simulator, network, path, steps = sys.argv[1:]
    # What simulators print must not get between the lines of JSON.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    run, spikes, which = SIMULATORS[simulator](network, arrays, int(steps))
    print(json.dumps({"spikes": spikes, "version": which}), file=answers)
    for _ in sys.stdin:
        print(json.dumps({"seconds": run()}), file=answers)


if __name__ == "__main__":
    main()
