"""Saving, colours, and what drawing must leave alone: pyplot, settings, the arrays that it is given."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from spikenet import plot
from spikenet.plot.style import GREY, PALETTE, VIOLET, colour, figure_of, line_style, tint

PNG = b"\x89PNG\r\n\x1a\n"


def test_save_writes_figures_axes_and_panels(tmp_path):
    one, two = plot.raster(np.eye(3)), plot.training_curves({"loss": [1.0], "accuracy": [0.5]})
    for k, picture in enumerate((one, one.figure, two)):
        path = plot.save(picture, tmp_path / f"{k}.png")
        assert path.read_bytes().startswith(PNG)
    assert plot.save(one, str(tmp_path / "a.SVG")).read_bytes().startswith(b"<?xml")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0.png", "1.png", "2.png", "a.SVG"]


def test_save_knows_the_figure_behind_a_subfigure(tmp_path):
    figure = Figure()
    ax = figure.subfigures(1, 2)[1].subfigures(2, 1)[0].add_subplot()
    assert figure_of(ax) is figure
    assert plot.save(ax, tmp_path / "a.png").exists()


def test_dots_per_inch(tmp_path):
    ax = plot.raster(np.eye(3))
    small, large = (plot.save(ax, tmp_path / f"{dpi}.png", dpi=dpi).read_bytes() for dpi in (50, 100))
    width = [int.from_bytes(data[16:20], "big") for data in (small, large)]
    assert width[1] == pytest.approx(2 * width[0], abs=3)


def test_a_failed_save_keeps_the_older_file_and_leaves_no_other(tmp_path):
    path = plot.save(plot.raster(np.eye(3)), tmp_path / "a.png")
    before = path.read_bytes()
    broken = Figure()
    broken.text(0.5, 0.5, "$\\frac$")  # fails while drawing
    with pytest.raises(ValueError, match="frac"):
        plot.save(broken, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_a_saved_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "plain").touch()
    path = plot.save(Figure(), tmp_path / "a.png")
    assert os.stat(path).st_mode == os.stat(tmp_path / "plain").st_mode


def test_bad_paths_are_refused(tmp_path):
    figure = Figure()
    with pytest.raises(ValueError, match=r"ending in one of .*png.* got '.*a\.xyz'"):
        plot.save(figure, tmp_path / "a.xyz")
    with pytest.raises(ValueError, match="ending in one of"):
        plot.save(figure, tmp_path / "png")
    with pytest.raises(FileNotFoundError, match="existing folder"):
        plot.save(figure, tmp_path / "missing" / "a.png")
    with pytest.raises(ValueError, match="dpi"):
        plot.save(figure, tmp_path / "a.png", dpi=0)
    assert not list(tmp_path.iterdir())


TO_DEFICIENT = {  # Machado, Oliveira & Fernandes 2009, IEEE TVCG 15:1291, severity 1: what is seen of linear RGB
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "normal": np.eye(3),
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]


def seen(colour_hex, vision):
    """CIE 1976 L*a*b* of a colour of sRGB, by the definitions, as a vision has it."""
    rgb = np.array(to_rgb(colour_hex))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.array(TO_XYZ) @ np.clip(np.array(TO_DEFICIENT[vision]) @ linear, 0, 1) / (0.95047, 1.0, 1.08883)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", TO_DEFICIENT)
def test_eight_colours_are_told_apart_by_every_common_vision(vision):
    """16 units of L*a*b* and more: 2 are seen side by side. The microcircuit has eight populations."""
    assert len(PALETTE) >= 8
    for a, b in combinations(PALETTE, 2):
        assert np.linalg.norm(seen(a, vision) - seen(b, vision)) > (25 if VIOLET in (a, b) else 16), (a, b)
    assert np.linalg.norm(seen(VIOLET, vision) - seen(GREY, vision)) > 25


def test_series_are_told_apart():
    assert len({(colour(k), line_style(k)) for k in range(4 * len(PALETTE))}) == 4 * len(PALETTE)
    assert tint("#0072B2", 0) == "#FFFFFF"
    assert tint("#0072B2", 1) == "#0072B2"


ALL = """
import sys
from itertools import combinations
import matplotlib
def settings():  # all but the backend: to look at that imports pyplot
    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}

before = settings()
import numpy as np
from types import SimpleNamespace
from spikenet import plot
from spikenet.graph import Tensor

x = np.eye(4)
x.flags.writeable = False
record = SimpleNamespace(name="a", output=x[:, None])
curve = SimpleNamespace(name="a", derivative=np.cos, smooth=np.sin)
drawn = [
    plot.raster(x), plot.traces(x, spikes=x, threshold=1.0), plot.weights(x), plot.layers_raster([record]),
    plot.loss_surface(x, range(4), range(4), x[:, :2]), plot.training_curves({"loss": x[0]}),
    plot.training_side_by_side({"a": {"loss": x[0]}, "b": {"loss": x[1]}})[0],
    plot.energy_bars({"a": 1.0}), plot.accuracy_energy([("a", 0.5, 1.0, "b")]), plot.surrogates([curve]),
    plot.graph(Tensor(2.0, requires_grad=True) * 3.0), plot.mesh(x[:, :, None], x[:, :3], x[:3]),
    plot.populations({"a": (x[0], np.arange(4), 4)}, 0.0, 1.0)[0], plot.distribution({"a": x[0]}, label="weight (mV)"),
    plot.connectivity(x, "abcd", label="synapses"), plot.accuracy_latency([("a", 0.5, 1.0, "b")]),
    plot.energy_levels({"a": {"b": 1.0}})[0], plot.accuracy_energy_levels({"a": [("a", 0.5, 1.0, "b")]})[0],
]
assert len(drawn) + 4 == len(plot.__all__)  # the others: save, and three that compute
for k, picture in enumerate(drawn):
    plot.save(picture, sys.argv[1] + f"/{k}.png", dpi=40)
assert "matplotlib.pyplot" not in sys.modules
assert settings() == before
assert (x == np.eye(4)).all()
"""


def test_drawing_needs_no_pyplot_and_changes_no_setting(tmp_path):
    done = subprocess.run([sys.executable, "-W", "error", "-c", ALL, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.iterdir())) == 18


DRAWN_ON_MINE = [
    lambda ax: plot.raster(np.eye(3), ax=ax),
    lambda ax: plot.traces(np.eye(3), ax=ax),
    lambda ax: plot.weights(np.ones((4, 4)), ax=ax),
    lambda ax: plot.loss_surface(np.eye(3), range(3), range(3), ax=ax),
    lambda ax: plot.energy_bars({"a": 1.0}, ax=ax),
    lambda ax: plot.accuracy_energy([("a", 0.5, 1.0, "b")], ax=ax),
]


@pytest.mark.parametrize("draw", DRAWN_ON_MINE)
def test_axes_that_are_given_are_drawn_on_and_returned(draw):
    figure = Figure()
    ax = figure.subplots(2, 1)[0]
    before = ax.get_position().bounds
    assert draw(ax) is ax
    assert len(figure.axes) == 2  # a colour bar is inside, not beside
    assert ax.get_position(original=True).bounds == before
