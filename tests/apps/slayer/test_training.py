import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from lava_apps.apps.slayer import conversion
from lava_apps.apps.slayer.deployment import about, build, run
from lava_apps.apps.slayer.experiment import (
    convert_and_deploy,
    run_file,
    train_and_deploy,
)
from lava_apps.apps.slayer.networks import Settings, make_bootstrapped
from lava_apps.apps.slayer.tasks import load_task
from lava_apps.apps.slayer.training import train
from lava_apps.netx import NetworkError
from lava_apps.parameters import ParameterError
from lava_apps.runtime import StateError, state
from tests.deep import needs_deep

pytestmark = [
    needs_deep,
    # What SLAYER and torch say of themselves.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:torch"),
]
COMMAND = [sys.executable, "-m", "lava_apps.cli", "slayer"]
KEYS = {
    *("task", "network", "steps", "test_images", "accuracy_trained", "seed"),
    *("accuracy_deployed", "precision", "backend", "ms_per_sample", "seconds"),
}


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    """Train a small network on digits; give its file and its result."""
    path = tmp_path_factory.mktemp("dense") / "digits.net"
    settings = Settings("digits", hidden=64, epochs=6, batch=32)
    return path, train_and_deploy(settings, path, backend="compiled")


def test_a_trained_network_sends_the_same_as_a_graph(dense):
    _, result = dense
    assert result.accuracy_trained > 0.8
    assert result.accuracy_deployed == result.accuracy_trained
    assert result.equal_steps == 1.0
    assert result.test_images == 360
    assert result.history.accuracy[-1] > result.history.accuracy[0] + 0.1
    assert result.summary().keys() >= KEYS


@pytest.mark.parametrize("backend", ["inline", "lava"])
def test_a_file_runs_on_every_backend(dense, backend):
    path, _ = dense
    result, deployed, labels = run_file(path, test_images=20, backend=backend)
    reference, same, _ = run_file(path, test_images=20, backend="compiled")
    assert result.backend == backend
    assert np.array_equal(deployed.output, same.output)
    assert result.accuracy_deployed == (deployed.classes == labels).mean()
    assert result.accuracy_trained == reference.accuracy_trained


def test_convolutions_send_the_same_as_a_graph(tmp_path):
    settings = Settings("digits", "conv", hidden=32, epochs=2, batch=32)
    result = train_and_deploy(settings, tmp_path / "conv.net", backend="compiled")
    assert result.equal_steps == 1.0
    assert result.accuracy_deployed > 0.4


def test_sigma_delta_networks_tell_the_same_as_a_graph(tmp_path):
    settings = Settings("digits", "sigma-delta", hidden=64, epochs=4, batch=32)
    result = train_and_deploy(settings, tmp_path / "sd.net", backend="compiled")
    assert result.accuracy_trained > 0.75
    # They are not set back between samples: a little of the last one stays.
    assert abs(result.accuracy_deployed - result.accuracy_trained) < 0.02


def test_series_are_learned_and_told_by_a_graph(tmp_path):
    settings = Settings("vowels", hidden=64, epochs=8, batch=16, rate=0.01)
    result = train_and_deploy(settings, tmp_path / "vowels.net", backend="compiled")
    assert result.accuracy_trained > 0.6  # of 9 speakers; few epochs
    assert result.equal_steps == 1.0


def test_a_converted_network_is_as_good_as_what_it_was(tmp_path):
    settings = Settings("digits", hidden=64, epochs=15, batch=32, rate=0.001)
    result = convert_and_deploy(
        settings, tmp_path / "converted.net", steps=64, backend="compiled"
    )
    assert result.accuracy_trained > 0.8
    assert abs(result.accuracy_deployed - result.accuracy_trained) < 0.02
    assert result.by_steps[64] == result.accuracy_deployed
    assert result.by_steps[4] < result.by_steps[64]
    assert "accuracy_by_steps" in result.summary()


def test_a_bootstrapped_network_sends_the_same_as_a_graph(tmp_path):
    settings = Settings("digits", hidden=64, epochs=10, batch=32, rate=0.003)
    result = convert_and_deploy(
        settings, tmp_path / "b.net", method="bootstrap", backend="compiled"
    )
    assert result.equal_steps == 1.0
    assert result.accuracy_deployed == result.accuracy_trained > 0.75


def test_rates_of_a_converted_neuron_are_its_activation():
    """Of one layer: spikes a time step, HEADROOM and the largest activation apart."""
    import torch

    task = load_task("digits")
    torch.manual_seed(0)
    network = conversion.make_ann(Settings("digits", hidden=20), task)
    made = conversion.convert(network, task)
    messages = torch.from_numpy(task.messages("train", np.arange(2000) % 1437))
    activations = network.activations(messages)[1].detach().numpy()
    most = np.percentile(activations.max(axis=1), 99.9) * conversion.HEADROOM
    rates = np.maximum(
        messages.mean(dim=-1).numpy() @ (made.weights[0] / made.thresholds[0]).T, 0
    )
    assert np.abs(rates - activations / most).max() < 0.01
    assert np.abs(made.weights[0]).max() == 254


def test_training_goes_on_where_it_was_killed_bit_for_bit(tmp_path):
    task = load_task("digits")
    task = replace(
        task,
        data={s: x[:200] for s, x in task.data.items()},
        labels={s: x[:200] for s, x in task.labels.items()},
    )

    class KilledError(Exception):
        pass

    def kill(epoch, done):
        if (epoch, done) == (2, 64):
            raise KilledError

    settings = Settings("digits", hidden=16, epochs=4, batch=32, dropout=0.2)
    whole, history = train(settings, task)
    path = tmp_path / "there" / "checkpoint.npz"
    with pytest.raises(KilledError):
        train(settings, task, checkpoint=path, on_batch=kill)
    resumed, again = train(settings, task, checkpoint=path, resume=True)
    assert again.loss == history.loss
    for name, value in whole.state_dict().items():
        assert np.array_equal(value.numpy(), resumed.state_dict()[name].numpy()), name
    other = replace(settings, hidden=17)
    with pytest.raises(StateError, match="of another training"):
        train(other, task, checkpoint=path, resume=True)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(StateError, match=r"checkpoint.npz"):
        train(settings, task, checkpoint=path, resume=True)
    with pytest.raises(StateError, match="no such file"):
        train(settings, task, checkpoint=tmp_path / "x.npz", resume=True)


def test_what_does_not_fit_is_refused(dense, tmp_path):
    path, _ = dense
    with pytest.raises(ParameterError, match=r"Settings.kind: must be dense"):
        Settings("vowels", "conv")
    with pytest.raises(ParameterError, match=r"Settings.hidden"):
        Settings("digits", hidden=0)
    with pytest.raises(ParameterError, match=r"convert.task"):
        convert_and_deploy(Settings("vowels"), tmp_path / "x.net")
    with pytest.raises(ParameterError, match=r"test_images: must be from 1 to 360"):
        run_file(path, test_images=361)
    with pytest.raises(NetworkError, match=r"takes messages of shape"):
        build(path, load_task("vowels"), "test", 2, "dense")
    with pytest.raises(NetworkError, match=r"no such file"):
        run(tmp_path / "x.net", load_task("digits"), kind="dense", count=1)
    (tmp_path / "x.net").write_bytes(b"")
    with pytest.raises(NetworkError, match=r"not written by lava-apps slayer"):
        about(tmp_path / "x.net")


def command(*arguments, cwd):
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, cwd=cwd, timeout=110
    )


def test_json_is_all_there_is_on_stdout(tmp_path):
    done = command(
        *("train", "--hidden", "16", "--epochs", "1", "--test-images", "40"),
        *("--out", "there", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed.keys() >= KEYS
    assert (printed["task"], printed["network"], printed["test_images"]) == (
        *("digits", "dense", 40),
    )
    assert (tmp_path / "there" / "digits-dense.png").exists()
    done = command("run", "there/digits-dense.net", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accuracy_trained"] == printed["accuracy_trained"]
    assert (tmp_path / "results" / "digits-dense-output.png").exists()
    done = command("train", "--task", "vowels", "--network", "conv", cwd=tmp_path)
    assert done.returncode == 2
    assert "--network: must be dense" in done.stderr
    done = command("run", "there/digits-dense.png", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "not written by lava-apps slayer" in done.stderr


def test_ctrl_c_ends_training_and_resume_goes_on(tmp_path):
    path = tmp_path / "digits-dense-checkpoint.npz"
    arguments = ["train", "--hidden", "16", "--epochs", "400", "--out", "."]

    def epochs():
        return state.read(path)["history"]["epochs"] if path.exists() else 0

    def interrupt_after(more, *options):
        """Let training do some epochs, and press Ctrl-C."""
        enough, begin = epochs() + more, time.monotonic()
        running = subprocess.Popen(
            [*COMMAND, *arguments, *options],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            # Or Ctrl-C would be ignored in a job of the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        while epochs() < enough and time.monotonic() - begin < 60:
            time.sleep(0.1)
        os.kill(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
        assert running.returncode != 0
        assert b"Traceback" not in said
        return epochs()

    first = interrupt_after(1)
    assert 1 <= first < 400
    assert first < interrupt_after(2, "--resume") < 400
    arguments[arguments.index("400")] = "3"
    done = command(*arguments, "--resume", cwd=tmp_path)
    assert done.returncode == 2
    assert "is of another training" in done.stderr


def test_training_cannot_go_on_from_no_checkpoint():
    settings = Settings("digits", hidden=16, epochs=1)
    with pytest.raises(ParameterError, match=r"train.checkpoint: must name"):
        train(settings, load_task("digits"), resume=True)


def test_bootstrapping_needs_three_batches_an_epoch():
    settings = Settings("digits", hidden=16, batch=1000)
    with pytest.raises(ParameterError, match=r"Settings.batch: .*three batches"):
        make_bootstrapped(settings, load_task("digits"))
