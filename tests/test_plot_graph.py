"""The drawn graph: what it says, and that nothing overlaps or is cut off."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

import spikenet.graph as G
from spikenet import plot
from spikenet.graph import Tensor
from spikenet.plot.layering import layered
from spikenet.plot.ordering import Links, crossings
from spikenet.plot.spacing import spread


def leaf(value, name=None):
    return Tensor(value, requires_grad=True, name=name)


def basket():
    """5 apples at 100, 3 oranges at 80, 8 % tax."""
    apples = leaf(100.0, "apple price") * leaf(5.0, "apples")
    oranges = leaf(80.0, "orange price") * leaf(3.0, "oranges")
    total = (apples + oranges) * leaf(1.08, "tax")
    total.name = "total"
    return total


def network():
    """Arrays, a constant, a weight used three times, and an operation with several outputs."""
    rng = np.random.default_rng(0)
    x, w = Tensor(rng.random((8, 4)), name="x"), leaf(rng.normal(size=(4, 4)), "weight")
    h = G.relu(x @ w + leaf(np.zeros(4), "bias"))
    first, second = G.split(h, [2, 2], axis=1)
    return (first * second).sum() + (w * w).sum() * 0.01


def recurrent():
    """Six steps that share two leaves: long edges."""
    v, leak, w = Tensor(np.zeros(3)), leaf(0.9, "leak"), leaf(np.ones(3), "weight")
    for _ in range(6):
        v = v * leak + G.tanh(w * 0.5) - v * v
    return v.mean()


def said(ax):
    return [text.get_text() for text in ax.texts]


def boxes(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]


def test_the_basket_says_every_value_and_gradient():
    ax = plot.graph(basket())
    assert len(boxes(ax)) == 9
    assert sum(isinstance(patch, FancyArrowPatch) for patch in ax.patches) == 8
    for name in ("apple price", "apples", "orange price", "oranges", "tax", "total", "799.2"):
        assert name in said(ax)
    # by hand: d total / d price = number * 1.08, d total / d number = price * 1.08, d total / d tax = 740
    pairs = {("100", "5.4"), ("5", "108"), ("80", "3.24"), ("3", "86.4"), ("500", "1.08"), ("240", "1.08")}
    assert edge_labels(ax) == pairs | {("740", "1.08"), ("1.08", "740")}


def edge_labels(ax):
    """(value, gradient) of every edge: the two texts that stand over each other."""
    forward = {text.get_position(): text.get_text() for text in ax.texts if text.get_text().endswith(" →")}
    back = {text.get_position(): text.get_text() for text in ax.texts if text.get_text().startswith("← ")}
    pairs = set()
    for (x, y), value in forward.items():
        gradient = [text for (x_back, y_back), text in back.items() if x_back == x and 0 < y_back - y < 5]
        if value != "value →":
            pairs.add((value.removesuffix(" →"), gradient[0].removeprefix("← ") if gradient else None))
    return pairs


def test_a_constant_gets_no_gradient():
    assert edge_labels(plot.graph(leaf(2.0) * 3.0)) == {("2", "3"), ("3", None)}


def test_a_tensor_used_twice_has_two_edges_and_their_sum():
    ax = plot.graph(leaf(3.0, "x") * 1.0 + leaf(1.0) * 0.0)  # each once
    assert "← 1" in said(ax)
    x = leaf(3.0, "x")
    ax = plot.graph(x * x)
    assert sum(isinstance(patch, FancyArrowPatch) for patch in ax.patches) == 2
    assert said(ax).count("← 3") == 2
    assert "← 6" in said(ax)


def test_arrays_are_told_by_shape_and_mean():
    ax = plot.graph((leaf(np.array([[1.0, 2.0, 6.0]]), "w") * 2.0).sum())
    assert {"(1, 3)", "mean 3", "mean 3 →", "← mean 2", "18"} <= set(said(ax))


def test_g_is_the_gradient_of_an_output_that_is_no_number():
    w = leaf(np.ones(2), "w")
    assert "← mean 15" in said(plot.graph(w * 5.0, np.array([2.0, 4.0])))
    with pytest.raises(ValueError, match="expected a tensor of size 1"):
        plot.graph(w * 5.0)


def test_drawing_leaves_the_graph_alone():
    x = leaf(3.0)
    y = x * x
    x.data.flags.writeable = y.data.flags.writeable = False
    plot.graph(y)
    assert x.grad is None
    y.backward()
    assert x.grad == 6


def test_a_leaf_alone_and_a_dollar_sign():
    ax = plot.graph(leaf(2.0, "costs $5 or $6"))
    assert "costs $5 or $6" in said(ax)
    ax.figure.draw_without_rendering()


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="at most 8 tensors to draw, got 9"):
        plot.graph(basket(), most_nodes=8)
    with pytest.raises(ValueError, match=r"letters of 2.0 points or more fit, got 0\.\d points"):
        plot.graph(recurrent(), ax=Figure(figsize=(4, 3)).add_subplot())
    with pytest.raises(ValueError, match="requires a gradient"):
        plot.graph(Tensor(1.0))


def own_axes(case):
    return plot.graph(case())


def small_axes(case):
    return plot.graph(case(), ax=Figure(figsize=(15, 6), dpi=300, layout="constrained").subplots(2, 1)[1])


@pytest.mark.parametrize("drawn", [own_axes, small_axes])
@pytest.mark.parametrize("case", [basket, network, recurrent])
def test_nothing_overlaps_and_nothing_is_cut_off(case, drawn):
    ax = drawn(case)
    ax.figure.draw_without_rendering()
    scale = ax.figure.dpi / 72
    texts = np.array([text.get_window_extent().extents for text in ax.texts])
    frames = np.array([patch.get_window_extent().extents for patch in boxes(ax)])
    room = ax.get_window_extent()
    for box in (*texts, *frames):
        assert (box[:2] >= room.min - 0.5).all()  # half a pixel, as letters are set on whole ones
        assert (box[2:] <= room.max + 0.5).all()
    assert not any(overlap(a, b) for a, b in combinations(frames, 2))
    high = 0.2 * (texts[:, 3] - texts[:, 1])  # an extent has room for the tallest letters, above and below
    lines = texts + np.stack([0 * high, high, 0 * high, -high], axis=1)
    assert not any(overlap(a, b) for a, b in combinations(lines, 2))
    for text in texts:  # inside a box, or outside of it
        shares = [overlap(text, frame) / overlap(text, text) for frame in frames]
        assert all(share < 0.01 or share > 0.98 for share in shares)
    for arrow in ax.patches:
        if isinstance(arrow, FancyArrowPatch):
            way = arrow.get_transform().transform_path(arrow.get_path()).interpolated(20).vertices
            for frame in frames:
                assert not ((way > frame[:2] + scale) & (way < frame[2:] - scale)).all(axis=1).any()


def overlap(a, b):
    """Area that two extents (x0, y0, x1, y1) share, pixels squared."""
    return np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))


def test_operands_stand_left_of_results_and_the_first_on_top():
    ax = plot.graph(basket())
    where = {text.get_text(): text.get_position() for text in ax.texts}
    assert where["apple price"][0] == where["oranges"][0] < where["tax"][0] < where["total"][0]
    downwards = [where[name][1] for name in ("apple price", "apples", "orange price", "oranges")]
    assert downwards == sorted(downwards)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # y grows downwards


@pytest.mark.parametrize("seed", range(12))
def test_boxes_of_any_graph_keep_apart_and_lines_pass_between_them(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 25))
    column = np.sort(np.concatenate([np.arange(5), rng.integers(0, 5, n)])).tolist()
    sizes = [(float(w), float(h)) for w, h in rng.uniform(5, 60, (len(column), 2))]
    pairs = [(a, b) for a, b in combinations(range(len(column)), 2) if column[a] < column[b]]
    edges = [pairs[k] for k in rng.integers(0, len(pairs), 2 * n)]
    layout = layered(sizes, edges, column, gap_x=10, gap_y=5)
    half = np.asarray(sizes) / 2
    low, high = layout.centres - half, layout.centres + half
    assert low.min() >= -1e-9
    assert (high <= np.asarray(layout.size) + 1e-9).all()
    for a, b in combinations(range(len(column)), 2):
        gap = np.maximum(low[a] - high[b], low[b] - high[a])  # across, down
        assert gap[0] >= 10 - 1e-9 if column[a] != column[b] else gap[1] >= 5 - 1e-9
    for (start, end), way in zip(edges, layout.routes, strict=True):
        assert way[0] == pytest.approx([high[start, 0], layout.centres[start, 1]])
        assert way[-1] == pytest.approx([low[end, 0], layout.centres[end, 1]])
        assert (np.diff(way[:, 0]) >= -1e-9).all()
        for (x0, y0), (x1, y1) in pairwise(way):
            inside = (low[:, 0] < x1 - 1e-9) & (high[:, 0] > x0 + 1e-9)
            inside &= (low[:, 1] < max(y0, y1) - 1e-9) & (high[:, 1] > min(y0, y1) + 1e-9)
            assert not inside.any()


def test_crossings_are_counted_and_removed():
    links = Links.of(4, [[0, 3], [1, 2]])
    assert crossings([[0, 1], [2, 3]], links) == 1
    centres = layered([(1, 1)] * 4, [(0, 3), (1, 2)], [0, 0, 1, 1], gap_x=1, gap_y=1).centres
    assert (centres[0, 1] < centres[1, 1]) == (centres[3, 1] < centres[2, 1])


def test_spread_is_the_nearest_that_keeps_the_distances():
    """Two of equal weight that want the same place move apart by half each; a free one does not move."""
    assert spread([0.0, 0.0, 50.0], [1, 1, 1], [10, 10, 10], 2) == [-6, 6, 50]
    heavy = spread([0.0, 0.0], [9, 1], [10, 10], 2)
    assert heavy == pytest.approx([-1.2, 10.8])  # 9 * 1.2 = 1 * 10.8
