"""Operations with several outputs, such as a time loop that returns spikes and final states.

The outputs hang on one hidden node. Each passes its gradient there in a `Bundle`; the hidden node waits for all of
them, then calls the vjp once with one gradient, or None, per output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spikenet.errors import Array
from spikenet.graph.late import Late
from spikenet.graph.tensor import Tensor

GradientsVjp = Callable[[tuple[Array | None, ...]], Sequence[Array | None]]


class Bundle(tuple[Array | None, ...]):
    """What has arrived at the hidden node: one gradient, or None, per output."""

    __slots__ = ()

    def merged(self, other: Bundle) -> Bundle:
        """Both together; an output passes its gradient only once, so no two entries ever meet."""
        return Bundle(b if a is None else a for a, b in zip(self, other, strict=True))


def outputs(
    arrays: Sequence[Array | Late], parents: tuple[Tensor, ...], vjp: GradientsVjp, *, operation: str = "outputs"
) -> tuple[Tensor, ...]:
    """One Tensor per array, all computed from `parents` by one operation.

    vjp: takes a tuple with the gradient in each output, None for an output the loss does not depend on, and returns
         one gradient or None per parent
    """
    node = Tensor(np.empty(0, np.float32), parents, vjp, operation=operation)
    if not node.requires_grad:
        return tuple(Tensor(array, operation=operation) for array in arrays)
    return tuple(_output(node, k, len(arrays), array) for k, array in enumerate(arrays))


def _output(node: Tensor, k: int, n_outputs: int, array: Array | Late) -> Tensor:
    before, after = (None,) * k, (None,) * (n_outputs - k - 1)
    return Tensor(array, (node,), lambda g: (Bundle((*before, g, *after)),), operation=f"{node.operation}[{k}]")
