"""The computational graph as a picture: values flow to the right along the edges, gradients back to the left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from spikenet.errors import whole
from spikenet.graph import Edge, Tensor, TensorLike, edge_gradients
from spikenet.plot.boxes import (
    CONSTANT,
    LEAF,
    MINUS,
    RESULT,
    Line,
    draw_box,
    draw_edge,
    edge_size,
    node_size,
    number,
    summary,
)
from spikenet.plot.layering import Layout, layered
from spikenet.plot.sheet import draw_key, sheet
from spikenet.plot.style import BLUE, VERMILLION

GAP_X, GAP_Y = 16.0, 10.0  # points
TIMES = "\N{MULTIPLICATION SIGN}"
SYMBOLS = {
    "add": "+",
    "subtract": MINUS,
    "multiply": TIMES,
    "divide": "/",
    "negate": MINUS,
    "power": "^",
    "matmul": "@",
}


def graph(output: Tensor, g: TensorLike | None = None, *, most_nodes: int = 200, ax: Axes | None = None) -> Axes:
    """Axes with every tensor that `output` was computed from: operands left, output right.

    A box is a tensor: its name, operation and value (the number, or shape and mean of an array). Leaves that require a
    gradient are orange, constants grey. On every edge stands the value that goes forward (blue, above the line) and the
    gradient that comes back along this edge (vermillion, below); of arrays, the mean. A box that is used never or more
    than once also has its whole gradient.

    output     : result of operations
    g          : gradient in `output`, of its shape; may be left out for a tensor of size 1, then it is 1
    most_nodes : larger graphs are refused, nobody could read them

    Raises ValueError for a graph of more nodes, for axes too small to read it on, and as `output.backward(g)` does.
    """
    limit = whole("graph: most_nodes", most_nodes)
    flow = edge_gradients(output, g)
    nodes = list(dict.fromkeys([output, *(node for edge in flow.edges for node in (edge.child, edge.parent))]))
    if len(nodes) > limit:
        raise ValueError(
            f"graph: expected at most {limit} tensors to draw, got {len(nodes)}; "
            "draw fewer steps or a smaller net, or pass most_nodes"
        )
    uses = Counter(edge.parent for edge in flow.edges)  # not list.count: tensors compare by value
    texts = []
    for node in nodes:
        lines = node_lines(node)
        if uses[node] != 1 and node in flow.gradients:
            lines.append(Line("← " + summary(flow.gradients[node]), VERMILLION))
        texts.append(lines)
    labels = [edge_lines(edge) for edge in flow.edges]

    layout = arranged(nodes, flow.edges, texts, labels)
    ax, scale = sheet(ax, layout.size)
    for k, label in enumerate(labels):
        way = np.concatenate(layout.routes[2 * k : 2 * k + 2])  # parent to label, label to child
        draw_edge(ax, way, layout.centres[len(nodes) + k], label, scale)
    for node, lines, centre in zip(nodes, texts, layout.centres, strict=False):
        paint = RESULT if node.parents else LEAF if node.requires_grad else CONSTANT
        draw_box(ax, centre, lines, paint, scale)
    draw_key(ax, layout.size, scale)
    return ax


def node_lines(node: Tensor) -> list[Line]:
    """What stands in a box: name in bold, operation, value."""
    lines = [Line(node.name, bold=True)] if node.name else []
    if node.operation:
        lines.append(Line(SYMBOLS.get(node.operation, node.operation), bold=not node.name))
    if node.size == 1:
        lines.append(Line(number(node.data.item()), BLUE))
    elif node.size:  # the hidden node of an operation with several outputs is empty
        lines += [Line(str(node.shape)), Line(summary(node.data), BLUE)]
    return lines


def edge_lines(edge: Edge) -> tuple[Line, Line]:
    """What stands above and below an edge: the value that goes forward, the gradient that comes back."""
    forward = summary(edge.parent.data) + " →" if edge.parent.size else ""
    back = "← " + summary(edge.gradient) if edge.gradient is not None else ""
    return Line(forward, BLUE), Line(back, VERMILLION)


def arranged(
    nodes: Sequence[Tensor], edges: Sequence[Edge], texts: Sequence[list[Line]], labels: Sequence[tuple[Line, Line]]
) -> Layout:
    """Places for the boxes of the nodes, then of the edges' labels, and two routes per edge: to its label and on.

    A node stands as far right as its users allow, one column of labels between it and the nearest of them.
    """
    place = {node: k for k, node in enumerate(nodes)}
    depth = [0] * len(nodes)
    for edge in edges:  # children come first, so a child's depth is final when its edges come
        depth[place[edge.parent]] = max(depth[place[edge.parent]], depth[place[edge.child]] + 1)
    deepest = max(depth)
    column = [2 * (deepest - d) for d in depth]
    links = []
    for k, edge in enumerate(edges):
        label, child = len(nodes) + k, place[edge.child]
        column.append(column[child] - 1)
        links += [(place[edge.parent], label), (label, child)]
    sizes = [node_size(lines) for lines in texts] + [edge_size(lines) for lines in labels]
    return layered(sizes, links, column, gap_x=GAP_X, gap_y=GAP_Y)
