"""Graphs that are named by a file."""

import sys

import pytest

from lava_apps.apps.target import load_target, show_error
from lava_apps.datasets import DataError

FILE = """
import sys
from pathlib import Path
from beside import SIZE
from lava.proc.lif.process import LIF


def plain():
    return LIF(shape=(SIZE,), name="from a file")


def nothing():
    pass


def ending():
    sys.exit(0)


def helper():
    raise ValueError("no such gain")


def failing():
    helper()


network = LIF(shape=(1,))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    for name in ("eng.py", "my nets.py", "a.b.py", "json.py"):
        (tmp_path / name).write_text(FILE)
    (tmp_path / "beside.py").write_text("SIZE = 3")
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize(
    "target",
    [
        *("eng:plain", "eng.py:plain", "./eng.py:plain", "sub/../eng.py:plain"),
        *("my nets.py:plain", "a.b.py:plain", "json.py:plain"),
    ],
)
def test_a_file_is_taken_by_its_path(folder, target):
    assert load_target(target).name == "from a file"
    assert load_target(target).s_out.shape == (3,)  # a second time
    assert load_target(f"{folder}/eng.py:plain").name == "from a file"
    assert not str(getattr(sys.modules["json"], "__file__", "")).startswith(str(folder))


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("eng.py", "say which function of it makes the graph, as in eng.py:factory"),
        ("eng.py:", "must be package.module:factory, path/to/file.py:factory or"),
        (":plain", "must be package.module:factory"),
        ("./none.py:plain", "none.py: there is no such file"),
        ("sub:plain", "'plain' of sub has no such function"),
        ("./sub:plain", "sub must be a Python file, ending in .py"),
        ("notes.txt:plain", "there is no module 'notes"),
        ("./notes.txt:plain", "notes.txt must be a Python file"),
        (r"C:\nets\eng.py:plain", "eng.py: there is no such file"),
        (r".\eng.py:plain", "there is no such file"),
        (".eng:plain", "without a dot before it"),
        ("eng.py:missing", "'missing' of eng.py has no such function"),
        ("eng.py:SIZE", "'SIZE' of eng.py cannot be called"),
        ("eng.py:network", "it is a Process; name a function that returns it"),
        ("eng.py:nothing", "must return a Process, returned nothing"),
        ("eng.py:ending", "its code ends Python"),
    ],
)
def test_what_is_wrong_with_a_target_is_said(folder, target, problem):
    with pytest.raises(DataError, match=problem) as caught:
        load_target(target)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("eng.py:failing", "ValueError: no such gain"),
        ("broken.py:f", "SyntaxError: invalid syntax"),
    ],
)
def test_an_error_of_the_users_code_is_shown_without_frames_of_ours(
    folder, target, words, capsys
):
    with pytest.raises((ValueError, SyntaxError)) as caught:
        load_target(target)
    show_error(target, caught.value)
    said = capsys.readouterr().err
    assert said.startswith(f"lava-apps: {target}: its code raised an error\n")
    assert words in said
    assert str(folder) in said
    assert "lava_apps/" not in said
    assert "importlib" not in said
