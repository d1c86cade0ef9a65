import os
import sys

import numpy as np
import pytest

from lava_apps.loihi2 import (
    HardwareError,
    HardwareWarning,
    RunConfig,
    add_adapters,
    report,
    run_config,
)
from lava_apps.loihi2.catalogue import (
    CONNECTIONS,
    NEURONS,
    class_path,
    has_hardware_model,
    is_on_host,
)
from lava_apps.loihi2.hardware import HardwareRunConfig, find_hardware
from lava_apps.parameters import ParameterError
from lava_apps.processes.encoders import GradedEncoder, RateEncoder
from lava_apps.processes.hopfield import Hopfield
from lava_apps.processes.hopfield.models import (
    PyHopfieldModelFixed,
    PyHopfieldModelFloat,
    SubHopfieldModel,
)
from lava_apps.runtime import Simulator
from tests.loihi2 import extension

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import Loihi2NeuroCore
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.models import PyLifModelBitAcc, PyLifModelFloat
from lava.proc.lif.process import LIF, LIFRefractory
from lava.proc.sdn.process import Delta

SINFO = """#!/bin/sh
echo "node-1 down*"
echo "node-2 idle"
"""


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in ("NXSDKHOST", "NOSLURM", "SLURM", "BOARD", "PARTITION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def board(monkeypatch):
    """Pretend that extension and board are there."""
    extension.install(monkeypatch)
    monkeypatch.setenv("NXSDKHOST", "10.0.0.1")


def sinfo(monkeypatch, folder, text):
    program = folder / "sinfo"
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def graph(*, bits=0):
    source = Source(data=np.ones((2, 5)))
    connection = Dense(weights=np.array([[1, 2], [3, 4]]), num_message_bits=bits)
    neurons = LIF(shape=(2,), du=4095, dv=1, vth=3)
    sink = Sink(shape=(2,), buffer=5)
    source.s_out.connect(connection.s_in)
    connection.a_out.connect(neurons.a_in)
    neurons.s_out.connect(sink.a_in)
    return source, connection, neurons, sink


# --- Open Lava alone ---------------------------------------------------------


def test_without_the_extension_nothing_raises_but_what_was_asked_for():
    found = find_hardware()
    assert (found.extension, found.board) == (False, None)
    assert "extension is not installed" in found.missing
    with pytest.raises(HardwareError, match="extension is not installed"):
        run_config("loihi2")
    with pytest.warns(HardwareWarning, match="runs on the CPU: Lava's Loihi ext"):
        config = run_config()
    assert isinstance(config, RunConfig)
    assert config.precision == "fixed_pt"
    _, _, neurons, _ = graph()
    with Simulator(neurons, run_cfg=config, backend="inline") as sim:
        sim.run(5)
    assert run_config("cpu", "floating_pt").precision == "floating_pt"


def test_lavas_traps_are_none_here():
    """LAVA names three; each is met by what a user would call instead."""
    # Loihi2HwCfg: NameError for a Process with several models.
    config = HardwareRunConfig()
    with pytest.raises(HardwareError, match="LIF 'x' has no model for Loihi 2"):
        config.select(LIF(shape=(1,), name="x"), [PyLifModelFloat, PyLifModelBitAcc])
    # select_sub_proc_model with a tag: IndexError for leaf and sub models.
    models = [PyHopfieldModelFloat, PyHopfieldModelFixed, SubHopfieldModel]
    network = Hopfield(weights=[[0, 1], [1, 0]])
    assert config.select(network, models) is SubHopfieldModel
    assert RunConfig("fixed_pt", decompose=True).select(network, models) is models[2]
    # slurm.is_available: FileNotFoundError without sinfo.
    assert find_hardware().board is None


def test_a_floating_pt_graph_is_not_for_hardware():
    with pytest.raises(ParameterError, match=r"run_config.precision: must be fixed_pt"):
        run_config("loihi2", "floating_pt")
    with pytest.warns(HardwareWarning, match="no floating_pt"):
        assert run_config("auto", "floating_pt").precision == "floating_pt"
    with pytest.raises(ParameterError, match=r"run_config.target"):
        run_config("loihi3")


def test_adapters_need_the_extension():
    _, _, neurons, _ = graph()
    with pytest.raises(HardwareError, match="no adapters"):
        add_adapters(neurons)
    assert add_adapters(LIF(shape=(1,))) == []


# --- With a stand-in of the extension ----------------------------------------


def test_the_extension_without_a_board(monkeypatch, tmp_path):
    extension.install(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))  # no sinfo
    found = find_hardware()
    assert (found.extension, found.board) == (True, None)
    with pytest.raises(HardwareError, match="no board"):
        run_config("loihi2")
    with pytest.warns(HardwareWarning, match="no board"):
        run_config("auto")


@pytest.mark.parametrize(
    ("text", "board"),
    [
        (SINFO, "SLURM node node-2"),
        ("#!/bin/sh\necho 'node-1 down*'\n", None),
        ("#!/bin/sh\necho\n", None),
        ("#!/bin/sh\necho gibberish of many words\n", None),
        ("#!/bin/sh\nexit 1\n", None),
        ("not a program", None),
    ],
)
def test_nodes_of_slurm(monkeypatch, tmp_path, text, board):
    extension.install(monkeypatch)
    sinfo(monkeypatch, tmp_path, text)
    assert find_hardware().board == board
    monkeypatch.setenv("NOSLURM", "1")
    assert find_hardware().board is None


def test_a_board_gets_models_for_the_chip_and_never_pythons(board):
    @implements(proc=LIF, protocol=LoihiProtocol)
    @requires(Loihi2NeuroCore)
    @tag("ucoded")
    class OtherTag(extension.AbstractNcProcessModel):
        pass

    @implements(proc=LIF, protocol=LoihiProtocol)
    @requires(Loihi2NeuroCore)
    @tag("fixed_pt")
    class NcModel(extension.AbstractNcProcessModel):
        pass

    config = run_config()
    assert isinstance(config, HardwareRunConfig)
    assert isinstance(run_config("loihi2"), HardwareRunConfig)
    neurons = LIF(shape=(1,))
    models = [PyLifModelFloat, PyLifModelBitAcc, OtherTag, NcModel]
    assert config.select(neurons, models) is NcModel
    with pytest.raises(HardwareError, match=r"only PyLifModelFloat, .*, OtherTag"):
        config.select(neurons, models[:3])
    # On the host Python is where it belongs.
    source, _, _, _ = graph()
    from lava.proc.io.source import PySendModelFixed, PySendModelFloat

    chosen = config.select(source, [PySendModelFloat, PySendModelFixed])
    assert chosen is PySendModelFixed


def test_all_processes_without_a_model_are_named(board):
    first = LIFRefractory(shape=(1,), refractory_period=2, name="first")
    second = LIF(shape=(1,), name="second")
    first.s_out.connect(second.a_in)
    with pytest.raises(HardwareError) as raised:
        run_config("loihi2", process=first)
    # Here even LIF has none: the stand-in brings no models.
    assert "LIFRefractory 'first'" in str(raised.value)
    assert "LIF 'second'" in str(raised.value)


def test_adapters_are_put_at_both_boundaries(board):
    source, connection, neurons, sink = graph()
    into, out_of = add_adapters(neurons)
    assert [type(a).__name__ for a in (into, out_of)] == [
        "PyToNxAdapter",
        "NxToPyAdapter",
    ]
    assert source.s_out.get_dst_ports() == [into.inp]
    assert connection.s_in.get_src_ports() == [into.out]
    assert neurons.s_out.get_dst_ports() == [out_of.inp]
    assert sink.a_in.get_src_ports() == [out_of.out]
    assert (into.inp.shape, out_of.inp.shape) == ((2,), (2,))
    assert add_adapters(neurons) == []  # all are there


def test_adapters_carry_as_many_bits_as_are_needed(board):
    _, _, neurons, _ = graph(bits=12)
    into, out_of = add_adapters(neurons)
    assert into.proc_params["num_message_bits"] == 12
    assert out_of.proc_params["num_message_bits"] == 0
    delta = Delta(shape=(2,), vth=1)
    delta.s_out.connect(Sink(shape=(2,), buffer=1).a_in)
    (out_of,) = add_adapters(delta)
    assert out_of.proc_params["num_message_bits"] == 24


def test_an_adapter_stands_before_a_reshape(board):
    source = Source(data=np.ones((2, 5)))
    neurons = LIF(shape=(1, 2))
    source.s_out.reshape((1, 2)).connect(neurons.a_in)
    (adapter,) = add_adapters(neurons)
    assert adapter.inp.shape == (2,)
    assert source.s_out.get_dst_ports() == [adapter.inp]
    assert neurons.a_in.get_src_ports() == [adapter.out]


def test_a_port_that_feeds_host_and_chip(board):
    source, connection, neurons, _ = graph()
    both = Sink(shape=(2,), buffer=5)
    source.s_out.connect(both.a_in)
    into, _ = add_adapters(neurons)
    assert both.a_in.get_src_ports() == [source.s_out]
    assert connection.s_in.get_src_ports() == [into.out]


def test_a_graph_that_cannot_have_all_adapters_gets_none(board):
    source, connection, neurons, _ = graph()
    flat = neurons.s_out.reshape((2,))
    flat.connect(Dense(weights=np.ones((1, 2))).s_in)
    flat.connect(Sink(shape=(2,), buffer=5).a_in)
    with pytest.raises(HardwareError, match=r"LIF .*\.s_out feeds host and chip"):
        add_adapters(neurons)
    assert source.s_out.get_dst_ports() == [connection.s_in]


def test_each_boundary_without_an_adapter_is_reported():
    _, _, neurons, _ = graph()
    found = report(neurons, run_steps=0)
    assert sum(f.value == "no adapter" for f in found.findings) == 2


# --- What is known of Processes ----------------------------------------------


def test_what_has_a_model_exists_where_the_table_says():
    for path in NEURONS | CONNECTIONS:
        module, _, name = path.rpartition(".")
        if module.startswith(("lava.lib.optimization", "lava.proc.cyclic_buffer")):
            continue  # of packages that are not here
        __import__(module)
        assert hasattr(sys.modules[module], name), path


def test_kinds_of_processes():
    assert has_hardware_model(LIF(shape=(1,)))
    assert not has_hardware_model(LIFRefractory(shape=(1,), refractory_period=1))
    assert class_path(LIF(shape=(1,))) == "lava.proc.lif.process.LIF"
    encoders = RateEncoder(data=[[1]], steps=1), GradedEncoder(data=[[1]], steps=1)
    assert all(map(is_on_host, encoders))
    assert not is_on_host(LIF(shape=(1,)))
