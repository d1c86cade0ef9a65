"""A network of lava-dl on the compiled backend and on Lava's own runtime, in one run.

Both run the same graph on the same test images. Without a file, a network of 512 hidden
neurons is trained for an epoch on the 5,000 images of MNIST that ship with the package.

    python benchmarks/slayer.py [FILE.net] [--images 1000] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.slayer.deployment import about, build, run
from lava_apps.apps.slayer.experiment import train_and_deploy
from lava_apps.apps.slayer.networks import Settings
from lava_apps.apps.slayer.tasks import Task, load_task
from lava_apps.loihi2.run_configs import RunConfig

from lava.magma.core.run_conditions import RunSteps
from lava.proc.io.sink import RingBuffer

ROUNDS = 5


def stock(path: Path, task: Task, images: int) -> tuple[float, Any]:
    """Run the graph as any script of Lava would; give seconds and classes."""
    network, encoder = build(path, task, "test", images, "dense")
    late = sum(hasattr(layer, "synapse") for layer in network.layers)
    steps = images * task.steps + late
    sink = RingBuffer(shape=network.out.shape, buffer=steps)
    network.out_layer.neuron.s_out.connect(sink.a_in)
    config = RunConfig("fixed_pt")
    encoder.run(RunSteps(num_steps=1), config)
    begin = time.perf_counter()
    encoder.run(RunSteps(num_steps=steps - 1), config)
    seconds = time.perf_counter() - begin
    sent = np.asarray(sink.data.get())[:, late:]
    encoder.stop()
    return seconds, sent.reshape(-1, images, task.steps).sum(axis=2).argmax(axis=0)


def measure(path: Path, images: int) -> dict[str, Any]:
    """Time both, rounds of the faster one before and after the slower one."""
    task = load_task(about(path)["task"])
    times, classes = [], None
    for n in range(ROUNDS + 1):
        if n == ROUNDS // 2:
            slow, told = stock(path, task, images)
        found = run(path, task, kind="dense", count=images, backend="compiled")
        classes = found.classes
        times.append(found.seconds)
    fast = statistics.median(times[1:])
    return {
        "images": images,
        "steps": images * task.steps,
        "lava_ms_per_image": 1000 * slow / images,
        "compiled_ms_per_image": 1000 * fast / images,
        "ratio": slow / fast,
        "same_classes": bool(np.array_equal(told, classes)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.file
        if path is None:
            path = Path(folder) / "mnist.net"
            settings = Settings("mnist", epochs=1)
            train_and_deploy(settings, path, test_images=10, backend="inline")
        found = measure(path, given.images)
    if given.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:24} {value:,.4g}")


if __name__ == "__main__":
    main()
