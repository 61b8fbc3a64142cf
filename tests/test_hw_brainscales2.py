"""BrainScaleS-2's noisy model: labelled, exact without noise, of the spread it was given with it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from hw.neurons import brainscales2
from hw.neurons.brainscales2 import Params
from spikenet.kernels.normals import fill_normals

QUIET = Params(
    weights=[[20], [-10]], gain=0.01, tau_mem_us=10, tau_syn_us=5, dt_us=1, threshold=0.5, reset=0.0, lsb=0.01,
    synapse_spread=0, threshold_spread=0, tau_spread=0, membrane_noise=0,
)  # fmt: skip


def test_it_says_what_it_is():
    assert brainscales2.IS_BIT_EXACT is False
    assert "NOT bit exact" in brainscales2.__doc__


def test_without_noise_it_is_a_lif():
    rng = np.random.default_rng(0)
    raster = rng.random((200, 2)) < 0.3
    run = brainscales2.run(QUIET, raster, chip_seed=0, noise_seed=0)
    i = v = 0.0
    for t in range(200):
        i = math.exp(-1 / 5) * i + 0.2 * raster[t, 0] - 0.1 * raster[t, 1]
        v = math.exp(-1 / 10) * v + i
        if abs(v - 0.5) < 1e-5:
            break  # float32 may decide otherwise
        fired = v > 0.5
        v = 0.0 if fired else v
        assert fired == run.spikes[t, 0], t
        assert v == pytest.approx(run.v[t, 0], abs=1e-5)
        assert abs(int(run.reading[t, 0]) - np.clip(round(v / 0.01) + 128, 0, 255)) <= 1
    assert run.spikes.sum() > 5


def test_the_noise_has_the_size_it_was_given():
    """Sample sd of 50,000 values within 2 % (expected error 0.3 %)."""
    noisy = dataclasses.replace(QUIET, weights=np.zeros((1, 500)), membrane_noise=0.1, tau_mem_us=1e-3, threshold=9)
    run = brainscales2.run(noisy, np.zeros((100, 1)), chip_seed=0, noise_seed=1)
    assert run.v.std() == pytest.approx(0.1, rel=0.02)  # a tau of a thousandth step: v is the noise of the step alone
    spread = dataclasses.replace(QUIET, weights=np.full((1, 500), 50), synapse_spread=0.2, threshold=9)
    chip = brainscales2.run(spread, [[1]], chip_seed=3, noise_seed=1).v
    assert chip.std() / chip.mean() == pytest.approx(0.2, rel=0.1)  # 500 values: expected error 3 %
    assert np.array_equal(chip, brainscales2.run(spread, [[1]], chip_seed=3, noise_seed=9).v)
    assert not np.array_equal(chip, brainscales2.run(spread, [[1]], chip_seed=4, noise_seed=1).v)


def test_batches_and_populations_may_be_divided():
    """Noise belongs to sample, step and circuit: parts of a batch, and of a population, are those of the whole."""
    rng = np.random.default_rng(1)
    noisy = dataclasses.replace(
        QUIET, weights=rng.integers(0, 60, (20, 30)), membrane_noise=0.2, synapse_spread=0.2, threshold_spread=0.1,
        tau_spread=0.1, threshold=8.0,
    )  # fmt: skip
    x = (rng.random((40, 9, 20)) < 0.1).astype(np.int8)
    whole = brainscales2.run(noisy, x, chip_seed=1, noise_seed=2)
    assert 0.02 < whole.spikes.mean() < 0.5
    late = brainscales2.run(noisy, x[:, 4:], chip_seed=1, noise_seed=2, first_sample=4)
    assert np.array_equal(whole.v[:, 4:], late.v)
    right = dataclasses.replace(noisy, weights=noisy.weights[:, 13:])
    assert np.array_equal(whole.v[..., 13:], brainscales2.run(right, x, chip_seed=1, noise_seed=2, first_circuit=13).v)
    assert not np.array_equal(whole.spikes, brainscales2.run(noisy, x, chip_seed=1, noise_seed=3).spikes)


def test_numbers_of_counters_are_normal():
    """100,000 of each of two seeds: mean, variance, skew and tails within five standard errors, no correlation."""
    drawn = np.zeros((2, 100, 1000), np.float32)
    for seed in range(2):
        fill_normals(drawn[seed], 5, 3, 7, 2, seed)
    for values in drawn.reshape(2, -1).astype(float):
        assert abs(values.mean()) < 5 / math.sqrt(1e5)
        assert abs(values.var() - 1) < 5 * math.sqrt(2 / 1e5)
        assert abs((values**3).mean()) < 5 * math.sqrt(15 / 1e5)
        assert abs((np.abs(values) > 2).mean() - 0.0455) < 5 * math.sqrt(0.0455 / 1e5)
    for a, b in ((drawn[0], drawn[1]), (drawn[0, :, 1:], drawn[0, :, :-1]), (drawn[0, 1:], drawn[0, :-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / math.sqrt(9e4)
    part = np.zeros((3, 10), np.float32)
    fill_normals(part, 7, 6, 7, 2, 1)  # the same numbers, asked for from elsewhere
    assert np.array_equal(part, drawn[1, 2:5, 3:13])


def test_readings_saturate_and_that_is_counted():
    run = brainscales2.run(dataclasses.replace(QUIET, lsb=1e-4, threshold=9), [[1, 0]], chip_seed=0, noise_seed=0)
    assert (run.reading[0, 0], run.clipped) == (255, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights": [[64]]}, r"weights.*-63\.\.63.*64"),
        ({"weights": [[1, -1]]}, "row 0.*both signs"),
        ({"weights": np.ones((257, 1))}, "256"),
        ({"weights": np.ones((1, 513))}, "512"),
        ({"threshold": 0}, "threshold"),
        ({"reset": 0.5}, "reset.*less than threshold"),
        ({"tau_mem_us": -1}, "tau_mem_us"),
        ({"synapse_spread": 1.5}, "synapse_spread"),
        ({"membrane_noise": -0.1}, "membrane_noise"),
        ({"offset": np.nan}, "offset"),
        *(({name: [0.1, 0.2]}, rf"{name}: expected one value or 1, one each, got shape \(2,\)")
          for name in ("tau_mem_us", "tau_syn_us", "threshold", "reset", "membrane_noise", "offset")),
        ({"recurrent": [[1, 2]]}, r"recurrent.*\(1, 1\) or \(2, 1\)"),
        ({"weights": np.ones((200, 1)), "recurrent": np.ones((1, 1)) * 64}, r"recurrent.*-63\.\.63"),
    ],
)  # fmt: skip
def test_bad_parameters_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(QUIET, **changes)
