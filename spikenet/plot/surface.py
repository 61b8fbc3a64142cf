"""The loss on a plane through weight space, and where an optimiser's steps fall on that plane.

A net has as many weights as a picture has not; two directions from one point of weight space span a plane that can be
drawn (Goodfellow, Vinyals & Saxe 2015; Li et al. 2018, "Visualizing the Loss Landscape of Neural Nets"). Only numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from spikenet.errors import Array, finite_values, positive, whole


class LossSurface(NamedTuple):
    """loss (n_b, n_a) at centre + a * direction_a + b * direction_b, with a (n_a,) and b (n_b,)."""

    loss: Array
    a: Array
    b: Array


def loss_surface_grid(
    f: Callable[[Array], Any],
    centre: Any,
    direction_a: Any,
    direction_b: Any,
    *,
    reach_a: float = 1.0,
    reach_b: float = 1.0,
    points: int = 41,
) -> LossSurface:
    """f at points x points places of a plane; `sn.plot.loss_surface(*grid)` draws it.

    f           : weights of the shape of `centre` -> loss, a number; NaN and infinity are kept
    centre      : the weights in the middle, any shape
    direction_* : of the shape of `centre`, not parallel; one step of a or b adds one of them
    reach_*     : the plane goes from -reach to +reach in that direction, > 0
    points      : in each direction, >= 2

    Raises ValueError for wrong shapes, parallel directions and values that are not finite.
    """
    middle, across, up = _plane("loss_surface_grid", centre, direction_a, direction_b)
    a = np.linspace(-1, 1, whole("loss_surface_grid: points", points, least=2)) * positive(
        "loss_surface_grid: reach_a", reach_a
    )
    b = np.linspace(-1, 1, points) * positive("loss_surface_grid: reach_b", reach_b)
    loss = np.array([[float(f(middle + at_a * across + at_b * up)) for at_a in a] for at_b in b])
    return LossSurface(loss, a, b)


def loss_surface_path(visited: Any, centre: Any, direction_a: Any, direction_b: Any) -> Array:
    """Where the weights an optimiser visited fall on the plane: (k, 2) values of a and b, by least squares.

    visited : (k, ...) weights, each of the shape of `centre`

    Raises ValueError for wrong shapes, parallel directions and values that are not finite.
    """
    middle, across, up = _plane("loss_surface_path", centre, direction_a, direction_b)
    weights = finite_values("loss_surface_path: visited", visited)
    if weights.ndim == 0 or weights.shape[1:] != middle.shape:
        raise ValueError(f"loss_surface_path: expected visited (k, *{middle.shape}), got {weights.shape}")
    basis = np.stack([across.ravel(), up.ravel()], axis=1)
    moved = (weights - middle).reshape(len(weights), middle.size)
    places: Array = np.linalg.lstsq(basis, moved.T, rcond=None)[0].T
    return places


def _plane(where: str, centre: Any, direction_a: Any, direction_b: Any) -> tuple[Array, Array, Array]:
    middle = finite_values(f"{where}: centre", centre).astype(np.float64)
    across = finite_values(f"{where}: direction_a", direction_a).astype(np.float64)
    up = finite_values(f"{where}: direction_b", direction_b).astype(np.float64)
    if across.shape != middle.shape or up.shape != middle.shape:
        raise ValueError(
            f"{where}: expected directions of the shape of centre, {middle.shape}, got {across.shape} and {up.shape}"
        )
    if np.linalg.matrix_rank(np.stack([across.ravel(), up.ravel()])) < 2:
        raise ValueError(f"{where}: expected two directions that span a plane, got parallel or zero ones")
    return middle, across, up
