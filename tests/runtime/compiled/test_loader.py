"""What is compiled is kept on disk, for any OS process that needs the same."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lava_apps.runtime.compiled import threads
from lava_apps.runtime.kernels.rules import learn_function

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.utils.weightutils import SignMode

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import json, sys, time
import lava_apps
from lava_apps.apps.bench.networks import NETWORKS
from lava_apps.runtime import Simulator

sizes = {"balanced": {"neurons": int(sys.argv[1])}, "chain": {}}
took, spikes = {}, {}
for name, size in sizes.items():
    draw, build = NETWORKS[name]
    process, (first, *_) = build(draw(**size))
    begin = time.perf_counter()
    with Simulator(process, backend="compiled") as sim:
        sim.run(1)
        took[name] = time.perf_counter() - begin
        probe = sim.probe(first.s_out)
        sim.run(400)
        spikes[name] = probe.events
print(json.dumps([took, spikes]))
"""


def start(folder, neurons=400, stderr=subprocess.PIPE, **environment):
    """Run the script in an OS process that keeps what it compiles in a folder."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(neurons)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder)} | environment,
    )


def end(process):
    out, complaint = process.communicate(timeout=200)
    assert process.returncode == 0, complaint
    return json.loads(out)


def end_on_terminal(folder, neurons):
    """Run the script with a terminal for stderr; give its results and what it said."""
    ours, its = pty.openpty()
    process = start(folder, neurons, stderr=its, TERM="xterm")
    os.close(its)
    said = b""
    while True:
        try:
            said += os.read(ours, 1024)
        except OSError:  # the other end was closed
            break
    os.close(ours)
    return end(process), said.decode()


@pytest.mark.timeout(300)
@pytest.mark.alone
def test_another_os_process_finds_the_wrappers_within_a_second(tmp_path):
    (_, spikes), said = end_on_terminal(tmp_path, 400)
    assert "compiling kernels" in said
    kept = set((tmp_path / "loops").iterdir())
    (took, again), said = end_on_terminal(tmp_path, 400)
    assert "compiling" not in said
    assert max(took.values()) < 1
    assert again == spikes
    assert min(spikes.values()) > 0
    # Another graph of the same Processes needs nothing new.
    (took, _), said = end_on_terminal(tmp_path, 600)
    assert "compiling" not in said
    assert max(took.values()) < 1
    assert set((tmp_path / "loops").iterdir()) == kept


@pytest.mark.timeout(300)
@pytest.mark.alone
def test_starts_at_the_same_time_do_not_get_in_each_others_way(tmp_path):
    results = [end(one) for one in [start(tmp_path) for _ in range(3)]]
    assert len({json.dumps(spikes) for _, spikes in results}) == 1
    took, spikes = end(start(tmp_path))
    assert max(took.values()) < 1
    assert spikes == results[0][1]


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
can_mount = subprocess.run(
    ["unshare", "--mount", "sh", "-c", "mount --bind /tmp /tmp"], capture_output=True
)


@pytest.mark.timeout(300)
@pytest.mark.skipif(can_mount.returncode != 0, reason="needs the right to mount")
@pytest.mark.alone
def test_a_package_that_cannot_be_written_to_keeps_its_wrappers_elsewhere(tmp_path):
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = ["unshare", "--mount", "sh", "-c", READ_ONLY, str(ROOT)]
    command += [sys.executable, "-B", "-c", SCRIPT, "400"]
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    ends = [
        subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment | home
        )
        for _ in range(2)
    ]
    (_, spikes), (took, again) = (json.loads(one.stdout) for one in ends)
    assert again == spikes
    assert max(took.values()) < 1
    assert list(tmp_path.rglob("*.nbc"))


@pytest.mark.timeout(300)
def test_without_a_folder_to_write_to_it_runs_all_the_same(tmp_path):
    (tmp_path / "file").touch()
    impossible = tmp_path / "file" / "folder"
    home = str(tmp_path / "file")
    _, spikes = end(start(impossible, HOME=home, XDG_CACHE_HOME=home))
    assert min(spikes.values()) > 0


KERNEL = """
import numpy as np
from numba import njit

C, A = {0}, np.full(3000, {0})

@njit
def f(x): return x * {0}

@njit
def g(x, k={0}): return x * k
"""

EDITED = """
import lava_apps
import numpy as np
from numba import njit
import helper
from helper import f
from lava_apps.runtime import Simulator, register_kernel
from tests.runtime.graphs import Node, PyNodeModel, config

@njit
def step(a_out, count):
    a_out[0] = {} + 0 * count[0]

register_kernel(PyNodeModel, step=step)
node = Node()
with Simulator(node, run_cfg=config(node), backend="compiled") as sim:
    probe = sim.probe(node.a_out)
    sim.run(1)
    print(sim.data[probe][0, 0])
"""


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "used", ["f(1.0)", "helper.f(1.0)", "helper.C", "helper.g(1.0)", "helper.A[1000]"]
)
def test_a_kernel_that_was_edited_is_compiled_anew(used, tmp_path):
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": path}
    printed = []
    for value in (2.0, 3.0):
        (tmp_path / "helper.py").write_text(KERNEL.format(value))
        done = subprocess.run(
            [sys.executable, "-B", "-c", EDITED.format(used)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | environment,
        )
        printed.append(float(done.stdout))
    assert printed == [2.0, 3.0]


LARGE = """
import lava_apps
import numpy as np
from lava.proc.lif.process import LIF
from lava_apps.runtime import Simulator
from lava_apps.runtime.compiled import threads
from lava_apps.runtime.kernels.rules import learn_function

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.utils.weightutils import SignMode

lif = LIF(shape=(40_000,), vth=3, bias_mant=np.linspace(0, 2, 40_000))
with Simulator(lif, backend="compiled") as sim:
    probe = sim.probe(lif.s_out)
    sim._backend._threads.count[0] = threads.MOST_THREADS
    sim._backend._threads.note = lambda _: None
    sim.run(20)
    assert sim._backend._bound().plan.is_parallel
print(probe.events)
"""


@pytest.mark.skipif(threads.MOST_THREADS < 2, reason="there is one core")
@pytest.mark.timeout(200)
def test_a_wrapper_from_the_disk_can_use_several_threads(tmp_path):
    printed = [
        subprocess.run(
            [sys.executable, "-c", LARGE],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        ).stdout
        for _ in range(2)
    ]
    assert printed[0] == printed[1]
    assert int(printed[0]) > 40_000


LOADS = (
    """
import sys
import numba, numpy as np
from lava_apps.runtime.compiled import loader

SOURCE = """
    + repr(
        "def run(x, n):\n"
        "    for k in range(n):\n        x[0] = f(x[0], k)\n        x[1] = f(x[1], k)\n"
        "    for k in range(n):\n        x[2] = f(x[2], k)\n"
    )
    + """

def make(gain):
    # Long enough not to be put into the loop itself.
    lines = "".join(
        f"        if (i * {j} + k) % {j + 2} == 1:\\n            s += 0 * np.sin(s)\\n"
        for j in range(60)
    )
    names = {"np": np}
    exec(f"def f(x, k):\\n    s = x\\n    for i in range(k + 3):\\n"
         f"        s += {gain}\\n{lines}    return s", names)
    return numba.njit(names["f"])

for gain in sys.argv[1:]:
    signature = (numba.float64[::1], numba.int64)
    (run,) = loader.load([loader.Source(SOURCE, {"f": make(gain)}, signature)])
    x = np.zeros(3)
    run(x, 1)
    print(gain, *x)
"""
)


def test_functions_of_one_name_from_two_processes_stay_apart(tmp_path):
    def loaded(*gains):
        return subprocess.run(
            [sys.executable, "-c", LOADS, *gains],
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()

    one, ten = "1 3.0 3.0 3.0", "10 30.0 30.0 30.0"
    assert loaded("1") + loaded("10") == [one, ten]
    # From the disk, what either process compiled into a third.
    assert loaded("1", "10") == [one, ten]
    assert loaded("10", "1") == [ten, one]


def test_learning_rules_have_symbols_of_their_own():
    def learn(dw):
        rule = Loihi2FLearningRule(dw=dw, x1_impulse=16, x1_tau=10, t_epoch=1)
        return learn_function(
            SimpleNamespace(_learning_rule=rule, sign_mode=SignMode.MIXED)
        )

    one, other = learn("2^-2*x1*y0"), learn("2^-3*x1*y0")
    assert one is learn("2^-2*x1*y0")
    assert one.py_func.__qualname__ != other.py_func.__qualname__
    symbols = [f.py_func.__globals__["synapse"].py_func for f in (one, other)]
    assert symbols[0].__qualname__ != symbols[1].__qualname__
