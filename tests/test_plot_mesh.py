"""The picture of a mesh: a square for each core, a line for each link that carries something."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgba

from spikenet import plot
from spikenet.plot.style import colour


def drawn(ax, kind):
    return [c for c in ax.collections if isinstance(c, kind)]


def test_cores_and_links():
    load = np.full((2, 3, 4), np.nan)
    load[0, 0, :2], load[1, 2, 0] = (5.0, 10.0), 0.0
    horizontal, vertical = np.array([[4.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 0.0, 2.0]])
    ax = plot.mesh(load, horizontal, vertical, (3, 1))
    (cores,) = drawn(ax, PatchCollection)
    values = cores.get_array()
    assert values.size == 24
    assert sorted(values.compressed().tolist()) == [0.0, 5.0, 10.0]
    assert cores.get_clim() == (0.0, 10.0)
    rows, columns = drawn(ax, LineCollection)
    near = 0.33  # from a tile's middle to its edge: lines end there
    ends = np.array(sorted(np.array(segment).tolist() for segment in rows.get_segments()))
    assert ends == pytest.approx(np.array([[[near, 0], [1 - near, 0]], [[1 + near, 1], [2 - near, 1]]]))
    assert np.array(columns.get_segments()) == pytest.approx(np.array([[[2, near], [2, 1 - near]]]))
    assert max(rows.get_linewidths()) == 8.0 > columns.get_linewidths()[0] > min(rows.get_linewidths())
    assert "4 messages a step" in ax.get_title()
    assert ax.child_axes[0].get_ylabel() == "load of a core (operations a step)"
    assert sum(line.get_linestyle() == "--" for line in ax.lines) == 1  # between two chips
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # row 0 at the top


def test_a_title_stands_above_what_is_said_of_the_links():
    ax = plot.mesh(np.full((1, 1, 1), 1.0), np.zeros((1, 0)), np.zeros((0, 1)), title="Loihi 1: 1 core")
    assert ax.get_title() == "Loihi 1: 1 core\nno traffic between tiles"


def test_of_a_large_mesh_the_part_in_use_is_drawn():
    """64 x 40 tiles, cores at (50, 3) and (52, 30), a link onward from row 30 and column 52; one tile around each."""
    load, across, down = np.full((40, 64, 1), np.nan), np.zeros((40, 63)), np.zeros((39, 64))
    load[3, 50], load[30, 52] = 1.0, 2.0
    ax = plot.mesh(load, across, down)
    assert ax.get_xlim() == (49 - 0.6, 53 + 0.6)
    assert ax.get_ylim() == (31 + 0.6, 2 - 0.6)
    assert ax.get_title() == "part of 64 x 40 tiles, no traffic between tiles"
    across[30, 52] = down[30, 52] = across[0, 62] = 1.0
    ax = plot.mesh(load, across, down)
    assert ax.get_xlim() == (49 - 0.6, 63 + 0.6)
    assert ax.get_ylim() == (32 + 0.6, -0.6)
    whole = plot.mesh(load[:16, 40:56], across[:16, 40:55], down[:15, 40:56])
    assert whole.get_xlim() == (-0.6, 15.6)
    assert "part of" not in whole.get_title()


def test_an_empty_mesh_and_one_tile():
    ax = plot.mesh(np.full((1, 1, 1), np.nan), np.zeros((1, 0)), np.zeros((0, 1)))
    assert "no traffic" in ax.get_title()
    ax.figure.canvas.draw()


@pytest.mark.parametrize(
    ("load", "horizontal", "vertical", "said"),
    [
        (np.zeros((2, 2)), np.zeros((2, 1)), np.zeros((1, 2)), "cores a tile"),
        (np.zeros((2, 2, 1)), np.zeros((2, 2)), np.zeros((1, 2)), "horizontal"),
        (np.zeros((2, 2, 1)), np.zeros((2, 1)), np.zeros((2, 2)), "vertical"),
        (np.zeros((2, 2, 1)), -np.ones((2, 1)), np.zeros((1, 2)), "horizontal.*negative"),
        (np.zeros((2, 2, 1)), np.zeros((2, 1)), np.full((1, 2), np.nan), "vertical.*NaN"),
        (-np.ones((2, 2, 1)), np.zeros((2, 1)), np.zeros((1, 2)), "load"),
    ],
)
def test_bad_input_is_refused(load, horizontal, vertical, said):
    with pytest.raises(ValueError, match=said):
        plot.mesh(load, horizontal, vertical)


LOAD = np.full((2, 3, 4), np.nan)
LOAD[0, 0, :2], LOAD[1, 2, 3] = [3.0, 1.0], 2.0
SHARES = np.zeros((2, 3, 4, 3))
SHARES[0, 0, 0, 0] = SHARES[1, 2, 3, 2] = 1.0
SHARES[0, 0, 1] = [0.25, 0.75, 0.0]
LINKS = np.zeros((2, 2)), np.zeros((1, 3))


def strips(ax):
    """(left edge, width, colour) of every strip of the picture, layer by layer."""
    found = []
    for drawn in ax.collections:
        if drawn.get_array() is None and drawn.get_paths():
            for path in drawn.get_paths():
                box = path.get_extents()
                found.append((box.x0, box.width, tuple(drawn.get_facecolor()[0])))
    return found


def test_each_core_shows_its_layers_by_their_shares():
    ax = plot.mesh(LOAD, *LINKS, shares=SHARES, layers=("a", "b", "c"))
    side = 0.35 - 0.04
    left = [-0.35 + 0.02, 0.02, 2 + 0.02]  # cores 0 and 1 of tile (0, 0), core 3 of tile (2, 1)
    wanted = [
        (left[0], side, 0), (left[1], side / 4, 0), (left[1] + side / 4, 3 * side / 4, 1), (left[2], side, 2),
    ]  # fmt: skip
    for (x, width, shade), (left_edge, wide, layer) in zip(strips(ax), wanted, strict=True):
        assert (x, width) == pytest.approx((left_edge, wide))
        assert shade == to_rgba(colour(layer))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c"]
    assert plot.mesh(LOAD, *LINKS).get_legend() is None


@pytest.mark.parametrize(
    ("shares", "layers", "said"),
    [
        (SHARES, ("a", "b"), r"expected .*\(2, 3, 4, 2\), got \(2, 3, 4, 3\)"),
        (SHARES[:1], ("a", "b", "c"), r"got \(1, 3, 4, 3\)"),
        (-SHARES, ("a", "b", "c"), "numbers >= 0"),
        (SHARES * np.nan, ("a", "b", "c"), "NaN"),
    ],
)
def test_wrong_shares_are_refused(shares, layers, said):
    with pytest.raises(ValueError, match=said):
        plot.mesh(LOAD, *LINKS, shares=shares, layers=layers)
