"""Statistics of spike trains against closed forms and the obvious loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from spikenet import plot, spike_trains


def poisson(rng, n=40, rate_hz=20.0, duration_s=50.0):
    neurons = np.repeat(np.arange(n), rng.poisson(rate_hz * duration_s, n))
    return rng.random(neurons.size) * duration_s, neurons


def test_intervals_are_those_of_the_obvious_loop(rng):
    times, neurons = poisson(rng, 5, 4.0, 10.0)
    for statistic, of in (
        (spike_trains.cv, lambda g: g.std() / g.mean()),
        (spike_trains.cv2, lambda g: np.mean(2 * np.abs(np.diff(g)) / (g[1:] + g[:-1]))),
        (spike_trains.lv, lambda g: np.mean(3 * (np.diff(g) / (g[1:] + g[:-1])) ** 2)),
    ):
        obvious = [of(np.diff(np.sort(times[neurons == k]))) for k in range(5)]
        assert np.allclose(statistic(times, neurons, 5), obvious, rtol=1e-12)


def test_poisson_trains_have_unit_statistics(rng):
    times, neurons = poisson(rng)
    for statistic in (spike_trains.cv, spike_trains.cv2, spike_trains.lv):
        assert abs(statistic(times, neurons, 40).mean() - 1) < 0.03
    counts = spike_trains.binned(times, neurons, 40, 0.0, 50.0, 0.01)
    assert counts.sum() == times.size
    assert abs(spike_trains.fano(counts).mean() - 1) < 0.03
    assert abs(spike_trains.correlations(counts).mean()) < 0.005
    assert abs(spike_trains.synchrony(counts) - 1) < 0.1
    frequencies, power = spike_trains.spectrum(counts, 0.01, 1.0)
    assert frequencies[0] == 1.0
    assert abs(power.mean() / 20 - 1) < 0.05
    assert abs(spike_trains.rates_hz(times, neurons, 40, 0.0, 50.0).mean() - 20) < 0.5


def test_regular_and_equal_trains():
    times, neurons = np.tile(np.arange(1, 101) * 0.1, 3), np.repeat(np.arange(3), 100)
    assert np.allclose(spike_trains.cv(times, neurons, 4)[:3], 0, atol=1e-12)
    assert np.isnan(spike_trains.cv(times, neurons, 4)[3])
    counts = spike_trains.binned(times, neurons, 3, 0.0, 10.0, 0.05)
    assert np.allclose(spike_trains.correlations(counts), 1)
    assert np.isclose(spike_trains.synchrony(counts), 3)
    frequencies, power = spike_trains.spectrum(counts, 0.05)
    assert np.isclose(frequencies[power.argmax()], 10.0)


def test_a_spike_belongs_to_the_step_it_ends():
    counts = spike_trains.binned([1e-3, 2e-3, 2.0001e-3], [0, 0, 0], 1, 0.0, 4e-3, 1e-3)
    assert counts.ravel().tolist() == [1, 1, 1, 0]


def test_mistakes_are_answered():
    with pytest.raises(ValueError, match="neurons 0 to 1"):
        spike_trains.cv([0.1], [2], 2)
    with pytest.raises(ValueError, match="at least one bin"):
        spike_trains.binned([0.1], [0], 1, 0.0, 0.1, 1.0)
    with pytest.raises(ValueError, match="one neuron a spike"):
        spike_trains.lv([0.1, 0.2], [0], 1)


def test_pictures_of_populations(rng):
    times, neurons = poisson(rng, 40, 20.0, 1.0)
    upper, lower = plot.populations({"E": (times, neurons, 40), "I": ([], [], 10)}, 0.0, 1.0)
    assert [t.get_text() for t in upper.get_yticklabels()] == ["E", "I"]
    assert len(upper.lines[0].get_xdata()) == times.size
    drawn = lower.lines[0].get_ydata()
    assert np.isclose(drawn.mean(), times.size / 40)
    assert lower.get_xlabel() == "time (ms)"
    ax = plot.distribution({"E": rng.random(100), "none": []}, label="interval (s)")
    assert ax.get_xlabel() == "interval (s)"
    ax = plot.connectivity([[0.0, 1.0], [2.0, 0.0]], ["E", "I"], label="synapses")
    assert {t.get_text() for t in ax.texts} == {"1", "2"}
    ax = plot.connectivity([[174_613.0, 1e-3], [2.5, -3.2e6]], ["E", "I"], label="synapses")
    assert {t.get_text() for t in ax.texts} == {"175k", "1m", "2.5", "\N{MINUS SIGN}3.2M"}
    ax = plot.distribution({"E": 20 + 300 * rng.random(500)}, label="interval (ms)", log=True)
    assert ax.get_legend().get_texts()[0].get_text().startswith("E, mean 1")
    ax.figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in (*ax.get_xticklabels(), *ax.get_xticklabels(minor=True)) if t.get_text()]
    boxes.sort(key=lambda box: box.x0)
    assert len(boxes) > 1
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes)), "labels run into each other"
    with pytest.raises(ValueError, match="2 x 2"):
        plot.connectivity([[0.0]], ["E", "I"], label="synapses")


def test_counts_give_what_the_obvious_loops_give(rng):
    """Fano factor, Pearson's coefficient and power, as elephant defines them, bin by bin and by a slow transform."""
    times, neurons = poisson(rng, 4, 15.0, 2.0)
    counts = spike_trains.binned(times, neurons, 4, 0.0, 2.0, 0.02)
    plain = [[int(((times[neurons == k] > b * 0.02) & (times[neurons == k] <= (b + 1) * 0.02)).sum()) for k in range(4)]
             for b in range(100)]  # fmt: skip
    assert np.array_equal(counts, plain)
    columns = [[float(row[k]) for row in plain] for k in range(4)]
    means = [sum(c) / 100 for c in columns]
    variances = [sum((x - m) ** 2 for x in c) / 100 for c, m in zip(columns, means, strict=True)]
    assert np.allclose(spike_trains.fano(counts), [v / m for v, m in zip(variances, means, strict=True)], rtol=1e-12)
    pearson = [
        sum((x - means[i]) * (y - means[j]) for x, y in zip(columns[i], columns[j], strict=True))
        / 100 / np.sqrt(variances[i] * variances[j])
        for i in range(4) for j in range(i + 1, 4)
    ]  # fmt: skip
    assert np.allclose(spike_trains.correlations(counts), pearson, rtol=1e-10)
    frequencies, power = spike_trains.spectrum(counts, 0.02, 1.0)
    whole = counts.sum(axis=1) - counts.sum() / 100
    waves = np.exp(-2j * np.pi * np.outer(frequencies, np.arange(50) * 0.02))
    pieces = [np.abs(waves @ whole[a : a + 50]) ** 2 / (1.0 * 4) for a in (0, 50)]
    assert np.allclose(power, np.mean(pieces, axis=0), rtol=1e-9)
    together = np.var(counts.sum(axis=1))
    assert abs(spike_trains.synchrony(counts) - together / sum(variances)) < 1e-12


@pytest.mark.parametrize("times", [[], [0.3], [0.3, 0.7], [0.3, 0.7, 0.75], [0.3, 0.3], [0.3, 0.3, 0.3]])
@pytest.mark.parametrize("n", [1, 3])
def test_few_spikes_of_few_neurons(times, n):
    """Silent neurons, single spikes, spikes at one time, one neuron: formulas written out; unknown is NaN, no warning.

    The spikes are those of the last neuron, in 10 bins of 0.1 s.
    """
    neurons, many = np.full(len(times), n - 1), len(times)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    known = many > 2 and times[0] < times[-1]  # two intervals, not both 0
    if known:
        mean = sum(gaps) / len(gaps)
        spread = (sum((g - mean) ** 2 for g in gaps) / len(gaps)) ** 0.5
        contrast = abs(gaps[0] - gaps[1]) / (gaps[0] + gaps[1])
    for statistic, expected in (
        (spike_trains.cv, spread / mean if known else np.nan),
        (spike_trains.cv2, 2 * contrast if known else np.nan),
        (spike_trains.lv, 3 * contrast**2 if known else np.nan),
    ):
        found = statistic(times, neurons, n)
        assert np.isnan(found[:-1]).all()
        assert found[-1] == pytest.approx(expected, nan_ok=True)
    assert spike_trains.rates_hz(times, neurons, n, 0.0, 1.0).tolist() == [0.0] * (n - 1) + [many]
    assert np.allclose(spike_trains.intervals_s(times, neurons, n)[0], gaps)
    counts = spike_trains.binned(times, neurons, n, 0.0, 1.0, 0.1)
    own = [sum(0.1 * b < t <= 0.1 * (b + 1) + 1e-9 for t in times) for b in range(10)]
    assert counts[:, -1].tolist() == own
    assert counts[:, :-1].sum() == 0
    variance = sum((c - many / 10) ** 2 for c in own) / 10
    assert spike_trains.fano(counts)[-1] == pytest.approx(variance / (many / 10) if many else np.nan, nan_ok=True)
    assert np.isnan(spike_trains.fano(counts)[:-1]).all()
    assert spike_trains.correlations(counts).size == 0, "one neuron that varies is no pair"
    assert spike_trains.synchrony(counts) == pytest.approx(1.0 if many else np.nan, nan_ok=True)
    frequencies, power = spike_trains.spectrum(counts, 0.1)
    waves = [sum((c - many / 10) * np.exp(-2j * np.pi * f * 0.1 * b) for b, c in enumerate(own)) for f in frequencies]
    assert frequencies.tolist() == pytest.approx([1, 2, 3, 4, 5])
    assert np.allclose(power, [abs(w) ** 2 / n for w in waves], atol=1e-12)
    rasters = counts[:, :, None].astype(float)
    distances = spike_trains.van_rossum_rasters(rasters, 0 * rasters, tau_s=0.05, dt_s=0.1)
    starts = [0.1 * b for b, c in enumerate(own) for _ in range(c)]
    assert distances[-1, 0] == pytest.approx(0.5 * sum(np.exp(-abs(s - t) / 0.05) for s in starts for t in starts))
    assert (distances[:-1] == 0).all()


def test_counts_that_never_vary_have_no_correlation():
    """Also fractions, whose variance is not 0 but a rounding error."""
    for counts in (np.full((7, 2), 0.1), np.ones((10, 3)), np.ones((1, 2))):
        assert spike_trains.correlations(counts).size == 0
        assert np.isnan(spike_trains.synchrony(counts))
    with pytest.raises(ValueError, match="spectrum: counts: expected at least 2 bins, got 1"):
        spike_trains.spectrum(np.ones((1, 2)), 0.1)


@pytest.mark.filterwarnings("ignore")
def test_the_definitions_are_those_of_elephant(rng):
    """Where elephant is installed; its van Rossum distance squared is twice ours, which is van Rossum's own."""
    statistics = pytest.importorskip("elephant.statistics")
    dissimilarity = pytest.importorskip("elephant.spike_train_dissimilarity")
    neo, pq = pytest.importorskip("neo"), pytest.importorskip("quantities")
    times, neurons = poisson(rng, 3, 8.0, 10.0)
    own = [np.sort(times[neurons == k]) for k in range(3)]
    trains = [neo.SpikeTrain(t, units="s", t_stop=10.0) for t in own]
    gaps = [statistics.isi(t) for t in trains]
    for name in ("cv", "cv2", "lv"):
        theirs = [float(getattr(statistics, name)(g)) for g in gaps]
        assert np.allclose(getattr(spike_trains, name)(times, neurons, 3), theirs, rtol=1e-12)
    counts = np.array([[len(t)] for t in own])
    assert np.allclose(spike_trains.fano(counts), statistics.fanofactor(trains), rtol=1e-12)
    moved = dissimilarity.victor_purpura_distance(trains[:2], cost_factor=5 * pq.Hz)[0, 1]
    assert abs(spike_trains.victor_purpura(own[0], own[1], 5.0) - moved) < 1e-9
    filtered = dissimilarity.van_rossum_distance(trains[:2], time_constant=20 * pq.ms)[0, 1]
    assert abs(2 * spike_trains.van_rossum(own[0], own[1], 20e-3) / filtered**2 - 1) < 1e-9
