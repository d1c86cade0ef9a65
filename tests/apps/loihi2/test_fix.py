"""The command that gives a graph integers, and whether advice leads where it says."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from lava_apps.apps.loihi2.commands import app
from lava_apps.datasets import DataError
from lava_apps.loihi2 import report, to_fixed

FILE = """
import numpy as np
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.source import RingBuffer
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava.proc.lif.process import LIF, LIFRefractory
from lava.proc.sparse.process import Sparse
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.decorator import implements, requires
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from scipy.sparse import csr_matrix


def lif(**options):
    return LIF(**{"shape": (2,), "du": 0.5, "dv": 0.1, "vth": 1.0, **options})


def between(first, connection, last):
    first.s_out.connect(connection.s_in)
    connection.a_out.connect(last.a_in)
    return first


def dense():
    weights = Dense(weights=np.eye(2) * 0.7, name="same")
    return between(lif(bias_mant=0.2, name="same"), weights, lif(name="last"))


def sparse():
    weights = Sparse(weights=csr_matrix(np.eye(2) * 0.7), name="synapses")
    return between(lif(bias_mant=0.2), weights, lif())


def silent():
    return lif()


def plastic(weights, *ends):
    rule = STDPLoihi(
        learning_rate=1, A_plus=1, A_minus=-1, tau_plus=10, tau_minus=10, t_epoch=4
    )
    learning = LearningDense(weights=weights, learning_rule=rule, name="plastic")
    ends[1].s_out.connect(learning.s_in_bap)
    return between(ends[0], learning, ends[1])


def learning():
    return plastic(np.eye(2) * 20, lif(bias_mant=0.2), lif())


def learning_of_integers():
    integers = {"du": 2047, "dv": 410, "vth": 1000, "bias_mant": 90}
    return plastic(np.eye(2, dtype=int) * 20, lif(**integers), lif(**integers))


def refractory():
    return LIFRefractory(shape=(2,), du=0.5, dv=0.1, vth=1.0, refractory_period=2)


def too_large():
    return lif(du=3.0)


class PoissonInput(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.s_out = OutPort((2,))


@implements(PoissonInput, protocol=LoihiProtocol)
@requires(CPU)
class PyPoissonInput(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool, precision=1)

    def run_spk(self):
        self.s_out.send(np.ones(2, bool))


def poisson(source=PoissonInput):
    last = LIF(shape=(2,), du=4095, dv=100, vth=10)
    return between(source(), Dense(weights=np.eye(2, dtype=int) * 20), last)


def recorded():
    return poisson(lambda: RingBuffer(data=np.ones((2, 5), int)))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("nets") / "nets_to_fix.py"
    path.write_text(FILE)
    return path


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def make(file, name):
    from lava_apps.apps.target import load_target

    return load_target(f"{file}:{name}")


def notes(found, rule):
    return {f.note for f in found.findings if f.rule == rule and f.verdict == "fail"}


def test_the_integers_are_shown_and_written(file, tmp_path):
    output = tmp_path / "there" / "integers.npz"
    done = invoke("fix", f"{file}:dense", "--steps", 40, "--output", output)
    assert done.exit_code == 0, done.stderr
    for words in ("LIF 'same'", "bias_mant", "rate before", "converted to fixed_pt"):
        assert words in " ".join(done.stdout.split())  # long paths wrap lines
    fixed = to_fixed(make(file, "dense"), run_steps=40)
    with np.load(output, allow_pickle=False) as held:
        entries = dict(held)
    assert {"same.weights", "same.weight_exp", "same#2.vth", "last.v"} <= set(entries)
    for process in fixed.counterparts.values():
        name = process.name
        if name == "same" and not hasattr(process, "weights"):
            name = "same#2"  # was made after the other one
        for var in process.vars.members:
            if np.asarray(var.init).dtype.kind in "iuf":
                np.testing.assert_array_equal(entries[f"{name}.{var.name}"], var.init)
    assert [p.name for p in output.parent.iterdir()] == ["integers.npz"]


def test_sparse_weights_are_written_in_parts(file, tmp_path):
    done = invoke("fix", f"{file}:sparse", "--steps", 9, "--output", tmp_path / "i.npz")
    assert done.exit_code == 0, done.stderr
    with np.load(tmp_path / "i.npz", allow_pickle=False) as held:
        assert held["synapses.weights.shape"].tolist() == [2, 2]
        assert held["synapses.weights.data"].dtype.kind == "i"


def test_json_is_all_of_it_and_has_no_nan(file):
    done = invoke("fix", f"{file}:silent", "--steps", 5, "--json")
    assert done.exit_code == 0, done.stderr
    printed = json.loads(done.stdout)
    assert {"target", "scales", "roundings", "comparison"} == printed.keys()
    assert printed["comparison"][0]["shared_spikes"] is None
    assert printed["roundings"][0]["parameter"] == "vth"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("learning", r"LearningDense 'plastic': learning rules are not converted"),
        ("refractory", r"no ProcessModel for fixed_pt"),
        ("too_large", r"du: must be from 0 to 1"),
    ],
)
def test_what_cannot_be_converted_is_one_line_without_objects(file, name, problem):
    done = invoke("fix", f"{file}:{name}", "--steps", 5)
    assert isinstance(done.exception, DataError)  # the command line says it
    said = str(done.exception)
    assert problem in said
    assert " object at 0x" not in said
    assert not done.stdout


def test_a_bad_output_or_number_of_steps_is_refused_before_the_run(file, tmp_path):
    assert invoke("fix", f"{file}:dense", "--output", tmp_path).exit_code == 2
    assert invoke("fix", f"{file}:dense", "--steps", 0).exit_code == 2


@pytest.mark.parametrize("name", ["dense", "sparse", "silent"])
def test_where_to_fixed_is_advised_it_works(file, name):
    (note,) = {
        n.partition("; ")[2] for n in notes(report(make(file, name)), "parameters") if n
    }
    assert note == "to_fixed makes a graph of integers (lava-apps loihi2 fix)"
    fixed = to_fixed(make(file, name), run_steps=20)
    assert not notes(report(fixed.process, run_steps=5), "parameters")


def test_where_to_fixed_refuses_another_way_is_advised_and_works(file):
    said = " ".join(notes(report(make(file, "learning")), "parameters"))
    assert "to_fixed makes" not in said
    assert "give all Processes of this graph the integers of fixed_pt yourself" in said
    assert " object at 0x" not in said
    found = report(make(file, "learning_of_integers"), run_steps=5)
    assert not notes(found, "parameters")


@pytest.mark.parametrize("name", ["too_large", "refractory"])
def test_to_fixed_is_not_advised_where_it_refuses(file, name):
    found = report(make(file, name), run_steps=5)
    said = " ".join(notes(found, "parameters") | notes(found, "models"))
    assert said
    assert "to_fixed makes" not in said


def test_a_source_for_the_cpu_is_told_what_to_do_and_that_helps(file):
    (note,) = notes(report(make(file, "poisson"), run_steps=5), "models")
    assert "record what it sends" in note
    assert "lava.proc.io.source.RingBuffer" in note
    found = report(make(file, "recorded"), run_steps=5)
    assert not any("CPU only" in n for n in notes(found, "models"))
