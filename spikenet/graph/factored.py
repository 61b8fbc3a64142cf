"""A gradient kept as the product of two small factors, for whoever can use it so.

The gradient that a narrow layer sends to a wide one, g @ w.T, is a large array of small rank. Written out it costs more
memory traffic than arithmetic; a node that says so (`Tensor.takes_factors`) gets the factors instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from spikenet.errors import Array


@dataclass(frozen=True)
class Factored:
    """The gradient g @ w.T of `shape`.

    g: (..., m), with the leading axes of `shape`
    w: (n, m), n being the last axis of `shape`
    """

    g: Array
    w: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.g.shape[:-1], len(self.w))

    def written_out(self) -> Array:
        """The array itself."""
        product: Array = self.g @ self.w.T
        return product


def dense(g: Array | Factored) -> Array:
    """The gradient as an array, whichever way it came."""
    return g.written_out() if isinstance(g, Factored) else g
