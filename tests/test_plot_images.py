"""Weight images and loss surfaces."""

from __future__ import annotations

import numpy as np
import pytest

from spikenet import plot


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def bar_label(ax):
    return ax.child_axes[0].get_ylabel()


def test_every_weight_is_in_the_image_of_its_neuron(rng):
    w = rng.normal(size=(6, 5))
    w.flags.writeable = False
    ax = plot.weights(w, shape=(2, 3), columns=4)
    picture = ax.images[0].get_array()
    assert picture.shape == (4, 12)
    for neuron in range(5):
        row, column = divmod(neuron, 4)
        tile = picture[2 * row : 2 * row + 2, 3 * column : 3 * column + 3]
        assert np.array_equal(tile, w[:, neuron].reshape(2, 3))
    assert picture.mask[2:, 3:].all()  # no neuron there
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "2", "3"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0", "4"]


def test_the_colours_are_centred_on_zero(rng):
    w = rng.random((4, 3)) + 1  # all positive
    ax = plot.weights(w)
    assert ax.images[0].get_clim() == (-w.max(), w.max())
    assert bar_label(ax) == "weight (no unit)"


@pytest.mark.parametrize("value", [0.0, 3.0, -3.0, np.nan, np.inf])
def test_constant_and_broken_weights_are_drawn(value):
    ax = plot.weights(np.full((4, 1), value))
    ax.figure.draw_without_rendering()
    assert ax.images[0].get_clim() in ((-1, 1), (-3, 3))


def test_weights_that_are_not_finite_are_crossed_out_where_they_are(rng):
    w = rng.normal(size=(6, 5))
    w[4, 3] = np.nan  # neuron 3: second row, second column of its image
    ax = plot.weights(w, shape=(2, 3), columns=2)
    assert ax.lines[-1].get_xydata().tolist() == [[3 + 1, 2 + 1]]
    assert np.isfinite(ax.images[0].get_clim()).all()


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((4,), {}, r"expected \(n_in, n_out\)"),
        ((0, 3), {}, "neither of them 0"),
        ((5, 3), {}, "a square, got 5"),
        ((6, 3), {"shape": (2, 2)}, "n_in = 6, got 2 . 2 = 4"),
        ((4, 3), {"columns": 0}, "columns"),
    ],
)
def test_bad_weights_are_refused(shape, options, message):
    with pytest.raises(ValueError, match=message):
        plot.weights(np.zeros(shape), **options)


def quadratic(w):
    return float(w[0, 0] ** 2 + 3 * w[0, 1] ** 2 + w[1].sum())


def test_the_surface_holds_the_loss_at_every_place():
    centre, across, up = np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 0], [0, 0]]), np.array([[0, 2.0], [0, 0]])
    grid = plot.loss_surface_grid(quadratic, centre, across, up, reach_a=2, reach_b=0.5, points=5)
    assert (grid.a[0], grid.a[-1], grid.b[0], grid.b[-1]) == (-2, 2, -0.5, 0.5)
    for i, b in enumerate(grid.b):
        for j, a in enumerate(grid.a):
            assert grid.loss[i, j] == pytest.approx((1 + a) ** 2 + 3 * (2 + 2 * b) ** 2 + 7)


def test_the_path_is_seen_from_above(rng):
    """Weights on the plane come back as their coordinates, also with slanted directions and a part off the plane."""
    centre, across, up = rng.normal(size=(3, 2, 4))
    places = rng.normal(size=(7, 2))
    visited = centre + np.einsum("k,ij->kij", places[:, 0], across) + np.einsum("k,ij->kij", places[:, 1], up)
    assert plot.loss_surface_path(visited, centre, across, up) == pytest.approx(places)
    q, _ = np.linalg.qr(np.stack([across.ravel(), up.ravel(), rng.normal(size=8)], axis=1))
    beside = visited + q[:, 2].reshape(2, 4)
    assert plot.loss_surface_path(beside, centre, across, up) == pytest.approx(places)
    assert plot.loss_surface_path(np.zeros((0, 2, 4)), centre, across, up).shape == (0, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction_a": np.ones(3)}, r"shape of centre, \(2,\)"),
        ({"direction_a": [0, 2.0]}, "parallel"),
        ({"direction_b": [0, 0.0]}, "parallel or zero"),
        ({"centre": [np.nan, 0]}, "centre"),
        ({"reach_a": 0.0}, "reach_a"),
        ({"points": 1}, "points"),
    ],
)
def test_bad_planes_are_refused(options, message):
    given = {"centre": [0.0, 0.0], "direction_a": [1.0, 0.0], "direction_b": [0.0, 1.0]} | options
    with pytest.raises(ValueError, match=message):
        plot.loss_surface_grid(lambda w: 0.0, **given)


def test_a_path_of_other_weights_is_refused():
    with pytest.raises(ValueError, match=r"expected visited \(k, \*\(2,\)\)"):
        plot.loss_surface_path(np.zeros((4, 3)), [0.0, 0], [1.0, 0], [0.0, 1])


def bowl(n=21):
    x = np.linspace(-1, 1, n)
    return x[None, :] ** 2 + 3 * x[:, None] ** 2 + 1, x, x


def test_contours_with_the_path_from_start_to_end():
    loss, x, y = bowl()
    loss.flags.writeable = False
    path = np.array([[0.9, 0.8], [0.1, 0.2], [0, 0]])
    ax = plot.loss_surface(loss, x, y, path)
    start, end = (line for line in ax.lines if line.get_label() in ("start", "end"))
    assert start.get_xydata().tolist() == [[0.9, 0.8]]
    assert end.get_xydata().tolist() == [[0, 0]]
    way = next(line for line in ax.lines if line.get_label() == "path, 2 steps")
    assert np.array_equal(way.get_xydata(), path)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 1), (-1, 1))
    assert "(no unit)" in ax.get_xlabel()
    assert "(no unit)" in ax.get_ylabel()
    assert bar_label(ax) == "loss (no unit)"
    levels = ax.collections[0].levels
    assert levels[0] <= 1
    assert levels[-1] >= 5


def test_x_runs_along_the_columns():
    """A loss that only rises with x has upright contours."""
    x, y = np.linspace(0, 4, 9), np.linspace(0, 1, 5)
    ax = plot.loss_surface(np.tile(x, (5, 1)), x, y)
    lines = ax.collections[1]
    upright = [np.ptp(part[:, 0]) for path in lines.get_paths() for part in path.to_polygons(closed_only=False)]
    assert upright
    assert max(upright) < 1e-9


def test_a_wide_loss_has_levels_in_equal_ratios():
    loss, x, y = bowl()
    levels = plot.loss_surface((loss - 1) ** 4, x, y).collections[0].levels  # 0 in the middle
    assert np.ptp(levels[1:] / levels[:-1]) < 1e-9


@pytest.mark.parametrize("value", [0.0, 1.0, -2.0, np.nan, np.inf])
def test_flat_and_broken_surfaces_are_drawn(value):
    ax = plot.loss_surface(np.full((3, 4), value), np.arange(4), np.arange(3), path=np.zeros((0, 2)))
    ax.figure.draw_without_rendering()
    assert [text.get_text() for text in ax.texts] == ([] if np.isfinite(value) else ["no finite loss"])


def test_a_hole_in_the_surface_is_drawn():
    loss, x, y = bowl()
    loss[:4, :4] = np.nan
    loss[-1, -1] = np.inf
    plot.loss_surface(loss, x, y).figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("loss", "x", "y", "path", "message"),
    [
        (np.zeros((3, 4)), np.arange(3), np.arange(4), None, r"\(len\(y\), len\(x\)\) = \(4, 3\), got \(3, 4\)"),
        (np.zeros((3, 3)), [0, 2, 1], np.arange(3), None, "x .* rising"),
        (np.zeros((1, 3)), np.arange(3), [0], None, "y .* rising"),
        (np.zeros((3, 3)), np.arange(3), np.arange(3), np.zeros((4, 3)), r"path \(k, 2\)"),
        (np.zeros((3, 3)), np.arange(3), np.arange(3), [[0, np.nan]], "path"),
    ],
)
def test_bad_surfaces_are_refused(loss, x, y, path, message):
    with pytest.raises(ValueError, match=message):
        plot.loss_surface(loss, x, y, path)
