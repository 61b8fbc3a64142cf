"""What flows along every edge of a graph, for drawing it. Leaves `.grad` alone."""

from __future__ import annotations

from typing import NamedTuple

from spikenet.errors import Array
from spikenet.graph.backward import reverse_pass, uses
from spikenet.graph.factored import dense
from spikenet.graph.outputs import Bundle
from spikenet.graph.tensor import Tensor, TensorLike


class Edge(NamedTuple):
    child: Tensor
    parent: Tensor
    gradient: Array | None  # in the parent, through this edge alone; None when none flows (a constant)


class Flow(NamedTuple):
    edges: tuple[Edge, ...]  # children first, one for each operand: x * x has two
    gradients: dict[Tensor, Array]  # the whole gradient in each node that one reaches


def edge_gradients(output: Tensor, g: TensorLike | None = None) -> Flow:
    """The gradient along every edge and in every node that `output` was computed from; read-only.

    g: gradient in `output`, as for `backward`, and the same errors
    The hidden node of an operation with several outputs has edges but no gradient of its own.
    """
    for node in uses(output):
        node.wanted = None  # drawn is the whole gradient, not only where it has an effect
    edges: list[Edge] = []
    gradients: dict[Tensor, Array] = {}
    for node, total, passed in reverse_pass(output, g):
        if not isinstance(total, Bundle):
            gradients[node] = dense(total)
        for parent, flowing in zip(node.parents, passed, strict=True):
            if isinstance(flowing, Bundle):
                flowing = next(part for part in flowing if part is not None)
            edges.append(Edge(node, parent, None if flowing is None else dense(flowing)))
    return Flow(tuple(edges), gradients)
