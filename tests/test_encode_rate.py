"""Rate: the right probability, draws that depend on (seed, index, step, pixel) alone, exact ends.

Every random test has a fixed seed and fails with probability 1e-3 for a correct encoder under another seed.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spikenet.encode import Rate

P_VALUE = 1e-3


def spikes_of_words(p: float, steps: int, n: int, seed: int, index: int) -> list[list[int]]:
    """The documented rule in whole numbers, one draw after the other; p a multiple of 2**-16 off every tie.

    The first 16 binary digits of the draw for (step, pixel) are quarter (step * n + pixel) % 4, lowest first, of word
    (step * n + pixel) // 4 of Philox-4x64 keyed by (seed, index).
    """
    words = np.random.Philox(key=np.array([seed, index], np.uint64)).random_raw(steps * n // 4 + 1).tolist()
    digits = [(words[k // 4] >> (16 * (k % 4))) & 0xFFFF for k in range(steps * n)]
    return [[int(digits[t * n + k] < p * 65536) for k in range(n)] for t in range(steps)]


@pytest.mark.parametrize("p", [0.0, 2.0**-4, 0.5, 0.75])
def test_equals_the_rule_one_draw_after_the_other(p):
    spikes = Rate(7)(np.full((3, 5), p), index=[4, 0, 2**40], seed=9)
    for b, index in enumerate([4, 0, 2**40]):
        assert spikes[:, b].tolist() == spikes_of_words(p, 7, 5, 9, index)


@pytest.mark.parametrize("gain", [1.0, 0.3, 2.5])
@pytest.mark.parametrize("x", [1e-4, 0.01, 0.3, 0.5, 0.9, 0.9999])
def test_probability(x, gain):
    """Two-sided binomial test at p = 1e-3 on 400,000 draws: resolves 1e-4 at the ends and 1e-3 in the middle."""
    spikes = Rate(100, gain)(np.full((40, 100), x), seed=1)
    p = min(gain * x, 1.0)
    assert stats.binomtest(int(spikes.sum()), spikes.size, p).pvalue > P_VALUE


@pytest.mark.parametrize("rest", [0.0, 2.0**-30, 0.2, 0.5, 1 - 2.0**-30])
def test_the_digits_after_the_sixteenth_count(rest):
    """Pixels set to their own first draw plus `rest` of its last digit: each is a tie at step 0, won with odds `rest`.

    Two-sided binomial test at p = 1e-3 on 4,000 ties. Without the later digits all would be won or all lost.
    """
    words = np.random.Philox(key=np.array([3, 0], np.uint64)).random_raw(1000)
    digits = words.astype("<u8").view("<u2").astype(np.float64)
    spikes = Rate(1)((digits[None] + rest) / 65536, seed=3)
    assert stats.binomtest(int(spikes.sum()), 4000, rest).pvalue > P_VALUE


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_ends_are_exact(dtype):
    """0 never fires and 1 always: 1.3 million draws each, so some 20 ties at either end."""
    zeros, ones = Rate(40)(np.stack([np.zeros(32_768, dtype), np.ones(32_768, dtype)]), seed=5).swapaxes(0, 1)
    assert zeros.dtype == ones.dtype == dtype
    assert not zeros.any()
    assert (ones == 1).all()


def test_a_gain_beyond_one_saturates():
    assert Rate(50, gain=4)(np.full((1, 1000), 0.25)).all()


def test_draws_are_independent_across_steps_pixels_samples_and_seeds():
    """Correlation of neighbours along each direction; normal test, p = 1e-3 shared by the four (Bonferroni)."""
    first, second = (Rate(50)(np.full((50, 50), 0.5), seed=seed) - 0.5 for seed in (0, 1))
    pairs = [(first[1:], first[:-1]), (first[:, 1:], first[:, :-1]), (first[..., 1:], first[..., :-1]), (first, second)]
    for one, other in pairs:
        z = 4 * (one * other).sum() / np.sqrt(one.size)  # a product is +-1/4 with even odds
        assert 2 * stats.norm.sf(abs(z)) > P_VALUE / 4


def test_counts_scatter_as_binomial_counts_do():
    """Chi-square over 2,000 inputs of 25 draws each, two-sided at p = 1e-3: neither stratified nor bursty."""
    x = np.linspace(0.1, 0.9, 2000)[None]
    z2 = (Rate(25)(x, seed=2).sum(axis=0) - 25 * x) ** 2 / (25 * x * (1 - x))
    assert P_VALUE / 2 < stats.chi2.sf(z2.sum(), 2000) < 1 - P_VALUE / 2


@given(st.data())
def test_a_sample_spikes_alike_in_every_batch(data):
    """Any selection, in any order, with repeats: each sample's spikes are those it has alone."""
    x = np.random.default_rng(0).random((6, 3), dtype=np.float32)
    seed = data.draw(st.integers(0, 2**64 - 1))
    chosen = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=8))
    together = Rate(4)(x[chosen], index=chosen, seed=seed)
    for b, k in enumerate(chosen):
        assert np.array_equal(together[:, b], Rate(4)(x[k : k + 1], index=[k], seed=seed)[:, 0])


def test_neighbours_values_do_not_matter():
    x = np.full((2, 50), 0.5)
    y = np.stack([x[0], np.ones(50)])
    assert np.array_equal(Rate(9)(x)[:, 0], Rate(9)(y)[:, 0])


def test_more_steps_continue_the_train():
    x = np.full((3, 4), 0.4, np.float32)
    assert np.array_equal(Rate(30)(x)[:11], Rate(11)(x))


def test_a_larger_value_keeps_the_spikes_of_a_smaller_one():
    low, high = (Rate(50)(np.full((2, 100), p), seed=4) for p in (0.3, 0.4))
    assert (high >= low).all()


def test_seed_and_index_both_matter_and_do_not_swap():
    x = np.full((1, 200), 0.5)
    trains = [
        Rate(1)(x, index=[i], seed=s).tobytes() for s, i in [(0, 0), (0, 1), (1, 0), (1, 1), (2**64 - 1, 2**63 - 1)]
    ]
    assert len(set(trains)) == len(trains)


def test_default_index_counts_from_zero():
    x = np.full((4, 20), 0.5)
    assert np.array_equal(Rate(3)(x), Rate(3)(x, index=np.arange(4, dtype=np.uint8)))


def test_shape_of_images_is_kept_and_input_untouched():
    x = np.random.default_rng(0).random((2, 3, 4, 5), dtype=np.float32)
    x.flags.writeable = False
    spikes = Rate(6)(x)
    assert spikes.shape == (6, 2, 3, 4, 5)
    assert np.array_equal(spikes.reshape(6, 2, -1), Rate(6)(x.reshape(2, -1)))
