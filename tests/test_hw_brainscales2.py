"""BrainScaleS-2's noisy model: labelled, exact without noise, of the spread it was given with it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from hw.neurons import brainscales2
from hw.neurons.brainscales2 import Params

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
    ],
)
def test_bad_parameters_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(QUIET, **changes)
