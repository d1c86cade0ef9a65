"""What machine code depends on is noticed, and its folder is nobody else's."""

import enum
import os
import stat
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import pytest
from numba import njit
from numba.extending import register_jitable

from lava_apps.runtime.compiled import folder as folders
from lava_apps.runtime.compiled.fingerprint import UndescribableError, describe
from lava_apps.runtime.compiled.folder import PREFIX, cache_folder, prune, whose_else

ROOT = Path(__file__).resolve().parents[3]

PACKAGE = """
from numba import njit
from numba.extending import overload, register_jitable
from pkg import deep
from pkg.deep import below
import enum
from typing import NamedTuple

class Colour(enum.IntEnum):
    RED = {0}

class Pair(NamedTuple):
    a: float
    b: float

PAIR = Pair({0}.0, 1.0)

@register_jitable
def plain(x):
    return x * {0}

@register_jitable
def outer(x):
    return plain(x)

def stands(x):
    raise NotImplementedError

@overload(stands)
def stand_in(x):
    def code(x):
        return x * {0}
    return code

@njit(cache=True)
def calls(x):
    return below.changed(x)

def make(gain):
    @njit
    def closed(x):
        return x * gain
    return closed

closed = make({0})
"""
BELOW = """
from numba import njit

CONST = {0}

@njit(cache=True)
def changed(x):
    return x * {0}
"""
SCRIPT = """
import lava_apps
from numba import njit
import pkg.code
import pkg.deep.below
from pkg.code import plain, outer, stands, calls, closed, Colour, PAIR
import pkg.deep.below as alias
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
    print(sim.data[probe][0, 0], "anew" in sim.explain())
"""
USES = [
    *("pkg.deep.below.CONST", "alias.CONST", "pkg.deep.below.changed(1.0)"),
    *("plain(1.0)", "outer(1.0)", "pkg.code.outer(1.0)", "stands(1.0)", "calls(1.0)"),
    *("closed(1.0)", "Colour.RED.value", "PAIR.a"),
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("used", USES)
def test_whatever_a_kernel_uses_may_be_edited(used, tmp_path):
    deep = tmp_path / "pkg" / "deep"
    deep.mkdir(parents=True)
    (tmp_path / "pkg" / "__init__.py").touch()
    (deep / "__init__.py").touch()
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": path}
    printed, kept = [], []
    for value in (2, 2, 3):
        # Of one size and one time: numba sees no difference in the file.
        (tmp_path / "pkg" / "code.py").write_text(PACKAGE.format(value))
        (deep / "below.py").write_text(BELOW.format(value))
        if used == "calls(1.0)":
            os.utime(tmp_path / "pkg" / "code.py", (1, 1))
        done = subprocess.run(
            [sys.executable, "-B", "-c", SCRIPT.format(used)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | environment,
        )
        printed.append(done.stdout.split())
        kept.append(len(list((tmp_path / "cache" / "loops").glob("*.py"))))
    assert [float(value) for value, _ in printed] == [2, 2, 3]
    if not any(anew == "True" for _, anew in printed):
        first = kept[0]
        assert kept[1:] == [first, first + 1]  # found again, and made anew


class Kind(enum.Enum):
    ONE = 1


class Pair(NamedTuple):
    a: int
    b: int


TABLE = {"a": [1, (2, 3)], "b": np.arange(3)}


@register_jitable
def helper(x):
    return x + TABLE["a"][0]


@njit
def uses():
    return helper(Kind.ONE.value) + np.sin(0.5)


def test_descriptions_are_the_same_until_something_changes(monkeypatch):
    before = describe(uses)
    assert describe(uses) == before
    monkeypatch.setitem(TABLE, "b", np.arange(4))
    assert describe(uses) != before


def test_what_cannot_be_described_says_what():
    held = types.SimpleNamespace(x=1)

    @njit
    def opaque():
        return held.x

    with pytest.raises(UndescribableError, match="SimpleNamespace"):
        describe(opaque)


def test_code_that_cannot_be_described_runs_and_is_not_kept(tmp_path, monkeypatch):
    from lava_apps.runtime.compiled import loader

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    names = {"np": np, "table": numba.typed.Dict.empty(numba.int64, numba.int64)}

    def made(gain):
        exec(f"def f(x):\n    return x * {gain} + 0 * len(str(0))", names)
        function = njit(names["f"])
        function.py_func.__kwdefaults__ = {"secret": object()}
        return function

    source = "def run(x):\n    x[0] = f(x[0])\n"
    for gain in (2.0, 3.0):
        x, function = np.ones(1), made(gain)
        assert "would not be noticed" in loader.why_not_kept([function])
        loaded = loader.load(
            [loader.Source(source, {"f": function}, (numba.typeof(x),))]
        )
        loaded[0](x)
        assert x[0] == gain
    assert not list(tmp_path.rglob(f"{PREFIX}*"))


@pytest.fixture
def private(monkeypatch):
    monkeypatch.setattr(folders, "_private", {})
    yield
    for made in folders._private.values():
        folders._remove(os.getpid(), made)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="has no such rights")
@pytest.mark.parametrize("open_to", [stat.S_IWOTH, stat.S_IWGRP])
@pytest.mark.parametrize("place", ["", "loops"])
def test_a_folder_that_others_may_write_to_is_not_used(
    tmp_path, monkeypatch, private, open_to, place
):
    assert private is None
    (tmp_path / "cache" / "loops").mkdir(parents=True)
    opened = tmp_path / "cache" / place
    opened.chmod(0o700 | open_to)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    assert "others may write" in whose_else(tmp_path / "cache" / "loops")
    found = cache_folder()
    assert tmp_path not in found.parents
    assert stat.S_IMODE(found.stat().st_mode) == 0o700
    assert cache_folder() == found


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="has no such rights")
def test_a_link_to_such_a_folder_is_not_used(tmp_path, monkeypatch, private):
    assert private is None
    (tmp_path / "open" / "loops").mkdir(parents=True)
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "cache").symlink_to(tmp_path / "open")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    assert tmp_path not in cache_folder().parents


def test_a_folder_of_one_s_own_is_used(tmp_path, monkeypatch, private):
    assert private is None
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine" / "loops"


ENDS = """
import os, sys, time
import lava_apps, numba
from pathlib import Path
from lava_apps.runtime.compiled.folder import cache_folder
numba.config.CACHE_DIR = sys.argv[1]
print(cache_folder(), flush=True)
if os.fork() == 0:
    sys.exit()  # a child removes nothing of its parent's
os.wait()
assert cache_folder().exists()
if sys.argv[2] == "wait":
    time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("how", ["end", "wait"])
def test_a_private_folder_is_removed_at_the_end_and_by_its_owner_only(tmp_path, how):
    (tmp_path / "file").touch()
    process = subprocess.Popen(
        [sys.executable, "-c", ENDS, str(tmp_path / "file" / "x"), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    made = Path(process.stdout.readline().strip())
    if how == "wait":
        assert made.exists()
        time.sleep(0.5)
        process.send_signal(2)  # Ctrl-C
    _, complaint = process.communicate(timeout=60)
    assert not made.exists(), complaint


def test_loops_that_were_not_used_for_long_are_removed_and_nothing_else(
    tmp_path, monkeypatch
):
    old, new = (tmp_path / f"{PREFIX}{name}.py" for name in ("old", "new"))
    other = tmp_path / "somebody_elses.py"
    for path in (old, new, other):
        path.write_text("x")
    long_ago = time.time() - 400 * 24 * 3600
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    prune(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([new.name, other.name])
    monkeypatch.setattr(folders, "_MOST_BYTES", 0)
    prune(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [other.name]
    prune(tmp_path / "missing")
