"""The experiment against Brian2 and the closed form."""

import json
import warnings

import numpy as np
import pytest
from typer.testing import CliRunner

from lava_apps.apps.lif import run_neuron
from lava_apps.apps.lif.figures import draw_neuron
from lava_apps.cli import app
from lava_apps.membrane import Membrane
from lava_apps.parameters import ParameterError

DRIVES = [2, 10.5, 12, 20, 40]


@pytest.fixture(scope="module")
def brian2():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import brian2.only

        brian2.only.prefs.codegen.target = "numpy"  # no compiler needed
        yield brian2.only


def brian2_spikes(brian2, drive, method, membrane, duration):
    """Run the membrane equation in Brian2, and give the spike times in ms."""
    ms, mv = brian2.ms, brian2.mV
    names = {
        "tau": membrane.tau_m * ms,
        "rest": membrane.v_rest * mv,
        "reset": membrane.v_reset * mv,
        "threshold": membrane.v_th * mv,
        "drive": drive * mv,
    }
    neuron = brian2.NeuronGroup(
        1,
        "dv/dt = (rest - v + drive) / tau : volt (unless refractory)",
        threshold="v > threshold",
        reset="v = reset",
        refractory=membrane.t_ref * ms,
        method=method,
        namespace=names,
        dt=membrane.dt * ms,
    )
    neuron.v = names["rest"]
    monitor = brian2.SpikeMonitor(neuron)
    brian2.Network(neuron, monitor).run(duration * ms)
    return np.asarray(monitor.t / ms)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("drive", DRIVES)
@pytest.mark.parametrize("method", ["euler", "exact"])
def test_spike_times_equal_brian2s(brian2, drive, method):
    membrane = Membrane(method=method)
    expected = brian2_spikes(brian2, drive, method, membrane, 100)
    assert (len(expected) > 1) == (drive > 10)
    found = run_neuron(membrane, current=drive).spike_times_ms
    assert len(found) == len(expected)
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_spike_times_equal_brian2s_for_other_neurons(brian2):
    rng = np.random.default_rng(8)
    for _ in range(8):
        membrane = Membrane(
            tau_m=rng.uniform(5, 30),
            v_rest=-70 + rng.uniform(-5, 5),
            v_reset=-70 + rng.uniform(-5, 5),
            v_th=-55 + rng.uniform(-5, 5),
            t_ref=0.2 * rng.integers(0, 20),
            dt=0.2,
        )
        drive = rng.uniform(8, 50)
        expected = brian2_spikes(brian2, drive, "euler", membrane, 150)
        found = run_neuron(membrane, current=drive, duration=150).spike_times_ms
        assert len(found) == len(expected)
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("precision", ["floating_pt", "fixed_pt"])
def test_the_curve_follows_the_closed_form(precision):
    result = run_neuron(precision=precision)
    fires = result.curve_currents > 10
    assert not result.curve_rates_hz[~fires].any()
    intervals = 1000 / result.curve_rates_hz[fires]
    closed_form = 1000 / result.curve_closed_form_hz[fires]
    # Euler's method shortens time constants by dt / (2 tau_m), that is by 0.5 %;
    # the grid of time steps shifts a spike by less than one of them.
    bound = 0.005 * closed_form + result.membrane.dt
    assert (np.abs(intervals - closed_form) < bound).all()
    assert np.isfinite(result.curve_closed_form_hz).all()


@pytest.mark.parametrize("drive", DRIVES)
def test_fixed_point_spikes_when_floating_point_does(drive):
    results = [
        run_neuron(current=drive, precision=p) for p in ("floating_pt", "fixed_pt")
    ]
    first, second = (result.spike_times_ms for result in results)
    assert np.array_equal(first, second)
    potentials = [result.potential_mv for result in results]
    assert np.abs(potentials[0] - potentials[1]).max() < 0.05


def test_a_duration_below_a_step_is_refused():
    with pytest.raises(ParameterError, match=r"run_neuron.duration: must be at least"):
        run_neuron(duration=0.01)


def invoke(*arguments):
    return CliRunner().invoke(app, ["lif", *arguments])


def test_the_command_prints_one_json_object(tmp_path):
    out = str(tmp_path)
    result = invoke("--current", "12", "--duration", "100", "--json", "--out", out)
    summary = json.loads(result.stdout)
    assert summary["spike_times_ms"] == [17.8, 40.6, 63.4, 86.2]  # Brian2 2.9.0
    assert summary["closed_form_interval_ms"] == pytest.approx(5 + 10 * np.log(6))
    assert (tmp_path / "lif.png").stat().st_size > 10_000
    silent = json.loads(invoke("--current", "2", "--json", "--out", out).stdout)
    assert silent["spike_times_ms"] == []
    assert silent["interval_ms"] is silent["closed_form_interval_ms"] is None
    assert silent["steady_potential_mv"] == -58


def test_the_command_says_why_there_is_no_spike(tmp_path):
    out = ["--out", str(tmp_path)]
    assert "goes to -58 mV" in invoke("--current", "2", *out).stdout
    assert "not yet" in invoke("--current", "12", "--duration", "5", *out).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tau", "0"], "--tau: must be greater than 0"),
        (["--reset", "-40"], "--reset: must be below --threshold = -50.0"),
        (["--threshold", "nan"], "--threshold: must be a finite number"),
    ],
)
def test_errors_name_the_option(arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize("tau", [2e4, 2e7])
def test_the_curve_of_a_slow_membrane_is_bounded(tau, tmp_path):
    # Warnings, such as one of 62 GiB, are errors here.
    result = run_neuron(Membrane(tau_m=tau), current=60)
    assert result.seconds < 10
    measured = np.isfinite(result.curve_rates_hz)
    fires = result.curve_currents > 10
    assert (measured | fires).all()
    assert not measured[fires].all()
    assert measured.any()
    closed_form = result.curve_closed_form_hz[measured & fires]
    assert result.curve_rates_hz[measured & fires] == pytest.approx(
        closed_form, rel=1e-3
    )
    rates = json.loads(json.dumps(result.summary()))["f_i_rates_hz"]
    assert [rate is not None for rate in rates] == measured.tolist()
    draw_neuron(result, tmp_path / "a.png")


def test_the_figure_is_written_for_neurons_that_never_spike(tmp_path):
    path = draw_neuron(run_neuron(current=-5, duration=20), tmp_path / "a.png")
    assert path.stat().st_size > 10_000
