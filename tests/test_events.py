"""Events: where neurons fired, as their own loop lists it, against what numpy finds in the output."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikenet.graph import Tensor, repeat
from spikenet.kernels.events import BLOCK, Events, blocks, found, list_fired
from spikenet.kernels.neuron_pass import NARROW
from spikenet.layers import IF, LI, LIF, LIFRate, Linear

WIDTHS = sorted({128, 130, 512, 513, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 37})


def places(events):
    """(rows, n) bool: where the events are; checks that each block lists its columns once, in order, within itself."""
    rows, n = events.columns.shape
    assert events.counts.shape == (rows, blocks(n))
    there = np.zeros((rows, n), bool)
    for row in range(rows):
        for block in range(blocks(n)):
            low, count = block * BLOCK, events.counts[row, block]
            listed = events.columns[row, low : low + count].astype(int)
            assert count <= min(BLOCK, n - low)
            assert (np.diff(listed) > 0).all()
            assert not count or low + listed[-1] < n
            there[row, low + listed] = True
    return there


def assert_lists(events, output):
    rows = output.reshape(-1, output.shape[-1])
    np.testing.assert_array_equal(places(events), rows != 0)
    assert events.density == np.count_nonzero(output) / output.size


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", WIDTHS)
def test_the_loop_lists_what_numpy_finds(n, dtype, rng):
    output = LIF(tau_mem_s=5e-3)(rng.normal(0.2, 0.6, (7, 3, n)).astype(dtype))
    assert 0.02 < output.data.mean() < 0.6
    assert output.events.binary
    assert_lists(output.events, output.data)


@pytest.mark.parametrize("n", WIDTHS)
@pytest.mark.parametrize(("current", "density"), [(0.0, 0.0), (-3.0, 0.0), (2.0, 1.0)])
def test_nobody_fires_or_everybody(current, density, n):
    output = IF()(np.full((4, 2, n), current, np.float32))
    assert output.data.mean() == output.events.density == density
    assert_lists(output.events, output.data)


@pytest.mark.parametrize("k", [0, 31, 32, 127, 128, BLOCK - 1, BLOCK, BLOCK + 32, BLOCK + 36])
def test_a_single_spike_anywhere(k):
    """First and last of a vector, of a block and of what is left over."""
    current = np.zeros((1, 1, BLOCK + 37), np.float32)
    current[..., k] = 2
    assert np.argwhere(places(IF()(current).events)).tolist() == [[0, k]]


def test_input_that_repeats_and_a_state_carried_on(rng):
    x = Tensor(rng.normal(0.3, 0.5, (2, 150)).astype(np.float32), requires_grad=True)
    layer = LIF(tau_mem_s=5e-3)
    head, state = layer.run(repeat(x, 5))
    tail, _ = layer.run(repeat(x, 4), state)
    whole = layer(repeat(x, 9))
    for output in (head, tail, whole):
        assert_lists(output.events, output.data)
    np.testing.assert_array_equal(places(whole.events), np.concatenate([places(head.events), places(tail.events)]))


def test_a_population_in_several_axes_is_one_row(rng):
    output = LIF(tau_mem_s=5e-3)(rng.normal(0.2, 0.6, (4, 3, 2, 10, 9)).astype(np.float32))
    assert_lists(output.events, output.data.reshape(4, 3, 180))


def test_only_spikes_of_wide_populations_are_listed(rng):
    """Rates and membranes are not zero or one; narrow populations are quicker multiplied whole."""
    x = rng.normal(0.2, 0.6, (3, 2, NARROW)).astype(np.float32)
    assert LIF()(x).events is not None
    assert LIF()(x[..., :-1]).events is None
    assert LI()(x).events is None
    assert LIFRate()(np.abs(x)).events is None


def test_one_thread_and_two_list_the_same(rng, one_thread_and_two):
    current = rng.normal(0.2, 0.6, (20, 8, 2 * BLOCK + 37)).astype(np.float32)  # enough to be worth sharing
    listed = one_thread_and_two(lambda: LIF(tau_mem_s=5e-3)(current).events)
    np.testing.assert_array_equal(places(listed[0]), places(listed[1]))
    np.testing.assert_array_equal(listed[0].counts, listed[1].counts)


@settings(deadline=None)
@given(data=st.data(), n=st.integers(0, 100), dtype=st.sampled_from([np.float32, np.float64]))
def test_fired_means_greater_than_zero(data, n, dtype):
    """At any length, with values of every kind between the spikes; nothing after the list is relied on."""
    kinds = [0.0, -0.0, 1.0, -1.0, np.finfo(dtype).smallest_subnormal, np.inf, -np.inf, np.nan]
    output = np.array(data.draw(st.lists(st.sampled_from(kinds), min_size=n, max_size=n)), dtype)
    columns = np.full(n, 999, np.uint16)
    count = list_fired(output, columns)
    assert columns[:count].tolist() == np.flatnonzero(output > 0).tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 64, *WIDTHS])
def test_events_looked_for_in_data(n, dtype, rng):
    """Everything that is not zero, with its value: negative, tiny, not a number."""
    values = (rng.normal(size=(9, n)) * (rng.random((9, n)) < 0.3)).astype(dtype)
    values[0], values[1] = 0, 1
    values[2, ::5] = np.nan
    values[3, ::3] = np.finfo(dtype).smallest_subnormal
    values[4] = -0.0
    events = found(values)
    assert not events.binary
    assert_lists(events, values)


def test_density_of_nothing():
    assert found(np.zeros((0, 5), np.float32)).density == 0
    assert found(np.zeros((3, 0), np.float32)).density == 0


def test_density_counts_beyond_32_bits():
    """2^20 rows of 4096 events are 2^32; the counts alone say so."""
    counts = np.broadcast_to(np.int32(4096), (1 << 20, 1))
    columns = np.broadcast_to(np.uint16(0), (1 << 20, 4096))
    assert Events(columns, counts, True).density == 1


@pytest.fixture
def spikes(rng):
    """Spikes that nobody has looked at yet."""
    return LIF(tau_mem_s=5e-3)(rng.normal(0, 0.7, (6, 3, 256)).astype(np.float32))


def test_other_data_have_other_events(spikes):
    """A lesion must reach the next layer."""
    after = Linear(256, 300, bias=False, seed=0)
    spikes.data = spikes.data * 0
    assert spikes.events is None
    assert not after(spikes).data.any()


def test_late_data_cannot_be_changed_in_place(spikes):
    with pytest.raises(ValueError, match="read-only"):
        spikes.data[..., :128] = 0


def test_data_put_in_place_of_late_ones_have_their_own_shape(spikes):
    spikes.data = np.zeros((2, 1, 256), np.float32)
    assert spikes.shape == (2, 1, 256)
    assert len(spikes) == 2


def test_late_data_are_pickled(spikes):
    again = pickle.loads(pickle.dumps(spikes))
    np.testing.assert_array_equal(again.data, spikes.data)
    assert again.events.density == spikes.events.density
