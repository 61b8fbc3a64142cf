"""The simulator's kernels: counters, counts, bits and the rules' draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spikenet.kernels import alias, bit_delivery, compress, connect, permutation, philox, poisson_counts, sampling
from spikenet.kernels.memory import read_only
from spikenet.kernels.partners import FEW, NONE, draw_chances, draw_evenly
from spikenet.kernels.pointers import address
from spikenet.network import draw, rules
from spikenet.network.synapses import starts_of, synapses
from spikenet.simulate.wiring import delay_table

ALL = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("counter", "seed", "words"),
    [  # kat_vectors of Random123
        ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ALL, ALL, ALL, ALL), 2**64 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            0x299F31D0A4093822,
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_words(counter, seed, words):
    assert philox.philox(*counter, np.uint64(seed)) == words


def plan_of(*words):
    return read_only(np.array(words, np.int64))


def test_poisson_counts_are_what_the_counter_says():
    """The counts of 64 neurons from the scalar generator and the cumulative distribution."""
    table = poisson_counts.thresholds(np.array(2.5))
    row, weight = np.ones(64, np.float64), np.array([0.5])
    operation = poisson_counts.poisson_operation("float64", True)
    operation(plan_of(64, 3, 9, 77, address(table), 1 << 62, 1, 0, 1, address(weight), address(row)), 0, 12)
    for g in range(2):
        for lane in range(8):
            for w, u in enumerate(philox.philox((3 + g) * 8 + lane, 12, 0, 9, 77)):
                count = int((int(u) - 2**31 > table).sum())
                assert row[g * 32 + w * 8 + lane] == 1 + 0.5 * count


@pytest.mark.parametrize("mean", [0.0, 0.003, 1.7, 40.0])
def test_poisson_counts_are_poisson(mean):
    """Chi-square of 200,000 counts, p > 1e-3; every second neuron has no input."""
    n = 2000
    table = poisson_counts.thresholds(np.where(np.arange(n) % 2, mean, 0.0))
    weight, operation = np.ones(1, np.float32), poisson_counts.poisson_operation("float32", False)
    counts = []
    for t in range(200):
        row = np.zeros(2016, np.float32)
        operation(plan_of(1984, 0, 1, 5, address(table), 1 << 62, 1, 0, n, address(weight), address(row)), 0, t)
        counts.append(row[:1984].astype(int))
    counts = np.array(counts)
    assert not counts[:, ::2].any()
    odd = counts[:, 1::2].ravel()
    if mean == 0:
        assert not odd.any()
        return
    k = np.arange(odd.max() + 1)
    expected = stats.poisson.pmf(k, mean) * odd.size
    kept = expected > 5
    seen = np.bincount(odd)[kept]
    rest = np.array([odd.size - seen.sum(), odd.size - expected[kept].sum()])
    chi = ((seen - expected[kept]) ** 2 / expected[kept]).sum() + (rest[0] - rest[1]) ** 2 / max(rest[1], 1)
    assert stats.chi2.sf(chi, kept.sum()) > 1e-3


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 700), st.integers(1, 1100), st.integers(0, 2**32 - 1))
def test_bits_count_sources_exactly(n_fired, n_targets, seed):
    rng = np.random.default_rng(seed)
    n_sources, slabs = 700, -(-n_targets // 512)
    dense = np.zeros((n_sources, slabs * 512), bool)
    dense[:, :n_targets] = rng.random((n_sources, n_targets)) < 0.3
    bits = np.zeros((slabs, n_sources + 1, 8), np.uint64)
    packed = np.packbits(dense.reshape(n_sources, slabs, 512), axis=2, bitorder="little").view(np.uint64)
    bits[:, :n_sources] = packed.transpose(1, 0, 2)
    fired = np.sort(rng.choice(n_sources, n_fired, replace=False))
    split = n_fired // 3  # two threads' shares of the sources
    counts, places = [np.zeros(4, np.int32) for _ in range(2)], [np.zeros((4, 700), np.uint32) for _ in range(2)]
    for count, place, mine in zip(counts, places, (fired[:split], fired[split:]), strict=True):
        count[2], place[2, : len(mine)] = len(mine), mine
    row, weight = np.full(slabs * 512, 0.25), np.array([0.5])
    words = [address(bits), n_sources, slabs * 512, 3, address(weight), address(row), 4, 2]
    for count, place in zip(counts, places, strict=True):
        words += [address(count), address(place), 700]
    bit_delivery.bits_operation("float64")(plan_of(*words), 0, 5)
    assert np.array_equal(row, 0.25 + 0.5 * dense[fired].sum(axis=0))


def pairs(rule, n_source, n_target, one=False, seed=1):
    made = synapses("test", rule, n_source, n_target, one, seed, 4)
    owners = np.repeat(np.arange(made.degrees.size), made.degrees)
    partners = made.draw(0, made.degrees.size)
    assert partners.size == made.total
    return (owners, partners) if made.by_source else (partners, owners)


@pytest.mark.parametrize(
    ("rule", "total"),
    [
        (rules.all_to_all(), 60 * 40),
        (rules.pairwise(1.0), 60 * 40),
        (rules.pairwise(0.0), 0),
        (rules.fixed_indegree(7), 40 * 7),
        (rules.fixed_indegree(50, multapses=False), 40 * 50),
        (rules.fixed_outdegree(9, multapses=False), 60 * 9),
        (rules.fixed_outdegree(0), 0),
        (rules.fixed_total(333), 333),
        (rules.fixed_total(2000, multapses=False), 2000),
    ],
    ids=str,
)
def test_rules_make_what_they_say(rule, total):
    source, target = pairs(rule, 60, 40)
    assert source.size == total
    if total:
        assert source.max() < 60
        assert target.max() < 40
    if isinstance(rule, rules.FixedIndegree):
        assert (np.bincount(target, minlength=40) == rule.k).all()
    if isinstance(rule, rules.FixedOutdegree):
        assert (np.bincount(source, minlength=60) == rule.k).all()
    if not getattr(rule, "multapses", True) or isinstance(rule, rules.AllToAll):
        assert np.unique(source.astype(int) * 40 + target).size == total


@pytest.mark.parametrize(
    "rule",
    [
        rules.all_to_all(autapses=False),
        rules.pairwise(0.4, autapses=False),
        rules.fixed_indegree(30, autapses=False),
        rules.fixed_outdegree(30, autapses=False, multapses=False),
        rules.fixed_total(1000, autapses=False),
        rules.fixed_total(1000, autapses=False, multapses=False),
    ],
    ids=str,
)
def test_nobody_connects_to_itself_unless_allowed(rule):
    source, target = pairs(rule, 50, 50, one=True)
    assert source.size
    assert not (source == target).any()


@pytest.mark.parametrize("rule", [rules.fixed_indegree(40), rules.fixed_total(20_000), rules.pairwise(0.08)], ids=str)
def test_partners_are_drawn_evenly(rule):
    """Chi-square of how often each source is chosen, p > 1e-3."""
    source, target = pairs(rule, 500, 500)
    for chosen in (source, target):
        if not isinstance(rule, rules.FixedIndegree) or chosen is source:
            counts = np.bincount(chosen, minlength=500)
            assert stats.chisquare(counts).pvalue > 1e-3
            assert stats.kstest(counts, stats.binom(source.size, 1 / 500).cdf).pvalue > 1e-6
    inside = source.astype(int) % 5 * 5 + target % 5
    assert stats.chisquare(np.bincount(inside, minlength=25)).pvalue > 1e-3


@pytest.mark.parametrize("rule", [rules.pairwise(0.1), rules.fixed_outdegree(20), rules.fixed_total(5000)], ids=str)
def test_a_stretch_is_drawn_alone(rule):
    made = synapses("test", rule, 100, 300, False, 3, 4)
    starts, whole = starts_of(made.degrees), made.draw(0, 100)
    assert np.array_equal(made.draw(37, 61), whole[starts[37] : starts[61]])


def test_draws_differ_by_seed_and_projection():
    a, b = pairs(rules.fixed_total(1000), 100, 100), pairs(rules.fixed_total(1000), 100, 100, seed=2)
    assert not np.array_equal(a[1], b[1])
    other = synapses("test", rules.fixed_total(1000), 100, 100, False, 1, 5).draw(0, 100)
    assert not np.array_equal(a[1], other)


def test_below_is_the_whole_part_of_the_product():
    for high, low, n in ((0, 0, 7), (ALL, ALL, 7), (0x80000000, 0, 10), (0x33333333, 0x33333333, 5), (ALL, ALL, ALL)):
        assert connect.below(high, low, n) == ((high << 32 | low) * n) >> 64


@pytest.mark.parametrize(
    ("distribution", "cdf"),
    [
        (draw.uniform(2.0, 5.0), stats.uniform(2, 3).cdf),
        (draw.normal(1.0, 0.5), stats.norm(1, 0.5).cdf),
        (draw.normal(1.0, 0.5, low=0.8, high=2.0), stats.truncnorm(-0.4, 2.0, 1, 0.5).cdf),
        (draw.lognormal(-0.7, 0.9), stats.lognorm(0.9, scale=np.exp(-0.7)).cdf),
    ],
    ids=["uniform", "normal", "clipped", "lognormal"],
)
def test_values_follow_their_distribution(distribution, cdf):
    d = distribution
    values = np.empty(50_000)
    sampling.sample_row(d.kind, d.a, d.b, d.low, d.high, 3, 11, values)
    assert stats.kstest(values, cdf).pvalue > 1e-3
    assert d.range[0] <= values.min() <= values.max() <= d.range[1]


def test_normal_numbers_are_the_inverse_of_their_distribution():
    """Six digits, as float32 has them, from the middle to the last of 32 bits."""
    words = np.geomspace(1, 2**31, 400).astype(np.int64)
    words = np.concatenate([[0], words, 2**32 - 1 - words, [ALL]])
    values = np.array([sampling.normal(w) for w in words])
    exact = np.where(words < 2**31, 1.0, -1.0) * stats.norm.ppf((np.minimum(words, ALL - words) + 0.5) / 2**32)
    assert (np.abs(values - exact) / np.maximum(1, np.abs(exact))).max() < 1e-6
    assert np.abs(values).max() < sampling.WIDEST


@pytest.mark.parametrize("n", [1, 2, 7, 100, 1009, 70_000])
def test_an_order_holds_every_number_once_and_any_part_of_it_is_drawn_alone(n):
    whole, part = np.empty(n, np.uint32), np.empty(n // 3 + 1, np.uint32)
    permutation.permuted(0, n, n, 7, 5, whole)
    permutation.permuted(n // 2, min(part.size, n - n // 2), n, 7, 5, part)
    assert np.array_equal(np.sort(whole), np.arange(n))
    assert np.array_equal(part[: n - n // 2], whole[n // 2 :][: part.size])


def test_orders_are_random():
    """The first two of 12 over 20,000 seeds: all pairs alike, chi-square, p > 1e-3."""
    first = np.empty((20_000, 2), np.uint32)
    for seed, row in enumerate(first):
        permutation.permuted(0, 2, 12, 3, seed, row)
    counts = np.bincount(first[:, 0] * 12 + first[:, 1], minlength=144)[~np.eye(12, dtype=bool).ravel()]
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("apart", [1, 2, 16, 1000, 1415, 2830])
def test_places_near_each_other_in_an_order_have_nothing_to_do_with_each_other(apart):
    """Pairs of two million numbers, also of a digit's length apart, in 32 x 32 squares: chi-square, p > 1e-3; and the
    differences that a few synapses of one source would show."""
    n = 2_000_000
    whole = np.empty(n, np.uint32)
    permutation.permuted(0, n, n, 7, 5, whole)
    a, b = (whole[: n - apart].astype(np.int64), whole[apart:].astype(np.int64))
    assert stats.chisquare(np.bincount(a * 32 // n * 32 + b * 32 // n, minlength=1024)).pvalue > 1e-3
    assert stats.chisquare(np.bincount((a - b) % n * 1000 // n, minlength=1000)).pvalue > 1e-3


@pytest.mark.parametrize("probability", [0.05, 2e-4])
def test_gaps_between_partners_are_geometric(probability):
    """Drawn in float32 where they are short and in float64 where they are long."""
    partners = np.empty(4000, np.uint32)
    count = draw_chances(
        3, 10_000_000 if probability < 1e-3 else 40_000, NONE, 1 / np.log1p(-probability), 1, 2, partners
    )
    gaps = np.diff(partners[:count].astype(np.int64))
    assert count > 1500
    assert stats.kstest(gaps - np.random.default_rng(0).random(gaps.size), smooth_geometric(probability)).pvalue > 1e-3


def smooth_geometric(p):
    """The distribution of a geometric number less an even one in [0, 1)."""
    return lambda x: 1 - (1 - p) ** np.floor(x) * (1 - p * (x - np.floor(x)))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("periodic", [None, 1.0])
def test_probability_falls_with_distance(dimensions, periodic, rng):
    """By shells of distance, the share of connected pairs against the profile: chi-square, p > 1e-3."""
    places = rng.random((400, dimensions))
    apart = np.abs(places[:, None] - places[None])
    apart = np.minimum(apart, 1 - apart) if periodic else apart
    distances = np.sqrt((apart**2).sum(axis=2))
    for profile, of in (
        (rules.GAUSSIAN, lambda d: np.exp(-((d / 0.2) ** 2) / 2)),
        (rules.EXPONENTIAL, lambda d: np.exp(-d / 0.2)),
        (rules.DISC, lambda d: d <= 0.2),
    ):
        rule = rules.by_distance(profile, 0.6, 0.2, places, places, periodic=periodic, autapses=False)
        source, target = pairs(rule, 400, 400, one=True)
        connected = np.zeros((400, 400), bool)
        connected[source, target] = True
        assert connected.sum() == source.size
        chance = 0.6 * of(distances) * ~np.eye(400, dtype=bool)
        shell = np.minimum(distances / 0.05, 11).astype(int)
        seen, expected, spread = (
            np.bincount(shell.ravel(), w.ravel()) for w in (connected, chance, chance * (1 - chance))
        )
        chi = ((seen - expected)[spread > 3] ** 2 / spread[spread > 3]).sum()
        assert stats.chi2.sf(chi, (spread > 3).sum()) > 1e-3
        assert not seen[expected == 0].any()
        made = synapses("test", rule, 400, 400, True, 1, 4)
        starts = starts_of(made.degrees)
        assert np.array_equal(made.draw(90, 110), made.draw(0, 400)[starts[90] : starts[110]])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, ALL), max_size=70), st.integers(0, ALL), st.integers(0, ALL))
def test_what_lies_in_a_range_comes_to_the_front(values, a, b):
    values, (low, high) = np.array(values, np.uint32), sorted((a, b))
    wanted = np.flatnonzero((values >= low) & (values < high))
    which = np.empty(values.size, np.int32)
    for into in (np.empty_like(values), values):
        given_values = values.copy()
        kept = compress.keep_within(values, low, high, into, which)
        assert np.array_equal(which[:kept], wanted)
        assert np.array_equal(into[:kept], given_values[wanted])


@pytest.mark.parametrize("n", [5, 1 << 18, 3_000_000])
def test_even_draws_are_the_fractions_of_their_words(n):
    """Whole groups and the rest, one word each or, for many partners, two; one partner left out."""
    count, owner = 75, 3
    drawn = np.empty(count, np.uint32)
    draw_evenly(owner, count, n, 0, 7, 9, drawn)
    many = philox.GROUP if n <= FEW else philox.GROUP // 2
    for k in range(count):
        counters = k // many * philox.LANES + np.arange(philox.LANES)
        words = np.array([philox.philox(c, owner, 0, 7, 9) for c in counters], np.int64).T.ravel().tolist()
        fraction = words[k % many] << 32 | (0 if n <= FEW else words[many + k % many])
        one = fraction * (n - 1) >> 64
        assert drawn[k] == one + (one >= owner)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2**32), max_size=70))
def test_an_alias_table_gives_every_outcome_its_share_of_the_words(cuts):
    edges = [0, *sorted(cuts), 2**32]
    counts = np.diff(edges)
    table = alias.alias_table([int(c) for c in counts])
    shift = np.uint32(alias.shift_for(table.size))
    share, own, pairs = 1 << int(shift), (table & ALL).astype(np.int64), (table >> 32).astype(np.int64)
    found = np.zeros(table.size, np.int64)
    np.add.at(found, pairs & 0xFFFF, own)
    np.add.at(found, pairs >> 16, share - own)
    assert np.array_equal(found[: counts.size], counts)
    for slot, much in enumerate(own):
        for word in {slot * share, min(slot * share + int(much), slot * share + share - 1), (slot + 1) * share - 1}:
            wanted = pairs[slot] & 0xFFFF if word - slot * share < much else pairs[slot] >> 16
            assert alias.slot_of(shift, np.uint32(word)) == slot
            assert alias.outcome(table[slot], shift, np.uint32(word)) == wanted


@pytest.mark.parametrize(
    "made", [draw.normal(1.5, 0.75, low=0.1), draw.uniform(0.0, 2.0), draw.lognormal(0.0, 0.5, high=3.0)], ids=str
)
def test_drawn_delays_are_the_values_rounded_to_steps(made):
    """Chances of all delays against a million values of the distribution, chi-square, p > 1e-3."""
    first, table = delay_table(made, 10.0)
    own, pairs_of = (table & ALL).astype(float), (table >> 32).astype(np.int64)
    share = 2.0 ** int(alias.shift_for(table.size))
    chances = np.zeros(table.size)
    np.add.at(chances, pairs_of & 0xFFFF, own / 2**32)
    np.add.at(chances, pairs_of >> 16, (share - own) / 2**32)
    values = np.empty(1_000_000)
    sampling.sample_row(made.kind, made.a, made.b, made.low, made.high, 3, 4, values)
    seen = np.bincount(np.maximum(1, np.floor(values * 10 + 0.5)).astype(int), minlength=first + chances.size)[first:]
    assert seen.sum() == values.size
    often = chances > 1e-5
    assert stats.chisquare(seen[often], chances[often] * seen[often].sum() / chances[often].sum()).pvalue > 1e-3
    assert not seen[chances == 0].any()
