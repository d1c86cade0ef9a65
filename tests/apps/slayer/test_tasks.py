import numpy as np
import pytest

from lava_apps.apps.slayer.tasks import code_images, load_task
from lava_apps.datasets import load_vowels
from lava_apps.parameters import ParameterError
from lava_apps.runtime import Simulator


@pytest.mark.parametrize("name", ["digits", "vowels"])
def test_an_encoder_sends_what_a_network_learns_from(name):
    task = load_task(name)
    encoder = task.encoder("test", 5)
    with Simulator(encoder, precision="fixed_pt", backend="inline") as sim:
        probe = sim.probe(encoder.s_out)
        sim.run(5 * task.steps)
    sent = sim.data[probe].reshape(5, task.steps, -1).transpose(0, 2, 1)
    assert np.array_equal(sent, task.messages("test", np.arange(5)))
    assert np.count_nonzero(sent) > 100


def test_images_are_sent_as_lava_dls_convolutions_want_them():
    task = load_task("digits")
    encoder = task.encoder("train", 2, image=True)
    assert encoder.s_out.shape == (8, 8, 1)
    with Simulator(encoder, precision="fixed_pt", backend="inline") as sim:
        probe = sim.probe(encoder.s_out)
        sim.run(task.steps)
    counts = sim.data[probe].sum(axis=0)[..., 0].T  # x, y
    flat = task.messages("train", [0]).sum(axis=2).reshape(8, 8)
    assert np.array_equal(counts, flat)


def test_images_spike_as_often_as_they_are_bright():
    spikes = code_images(np.arange(256)[None], 16)[0]
    assert set(np.unique(spikes)) == {0, 1}
    counts = spikes.sum(axis=1)
    assert np.array_equal(counts, np.floor(np.arange(256) / 255 * 16 + 1e-9))


def test_the_split_of_the_vowels_is_that_of_the_data_set():
    series, lengths, labels = load_vowels("train")
    assert series.shape == (270, 29, 12)
    assert np.bincount(labels).tolist() == [30] * 9
    assert (lengths.min(), lengths.max()) == (7, 26)
    assert np.array_equal(np.isfinite(series).all(axis=2).sum(axis=1), lengths)
    _, _, labels = load_vowels("test")
    assert np.bincount(labels).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    # Scaled by the training series alone; nothing arrives after the end.
    task = load_task("vowels")
    held = task.data["train"][np.isfinite(series)]
    assert np.abs(held).max() == 15
    assert abs(held.mean()) < 0.2
    assert not task.data["train"][~np.isfinite(series)].any()


def test_wrong_names_are_refused():
    with pytest.raises(ParameterError, match=r"load_task.name"):
        load_task("cifar")
    with pytest.raises(ParameterError, match=r"load_vowels.split"):
        load_vowels("both")
