"""A convolution and the max pooling behind it as one operation: what lies between them is never written out.

Of a convolution's output, by far the largest array of most nets, the pooling keeps a quarter, and sends back a gradient
to that quarter alone. `Sequential` computes the two at once where they stand side by side; the results are the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from spikenet.graph import Tensor
from spikenet.kernels.filters import Filters
from spikenet.layers.convolution import Convolution, convolve
from spikenet.layers.pooling import Pooling, max_pool

MOST_PLACES = 255  # of a pooling window: `kernels.placed` keeps a place in a byte


class Unpooled(NamedTuple):
    """A convolution of x that waits for its pooling."""

    layer: Convolution
    x: Tensor
    shape: Filters


def joined(layers: Sequence[Any], k: int) -> bool:
    """Whether layer k is a convolution that is computed with the pooling behind it."""
    if k + 1 >= len(layers) or type(layers[k]) is not Convolution or type(layers[k + 1]) is not Pooling:
        return False
    first, second = layers[k], layers[k + 1]
    return (
        second.function is max_pool and first.n_axes == second.n_axes and math.prod(second.kernel_size) <= MOST_PLACES
    )


def pooled(unpooled: Unpooled, pooling: Pooling) -> Tensor:
    """The pooling of the convolution; ValueError when its window does not fit."""
    layer, x, shape = unpooled
    out = (*x.shape[: x.ndim - layer.n_axes - 1], layer.n_out, *shape.window.out[2 - layer.n_axes :])
    return convolve(x, layer.weight, layer.bias, shape, layer.n_axes, pooling.window_on(out))
