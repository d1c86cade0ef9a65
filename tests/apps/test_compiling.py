"""Kernels compiled beforehand."""

import json
import os
import subprocess
import sys

from lava_apps.apps.compiling.typical import typical_graphs
from lava_apps.kernel import KernelModel
from lava_apps.runtime import Simulator
from lava_apps.runtime.compiled.registry import _KERNELS

COMMAND = [sys.executable, "-m", "lava_apps.cli", "compile"]
# Kernels that a learning rule makes, and those of networks of the extra `dl`.
LEFT_OUT = {"learning", "netx"}


def of_the_package():
    """Name the ProcessModels that have a kernel of this package."""
    ours = [m for m in KernelModel.__subclasses__() if "lava_apps" in m.__module__]
    given = [m for m, k in _KERNELS.items() if "lava_apps" in modules(k)]
    # Lava executes files of models again when it looks for them, under another name.
    once = [m for m in (*ours, *given) if m.__module__.startswith(("lava.", "lava_"))]
    return {m for m in once if not is_left_out(m)}


def modules(kernel):
    return " ".join(f.py_func.__module__ for f in kernel.phases.values())


def is_left_out(model):
    kernel = _KERNELS.get(model)
    return kernel is not None and any(name in modules(kernel) for name in LEFT_OUT)


def test_all_kernels_of_the_package_are_among_those_compiled_beforehand():
    found = set()
    for graph in typical_graphs():
        process = graph.make()
        precision = graph.precision
        with Simulator(process, backend="compiled", precision=precision) as sim:
            found |= {type(node.model) for node in sim._backend.graph.nodes}
    missing = of_the_package() - found
    assert {m.__qualname__ for m in missing} == set()


PROGRAM = """
import json, sys
import numpy as np
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF
from lava_apps.runtime import Simulator
from lava_apps.runtime.compiled.folder import cache_folder

before = sorted(cache_folder().iterdir())
first, dense, second = LIF(shape=(90,)), Dense(weights=np.eye(90)), LIF(shape=(90,))
first.s_out.connect(dense.s_in)
dense.a_out.connect(second.a_in)
with Simulator(first, backend="compiled") as sim:
    sim.probe(first.s_out), sim.probe(second.v)
    sim.run(3)
print(json.dumps([len(before), sorted(cache_folder().iterdir()) == before]))
"""


def run(*arguments, folder):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        arguments, capture_output=True, text=True, env=environment, cwd=folder
    )


def test_a_graph_of_what_was_compiled_beforehand_compiles_nothing(tmp_path):
    done = run(*COMMAND, "LIF", "Dense", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert " 0 were there before" in done.stdout
    again = run(*COMMAND, "LIF", "Dense", folder=tmp_path)
    assert " 0 compiled" in again.stdout
    files, same = json.loads(run(sys.executable, "-c", PROGRAM, folder=tmp_path).stdout)
    assert same
    assert files > 10


def test_what_cannot_be_compiled_beforehand_is_an_error(tmp_path):
    done = run(*COMMAND, "Dens", folder=tmp_path)
    assert done.returncode == 2
    assert "'Dens' is none of ATRLIF, Conv, " in done.stderr
    tmp_path.chmod(0o777)
    done = run(*COMMAND, "Spiker", folder=tmp_path)
    assert done.returncode == 2
    assert "nothing can be kept" in done.stderr
