"""Energy bars and accuracy against energy: lengths, words, and unknown costs that are no zeros."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from spikenet import plot


def ends(ax):
    """Right end of every bar."""
    return [bar.get_x() + bar.get_width() for bar in ax.patches]


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_a_bar_per_entry_ends_at_its_energy_and_unknown_has_none():
    ax = plot.energy_bars({"ANN": 3.2e-6, "SNN": 1.234e-7, "chip": None, "other": float("nan"), "idle": 0.0})
    assert ends(ax) == pytest.approx([3.2e-6, 1.234e-7])
    assert words(ax) == ["3.2 µJ", "123 nJ", "unknown", "unknown", "0 J"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["ANN", "SNN", "chip", "other", "idle"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # first on top
    assert ax.get_xscale() == "log"
    assert "(J" in ax.get_xlabel()
    assert ax.get_xlim()[0] < 1.234e-7


def test_terms_start_at_one_edge_inside_the_bar_of_their_sum():
    ax = plot.energy_bars({"ANN": {"mac": 1e-6, "memory": 3e-6}, "SNN": {"events": 1e-7, "memory": None}, "chip": 2e-6})
    assert ends(ax) == pytest.approx([4e-6, 1e-6, 3e-6, 1e-7, 1e-7, 2e-6])
    assert len({bar.get_x() for bar in ax.patches}) == 1
    assert words(ax) == ["4 µJ", "≥ 100 nJ (memory unknown)", "unknown", "2 µJ"]
    whole, mac, memory = ax.patches[:3]
    assert whole.get_y() < mac.get_y()
    assert mac.get_y() + mac.get_height() <= memory.get_y()
    assert memory.get_y() + memory.get_height() < whole.get_y() + whole.get_height()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mac", "memory", "events", "sum"]


def test_sums_with_one_known_part_are_plain_bars_and_many_unknown_parts_are_counted():
    ax = plot.energy_bars(
        {"a": 1e-9, "total": {"known": 3e-9, "b": None}, "more": {"known": 2e-9, **dict.fromkeys("cde")}}
    )
    assert ends(ax) == pytest.approx([1e-9, 3e-9, 2e-9])
    assert words(ax) == ["1 nJ", "≥ 3 nJ (b unknown)", "≥ 2 nJ (3 parts unknown)"]
    assert ax.get_legend() is None


LEVELS = {
    "operations": [("ANN on 45 nm", 0.9, 1e-9, "ANN"), ("SNN on 45 nm", 0.8, 2e-9, "SNN")],
    "all in": [("SNN on a chip", 0.85, 3e-3, "SNN"), ("SNN elsewhere", 0.8, None, "SNN")],
}


def test_every_level_has_axes_and_a_scale_of_its_own():
    """Nothing of one level stands on the axis of another; a family looks the same in all."""
    bars = {level: {label: joule for label, _, joule, _ in points} for level, points in LEVELS.items()}
    both = plot.energy_levels(bars)
    assert [ax.get_title("left") for ax in both] == list(LEVELS)
    assert [[tick.get_text() for tick in ax.get_yticklabels()] for ax in both] == [
        list(table) for table in bars.values()
    ]
    assert both[0].get_xlim()[1] < both[1].get_xlim()[0]
    scatter = plot.accuracy_energy_levels(LEVELS, at_least=["SNN on a chip"])
    assert [ax.get_title("left") for ax in scatter] == list(LEVELS)
    assert scatter[0].get_xlim()[1] < 1e-6 < scatter[1].get_xlim()[0]
    snn = [next(line for line in ax.lines if line.get_label() == "SNN") for ax in scatter]
    assert len({(line.get_color(), line.get_marker()) for line in snn}) == 1
    assert [text.get_text() for text in scatter[1].get_legend().get_texts()] == ["SNN"]
    assert any("SNN on a chip, at least" in word for word in words(scatter[1]))
    for ax in (*both, *scatter):
        ax.figure.draw_without_rendering()
    title, legend = scatter[0]._left_title.get_window_extent(), scatter[0].get_legend().get_window_extent()
    assert Bbox.intersection(title, legend) is None


def test_levels_are_drawn_on_axes_that_are_given_one_each():
    axes = Figure().subplots(2, 1)
    assert plot.energy_levels({"a": {"x": 1e-9}, "b": {"x": 1e-6}}, axes=list(axes)) == tuple(axes)
    for draw, levels in ((plot.energy_levels, {"a": {"x": 1.0}}), (plot.accuracy_energy_levels, LEVELS)):
        with pytest.raises(ValueError, match="one for each level, got 3"):
            draw(levels, axes=[axes[0]] * 3)
        with pytest.raises(ValueError, match="at least one level"):
            draw({})


def test_all_unknown_is_drawn():
    ax = plot.energy_bars({"a": None, "b": {"x": None, "y": None}})
    assert not ax.patches
    assert words(ax) == ["unknown", "unknown"]
    ax.figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        ({}, ValueError, "at least one"),
        ({"a": -1.0}, ValueError, "'a': expected joules >= 0"),
        ({"a": {"mac": math.inf}}, ValueError, "'a' mac: expected a finite"),
        ({"a": "much"}, TypeError, "'a': expected a number"),
    ],
)
def test_bad_energies_are_refused(table, error, message):
    with pytest.raises(error, match=message):
        plot.energy_bars(table)


POINTS = [
    ("ANN float32", 0.98, 3e-6, "ANN"),
    ("ANN int8", 0.979, 3.1e-6, "ANN"),
    ("SNN one", 0.979, 3.2e-6, "SNN"),
    ("SNN two", 0.975, 1e-7, "SNN"),
    ("SNN elsewhere", 0.97, None, "SNN"),
]


def test_points_stand_at_their_energy_and_accuracy_in_percent():
    ax = plot.accuracy_energy(POINTS)
    ann, snn = ax.lines
    assert ann.get_xydata() == pytest.approx(np.array([[3e-6, 98], [3.1e-6, 97.9]]))
    assert snn.get_xydata()[:2] == pytest.approx(np.array([[3.2e-6, 97.9], [1e-7, 97.5]]))
    assert ann.get_marker() != snn.get_marker()
    assert ann.get_color() != snn.get_color()
    assert (ax.get_xscale(), ax.get_ylabel()) == ("log", "accuracy (%)")
    assert "(J" in ax.get_xlabel()


def test_an_unknown_energy_stands_right_of_all_others_in_a_strip_without_ticks():
    ax = plot.accuracy_energy(POINTS)
    unknown = ax.lines[1].get_xdata()[2]
    strip = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    assert strip.x0 < unknown < strip.x1
    assert strip.x0 > 3.2e-6
    assert "energy\nunknown" in words(ax)
    assert max(ax.get_xticks()) < strip.x0
    assert not plot.accuracy_energy(POINTS[:4]).patches


def test_labels_neither_meet_nor_leave_the_frame():
    ax = plot.accuracy_energy(POINTS)
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert {text.get_text() for text in ax.texts} >= {label for label, *_ in POINTS}
    for k, box in enumerate(boxes):
        assert all(Bbox.intersection(box, other) is None for other in boxes[:k])
        assert Bbox.intersection(box, ax.get_window_extent()).width == pytest.approx(box.width)


def test_words_keep_clear_of_arrows_and_of_points_of_unknown_energy():
    points = [("best", 1.0, None, "ANN"), ("low", 0.9, 1e-6, "SNN"), ("far", 0.9, 1e-5, "ANN")]
    ax = plot.accuracy_energy(points, at_least=["low", "far"])
    ax.figure.draw_without_rendering()
    arrows = [text.arrow_patch.get_window_extent() for text in ax.texts if getattr(text, "arrow_patch", None)]
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text()]
    assert len(arrows) == 2
    assert len(boxes) == 4
    for k, box in enumerate(boxes):
        assert all(Bbox.intersection(box, other) is None for other in (*boxes[:k], *arrows))
    best = ax.transData.transform(ax.lines[0].get_xydata()[0])
    assert not any(box.contains(*best) for box in boxes)


def test_many_points_are_numbered_and_listed():
    points = [(f"net on device {k}", 0.9, None if k > 8 else 1e-7 * 3**k, "SNN") for k in range(12)]
    ax = plot.accuracy_energy(points, at_least=["net on device 2"])
    listed, *numbers = (text for text in ax.texts if "unknown" not in text.get_text() and text.get_text())
    named = [line.split("  ", 1) for line in listed.get_text().splitlines()]
    assert [int(number) for number, _ in named] == list(range(1, 13))
    assert [name for _, name in named] == [label + ", at least" * (label == "net on device 2") for label, *_ in points]
    assert [text.get_text() for text in numbers] == [*map(str, range(1, 10)), "10, 11, 12"]
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in numbers]
    for k, box in enumerate(boxes):
        assert all(Bbox.intersection(box, other) is None for other in boxes[:k])


def test_what_was_not_run_is_a_hollow_cross_with_a_line_of_the_legend():
    ax = plot.accuracy_energy(POINTS, at_least=["SNN two"], not_run=["SNN two"])
    assert (1e-7, 97.5) not in [tuple(spot) for spot in ax.lines[1].get_xydata()]
    (cross,) = (line for line in ax.lines if line.get_marker() == "X" and len(line.get_xdata()))
    assert cross.get_xydata() == pytest.approx(np.array([[1e-7, 97.5]]))
    assert (cross.get_color(), cross.get_markeredgecolor()) == ("white", ax.lines[1].get_color())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["ANN", "SNN", "not run on the device"]
    assert len(plot.accuracy_energy(POINTS).get_legend().get_texts()) == 2


def test_one_point_and_nothing_known():
    for points in ([("a", 1.0, 1e-6, "x")], [("a", 0.0, None, "x")]):
        ax = plot.accuracy_energy(points)
        ax.figure.draw_without_rendering()
        low, high = ax.get_ylim()
        assert low < 100 * points[0][1] < high < 101


@pytest.mark.parametrize(
    ("point", "message"),
    [(("a", 98.0, 1e-6, "x"), "'a', a fraction"), (("a", 0.9, -1.0, "x"), "'a'"), (("a", 0.9, 0.0, "x"), "'a' > 0")],
)
def test_bad_points_are_refused(point, message):
    with pytest.raises(ValueError, match=message):
        plot.accuracy_energy([point])


def test_no_points_are_refused():
    with pytest.raises(ValueError, match="at least one point"):
        plot.accuracy_energy([])


def test_where_nothing_is_known_there_is_no_scale():
    ax = plot.energy_bars({"a": None, "b": {"x": None, "y": None}})
    ax.figure.canvas.draw()
    assert not len(ax.get_xticks())
    assert not [label.get_text() for label in ax.get_xticklabels(which="both")]
    assert ax.get_xlabel() == "energy per inference (J): nothing is known"
    assert len(plot.energy_bars({"a": None, "b": 1e-9}).get_xticks())
