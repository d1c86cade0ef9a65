"""The contract suite must fail where a Process breaks the contract."""

import functools
import warnings
from unittest import mock

import numpy as np
import pytest
from numba import njit

from lava_apps.loihi2.run_configs import RunConfig
from lava_apps.processes.hopfield import Hopfield
from lava_apps.processes.hopfield.models import SubHopfieldModel
from lava_apps.runtime import BackendError, Simulator
from lava_apps.runtime.compiled.registry import register_kernel
from lava_apps.testing import CHECKS, Case, ContractError, contract
from lava_apps.testing import checks as checks_module
from lava_apps.testing.checks import (
    check_compiled,
    check_decomposition,
    check_deterministic,
    check_discoverable,
    check_documented,
    check_refuses_unknown_keyword,
    check_runs_and_stops,
)
from tests.helpers import record

from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.lif.models import PyLifModelFloat
from lava.proc.lif.process import LIF


def make_lif():
    return LIF(shape=(2,), bias_mant=3)


LAVAS_LIF = Case(make_lif, {"a_in": np.zeros((5, 2))})


def test_lavas_lif_fails_where_it_should():
    check_discoverable(LAVAS_LIF)
    check_deterministic(LAVAS_LIF)
    with pytest.raises(ContractError, match="numpydoc's: Unknown section Example"):
        check_documented(LAVAS_LIF)
    with pytest.raises(ContractError, match="no SubProcessModel"):
        check_decomposition(LAVAS_LIF)


def test_what_is_not_documented_and_what_is_not_there_fail():
    class Undocumented(LIF):
        """Say nothing of the parameters.

        Parameters
        ----------
        height : int
            There is none.
        """

        def __init__(self, width=1):
            super().__init__(shape=(width,))

    with pytest.raises(
        ContractError, match=r"not documented \['width'\].*\['height'\]"
    ):
        check_documented(Case(Undocumented, {}))


def test_a_swallowed_keyword_fails():
    class Swallowing(LIF):
        def __init__(self, **kwargs):
            super().__init__(shape=(1,), **kwargs)

    with pytest.raises(ContractError, match="was accepted"):
        check_refuses_unknown_keyword(Case(Swallowing, {}))


def test_an_error_about_something_else_fails():
    case = Case(lambda: LIF(shape=(1,)), {})
    # Lava's LIF takes **kwargs but needs a shape: the error is about that.
    with pytest.raises(ContractError, match="does not name the parameter"):
        check_refuses_unknown_keyword(case)


def test_a_model_that_draws_from_the_global_state_fails():
    class Drawing(AbstractProcess):
        def __init__(self):
            super().__init__()
            self.a_out = OutPort(shape=(1,))

    @implements(proc=Drawing, protocol=LoihiProtocol)
    @requires(CPU)
    class PyDrawingModel(PyLoihiProcessModel):
        a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

        def run_spk(self):
            self.a_out.send(np.random.random(1))  # noqa: NPY002

    class DrawingCase(Case):
        def run(self, precision, **_):
            process = self.make()
            config = RunConfig(precision, exceptions={process: PyDrawingModel})
            return {"a_out": record(process.a_out, 3, config, "inline")}

    with pytest.raises(ContractError, match="two runs in floating_pt differ at a_out"):
        check_deterministic(DrawingCase(Drawing, {}))


def test_a_compiled_result_that_differs_fails_and_so_does_none():
    class Counting(AbstractProcess):
        def __init__(self):
            super().__init__()
            self.a_out = OutPort(shape=(1,))

    @implements(proc=Counting, protocol=LoihiProtocol)
    @requires(CPU)
    class PyCountingModel(PyLoihiProcessModel):
        a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

        def run_spk(self):
            self.a_out.send(np.array([float(self.time_step)]))

    @njit
    def miscounted(a_out, time_step):
        a_out[0] = min(time_step, 3)

    @njit
    def counted(a_out, time_step):
        a_out[0] = time_step

    class CountingCase(Case):
        def run(self, precision, *, backend="auto", **_):
            process = self.make()
            config = RunConfig(precision, exceptions={process: PyCountingModel})
            with Simulator(process, backend=backend, run_cfg=config) as sim:
                probe = sim.probe(process.a_out)
                sim.run(5)
            return {"a_out": sim.data[probe]}

    case = CountingCase(Counting, {})
    with pytest.raises(BackendError, match="PyCountingModel has no kernel"):
        check_compiled(case)
    register_kernel(PyCountingModel, step=miscounted)
    complaint = (
        "inline and compiled in floating_pt differ at a_out, first in time st.* 4"
    )
    with pytest.raises(ContractError, match=complaint):
        check_compiled(case)
    register_kernel(PyCountingModel, step=counted)
    check_compiled(case)


def test_a_decomposition_for_another_precision_does_not_count():
    case = Case(lambda: Hopfield(weights=[[0, 1], [1, 0]]), {})
    mistagged = mock.patch.object(SubHopfieldModel, "tags", ["floating_pt"])
    complaint = "no SubProcessModel for fixed_pt"
    with mistagged, pytest.raises(ContractError, match=complaint):
        check_decomposition(case)


def test_cases_that_cannot_be_run_say_why():
    with pytest.raises(ContractError, match=r"\['b_in'\] are no InPorts"):
        Case(make_lif, {"b_in": [[0, 0]]}).run("floating_pt")
    with pytest.raises(ContractError, match="no OutPort"):
        Case(lambda: Sink(shape=(1,), buffer=1), {}).run("floating_pt")
    assert len(Case(make_lif, {}, steps=4).run("floating_pt")["s_out"]) == 4


def test_different_runs_and_non_finite_values_fail(monkeypatch):
    values = iter(range(100))
    monkeypatch.setattr(
        Case,
        "run",
        lambda *_args, **_kw: {"s_out": np.full((3, 2), float(next(values)))},
    )
    with pytest.raises(ContractError, match=r"differ at s_out, first in time step 1"):
        check_deterministic(LAVAS_LIF)
    monkeypatch.setattr(
        Case, "run", lambda *_args, **_kw: {"s_out": np.array([np.nan])}
    )
    with pytest.raises(ContractError, match="not finite"):
        check_runs_and_stops(LAVAS_LIF)


def test_a_precision_without_model_fails():
    from lava.proc.lif.process import LIFRefractory

    case = Case(lambda: LIFRefractory(shape=(1,), refractory_period=1), {})
    with pytest.raises(LookupError, match="no ProcessModel for fixed_pt"):
        check_discoverable(case)


def test_every_check_is_in_the_list():
    defined = [v for n, v in vars(checks_module).items() if n.startswith("check_")]
    assert list(CHECKS) == defined


def test_gaps_become_strict_xfails_and_must_name_a_check():
    gap = {"decomposition": "CPU only; needs a neuro-core model"}
    marked = [p for p in contract(Case(make_lif, {}, gaps=gap)) if p.marks]
    assert [(p.id, p.marks[0].kwargs["strict"]) for p in marked] == [
        ("make_lif-decomposition", True)
    ]
    with pytest.raises(ValueError, match=r"\['speed'\] are no checks"):
        contract(Case(make_lif, {}, gaps={"speed": "none"}))


def test_a_file_that_cannot_be_imported_fails_although_models_are_remembered(
    monkeypatch,
):
    def find(_):
        warnings.warn("Cannot import module", UserWarning, stacklevel=1)
        return [PyLifModelFloat]

    remembered = functools.wraps(find)(lambda _: [PyLifModelFloat])
    place = staticmethod(remembered)
    monkeypatch.setattr(ProcGroupDiGraphs, "_find_proc_models", place)
    with pytest.raises(UserWarning, match="Cannot import module"):
        check_discoverable(LAVAS_LIF)
