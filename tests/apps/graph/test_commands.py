import subprocess
import sys

import pytest

NETS = """
import lava_apps
from lava_apps.processes.lif import LIF
from lava.proc.dense.process import Dense
import numpy as np


def loop():
    neurons, recurrent = LIF(shape=(3,), name="mine"), Dense(weights=np.ones((3, 3)))
    neurons.s_out.connect(recurrent.s_in)
    recurrent.a_out.connect(neurons.a_in)
    return neurons


def failing():
    raise RuntimeError("of my own")


def wrong():
    return LIF(shape=0)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mynets.py").write_text(NETS)
    return tmp_path


def run(*arguments, cwd):
    command = [sys.executable, "-m", "lava_apps.cli", "graph", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60)


def test_a_graph_is_drawn_and_drawn_again(folder):
    for _ in range(2):
        done = run("mynets:loop", "--out", "there/g.svg", "--title", "Mine", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "there/g.svg" in done.stdout
        drawing = (folder / "there" / "g.svg").read_text()
        # matplotlib draws letters as paths, and leaves the text in a comment.
        for text in ("<!-- Mine -->", "<!-- mine -->", "<!-- Dense -->", "<!-- 3 -->"):
            assert text in drawing
    done = run("mynets:loop", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "results" / "graph.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["mynets:missing"], "has no such function"),
        (["nowhere:f"], "there is no module 'nowhere'"),
        (["x.net"], "there is no such file"),
        (["mynets:failing"], "RuntimeError: of my own"),
        (["mynets:wrong"], "ParameterError: LIF.shape"),
        (["mynets:loop", "--out", "g.pdf"], "--out: must end in .png or .svg"),
        (["mynets:loop", "--out", "mynets.py/g.png"], "must be a folder"),
    ],
)
def test_what_cannot_be_drawn_ends_with_2(folder, arguments, problem):
    done = run(*arguments, cwd=folder)
    assert done.returncode == 2
    assert problem in done.stderr
    assert not done.stdout
    assert sorted(p.name for p in folder.iterdir() if p.suffix) == ["mynets.py"]
