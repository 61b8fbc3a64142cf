"""Rasters and layer panels: every spike where it belongs, units on the axes, bad input refused."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from spikenet import plot
from spikenet.graph import Tensor
from spikenet.plot.rasters import IMAGE_CELLS, MOST_MARKS


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def seen(ax):
    """(time, neuron) of every mark, sorted."""
    return sorted(zip(*np.concatenate([line.get_xydata() for line in ax.lines]).T.tolist(), strict=True))


def test_every_spike_is_one_mark_at_its_time_and_neuron():
    spikes = np.zeros((5, 3), np.float32)
    spikes[0, 2] = spikes[4, 1] = spikes[2, 1] = 1
    spikes.flags.writeable = False
    ax = plot.raster(spikes, dt_s=2e-3)
    assert seen(ax) == [(0, 2), (4, 1), (8, 1)]
    assert ax.get_xlabel() == "time (ms)"
    assert ax.get_ylabel() == "neuron"
    assert ax.get_xlim() == (-1, 9)
    assert ax.get_ylim() == (-0.5, 2.5)


@pytest.mark.parametrize(("dt_s", "label", "last"), [(1e-6, "µs", 9), (1e-3, "ms", 9), (0.1, "ms", 900), (1.0, "s", 9)])
def test_the_time_unit_suits_the_duration(dt_s, label, last):
    spikes = np.zeros((10, 1))
    spikes[9] = 1
    ax = plot.raster(spikes, dt_s=dt_s)
    assert ax.get_xlabel() == f"time ({label})"
    assert seen(ax) == [(pytest.approx(last), 0)]


def test_one_sample_of_a_batch_is_drawn_with_its_features_flattened(rng):
    spikes = rng.random((6, 3, 2, 4)) < 0.3
    step, neuron = np.nonzero(spikes[:, 2].reshape(6, 8))
    expected = sorted(zip(step.tolist(), neuron.tolist(), strict=True))
    assert seen(plot.raster(spikes, sample=2)) == expected
    assert seen(plot.raster(Tensor(spikes), sample=2)) == expected


def test_populations_are_stacked_upwards_in_their_colours(rng):
    low, high = np.ones((2, 3)), np.ones((2, 2))
    ax = plot.raster([low, high], names=["E", "I"], colours=["red", "blue"])
    assert [line.get_color() for line in ax.lines] == ["red", "blue"]
    assert set(ax.lines[0].get_ydata()) == {0, 1, 2}
    assert set(ax.lines[1].get_ydata()) == {3, 4}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["I", "E"]  # from the top, as they stand


def test_names_of_small_populations_do_not_touch(rng):
    sizes = {"L4E": 1000, "L5E": 40, "L5I": 9, "L6E": 300, "a": 1, "b": 1}
    trains = {name: (rng.random(3 * n), rng.integers(0, n, 3 * n), n) for name, n in sizes.items()}
    upper, lower = plot.populations(trains, 0.0, 1.0)
    upper.figure.draw_without_rendering()
    labels = upper.get_yticklabels()
    assert [label.get_text() for label in labels] == list(sizes)
    assert [label.get_color() for label in labels] == [line.get_color() for line in lower.lines]
    boxes = [label.get_window_extent() for label in labels]
    assert all(low.y1 <= high.y0 for high, low in pairwise(boxes))


@pytest.mark.parametrize(("spikes", "bin_ms"), [(10_000, 1), (1000, 5), (300, 20), (0, 20)])
def test_rates_are_counted_in_bins_that_hold_some_spikes(rng, spikes, bin_ms):
    """At least 5 a bin where 20 ms are enough; what is counted is every spike."""
    _, lower = plot.populations({"E": (rng.random(spikes), rng.integers(0, 10, spikes), 10)}, 0.0, 1.0)
    rates = lower.lines[0].get_ydata()
    assert f"in {bin_ms} ms" in lower.get_ylabel()
    assert rates.size == 1000 / bin_ms
    assert (rates * 10 * bin_ms * 1e-3).sum() == pytest.approx(spikes)


def test_a_nested_list_is_one_raster():
    assert seen(plot.raster([[0, 1], [1, 0]])) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("shape", [(10, 4), (0, 4), (10, 0), (0, 0), (10, 1)])
def test_nothing_to_see_is_said(shape):
    ax = plot.raster(np.zeros(shape))
    assert [text.get_text() for text in ax.texts] == ["no spikes"]
    ax.figure.draw_without_rendering()


def test_many_spikes_become_an_image_that_holds_each(rng):
    """Sparse spikes on a grid of exactly as many cells: ink in a cell if and only if there was a spike."""
    steps, n = IMAGE_CELLS[0], IMAGE_CELLS[1]
    spikes = rng.random((steps, n)) < 2 * MOST_MARKS / (steps * n)
    ax = plot.raster([spikes[:, :200], spikes[:, 200:]])
    assert not ax.lines
    ink = np.concatenate([image.get_array()[..., 3] > 0 for image in ax.images])
    assert np.array_equal(ink, spikes.T)
    assert ax.images[1].get_extent() == pytest.approx([-0.5e-3, (steps - 0.5) * 1e-3, 199.5, n - 0.5])
    assert ax.get_ylim() == (-0.5, n - 0.5)


def test_a_darker_cell_holds_more_spikes():
    spikes = np.zeros((IMAGE_CELLS[0] * 4, 100))
    spikes[: 4 * 300] = 1  # four spikes a cell
    spikes[4 * 300 :: 4] = 1  # one
    opacity = plot.raster(spikes).images[0].get_array()[..., 3]
    assert (opacity[:, :300] == 255).all()
    assert np.all((opacity[:, 300:] > 60) & (opacity[:, 300:] < 200))


def test_a_million_spikes_are_drawn_and_written_at_once(rng):
    spikes = (rng.random((5000, 2000)) < 0.1).astype(np.float32)
    start = time.process_time()
    plot.raster(spikes).figure.savefig(io.BytesIO(), format="png", dpi=150)
    assert time.process_time() - start < 3.0  # about 0.6 s; processor time, as other processes may run


@pytest.mark.parametrize(
    ("spikes", "options", "message"),
    [
        (np.zeros(5), {}, r"expected \(steps, n\)"),
        (np.full((2, 2), 0.5), {}, "0/1 spikes, got 0.5 at step 0, neuron 0"),
        (np.array([[0, 1], [np.nan, 0]]), {}, "got nan at step 1, neuron 0"),
        (-np.ones((1, 1)), {}, "0/1 spikes"),
        (np.zeros((5, 2, 3)), {"sample": 2}, r"sample in 0\.\.1, got 2"),
        (np.zeros((5, 2, 3)), {"sample": -1}, "sample in"),
        (np.zeros((5, 2)), {"sample": 1}, "to pick sample 1"),
        (np.zeros((5, 2)), {"dt_s": 0.0}, "dt_s"),
        ([np.zeros((5, 2)), np.zeros((6, 2))], {}, r"equal length, got \[5, 6\]"),
        ([np.zeros((5, 2)), np.zeros((5, 2))], {"names": ["E"]}, "2 names"),
        (np.zeros((5, 2)), {"colours": ["red", "blue"]}, "1 colours"),
    ],
)
def test_bad_input_is_refused(spikes, options, message):
    with pytest.raises(ValueError, match=message):
        plot.raster(spikes, **options)


def test_text_is_no_raster():
    with pytest.raises(TypeError, match="real numbers"):
        plot.raster(np.array([["a"]]))


@dataclass(frozen=True)
class Record:
    name: str
    output: np.ndarray


def test_layers_share_time_and_show_spikes_as_marks_and_values_as_colour(rng):
    spikes, values = rng.random((20, 2, 5)) < 0.3, rng.normal(size=(20, 2, 3))
    axes = plot.layers_raster([Record("0 Linear", values), Record("1 LIF", spikes * 1.0)], sample=1, dt_s=1e-3)
    assert len(axes) == 2
    assert np.array_equal(axes[0].images[0].get_array(), values[:, 1].T)
    low, high = axes[0].images[0].get_clim()
    assert -low == high == np.abs(values[:, 1]).max()
    assert len(seen(axes[1])) == spikes[:, 1].sum()
    assert axes[0].get_title(loc="left") == "0 Linear: 3 values"
    rate = spikes[:, 1].mean() * 1000
    assert axes[1].get_title(loc="left") == f"1 LIF: 5 neurons, mean rate {rate:.3g} Hz"
    assert axes[0].get_xlim() == axes[1].get_xlim()
    assert [ax.get_xlabel() for ax in axes] == ["", "time (ms)"]


def test_layers_are_drawn_on_axes_that_are_given():
    mine = Figure().subplots(2, 1)
    records = [Record("a", np.zeros((3, 1, 2))), Record("b", np.zeros((3, 1, 1)))]
    assert plot.layers_raster(records, axes=mine) == tuple(mine)
    with pytest.raises(ValueError, match="expected 2 axes, one per panel, got 1"):
        plot.layers_raster(records, axes=mine[:1])


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "at least one record"),
        ([Record("0 Linear", np.zeros((8, 10)))], r"'0 Linear': expected output \(steps, batch, ...\), got \(8, 10\)"),
        ([Record("a", np.zeros((8, 1, 2))), Record("b", np.zeros((9, 1, 2)))], "equal length"),
    ],
)
def test_bad_records_are_refused(records, message):
    with pytest.raises(ValueError, match=message):
        plot.layers_raster(records)
