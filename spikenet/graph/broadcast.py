"""Broadcasting, undone: the one place that knows which axes numpy stretched."""

from __future__ import annotations

from spikenet.errors import Array


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """The gradient g of a broadcast operand, summed back to the operand's own shape.

    Raises ValueError when `shape` does not broadcast to the shape of g.
    """
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[lead:], strict=True)):
        raise ValueError(f"unbroadcast: shape {shape} does not broadcast to that of the gradient, {g.shape}")
    stretched = tuple(k for k, n in enumerate(shape, start=lead) if n != g.shape[k])
    summed: Array = g.sum(axis=(*range(lead), *stretched))
    return summed.reshape(shape) if stretched else summed
