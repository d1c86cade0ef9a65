"""The map as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from lava_apps.apps.som.network import MapNetwork, MapSettings, positions
from lava_apps.apps.som.training import Progress, train
from lava_apps.parameters import Array, ParameterError
from lava_apps.runtime import Simulator
from lava_apps.runtime.simulator import BackendName


class SelfOrganisingMap(TransformerMixin, BaseEstimator):
    """Self-organising map, for pipelines of scikit-learn.

    Runs the Process :class:`~lava_apps.processes.som.SOM`. Samples should be scaled,
    as for any method that measures distances.

    Parameters
    ----------
    rows, columns : int
        Shape of the grid, at least 2 neurons. Default 10 by 10.
    topology : {"rectangular", "hexagonal"}
        Grid. Default "rectangular".
    toroid : bool
        Opposite edges are neighbours. Default False.
    neighbourhood : {"gaussian", "bubble", "mexican_hat"}
        Shape of the neighbourhood. Default "gaussian".
    radius : float, optional
        Radius of the neighbourhood at the begin. Default: half of the longer side.
    final_radius : float
        Radius at the end. Default 1.
    rate, final_rate : float, optional
        Learning rate at the begin and at the end, from 0 to 1, for the mode "online".
        Default 0.5 and 0.05; a batch has 1.
    epochs : int
        Presentations of each sample. Default 10.
    mode : {"online", "batch"}
        Learn each sample at once, or all of an epoch together. Default "online".
    initial : {"pca", "sample"}
        Weights to begin with. Default "pca".
    random_state : int, numpy.random.RandomState or None
        Of the order of samples and of initial samples. Default None: another each
        time.
    backend : {"auto", "compiled", "inline", "lava"}
        Backend of the Simulator. Default "auto".

    Attributes
    ----------
    weights_ : (rows * columns, n_features) numpy.ndarray of float
        Of the neurons, in C order of the grid.
    positions_ : (rows * columns, 2) numpy.ndarray of float
        Where they stand, x and y.
    labels_ : (n_samples,) numpy.ndarray of int
        Nearest neuron of each sample.
    quantisation_error_ : float
        Mean distance of a sample from the weights of its neuron.
    n_features_in_ : int
        Features seen in `fit`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from lava_apps.apps.som import SelfOrganisingMap
    >>> data = load_iris().data
    >>> SelfOrganisingMap(rows=5, columns=4, random_state=0).fit_transform(data).shape
    (150, 2)
    """

    def __init__(
        self,
        rows: int = 10,
        columns: int = 10,
        *,
        topology: str = "rectangular",
        toroid: bool = False,
        neighbourhood: str = "gaussian",
        radius: float | None = None,
        final_radius: float = 1.0,
        rate: float | None = None,
        final_rate: float | None = None,
        epochs: int = 10,
        mode: str = "online",
        initial: str = "pca",
        random_state: Any = None,
        backend: BackendName = "auto",
    ) -> None:
        self.rows = rows
        self.columns = columns
        self.topology = topology
        self.toroid = toroid
        self.neighbourhood = neighbourhood
        self.radius = radius
        self.final_radius = final_radius
        self.rate = rate
        self.final_rate = final_rate
        self.epochs = epochs
        self.mode = mode
        self.initial = initial
        self.random_state = random_state
        self.backend = backend

    def fit(self, X: npt.ArrayLike, y: object = None) -> SelfOrganisingMap:  # noqa: ARG002, N803
        """Let the map organise itself.

        Parameters
        ----------
        X : (n_samples, n_features) array_like
            Samples, at least 2.
        y : None
            Not used.

        Returns
        -------
        SelfOrganisingMap
            Itself.

        Raises
        ------
        DivergenceError
            For weights that leave the data far behind.
        """
        data = validate_data(self, X, dtype=float, ensure_min_samples=2)
        given = self.get_params(deep=False)
        if given["mode"] == "spiking":
            problem = "must be online or batch: of spikes, some samples have no winner"
            raise ParameterError(type(self).__name__, "mode", problem, given["mode"])
        state, backend = given.pop("random_state"), given.pop("backend")
        seed = int(check_random_state(state).randint(2**31 - 1))
        settings = MapSettings(**given, seed=seed)
        progress = Progress(settings, len(data))
        _, self.weights_, _ = train(data, progress, backend=backend)
        self._settings = settings
        self.positions_ = positions(self._settings)
        self.labels_, distances = self._winners(data)
        self.quantisation_error_ = float(distances.mean())
        return self

    def predict(self, X: npt.ArrayLike) -> Array:  # noqa: N803
        """Find the nearest neuron of each sample.

        Parameters
        ----------
        X : (n_samples, n_features) array_like
            Samples.

        Returns
        -------
        (n_samples,) numpy.ndarray of int
            Indices in C order of the grid.
        """
        check_is_fitted(self)
        return self._winners(validate_data(self, X, dtype=float, reset=False))[0]

    def transform(self, X: npt.ArrayLike) -> Array:  # noqa: N803
        """Place samples on the map.

        Parameters
        ----------
        X : (n_samples, n_features) array_like
            Samples.

        Returns
        -------
        (n_samples, 2) numpy.ndarray of float
            Position of the nearest neuron, x and y.
        """
        nearest = self.predict(X)  # which says so if there is no map yet
        return np.asarray(self.positions_[nearest])

    def score(self, X: npt.ArrayLike, y: object = None) -> float:  # noqa: ARG002, N803
        """Give the quantisation error, negative, so that more is better.

        Parameters
        ----------
        X : (n_samples, n_features) array_like
            Samples.
        y : None
            Not used.

        Returns
        -------
        float
            At most 0.
        """
        check_is_fitted(self)
        data = validate_data(self, X, dtype=float, reset=False)
        return -float(self._winners(data)[1].mean())

    def get_feature_names_out(self, input_features: object = None) -> Array:  # noqa: ARG002
        """Name the columns of `transform`.

        Parameters
        ----------
        input_features : None
            Not used.

        Returns
        -------
        (2,) numpy.ndarray of str
            "x" and "y".
        """
        return np.array(["x", "y"], dtype=object)

    def _winners(self, data: Array) -> tuple[Array, Array]:
        network = MapNetwork(
            self._settings, data, weights=self.weights_, learning=False
        )
        with Simulator(network.som, backend=self.backend) as sim:
            winners = sim.probe(network.som.winner_out)
            distances = sim.probe(network.som.distance_out)
            sim.run(len(data))
        found = sim.data[winners][:, 0].astype(int)
        return found, sim.data[distances][:, 0]
