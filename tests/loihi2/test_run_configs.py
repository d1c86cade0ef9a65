import numpy as np
import pytest
from scipy.sparse import csr_matrix

from lava_apps.loihi2.run_configs import NoModelError, RunConfig
from lava_apps.parameters import ParameterError
from lava_apps.processes.hopfield import Hopfield
from lava_apps.processes.hopfield.models import (
    PyHopfieldModelFixed,
    PyHopfieldModelFloat,
    SubHopfieldModel,
)

from lava.magma.core.run_conditions import RunSteps
from lava.proc.dense.models import PyDenseModelBitAcc, PyDenseModelFloat
from lava.proc.dense.process import Dense
from lava.proc.io.extractor import Extractor, PyLoihiExtractorModel
from lava.proc.lif.process import LIF, LIFRefractory
from lava.proc.sparse.process import Sparse

WEIGHTS = [[0, 1], [1, 0]]
HOPFIELD_MODELS = [PyHopfieldModelFloat, PyHopfieldModelFixed, SubHopfieldModel]


@pytest.mark.parametrize(
    ("precision", "decompose", "model"),
    [
        ("floating_pt", False, PyHopfieldModelFloat),
        ("floating_pt", True, PyHopfieldModelFloat),
        ("fixed_pt", False, PyHopfieldModelFixed),
        ("fixed_pt", True, SubHopfieldModel),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_leaf_or_decomposition_by_precision(precision, decompose, model, order):
    config = RunConfig(precision, decompose=decompose)
    process = Hopfield(weights=WEIGHTS)
    assert config.select(process, HOPFIELD_MODELS[::order]) is model


def test_lavas_own_processes_and_untagged_models_are_selected():
    dense = Dense(weights=np.ones((1, 1)))
    models = [PyDenseModelFloat, PyDenseModelBitAcc]
    assert RunConfig("fixed_pt").select(dense, models) is PyDenseModelBitAcc
    extractor = Extractor(shape=(1,))
    assert RunConfig("fixed_pt").select(extractor, [PyLoihiExtractorModel])


def test_a_precision_without_model_is_an_error_that_names_what_there_is():
    process = LIFRefractory(shape=(1,), refractory_period=2, name="late")
    with pytest.raises(
        NoModelError,
        match=r"LIFRefractory 'late': no ProcessModel for fixed_pt.*\(floating_pt\)",
    ):
        process.run(RunSteps(1), RunConfig("fixed_pt"))


def test_exceptions_go_before_the_rules_by_class_and_by_process():
    process = Hopfield(weights=WEIGHTS)
    config = RunConfig("fixed_pt", exceptions={Hopfield: PyHopfieldModelFloat})
    assert config.select(process, HOPFIELD_MODELS) is PyHopfieldModelFloat
    config = RunConfig("fixed_pt", exceptions={process: PyHopfieldModelFloat})
    process.run(RunSteps(1), config)
    assert process.model_class is PyHopfieldModelFloat
    process.stop()


def test_a_model_refuses_what_it_cannot_honour_before_anything_starts():
    process = Hopfield(weights=[[0, 0.5], [0.5, 0]])
    with pytest.raises(ParameterError, match=r"Hopfield.weights: must be integers"):
        process.run(RunSteps(1), RunConfig("fixed_pt"))


def test_an_unknown_precision_is_refused():
    with pytest.raises(
        ParameterError, match=r"RunConfig.precision: must be 'floating_pt'"
    ):
        RunConfig("float")


@pytest.mark.parametrize(
    ("process", "name"),
    [
        (lambda: Dense(weights=np.eye(3) * 2.7), "Dense.weights"),
        (lambda: Sparse(weights=csr_matrix(np.eye(3) * 0.5)), "Sparse.weights"),
        (lambda: LIF(shape=(2,), bias_mant=0.5), "LIF.bias_mant"),
        (lambda: LIF(shape=(2,), du=0.3), "LIF.du"),
    ],
)
def test_fractions_that_integers_would_cut_off_are_refused(process, name):
    with pytest.raises(ParameterError, match=rf"{name}: must be integers for fixed_pt"):
        process().run(RunSteps(1), RunConfig("fixed_pt"))
    process().compile(RunConfig("floating_pt"))


def test_whole_numbers_may_be_floats():
    LIF(shape=(2,), bias_mant=3.0, du=np.float64(4095)).compile(RunConfig("fixed_pt"))
