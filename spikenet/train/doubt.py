"""How sure a net is: predictions repeated with dropout active, each a draw from an approximate posterior."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import TensorLike, no_grad, softmax
from spikenet.layers import Layer, Training


class Doubt(NamedTuple):
    """mean (..., classes) probability; entropy (...) of it in nats; disagreement: how much draws add to their own.

    disagreement is the mutual information of class and draw, in nats: high where the net has seen nothing like it.
    """

    mean: Array
    entropy: Array
    disagreement: Array


def dropout_draws(net: Layer, x: TensorLike, *, draws: int = 50, seed: int = 0) -> Doubt:
    """What `draws` runs of `net`, whose output are class scores, say of x with dropout active.

    Running statistics of batch norms are left alone, but those of the batch are used, as while training.
    Source: Gal & Ghahramani 2016 (arXiv:1506.02142); disagreement: Houlsby et al. 2011 (arXiv:1112.5745).
    """
    rng = np.random.default_rng(whole("dropout_draws: seed", seed, least=0))
    with no_grad():
        p = np.array([
            softmax(net(x, training=Training(rng))).data for _ in range(whole("dropout_draws: draws", draws))
        ])  # fmt: skip
    mean = p.mean(axis=0)
    entropy = _entropy(mean)
    return Doubt(mean, entropy, entropy - _entropy(p).mean(axis=0))


def _entropy(p: Array) -> Array:
    return np.asarray(-(p * np.log(np.maximum(p, 1e-30))).sum(axis=-1))
