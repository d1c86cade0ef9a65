"""Random graphs of Lava's Processes and of ours, the same for the same seed.

Floats that are added up in another order differ in their last bits. So connections
for which that can be so (docs/runtime.md) get weights that are multiples of 1/64
here: all of their sums are exact.
"""

import numpy as np
from scipy.sparse import csr_matrix

from lava_apps.processes.lif import LIF as OurLIF  # noqa: N811
from lava_apps.runtime import Simulator

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.proc.atrlif.process import ATRLIF
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense, LearningDense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF
from lava.proc.monitor.process import Monitor
from lava.proc.receiver.process import Receiver
from lava.proc.sparse.process import DelaySparse, Sparse
from lava.proc.spiker.process import Spiker

N = 12
STEPS = 24
SHAPES = [(N,), (4, 3), (2, 6)]
PRECISIONS = ["floating_pt", "fixed_pt"]


class Graph:
    """A random graph, the same for the same generator.

    `ports` and `vars` are what is compared.
    """

    def __init__(self, rng, precision):
        self.rng, self.fixed = rng, precision == "fixed_pt"
        self.ports, self.vars = [], []
        self.layers = []

    def pick(self, *options):
        return options[self.rng.integers(len(options))]

    def decay(self):
        return int(self.rng.integers(4096)) if self.fixed else float(self.rng.random())

    def weights(self, *, exact=False):
        shape = (N, N)
        if self.fixed:
            return self.rng.integers(-150, 200, shape)
        if exact:
            return self.rng.integers(-100, 130, shape) / 64
        return self.rng.normal(0.2, 1, shape)

    def population(self):
        kind = self.pick("lif", "reset", "rest", "ternary", "adaptive", "ours")
        shape = self.pick(*SHAPES)
        bias = self.rng.integers(-50, 200, shape) if self.fixed else self.rng.random(N)
        options = {"shape": shape, "du": self.decay(), "dv": self.decay()}
        options["bias_mant"] = bias if self.fixed else bias.reshape(shape)
        options["bias_exp"] = 6 if self.fixed else 0
        high = int(self.rng.integers(1, 200)) if self.fixed else self.rng.random() * 3
        if kind == "reset":
            made = LIFReset(**options, vth=high, reset_interval=self.pick(2, 5))
        elif kind == "rest" and not self.fixed:
            made = LIFRefractory(**options, vth=high, refractory_period=3)
        elif kind == "ternary":
            made = TernaryLIF(**options, vth_hi=high, vth_lo=-high)
        elif kind == "adaptive":
            deltas = {f"delta_{n}": self.decay() for n in ("i", "v", "theta", "r")}
            made = ATRLIF(
                shape=shape, **deltas, theta_0=5, theta_step=2, theta=5, bias_mant=3
            )
        elif kind == "ours":
            ours = options | ({"bias_mant": bias} if self.fixed else {})
            made = OurLIF(
                **ours, vth=high, refractory_period=self.pick(0, 2), noise=2, seed=7
            )
        else:
            made = LIF(**options, vth=high)
        self.vars += [made.theta, made.r] if kind == "adaptive" else [made.u, made.v]
        return made

    def connection(self, origin):
        """Make a connection, its learning fed by spikes of another population."""
        kind = self.pick("dense", "sparse", "delay", "sparse delay", "conv", "learning")
        exponent = {"weight_exp": self.pick(-2, 0, 1)} if self.fixed else {}
        graded = self.pick(0, 8)
        more = {**exponent, "num_message_bits": graded}
        mask = self.rng.random((N, N)) < 0.4
        if kind == "dense":
            return Dense(weights=self.weights(exact=graded > 0), **more)
        if kind == "sparse":
            return Sparse(weights=csr_matrix(self.weights(exact=True) * mask), **more)
        delays = self.rng.integers(0, 5, (N, N))
        if kind == "delay":
            weights = self.weights(exact=True)
            return DelayDense(weights=weights, delays=delays, **more)
        if kind == "sparse delay":
            weights = np.where(self.weights(exact=True) == 0, 1, self.weights())
            weights = np.round(weights * 64) / (1 if self.fixed else 64)
            sparse = csr_matrix(np.where(mask, np.where(weights, weights, 1), 0))
            waits = csr_matrix((delays[sparse.nonzero()], sparse.nonzero()), (N, N))
            return DelaySparse(weights=sparse, delays=waits, **more)
        if kind == "conv":
            kernel = self.rng.integers(-50, 100, (2, 3, 3, 2))
            weight = kernel if self.fixed else kernel / 64
            return Conv(
                weight=weight, input_shape=(2, 3, 2), padding=1, num_message_bits=graded
            )
        # Its additions come in the order of numpy only if the weights are exact.
        learning = self.rng.integers(0, 100, (N, N)) * (1 if self.fixed else 0.5)
        made = LearningDense(
            weights=learning, learning_rule=rule_of(self.rng), **exponent
        )
        origin.s_out.reshape((N,)).connect(made.s_in_bap)
        self.vars += [made.weights, made.tag_1, made.x1, made.y1]
        return made

    def join(self, origin, link, target):
        """Connect by way of virtual ports."""
        sent = origin.s_out
        if self.rng.random() < 0.3 and len(sent.shape) == 2:
            sent = sent.transpose((1, 0))
        sent.reshape(link.s_in.shape).connect(link.s_in)
        link.a_out.reshape(target.a_in.shape).connect(target.a_in)


def rule_of(rng):
    """Give a rule whose floats are exact: it has no decaying traces."""
    exact = {"x1_impulse": 4, "y1_impulse": 8, "x1_tau": 0, "y1_tau": 0}
    terms = rng.choice(
        ["2^-1*x0*w", "-1*2^-2*y0*w", "2^-3*u0*t", "2^-2*x0*t", "-1*2^-3*u0"], 2
    )
    return Loihi2FLearningRule(
        dw=" + ".join(terms).replace("+ -", "- "),
        dt="2^0*x0 - 2^-1*y0*t",
        **exact,
        t_epoch=int(rng.integers(1, 4)),
        rng_seed=3,
    )


def build(seed, precision, layers, several):
    graph = Graph(np.random.default_rng(seed), precision)
    rng = graph.rng
    if rng.random() < 0.2:
        period = rng.integers(1, 5, N)
        source = Spiker(shape=(N,), period=period, payload=rng.integers(1, 4))
    else:
        data = rng.integers(0, 2, (N, STEPS + 3)) * (3 if rng.random() < 0.3 else 1)
        source = RingBuffer(data=data)
    populations = [graph.population() for _ in range(layers)]
    outputs = [source, *populations]
    for n, target in enumerate(populations):
        for which in range(several):
            # The first from before, so that all is one graph.
            origin = outputs[rng.integers(len(outputs) if which else n + 1)]
            link = graph.connection(origin)
            graph.join(origin, link, target)
            graph.ports.append(link.a_out)
        graph.ports.append(target.s_out)
    sink, monitor, receiver = (
        Sink(shape=(N,), buffer=5),
        Monitor(),
        Receiver(shape=(N,)),
    )
    populations[-1].s_out.reshape((N,)).connect(sink.a_in)
    populations[0].s_out.reshape((N,)).connect(receiver.a_in)
    monitor.probe(graph.vars[0], STEPS)
    graph.vars += [sink.data, receiver.payload, monitor.var_read_0]
    return graph


def run(graph, backend, precision, pieces):
    """Give what a graph sent and held, step by step as far as the backend can."""
    process = graph.ports[0].process
    with Simulator(process, backend=backend, precision=precision) as sim:
        ports = [sim.probe(port) for port in graph.ports]
        held = [] if backend == "lava" else graph.vars
        vs = [sim.probe(var, every=3) for var in held]
        for steps in pieces:
            sim.run(steps)
        final = [sim.get(var) for var in graph.vars]
    return [sim.data[p] for p in (*ports, *vs)], final


def assert_same(reference, ours):
    """Compare what two runs gave, types and bits."""
    for expected, found in zip(reference[0], ours[0], strict=True):
        assert expected.dtype == found.dtype
        assert np.array_equal(expected, found, equal_nan=True)
    for expected, found in zip(reference[1], ours[1], strict=True):
        assert type(expected) is type(found)
        if hasattr(expected, "toarray"):
            expected, found = expected.toarray(), found.toarray()
        assert expected.dtype == found.dtype
        assert np.array_equal(expected, found, equal_nan=True)
