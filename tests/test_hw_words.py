"""Checks of integers against words, and integer products through BLAS: exact up to the last integer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hw.neurons import akida, brainscales2, loihi, loihi2, ring_buffers, speck, spinnaker, truenorth, twin, xylo
from hw.neurons.integer_windows import EXACT, EXACT_SINGLE, Window, convolve, product, same, windows
from hw.neurons.words import arriving, bits, integers, word

BUSY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a loaded machine


@BUSY
@given(st.lists(st.integers(-300, 300), min_size=1, max_size=9), st.integers(-200, 0), st.integers(0, 200))
def test_integers_are_taken_exactly_when_all_are_within(values, low, high):
    inside = all(low <= v <= high for v in values)
    for given_as in (values, np.array(values, np.int16), np.array(values, np.float32)):
        if inside:
            assert integers("x", given_as, low, high).tolist() == values
        else:
            first = next(k for k, v in enumerate(values) if not low <= v <= high)
            with pytest.raises(ValueError, match=rf"x: expected integers in {low}\.\.{high}, got {values[first]}"):
                integers("x", given_as, low, high)


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ([1.0, 0.5], ValueError, r"0\.5 at index \(1,\)"),
        ([[0, np.nan]], ValueError, r"nan at index \(0, 1\)"),
        ([np.inf], ValueError, "inf"),
        ([7, 8, 9], ValueError, r"7 at index \(0,\) \(and 2 more\); halve it"),
        (7, ValueError, "got 7; halve it"),
        (["a"], TypeError, "integers"),
        ([1 + 0j], TypeError, "integers"),
        ([[1], [1, 2]], TypeError, "different lengths"),
    ],
)
def test_what_is_no_integer_of_the_word_is_refused_with_its_place(values, error, said):
    with pytest.raises(error, match=said):
        integers("x", values, 0, 5, hint="halve it")


def test_shapes_of_words_and_rasters():
    assert word("x", 3, 0, 5, (2, 2)).tolist() == [[3, 3], [3, 3]]
    with pytest.raises(ValueError, match=r"one value or shape \(2,\), got shape \(3,\)"):
        word("x", [1, 2, 3], 0, 5, (2,))
    alone, was = arriving("x", np.ones((4, 3)), (3,), 0, 1)
    assert (alone.shape, was) == ((4, 1, 3), True)
    with pytest.raises(ValueError, match=r"steps, batch, 3"):
        arriving("x", np.ones((4, 2)), (3,), 0, 1)
    assert bits(8) == (-128, 127)


@BUSY
@given(st.integers(0, 2**32), st.sampled_from([3, 200, 40_000, 2**24]), st.integers(1, 3), st.integers(0, 2))
def test_convolution_is_exact(seed, most, stride, pad):
    """Against Python integers, on both sides of what float32 holds."""
    rng = np.random.default_rng(seed)
    x, kernel = rng.integers(-most, most + 1, (2, 2, 5, 6)), rng.integers(-most, most + 1, (3, 2, 3, 2))
    window = Window((3, 2), (stride, stride), (pad, 0, 0, pad))
    down, across = window.places(5, 6)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, 0), (0, pad))).tolist()
    got = convolve(x, kernel, window).tolist()
    for b in range(2):
        for f in range(3):
            for i in range(down):
                for j in range(across):
                    total = sum(
                        padded[b][c][i * stride + p][j * stride + q] * int(kernel[f, c, p, q])
                        for c in range(2)
                        for p in range(3)
                        for q in range(2)
                    )
                    assert got[b][f][i][j] == total


def test_products_are_exact_to_the_last_integer_and_refused_beyond():
    for largest in (EXACT_SINGLE, EXACT):
        x = np.array([[largest // 2 - 1, largest // 2 - 2]])
        assert product(x, np.ones((2, 1), np.int64)).item() == largest - 3
    with pytest.raises(ValueError, match="less than 2\\^53"):
        product(np.array([[EXACT // 2, 0]]), np.ones((2, 1), np.int64))


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"window \(3, 3\) does not fit into a map of 2 x 9"):
        windows(np.zeros((1, 1, 2, 9), np.int64), Window((3, 3), (1, 1)))
    assert same(7, 8, (3, 3), (2, 2)) == (1, 1, 0, 1)


ENTRIES = {
    "loihi.run": loihi.run, "loihi_weights": loihi.loihi_weights, "loihi.deliver": loihi.deliver,
    "loihi2.run": loihi2.run, "twin.run": twin.run, "truenorth.run": truenorth.run, "xylo.run": xylo.run,
    "speck.run": speck.run, "speck.run_events": speck.run_events, "akida.dense": akida.dense,
    "akida.conv2d": akida.conv2d, "spinnaker.run": spinnaker.run, "ring_buffers.deliver": ring_buffers.deliver,
    "brainscales2.run": brainscales2.run,
}  # fmt: skip


@pytest.mark.parametrize("name", ENTRIES)
def test_every_plain_entry_point_says_what_its_integers_do(name):
    said = ENTRIES[name].__doc__.lower()
    for said_of in ("widths", "order", "rounding", "overflow", "source", "bits"):
        assert said_of in said, said_of
