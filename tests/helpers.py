"""What several tests need."""

from lava_apps.runtime import Simulator


def record(port, steps, run_cfg=None, backend="auto"):
    """Run the graph of a port and give what it sent, (steps, *shape)."""
    with Simulator(port.process, backend=backend, run_cfg=run_cfg) as sim:
        probe = sim.probe(port)
        sim.run(steps)
    return sim.data[probe]
