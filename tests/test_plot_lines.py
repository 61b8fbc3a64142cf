"""Membrane traces, training curves and surrogate curves."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from spikenet import plot
from spikenet.neurons import surrogate


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_trace_its_threshold_and_its_spikes_above_it():
    v, spikes = np.array([0.0, 0.9, 0.1, 0.5]), np.array([0, 0, 1, 0])
    v.flags.writeable = spikes.flags.writeable = False
    ax = plot.traces(v, spikes=spikes, threshold=1.0, dt_s=1e-3)
    trace, level, marks = ax.lines
    assert trace.get_xydata().tolist() == [[0, 0], [1, 0.9], [2, 0.1], [3, 0.5]]
    assert set(level.get_ydata()) == {1.0}
    assert marks.get_xdata().tolist() == [2]
    assert 1.0 < marks.get_ydata()[0] < ax.get_ylim()[1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "membrane potential (no unit)")
    assert labels(ax) == ["threshold"]


def test_a_trace_of_a_later_stretch_begins_there():
    ax = plot.traces(np.array([0.0, 0.9, 0.1]), spikes=np.array([0, 1, 0]), dt_s=1e-4, start_s=0.25)
    assert ax.lines[0].get_xdata() == pytest.approx([250.0, 250.1, 250.2])
    assert ax.lines[1].get_xdata() == pytest.approx([250.1])
    assert ax.get_xlim() == pytest.approx((249.95, 250.25))
    with pytest.raises(ValueError, match="traces: start_s"):
        plot.traces(np.zeros(3), start_s=np.nan)


def test_several_traces_have_their_own_colour_row_and_threshold():
    v = np.arange(12.0).reshape(4, 3)
    ax = plot.traces(v, spikes=np.eye(4, 3), threshold=[1.0, 2.0, 2.0], label="membrane potential (mV)")
    assert len({line.get_color() for line in ax.lines[:3]}) == 3
    assert labels(ax) == ["neuron 0", "neuron 1", "neuron 2", "threshold"]
    rows = ax.lines[-3:]
    assert [row.get_xdata().tolist() for row in rows] == [[0], [1], [2]]
    heights = [row.get_ydata()[0] for row in rows]
    assert heights == sorted(heights, reverse=True)
    assert min(heights) > v.max()
    assert sum(line.get_linestyle() == "--" for line in ax.lines) == 2  # the two different thresholds
    assert ax.get_ylabel() == "membrane potential (mV)"


@pytest.mark.parametrize(
    "v",
    [np.full(5, np.nan), np.array([0, np.inf, 1]), np.full(5, 2.0), np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(0)],
)
def test_odd_traces_are_drawn(v):
    ax = plot.traces(v, spikes=np.zeros(v.shape))
    ax.figure.draw_without_rendering()
    assert [text.get_text() for text in ax.texts] == ([] if np.isfinite(v).any() else ["no finite values"])


@pytest.mark.parametrize(
    ("v", "options", "message"),
    [
        (np.zeros((5, 2, 3)), {}, r"got \(5, 2, 3\); pick a sample"),
        (np.zeros((5, 2)), {"spikes": np.zeros(5)}, r"shape of v, \(5, 2\), got \(5,\)"),
        (np.zeros(2), {"spikes": [0, 0.5]}, "0/1 spikes, got 0.5 at step 1"),
        (np.zeros((5, 2)), {"threshold": [1, 2, 3]}, r"one threshold or 2, one per trace, got \(3,\)"),
        (np.zeros(5), {"threshold": np.nan}, "threshold"),
        (np.zeros(5), {"dt_s": -1}, "dt_s"),
    ],
)
def test_bad_traces_are_refused(v, options, message):
    with pytest.raises(ValueError, match=message):
        plot.traces(v, **options)


def test_training_curves_put_a_quantity_in_one_axes_over_all_subsets():
    history = {"loss": [2.0, 1.0], "accuracy": [0.5, 0.7], "test loss": [2.5, np.nan], "test accuracy": [0.4]}
    losses, accuracies = plot.training_curves(history)
    assert labels(losses) == ["loss", "test loss"]
    assert labels(accuracies) == ["accuracy", "test accuracy"]
    assert losses.lines[0].get_xydata().tolist() == [[1, 2.0], [2, 1.0]]
    assert accuracies.lines[1].get_xydata().tolist() == [[1, 0.4]]
    assert [ax.get_xlabel() for ax in (losses, accuracies)] == ["epoch"] * 2
    assert [ax.get_ylabel() for ax in (losses, accuracies)] == ["loss (no unit)", "accuracy (fraction)"]


def test_training_of_two_nets_is_drawn_on_the_same_ranges():
    ann = {"loss": [2.0, 1.0], "test loss": [2.5, 1.5], "accuracy": [0.5, 0.7]}
    snn = {"loss": [9.0, 0.1], "test loss": [5.0, 4.0], "accuracy": [0.1, 0.2]}
    axes = plot.training_side_by_side({"ANN": ann, "SNN": snn})
    assert [ax.get_title("left") for ax in axes] == ["ANN", "ANN", "SNN", "SNN"]
    assert labels(axes[0]) == labels(axes[2]) == ["loss", "test loss"]
    assert axes[2].lines[0].get_ydata().tolist() == [9.0, 0.1]
    for above, below in (axes[::2], axes[1::2]):
        assert above.get_ylim() == below.get_ylim()
    low, high = axes[0].get_ylim()
    assert low < 0.1
    assert high > 9.0
    with pytest.raises(ValueError, match="at least one net"):
        plot.training_side_by_side({})
    with pytest.raises(ValueError, match="the same quantities for every net"):
        plot.training_side_by_side({"ANN": ann, "SNN": {"loss": [1.0]}})


def test_a_name_that_only_begins_like_a_subset_is_a_quantity():
    (ax,) = plot.training_curves({"testimony": [1.0]})
    assert ax.get_ylabel() == "testimony"


def test_training_without_epochs_is_said():
    (ax,) = plot.training_curves({"loss": []})
    assert [text.get_text() for text in ax.texts] == ["no epochs"]
    with pytest.raises(ValueError, match="at least one quantity"):
        plot.training_curves({})
    with pytest.raises(ValueError, match="'loss' to hold one value per epoch"):
        plot.training_curves({"loss": [[1.0]]})


def test_surrogates_are_drawn_with_the_functions_they_are_derivatives_of():
    curves = [SimpleNamespace(name=f"s{k}", derivative=lambda u: 1 - np.tanh(u) ** 2, smooth=np.tanh) for k in range(9)]
    left, right = plot.surrogates(curves)
    u = right.lines[0].get_xdata()
    assert (u[0], u[-1]) == (-2, 2)
    assert np.array_equal(left.lines[1].get_ydata(), np.tanh(u))  # the first is the true step
    assert labels(right) == [f"s{k}" for k in range(9)]
    assert len({(line.get_color(), line.get_linestyle()) for line in right.lines}) == 9
    assert right.get_xlabel().endswith("(no unit)")
    each = plot.surrogates(curves * 2)
    assert len(each) == 18
    assert each[3].get_title() == "s3"
    assert np.array_equal(each[3].lines[2].get_ydata(), curves[0].derivative(u))
    with pytest.raises(ValueError, match="at least one surrogate"):
        plot.surrogates([])
    with pytest.raises(TypeError, match="a list of surrogates, got atan"):
        plot.surrogates(surrogate.atan)
    assert [ax.get_title() for ax in plot.surrogates()] == [one.name for one in surrogate.ALL]
