"""What several tests need."""

import os

from hypothesis import HealthCheck, Phase, settings

from lava_apps.runtime import Simulator


def record(port, steps, run_cfg=None, backend="auto"):
    """Run the graph of a port and give what it sent, (steps, *shape)."""
    with Simulator(port.process, backend=backend, run_cfg=run_cfg) as sim:
        probe = sim.probe(port)
        sim.run(steps)
    return sim.data[probe]


# Examples are of a generator's seed: a smaller seed is no simpler graph.
as_drawn = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
)


def examples(usually):
    """Say how many examples a test tries; ``make nightly`` wants more of them."""
    return usually * int(os.environ.get("LAVA_APPS_EXAMPLES", "1"))
