"""Input that does not change over time, held once: a view with stride 0 along time."""

from __future__ import annotations

import numpy as np

from spikenet.errors import whole
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike


def repeat(a: TensorLike, steps: int) -> Tensor:
    """The tensor (...) at every one of `steps` time steps: (steps, ...), without copying it.

    `.repeated` of the result is `a`, so that a layer may compute once. A gradient of shape (1, ...) that arrives at
    the result is taken as already summed over time.

    Raises TypeError or ValueError when steps is no whole number >= 1.
    """
    a = as_tensor(a)
    y = np.broadcast_to(a.data, (whole("repeat: steps", steps), *a.shape))
    repeated = Tensor(y, (a,), lambda g: (g[0] if len(g) == 1 else g.sum(axis=0),), operation="repeat")
    repeated._repeated = a
    return repeated
