"""How well a map fits its data."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import cdist

from lava_apps.apps.som.network import MapSettings, positions
from lava_apps.parameters import Array

_CHUNK = 2_000


def best_units(weights: Array, data: Array) -> tuple[Array, Array, Array]:
    """Find the two nearest neurons of each sample.

    Parameters
    ----------
    weights : (neurons, features) numpy.ndarray
        Of the map.
    data : (samples, features) numpy.ndarray
        Samples.

    Returns
    -------
    first, second : (samples,) numpy.ndarray of int
        Indices; of equals the lowest.
    distance : (samples,) numpy.ndarray of float
        Euclidean distance of the nearest.
    """
    first = np.empty(len(data), int)
    second, distance = first.copy(), np.empty(len(data))
    for begin in range(0, len(data), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        distances = cdist(data[part], weights)
        first[part] = distances.argmin(axis=1)
        rows = np.arange(len(distances))
        distance[part] = distances[rows, first[part]]
        distances[rows, first[part]] = np.inf
        second[part] = distances.argmin(axis=1)
    return first, second, distance


def grid_distances(settings: MapSettings, one: Array, other: Array) -> Array:
    """Say how far neurons are apart on the grid.

    Parameters
    ----------
    settings : MapSettings
        Of the map.
    one, other : (n,) numpy.ndarray of int
        Neurons.

    Returns
    -------
    (n,) numpy.ndarray of float
        Euclidean; neighbours in a row are 1 apart.
    """
    places = positions(settings)
    apart = np.abs(places[one] - places[other])
    if settings.toroid:
        height = 1.0 if settings.topology == "rectangular" else math.sqrt(3) / 2
        period = np.array([settings.columns, settings.rows * height])
        apart = np.minimum(apart, period - apart)
    return np.asarray(np.hypot(*apart.T))


def adjacent(settings: MapSettings, distances: Array) -> Array:
    """Say which distances on the grid are those of adjacent neurons.

    Parameters
    ----------
    settings : MapSettings
        Of the map.
    distances : numpy.ndarray
        From :func:`grid_distances`.

    Returns
    -------
    numpy.ndarray of bool
        On a rectangular grid also across corners, as in MiniSom.
    """
    limit = 1.42 if settings.topology == "rectangular" else 1.01
    return distances < limit


def topographic_error(settings: MapSettings, first: Array, second: Array) -> float:
    """Give the share of samples whose two nearest neurons are not adjacent.

    Parameters
    ----------
    settings : MapSettings
        Of the map.
    first, second : (samples,) numpy.ndarray of int
        From :func:`best_units`.

    Returns
    -------
    float
        From 0 to 1 (Kiviluoto 1996, Proc. ICNN, 294).
    """
    apart = grid_distances(settings, first, second)
    return float(1 - adjacent(settings, apart).mean())


def majority(first: Array, labels: Array, neurons: int) -> tuple[Array, Array, Array]:
    """Count the labels of the samples that each neuron is nearest to.

    Parameters
    ----------
    first : (samples,) numpy.ndarray of int
        Nearest neurons.
    labels : (samples,) numpy.ndarray
        Labels.
    neurons : int
        How many.

    Returns
    -------
    counts : (neurons, classes) numpy.ndarray of int
        Samples by label.
    classes : (classes,) numpy.ndarray
        The labels.
    winners : (neurons,) numpy.ndarray of int
        Index of the most frequent label; -1 where there is no sample.
    """
    classes, codes = np.unique(labels, return_inverse=True)
    counts = np.zeros((neurons, len(classes)), int)
    np.add.at(counts, (first, codes), 1)
    winners = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
    return counts, classes, winners


def purity(first: Array, labels: Array, neurons: int) -> float:
    """Give the share of samples that have the most frequent label of their neuron.

    Parameters
    ----------
    first : (samples,) numpy.ndarray of int
        Nearest neurons.
    labels : (samples,) numpy.ndarray
        Labels.
    neurons : int
        How many.

    Returns
    -------
    float
        From 0 to 1.
    """
    counts, _, _ = majority(first, labels, neurons)
    return float(counts.max(axis=1).sum() / len(labels))


def u_matrix(settings: MapSettings, weights: Array) -> Array:
    """Give the mean distance of each neuron's weights from those of its neighbours.

    Parameters
    ----------
    settings : MapSettings
        Of the map.
    weights : (neurons, features) numpy.ndarray
        Of the map.

    Returns
    -------
    (neurons,) numpy.ndarray of float
        Large at the borders of clusters (Ultsch and Siemon 1990, Proc. INNC, 305).
    """
    everyone, result = np.arange(settings.neurons), np.zeros(settings.neurons)
    for neuron in everyone:
        apart = grid_distances(settings, np.full_like(everyone, neuron), everyone)
        near = adjacent(settings, apart) & (everyone != neuron)
        result[neuron] = np.linalg.norm(weights[near] - weights[neuron], axis=1).mean()
    return result
