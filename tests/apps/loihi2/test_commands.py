import json
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from lava_apps.apps.loihi2.page import draw_report, write_page
from lava_apps.apps.target import load_target
from lava_apps.loihi2 import report
from lava_apps.netx import NetworkError

from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF

COMMAND = [sys.executable, "-m", "lava_apps.cli", "loihi2", "check"]
NETS = """
import lava_apps
import numpy as np
from lava.proc.conv.process import Conv
from lava.proc.lif.process import LIF, LIFRefractory


def ready():
    return LIF(shape=(3,), du=4095, dv=100, vth=5, bias_mant=60, name="pop:thumbsup:")


def lacking():
    return LIFRefractory(shape=(3,), refractory_period=2)


def open_question():
    conv = Conv(weight=np.full((2, 3, 3, 1), 2), input_shape=(6, 6, 1))
    lif = LIF(shape=conv.a_out.shape, du=4095, dv=1, vth=3)
    conv.a_out.connect(lif.a_in)
    return lif


def number():
    return 3


def failing():
    raise RuntimeError("of my own")


def with_argument(size):
    return LIF(shape=(size,))


constant = 3
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mynets.py").write_text(NETS)
    (tmp_path / "needing.py").write_text("import no_such_package\n")
    return tmp_path


def run(*arguments, cwd):
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, cwd=cwd, timeout=100
    )


@pytest.mark.parametrize(
    ("name", "status", "verdict"),
    [
        ("ready", 0, "ready"),
        ("lacking", 1, "not_ready"),
        ("open_question", 2, "unknown"),
    ],
)
def test_the_status_is_the_verdict_and_json_is_all_of_it(folder, name, status, verdict):
    done = run(f"mynets:{name}", "--json", "--steps", "10", cwd=folder)
    assert done.returncode == status, done.stderr
    printed = json.loads(done.stdout)
    assert printed["verdict"] == verdict
    assert printed["target"] == f"mynets:{name}"
    keys = {"target", "verdict", "rules", "processes", "cores", "chips", "energy"}
    assert keys <= printed.keys()
    assert all({"population", "count"} <= core.keys() for core in printed["cores"])


def test_the_table_and_the_page(folder):
    done = run("mynets:ready", "--html", "there/report.html", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "mynets:ready: ready" in done.stdout
    assert "LIF 'pop:thumbsup:'" in done.stdout  # no emoji
    page = (folder / "there" / "report.html").read_text()
    assert "<svg" in page
    assert "pop:thumbsup:" in page


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("mynets:number", "must return a Process, returned int"),
        ("mynets:missing", "has no such function"),
        ("mynets:constant", "cannot be called"),
        ("nowhere:f", "there is no module 'nowhere'"),
        ("mynets", "must be package.module:factory, path/to/file.py:factory or a .net"),
        ("mynets:with_argument", "must be a function without arguments"),
        ("there.net", "there is no such file"),
    ],
)
def test_a_wrong_target_is_named_in_one_line(folder, target, problem):
    done = run(target, cwd=folder)
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("mynets:failing", "RuntimeError: of my own"),
        ("needing:f", "ModuleNotFoundError: No module named 'no_such_package'"),
    ],
)
def test_an_error_of_the_graph_is_shown_and_is_no_verdict(folder, target, error):
    done = run(target, cwd=folder)
    assert done.returncode == 2
    assert error in done.stderr


def test_options_out_of_range_are_refused(folder):
    assert "--steps" in run("mynets:ready", "--steps", "-1", cwd=folder).stderr
    assert "--chips" in run("mynets:ready", "--chips", "0", cwd=folder).stderr
    done = run("mynets:ready", "--html", ".", cwd=folder)
    assert done.returncode == 2
    assert "is a directory" in done.stderr


class _Page(HTMLParser):
    """Collect what a page loads from elsewhere, and its tags' balance."""

    def __init__(self):
        super().__init__()
        self.loads, self.open = [], []

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.loads += [v for n, v in named.items() if n in ("src", "href")]
        if tag not in ("meta", "br", "use"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag


def test_a_page_stands_by_itself_and_escapes_names(tmp_path):
    evil = LIF(shape=(2,), du=0.5, name="<script>alert(1)</script>")
    path = write_page(report(evil, target="<b>&"), tmp_path / "page.html")
    text = path.read_text()
    assert "<script>" not in text
    assert "<b>" not in text
    page = _Page()
    page.feed(text)
    assert not page.open
    assert all(load.startswith("#") for load in page.loads if load)


def test_the_drawing_has_a_box_for_each_leaf():
    first = LIF(shape=(3,), du=4095, dv=100, vth=5, bias_mant=60, name="first")
    connection = Dense(weights=np.ones((3, 3), int), name="loop")
    first.s_out.connect(connection.s_in)
    connection.a_out.connect(first.a_in)
    figure = draw_report(report(first))
    texts = {t.get_text() for t in figure.axes[0].texts}
    arrows = {"s_out → s_in\n3", "a_out → a_in\n3"}
    assert texts == {"LIF 'first'\n3 neurons", "Dense 'loop'", *arrows}
    legend = [t.get_text() for t in figure.legends[0].get_texts()]
    assert legend == ["passes every rule"]


def test_a_net_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "broken.net"
    path.write_bytes(b"no hdf5")
    with pytest.raises(NetworkError, match=r"cut off|needs h5py"):
        load_target(str(path))
