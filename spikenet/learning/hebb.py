"""Rate-based plasticity: Hebb's rule, and Oja's, which keeps the weights' length.

`rule.run(weight, pre, post)` -> weight after, for activities pre (samples, n_pre), post (samples, n_post), one after
another; spike trains come in as their counts or filtered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array, array_of, finite_number, finite_values, flag, positive


@dataclass(frozen=True)
class Hebb:
    """dw = rate * x y, minus rate * decay * w.

    rate : > 0;  decay: >= 0, without which weights that grow, grow for ever
    """

    rate: float
    decay: float = 0.0

    def __post_init__(self) -> None:
        positive("Hebb: rate", self.rate)
        if finite_number("Hebb: decay", self.decay) < 0:
            raise ValueError(f"Hebb: decay: expected a number >= 0, got {self.decay}")

    def run(self, weight: npt.ArrayLike, pre: npt.ArrayLike, post: npt.ArrayLike) -> Array:
        """(n_pre, n_post) weight after all samples."""
        w, xs, ys = _activities("Hebb", weight, pre, post)
        for x, y in zip(xs, ys, strict=True):
            w = w + self.rate * (x[:, None] * y - self.decay * w)
        return w


@dataclass(frozen=True)
class Oja:
    """dw = rate * y (x - y w): for y = x w the weights turn to the input's first principal component, of length 1.

    rate: > 0. Source: Oja 1982 (Journal of Mathematical Biology 15:267-273), equation 3; with several outputs each
    finds the same component: `sanger=True` takes what the outputs before it explain away from the input of each
    (Sanger 1989, Neural Networks 2:459-473), so that they find the components in order.
    """

    rate: float
    sanger: bool = False

    def __post_init__(self) -> None:
        positive("Oja: rate", self.rate)
        flag("Oja: sanger", self.sanger)

    def run(self, weight: npt.ArrayLike, pre: npt.ArrayLike, post: npt.ArrayLike | None = None) -> Array:
        """(n_pre, n_post) weight after all samples; post: x @ weight of the moment where it is not given."""
        ys_given = np.zeros((len(np.asarray(pre)), np.shape(weight)[-1])) if post is None else post
        w, xs, ys = _activities("Oja", weight, pre, ys_given)
        for x, given in zip(xs, ys, strict=True):
            y = x @ w if post is None else given
            mixed = np.triu(np.outer(y, y)) if self.sanger else np.diag(y * y)
            w = w + self.rate * (np.outer(x, y) - w @ mixed)
        return w


def _activities(name: str, weight: Any, pre: Any, post: Any) -> tuple[Array, Array, Array]:
    w, x, y = (
        finite_values(f"{name}: {key}", array_of(f"{name}: {key}", a))
        for key, a in (("weight", weight), ("pre", pre), ("post", post))
    )
    if w.ndim != 2 or x.ndim != 2 or y.ndim != 2 or w.shape != (x.shape[1], y.shape[1]) or len(x) != len(y):
        raise ValueError(
            f"{name}: expected weight (n_pre, n_post), pre (samples, n_pre) and post (samples, n_post), got "
            f"{w.shape}, {x.shape} and {y.shape}"
        )
    return w, x.astype(w.dtype), y.astype(w.dtype)
