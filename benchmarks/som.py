"""Self-organising map of digits beside MiniSom, in one run: time and errors.

Both begin with the same weights on the plane of the principal components, see the same
samples in the same order, and follow the same schedules; then MiniSom once more with
schedules of its own defaults.

    python benchmarks/som.py [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import numpy as np
from minisom import MiniSom

from lava_apps.apps.som.network import MapNetwork, MapSettings
from lava_apps.apps.som.quality import best_units, topographic_error
from lava_apps.datasets import load_table
from lava_apps.processes.som import initial_weights
from lava_apps.runtime import Simulator

SIDE, EPOCHS = 20, 10


def linear(first: float, last: float) -> Any:
    """Make a schedule as MiniSom takes it."""
    return lambda _, step, steps: first + (last - first) * step / steps


def errors(settings: MapSettings, weights: Any, data: Any) -> dict[str, float]:
    """Give quantisation and topographic error of either's weights."""
    first, second, distance = best_units(weights, data)
    return {
        "quantisation_error": float(distance.mean()),
        "topographic_error": topographic_error(settings, first, second),
    }


def measure() -> dict[str, Any]:
    """Train all, epoch by epoch in turn."""
    data = load_table("digits").data
    samples, features = data.shape
    settings = MapSettings(rows=SIDE, columns=SIDE, epochs=EPOCHS)
    first = initial_weights(data, (SIDE, SIDE))
    rates = settings.rate, settings.final_rate

    def minisom(**options: Any) -> MiniSom:
        som = MiniSom(SIDE, SIDE, features, **options)
        som._weights = np.ascontiguousarray(first.transpose(1, 0, 2))
        return som

    same = minisom(
        sigma=settings.radius,  # and 1 at the end, as is our default
        learning_rate=rates[0],
        decay_function=linear(*rates),
        sigma_decay_function="linear_decay_to_one",
    )
    default = minisom()
    network = MapNetwork(settings, data)
    seconds: dict[str, list[float]] = {"lava-apps": [], "MiniSom": []}
    total = EPOCHS * samples
    with Simulator(network.som, backend="compiled") as sim:
        state = sim.snapshot()
        sim.run(samples)
        sim.restore(state)
        for epoch in range(EPOCHS):
            network.begin_epoch(sim, epoch)
            order = sim.get(network.encoder.order)
            begin = time.perf_counter()
            sim.run(samples)
            seconds["lava-apps"].append(time.perf_counter() - begin)
            for som, timed in ((same, True), (default, False)):
                begin = time.perf_counter()
                for n, sample in enumerate(data[order]):
                    som.update(sample, som.winner(sample), epoch * samples + n, total)
                if timed:
                    seconds["MiniSom"].append(time.perf_counter() - begin)
        ours = network.weights(sim)
    us = {name: 1e6 * statistics.median(t) / samples for name, t in seconds.items()}

    def theirs(som: MiniSom) -> Any:
        return som.get_weights().transpose(1, 0, 2).reshape(SIDE * SIDE, features)

    return {
        "us_per_sample": us,
        "ratio": us["MiniSom"] / us["lava-apps"],
        "largest_difference": float(np.abs(ours - theirs(same)).max()),
        "lava-apps": errors(settings, ours, data),
        "MiniSom": errors(settings, theirs(same), data),
        "MiniSom, its defaults": errors(settings, theirs(default), data),
    }


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    result = measure()
    if parser.parse_args().json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
