"""The graph that makes a map: samples, one after the other, and the map itself.

samples -> GradedEncoder -> SOM
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from lava_apps.loihi2.run_configs import Precision
from lava_apps.parameters import (
    Array,
    Fraction,
    ParameterError,
    PositiveInteger,
    PositiveNumber,
    Seed,
    validated,
)
from lava_apps.processes.encoders import GradedEncoder
from lava_apps.processes.som import (
    SOM,
    GradedCode,
    Schedule,
    SpikingSOM,
    initial_weights,
)
from lava_apps.processes.som.dynamics import WEIGHT_MAX
from lava_apps.processes.som.process import Neighbourhood, Topology
from lava_apps.runtime import Simulator

Mode = Literal["online", "batch", "spiking"]
_RATES = {"batch": 1.0, "spiking": 0.125}
Initial = Literal["pca", "sample"]
STEPS = 100
"""Time steps of a sample in the spiking map."""


@dataclass(frozen=True)
class MapSettings:
    """What a map is made from, and how it learns.

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
        Radius of the neighbourhood at the begin. Default: half of the longer side, a
        quarter for the spiking map, at least `final_radius`.
    final_radius : float
        Radius at the end. Default 1.
    rate, final_rate : float, optional
        Learning rate at the begin and at the end, from 0 to 1, for the mode "online".
        Default 0.5 and 0.05; a batch has 1, the spiking map 1/8.
    epochs : int
        Presentations of each sample. Default 10.
    mode : {"online", "batch", "spiking"}
        Learn each sample at once, or all of an epoch together, or by spikes. Default
        "online".
    initial : {"pca", "sample"}
        Weights to begin with. Default "pca".
    precision : {"floating_pt", "fixed_pt"}
        Of all ProcessModels; "fixed_pt" has 8-bit weights, the spiking map nothing
        else. Default: as the mode wants it.
    seed : int
        Of everything random. Default 0.
    """

    rows: int = 10
    columns: int = 10
    topology: Topology = "rectangular"
    toroid: bool = False
    neighbourhood: Neighbourhood = "gaussian"
    radius: float = 5.0
    final_radius: float = 1.0
    rate: float = 0.5
    final_rate: float = 0.05
    epochs: int = 10
    mode: Mode = "online"
    initial: Initial = "pca"
    precision: Precision = "floating_pt"
    seed: int = 0

    @validated
    def __init__(
        self,
        rows: PositiveInteger = 10,
        columns: PositiveInteger = 10,
        topology: Topology = "rectangular",
        toroid: bool = False,
        neighbourhood: Neighbourhood = "gaussian",
        radius: PositiveNumber | None = None,
        final_radius: PositiveNumber = 1.0,
        rate: Annotated[Fraction, Field(gt=0)] | None = None,
        final_rate: Fraction | None = None,
        epochs: PositiveInteger = 10,
        mode: Mode = "online",
        initial: Initial = "pca",
        precision: Precision | None = None,
        seed: Seed = 0,
    ) -> None:
        owner = type(self).__name__
        if rows * columns < 2:
            raise ParameterError(owner, "rows", "must make 2 neurons at least", rows)
        if mode == "spiking" and precision == "floating_pt":
            problem = 'must be "fixed_pt" for the spiking map'
            raise ParameterError(owner, "precision", problem, precision)
        for name, given_rate in (("rate", rate), ("final_rate", final_rate)):
            if mode != "online" and given_rate not in (None, _RATES[mode]):
                problem = "goes with mode online"
                raise ParameterError(owner, name, problem, given_rate)
        if mode != "online":
            rate = final_rate = _RATES[mode]
        rate = 0.5 if rate is None else rate
        final_rate = 0.05 if final_rate is None else final_rate
        part = 4 if mode == "spiking" else 2
        first = radius or max(max(rows, columns) / part, final_radius)
        chosen = precision or ("fixed_pt" if mode == "spiking" else "floating_pt")
        given = (rows, columns, topology, toroid, neighbourhood, first, final_radius)
        more = (rate, final_rate, epochs, mode, initial, chosen, seed)
        for name, value in zip(self.__dataclass_fields__, given + more, strict=True):
            object.__setattr__(self, name, value)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def neurons(self) -> int:
        """How many."""
        return self.rows * self.columns

    @property
    def steps(self) -> int:
        """Time steps of a sample."""
        return STEPS if self.mode == "spiking" else 1

    def summary(self) -> dict[str, Any]:
        """Give the settings as JSON has them."""
        return asdict(self)


class _Plain:
    """Data as they are."""

    def encode(self, data: Array) -> Array:
        return np.asarray(data, float)

    def decode(self, weights: Array) -> Array:
        return np.asarray(weights)


class _Bytes:
    """Data as integers from 0 to 255, by their lowest and highest value."""

    def __init__(self, data: Array) -> None:
        self._low, width = float(data.min()), float(data.max() - data.min())
        self._scale = WEIGHT_MAX / (width or 1.0)

    def encode(self, data: Array) -> Array:
        scaled = np.rint((data - self._low) * self._scale)
        return np.asarray(np.clip(scaled, 0, WEIGHT_MAX).astype(np.uint8))

    def decode(self, weights: Array) -> Array:
        return np.asarray(weights / self._scale + self._low)


class MapNetwork:
    """Encoder and map.

    Parameters
    ----------
    settings : MapSettings
        What to make.
    data : (samples, features) numpy.ndarray
        What is presented, and sets the code of an integer precision.
    weights : (neurons, features) numpy.ndarray, optional
        Learned weights in units of the data. Default: those to begin with.
    learning : bool
        Whether weights change. Default True.
    """

    def __init__(
        self,
        settings: MapSettings,
        data: Array,
        *,
        weights: Array | None = None,
        learning: bool = True,
    ) -> None:
        self.settings, self._samples = settings, len(data)
        self._code: Any = _Plain()
        if settings.mode == "spiking":
            self._code = GradedCode(data, neurons=settings.neurons, steps=STEPS)
        elif settings.precision == "fixed_pt":
            self._code = _Bytes(data)
        coded = self._code.encode(data)
        if weights is None:
            first = initial_weights(
                coded, settings.shape, method=settings.initial, seed=settings.seed
            )
        else:
            first = self._code.encode(weights).reshape(*settings.shape, -1)
        if settings.precision == "fixed_pt":
            first = np.clip(np.rint(first), 0, WEIGHT_MAX).astype(int)
        order = self._order(0) if learning else None
        self.encoder = GradedEncoder(data=coded, steps=settings.steps, order=order)
        grid: dict[str, Any] = {
            "topology": settings.topology,
            "toroid": settings.toroid,
            "neighbourhood": settings.neighbourhood,
            "seed": settings.seed,
        }
        self.som: SOM | SpikingSOM
        if settings.mode == "spiking":
            self.som = SpikingSOM(
                weights=first,
                norm=self._code.norm,
                steps=STEPS,
                radius=settings.radius,
                **grid,
            )
        else:
            # The last of a few batches has the radius of the end, too.
            batches = settings.mode == "batch"
            updates = max(settings.epochs - batches, 1)
            self.som = SOM(
                weights=first,
                samples=updates * self._samples,
                radius=Schedule(settings.radius, settings.final_radius),
                rate=Schedule(settings.rate, settings.final_rate),
                batch=self._samples if batches else 1,
                learning=float(learning),
                **grid,
            )
        self.encoder.s_out.connect(self.som.a_in)

    def begin_epoch(self, sim: Simulator, epoch: int) -> None:
        """Set the order of the samples, and the radius of a spiking map.

        The first ones are those that the graph begins with.

        Parameters
        ----------
        sim : Simulator
            Of this graph, at the begin of an epoch.
        epoch : int
            Which, from 0 on.
        """
        if epoch == 0:
            return
        sim.set(self.encoder.order, self._order(epoch))
        if isinstance(self.som, SpikingSOM):
            first, last = self.settings.radius, self.settings.final_radius
            progress = epoch / max(self.settings.epochs - 1, 1)
            radius = first + (last - first) * progress
            sim.set(self.som.influence, self.som.influences(radius))

    def _order(self, epoch: int) -> Array:
        rng = np.random.default_rng([self.settings.seed, epoch])
        return np.asarray(rng.permutation(self._samples))

    def weights(self, sim: Simulator) -> Array:
        """Read the weights.

        Parameters
        ----------
        sim : Simulator
            Of this graph.

        Returns
        -------
        (neurons, features) numpy.ndarray of float
            In units of the data.
        """
        weights = np.ascontiguousarray(sim.get(self.som.weights))
        return np.asarray(self._code.decode(weights.astype(float)))


def positions(settings: MapSettings) -> Array:
    """Say where neurons stand.

    Parameters
    ----------
    settings : MapSettings
        Of the map.

    Returns
    -------
    (neurons, 2) numpy.ndarray of float
        x and y, neurons in C order, neighbours at the distance 1.
    """
    row, column = np.divmod(np.arange(settings.neurons), settings.columns)
    if settings.topology == "rectangular":
        return np.asarray(np.stack([column, row], axis=1).astype(float))
    shifted = column + row % 2 / 2
    return np.asarray(np.stack([shifted, row * math.sqrt(3) / 2], axis=1))
