"""Self-organising maps: units on a grid that learn to be like the data, and to be like their neighbours on the grid.

Source: Kohonen 1982, Biological Cybernetics 43:59-69; Kohonen 2001, Self-Organizing Maps, chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from spikenet.errors import Array, finite_values, positive, whole
from spikenet.layers.layer import generator

Neighbourhood = Callable[[Array, float], Array]


def gaussian(distance: Array, radius: float) -> Array:
    """exp(-distance^2 / (2 radius^2))."""
    return np.asarray(np.exp(-np.square(distance) / (2 * radius * radius)))


def bubble(distance: Array, radius: float) -> Array:
    """1 within the radius, 0 beyond."""
    return np.asarray(distance <= radius, np.float64)


def rectangular(rows: int, columns: int) -> Array:
    """(rows * columns, 2) places on a square grid, one apart."""
    return np.stack(np.divmod(np.arange(rows * columns), columns), axis=-1).astype(np.float64)


def hexagonal(rows: int, columns: int) -> Array:
    """(rows * columns, 2) places on a hexagonal grid: every unit inside has six neighbours one apart."""
    places = rectangular(rows, columns)
    places[:, 1] += 0.5 * (places[:, 0] % 2)
    places[:, 0] *= math.sqrt(3) / 2
    return places


class SelfOrganisingMap(NamedTuple):
    """weight (units, features); places (units, 2) on the grid; shape (rows, columns)."""

    weight: Array
    places: Array
    shape: tuple[int, int]

    def winners(self, x: Array) -> Array:
        """(samples,) the unit nearest to each sample."""
        return np.asarray(self._distances(x).argmin(axis=1))

    def quantisation_error(self, x: Array) -> float:
        """Mean distance of a sample to its winner."""
        return float(np.sqrt(np.maximum(self._distances(x).min(axis=1) + np.square(x).sum(axis=1), 0)).mean())

    def topographic_error(self, x: Array) -> float:
        """Share of samples whose two nearest units are no neighbours on the grid (diagonal ones count as such).

        Source: Kiviluoto 1996, ICNN, 294-299.
        """
        two = np.argpartition(self._distances(x), 1, axis=1)[:, :2]
        apart = np.linalg.norm(self.places[two[:, 0]] - self.places[two[:, 1]], axis=1)
        return float(np.mean(apart > math.sqrt(2) + 1e-9))

    def u_matrix(self) -> Array:
        """(rows, columns) mean distance of a unit's weights to those of its neighbours: ridges part clusters."""
        near = np.linalg.norm(self.places[:, None] - self.places[None], axis=-1)
        beside = (near > 0) & (near < 1.01)
        apart = np.linalg.norm(self.weight[:, None] - self.weight[None], axis=-1)
        return np.asarray(((apart * beside).sum(axis=1) / beside.sum(axis=1)).reshape(self.shape))

    def _distances(self, x: Array) -> Array:
        """Squared distances, less |x|^2."""
        if x.ndim != 2 or x.shape[1] != self.weight.shape[1]:
            raise ValueError(f"SelfOrganisingMap: expected (samples, {self.weight.shape[1]}), got {x.shape}")
        return np.asarray(np.square(self.weight).sum(axis=1) - 2 * x @ self.weight.T)


def train_som(
    data: Array,
    rows: int,
    columns: int,
    *,
    epochs: int = 20,
    grid: Callable[[int, int], Array] = hexagonal,
    neighbourhood: Neighbourhood = gaussian,
    radius: tuple[float, float] | None = None,
    learning_rate: tuple[float, float] | None = None,
    seed: int | np.random.Generator | None = None,
) -> SelfOrganisingMap:
    """A map of rows x columns units, trained on data (samples, features).

    grid, neighbourhood: hexagonal or rectangular; gaussian or bubble
    radius       : at the beginning and at the end, going down geometrically; half the grid and 0.7 if left out, for a
                   bubble 1, the distance of neighbours: below, every unit would learn for itself
    learning_rate: the same of the rate for learning sample by sample; None for the batch rule, in which every unit
                   becomes the mean of all samples weighted by the neighbourhood of their winners

    Raises ValueError for data that are empty or not finite, and for a grid of fewer than two units.
    """
    x, rng = finite_values("train_som: data", data).astype(np.float64), generator("train_som", seed)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"train_som: expected data (samples, features) that are not empty, got {x.shape}")
    n_rows, n_columns = whole("train_som: rows", rows), whole("train_som: columns", columns)
    if n_rows * n_columns < 2:
        raise ValueError(f"train_som: expected at least two units, got a grid of {rows} x {columns}")
    places = grid(n_rows, n_columns)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    first, last = radius or (max(n_rows, n_columns) / 2, 1.0 if neighbourhood is bubble else 0.7)
    rates = [positive("train_som: learning_rate", rate) for rate in learning_rate or ()]
    count, weight = whole("train_som: epochs", epochs), _along_components(x, places)
    for epoch in range(count):
        share = epoch / max(count - 1, 1)
        width = positive("train_som: radius", first) * (positive("train_som: radius", last) / first) ** share
        near = neighbourhood(apart, width)
        som = SelfOrganisingMap(weight, places, (n_rows, n_columns))
        if learning_rate is None:
            pull = near[:, som.winners(x)]
            total = pull.sum(axis=1, keepdims=True)
            weight = np.where(total > 0, pull @ x / np.where(total > 0, total, 1), weight)
        else:
            rate = rates[0] * (rates[1] / rates[0]) ** share
            weight = weight.copy()
            for k in rng.permutation(len(x)):
                winner = np.square(weight - x[k]).sum(axis=1).argmin()
                weight += (rate * near[winner])[:, None] * (x[k] - weight)
    return SelfOrganisingMap(weight, places, (n_rows, n_columns))


def _along_components(x: Array, places: Array) -> Array:
    """Weights spread over the plane of the two largest principal components: no tangles to undo."""
    centre = x.mean(axis=0)
    _, size, axes = np.linalg.svd(x - centre, full_matrices=False)
    spread = places - places.mean(axis=0)
    spread /= np.maximum(np.abs(spread).max(axis=0), 1e-12)
    k = min(2, len(axes))
    return np.asarray(centre + spread[:, :k] * (size[:k] / math.sqrt(len(x))) @ axes[:k])
