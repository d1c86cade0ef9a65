"""Random learning rules in Loihi's grammar, and connections that follow them."""

import numpy as np
from hypothesis import strategies as st

from lava.magma.core.learning.constants import GradedSpikeCfg
from lava.magma.core.learning.learning_rule import (
    Loihi2FLearningRule,
    Loihi3FLearningRule,
)
from lava.proc.dense.process import LearningDense
from lava.proc.io.source import RingBuffer
from lava.utils.weightutils import SignMode

MODES = [SignMode.MIXED, SignMode.EXCITATORY, SignMode.INHIBITORY]
FACTORS = {
    "x0": ["y1", "y2", "y3", "w", "t", "d", "sgn(w)", "(y1 + 3)", "(w - 20)"],
    "y0": ["x1", "x2", "y1", "w", "t", "d", "sgn(t)", "(x2 - 5)", "(t + 4)"],
    "u1": ["w", "t", "x1", "y3", "(d + 2)", "sgn(w)"],
}


@st.composite
def series(draw):
    """Draw a sum of products in Loihi's grammar."""
    text = ""
    for n in range(draw(st.integers(1, 3))):
        dependency = draw(st.sampled_from(sorted(FACTORS)))
        factors = draw(st.lists(st.sampled_from(FACTORS[dependency]), max_size=2))
        sign = draw(st.sampled_from(["+", "-"])) if n else ""
        scale = f"2^{draw(st.integers(-5, 0))}"
        text += f" {sign} " + "*".join([scale, dependency, *factors])
    return text.strip()


@st.composite
def rules(draw):
    """Draw a learning rule of two or three factors, as its parameters."""
    parameters = {
        "t_epoch": draw(st.integers(1, 4)),
        "rng_seed": draw(st.integers(1, 99)),
    }
    for name in ("dw", "dt", "dd"):
        if name == "dw" or draw(st.booleans()):
            parameters[name] = draw(series())
    three = draw(st.booleans())
    for trace in ("x1", "x2", "y1", "y2", "y3"):
        if trace[0] == "x" or not three:
            parameters[f"{trace}_impulse"] = draw(st.sampled_from([16, 20.3, 55.75]))
            parameters[f"{trace}_tau"] = draw(st.integers(2, 12))
    return three, parameters


def gated(factor):
    """Give a rule that has a third factor in each product."""
    dw = f"-1*2^-5*u0*{factor}*w + 2^-6*u0*x1*{factor}"
    traces = {"x1_impulse": 16, "x1_tau": 5, "x2_impulse": 16, "x2_tau": 5}
    return True, {"t_epoch": 2, "rng_seed": 3, "dw": dw} | traces


def learner(seed, three, parameters, mode, fixed, graded):
    rng = np.random.default_rng(seed)
    sign = {SignMode.INHIBITORY: -1}.get(mode, 1)
    weights = sign * rng.integers(0, 100, (5, 7)) - (mode == SignMode.MIXED) * 50
    rule = (Loihi3FLearningRule if three else Loihi2FLearningRule)(**parameters)
    link = LearningDense(
        weights=weights if fixed else weights * 0.37,
        learning_rule=rule,
        sign_mode=mode,
        num_message_bits=8 * graded,
        graded_spike_cfg=GradedSpikeCfg.OVERWRITE if graded else 0,
    )
    for port, shape in ((link.s_in, 7), (link.s_in_bap, 5)):
        spikes = (rng.random((shape, 13)) < 0.3) * 1
        if graded and port is link.s_in:
            spikes *= rng.integers(1, 256, spikes.shape)
        RingBuffer(data=spikes).s_out.connect(port)
    for name in ("s_in_y1", "s_in_y2", "s_in_y3"):
        if three:
            data = rng.integers(0, 20, (5, 9)) * rng.integers(0, 2, (5, 9))
            RingBuffer(data=data).s_out.connect(getattr(link, name))
    return link
