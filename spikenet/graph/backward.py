"""Reverse-mode differentiation: from the gradient in one tensor to the gradients in all it was computed from.

Nodes are counted first, then visited when the last of their uses has delivered (Kahn's order). A stack, not
recursion: graphs are as deep as time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from spikenet.errors import Array
from spikenet.graph.factored import Factored, dense
from spikenet.graph.operands import as_tensor
from spikenet.graph.outputs import Bundle
from spikenet.graph.tensor import Tensor, TensorLike

Gradient: TypeAlias = Array | Bundle | Factored


def backward(output: Tensor, g: TensorLike | None = None) -> None:
    """Add the gradient of `output` to `.grad` of every leaf that requires it and that `output` depends on.

    g: gradient of a loss in `output`, of its shape; may be left out for a tensor of size 1, then it is 1

    Raises ValueError when `output` does not require a gradient, when g is missing or has another shape, and when a
    vjp returns a gradient of the wrong shape; no `.grad` has been touched then.
    """
    leaves = []
    for node, total, passed in reverse_pass(output, g):
        if node.vjp is None:
            leaves.append((node, total))
        del node, total, passed  # else they would be held while those of the next node are computed
    for leaf, arrived in leaves:
        leaf.grad = np.asarray(arrived if leaf.grad is None else leaf.grad + arrived)


def reverse_pass(
    output: Tensor, g: TensorLike | None = None
) -> Iterator[tuple[Tensor, Gradient, Sequence[Gradient | None]]]:
    """Every node that a gradient reaches, children first: (node, its whole gradient, what it passes to each parent)."""
    gradients: dict[Tensor, Gradient] = {output: _seed(output, g)}
    owned: set[Tensor] = set()  # nodes whose gradient is a sum we allocated, so may add to in place
    waiting = uses(output)
    ready = [output]
    while ready:
        node = ready.pop()
        total = gradients.pop(node, None)
        passed = () if total is None or node.vjp is None else _passed(node, total)
        if total is not None:
            yield node, total, passed
        for k, parent in enumerate(node.parents):
            if not parent.requires_grad:
                continue
            if passed and (contribution := passed[k]) is not None:
                if parent in gradients:
                    gradients[parent] = _sum(gradients[parent], contribution, parent in owned)
                    owned.add(parent)
                else:
                    gradients[parent] = contribution
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)


def _seed(output: Tensor, g: TensorLike | None) -> Array:
    if not output.requires_grad:
        raise ValueError(
            f"backward: {_called(output)} does not depend on a tensor that requires a gradient; "
            "make the leaf with Tensor(array, requires_grad=True) and compute outside of no_grad()"
        )
    if g is None:
        if output.size != 1:
            raise ValueError(
                f"backward: expected a tensor of size 1, got shape {output.shape}; "
                "reduce it (x.sum()) or pass the gradient g of that shape"
            )
        return np.ones_like(output.data)
    seed = as_tensor(g).data
    if seed.shape != output.shape:
        raise ValueError(f"backward: expected g of shape {output.shape}, got {seed.shape}")
    return seed.astype(output.dtype)  # a copy: the caller keeps g


def uses(output: Tensor) -> dict[Tensor, int]:
    """How often each node that requires a gradient is an operand of the nodes that `output` depends on."""
    uses: dict[Tensor, int] = {}
    found = [output]
    while found:
        for parent in found.pop().parents:
            if parent in uses:
                uses[parent] += 1
            elif parent.requires_grad:
                uses[parent] = 1
                found.append(parent)
    return uses


def _passed(node: Tensor, total: Gradient) -> list[Gradient | None]:
    assert node.vjp is not None
    returned = node.vjp(total)
    if len(returned) != len(node.parents):
        raise ValueError(
            f"backward: the vjp of {_called(node)} returned {len(returned)} gradients for "
            f"{len(node.parents)} parents; return one gradient or None for each"
        )
    passed: list[Gradient | None] = []
    for parent, g in zip(node.parents, returned, strict=True):
        if g is None or not parent.requires_grad:
            passed.append(None)
        elif isinstance(g, Bundle) or (isinstance(g, Factored) and parent.takes_factors):
            passed.append(g)
        else:
            fitted = _fitted(g, parent, node)
            # a leaf keeps what it gets as .grad, so it must not share memory with anyone else's gradient
            passed.append(fitted.copy() if parent.vjp is None and _is_shared(fitted, total, returned) else fitted)
    return passed


def _fitted(g: Array | Factored, parent: Tensor, node: Tensor) -> Array:
    g = dense(g)
    if type(g) is not np.ndarray:
        g = np.asarray(g)  # numpy gives scalars where 0-d arrays went in
    if g.shape != parent.shape:
        summed_over_time = parent._repeated is not None and g.shape == (1, *parent.shape[1:])
        if not summed_over_time:
            raise ValueError(
                f"backward: the vjp of {_called(node)} returned a gradient of shape {g.shape} "
                f"for {_called(parent)} of shape {parent.shape}"
            )
    if g.dtype != parent.dtype:
        g = g.real if g.dtype.kind == "c" and parent.dtype.kind != "c" else g
        g = g.astype(parent.dtype)
    return g


def _is_shared(g: Array, total: Gradient, returned: Sequence[Array | None]) -> bool:
    came = total if isinstance(total, Bundle) else (total,)
    return isinstance(g.base, np.ndarray) or [g is other for other in (*came, *returned)].count(True) > 1


def _sum(earlier: Gradient, later: Gradient, owned: bool) -> Gradient:
    if isinstance(earlier, Bundle) or isinstance(later, Bundle):
        assert isinstance(earlier, Bundle)
        assert isinstance(later, Bundle)
        return earlier.merged(later)
    if isinstance(earlier, Factored) or isinstance(later, Factored):
        earlier, later, owned = dense(earlier), dense(later), False
    if earlier.shape != later.shape:  # one of the two is summed over time already
        return np.asarray(_over_time(earlier) + _over_time(later))
    return np.add(earlier, later, out=earlier if owned else None) if earlier.ndim else np.asarray(earlier + later)


def _over_time(g: Array) -> Array:
    summed: Array = g if len(g) == 1 else g.sum(axis=0, keepdims=True)
    return summed


def _called(node: Tensor) -> str:
    return repr(node.name) if node.name else f"operation {node.operation!r}" if node.operation else "the tensor"
