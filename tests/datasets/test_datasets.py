import gzip
import hashlib
import socket

import numpy as np
import pooch
import pytest

from lava_apps.datasets import DataError, load_digits, load_mnist, mnist
from lava_apps.parameters import ParameterError


@pytest.mark.parametrize(("split", "number"), [("train", 5000), ("test", 1000)])
def test_the_shipped_subset_is_mnists_beginning(split, number):
    images, labels = load_mnist(split)
    assert images.shape == (number, 28, 28)
    assert images.dtype == np.uint8
    assert np.bincount(labels, minlength=10).min() > number / 15
    assert (
        labels[:5].tolist()
        == {"train": [5, 0, 4, 1, 9], "test": [7, 2, 1, 0, 4]}[split]
    )


def test_digits_have_the_same_grey_levels():
    images, labels = load_digits()
    assert images.shape == (1797, 8, 8)
    assert (images.min(), images.max(), len(set(labels.tolist()))) == (0, 255, 10)


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    def refuse(*_args, **_kwargs):
        raise OSError("no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(pooch, "os_cache", lambda _: tmp_path / "cache")
    monkeypatch.delenv(mnist.DATA_VARIABLE, raising=False)


@pytest.mark.usefixtures("no_network")
def test_without_network_and_files_the_error_says_which_files_to_put_where():
    with pytest.raises(DataError) as error:
        load_mnist("train", full=True)
    assert all(name in str(error.value) for name in mnist.ARCHIVE_SHA256)
    assert mnist.DATA_VARIABLE in str(error.value)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("folder", ["", "mnist"])
def test_a_folder_of_the_users_is_looked_at_first_and_checked(
    monkeypatch, tmp_path, folder
):
    place = tmp_path / folder
    place.mkdir(exist_ok=True)
    subset = mnist._subset_file("t10k-labels-idx1-ubyte.gz").read_bytes()
    for name in mnist.ARCHIVE_SHA256:
        (place / name).write_bytes(subset)
    monkeypatch.setenv(mnist.DATA_VARIABLE, str(tmp_path))
    with pytest.raises(DataError, match=r"t10k-images.*checksum differs"):
        load_mnist("test", full=True)


@pytest.mark.usefixtures("no_network")
def test_files_of_that_folder_are_read(monkeypatch, tmp_path):
    for name in mnist.ARCHIVE_SHA256:
        content = mnist._subset_file(name).read_bytes()
        (tmp_path / name).write_bytes(content)
        checksum = hashlib.sha256(gzip.decompress(content)).hexdigest()
        monkeypatch.setitem(mnist.CONTENT_SHA256, name, checksum)
    monkeypatch.setenv(mnist.DATA_VARIABLE, str(tmp_path))
    images, labels = load_mnist("test", full=True)
    expected = load_mnist("test")
    assert np.array_equal(images, expected[0])
    assert np.array_equal(labels, expected[1])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not gzip at all", "cannot be read as gzip"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x05abcde")[:-6], "cannot be read as gzip"),
        (gzip.compress(b"hello"), "not an idx file"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x05abc"), "cut off"),
        (gzip.compress(b"\0\0\x08\x03\0\0"), "cut off"),
    ],
    ids=["no gzip", "half of it", "no idx", "too few values", "too few sizes"],
)
def test_damaged_files_are_named(tmp_path, content, words):
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as error:
        mnist.read_idx(path)
    assert str(path) in str(error.value)


def test_an_unknown_split_is_refused():
    with pytest.raises(
        ParameterError, match=r"load_mnist.split: must be 'train' or 'test'"
    ):
        load_mnist("validation")
