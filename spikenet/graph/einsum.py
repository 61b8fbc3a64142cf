"""Einstein summation, beside its vjp: sums of products over named axes."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike


def einsum(subscripts: str, *tensors: TensorLike) -> Tensor:
    """einsum("tbi,io->tbo", x, weight): for each output index, the sum over all others of the product.

    Letters only, with "->"; no ellipsis, and no letter twice within one operand (a diagonal).

    Raises ValueError when the subscripts are of another form or do not fit the operands.
    """
    parts = tuple(as_tensor(t) for t in tensors)
    names, out = _parsed(subscripts, parts)
    arrays = [part.data for part in parts]
    lengths = {
        letter: n for name, x in zip(names, arrays, strict=True) for letter, n in zip(name, x.shape, strict=True)
    }
    y = np.asarray(np.einsum(subscripts, *arrays, optimize=len(arrays) > 1))

    def vjp(g: Array) -> list[Array | None]:
        return [_gradient(g, k) if part.requires_grad else None for k, part in enumerate(parts)]

    def _gradient(g: Array, k: int) -> Array:
        others = [j for j in range(len(parts)) if j != k]
        known = set(out).union(*(names[j] for j in others))
        kept = "".join(letter for letter in names[k] if letter in known)
        lists = ",".join([out, *(names[j] for j in others)])
        g_kept = np.einsum(f"{lists}->{kept}", g, *(arrays[j].conj() for j in others), optimize=len(others) > 0)
        # a letter that only this operand has was summed over: its gradient is the same along that axis
        lone = tuple(axis for axis, letter in enumerate(names[k]) if letter not in known)
        return np.broadcast_to(np.expand_dims(g_kept, lone), tuple(lengths[letter] for letter in names[k]))

    return Tensor(y, parts, vjp, operation=f"einsum {subscripts}")


def _parsed(subscripts: str, parts: tuple[Tensor, ...]) -> tuple[list[str], str]:
    inputs, arrow, out = subscripts.replace(" ", "").partition("->")
    names = inputs.split(",")
    repeats = any(len(set(name)) < len(name) for name in (*names, out))
    if not arrow or repeats or not all(letter.isalpha() for name in (*names, out) for letter in name):
        raise ValueError(
            f"einsum: expected subscripts like 'tbi,io->tbo', no letter twice in one operand, got {subscripts!r}"
        )
    if [len(name) for name in names] != [part.ndim for part in parts]:
        shapes = ", ".join(str(part.shape) for part in parts)
        raise ValueError(f"einsum: {subscripts!r} does not fit operands of shapes {shapes}")
    return names, out
