"""Encoders as inputs of a network: what fires is what the encoder gives, and nothing else is taken."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn

DT = 1e-3
CHANGING = np.cumsum(np.random.default_rng(2).normal(size=(12, 3, 4)), axis=0)  # (steps, samples, n)
SIGNED = sn.encode.Delta(0.5, signed=True)


def fired(net, name, steps):
    """(steps, n) of a run."""
    train = sn.simulate(net, steps * net.dt_s, seed=9)[name]
    raster = np.zeros((steps, next(p.n for p in net.populations if p.name == name)))
    raster[train.steps, train.neurons] += 1
    return raster


@pytest.mark.parametrize(
    ("encoder", "x"),
    [
        (sn.encode.Rate(steps=20), np.linspace(0, 1, 12).reshape(3, 2, 2)),
        (sn.encode.Poisson(steps=20, max_rate_hz=900.0, binary=True), np.linspace(0, 1, 12).reshape(3, 4)),
        (sn.encode.LatencyLog(steps=20), np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)),
        (sn.encode.Population(n=5, steps=20), np.linspace(0, 1, 6).reshape(3, 2)),
        (sn.encode.Delta(0.5), CHANGING),
        (sn.encode.Recorded(SIGNED), np.moveaxis(CHANGING, 1, 0)),
        (lambda x, index, seed: np.broadcast_to(x > seed, (4, *x.shape)), np.arange(12).reshape(3, 4)),
    ],
    ids=lambda e: type(e).__name__,
)
def test_a_source_fires_as_its_encoder(encoder, x):
    """Three samples one after another, with silence after each, all of it twice; one seed gives the same again."""
    given = encoder(x, np.array([7, 1, 3]), 5)
    steps, samples = given.shape[:2]
    one = np.concatenate(
        [np.concatenate([given[:, k].reshape(steps, -1), np.zeros((6, given[0, 0].size))]) for k in range(samples)]
    )
    net = sn.Network(DT)
    spikes = [sn.inputs.encoded(encoder, x, DT, index=np.array([7, 1, 3]), seed=5, repeats=2, rest_steps=6)] * 2
    assert spikes[0].times_s.size == 2 * one.sum() > 0
    assert np.array_equal(spikes[0].times_s, spikes[1].times_s)
    net.source("in", spikes[0], one.shape[1])
    assert np.array_equal(fired(net, "in", 2 * len(one)), np.concatenate([one, one]))
    whole = sn.inputs.encoded(encoder, x, DT, index=np.array([7, 1, 3]), seed=5)
    assert whole.times_s.size == given.sum()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: sn.inputs.encoded(SIGNED, CHANGING, DT),
            ValueError,
            r"zeros and ones, got -1; .* go into encode.Recorded, which takes \(samples, steps",
        ),
        (lambda: sn.inputs.encoded(sn.encode.Constant(3), [[0.5]], DT), ValueError, r"got 0\.5;.*step_current"),
        (
            lambda: sn.inputs.encoded(sn.encode.Poisson(9, 4000.0), [[1.0]], DT),
            ValueError,
            r"got [2-9]; a neuron fires once a step at most: encode.Poisson takes binary=True",
        ),
        (lambda: sn.inputs.encoded(sn.encode.Rate, [[0.5]], DT), TypeError, "expected an encoder such as"),
        (lambda: sn.inputs.encoded(sn.encode.Rate(steps=3), [0.5], DT), ValueError, r"x\[None\] for a batch of one"),
        (lambda: sn.inputs.encoded(sn.encode.Rate(steps=3), [[np.nan]], DT), ValueError, "finite|NaN|nan"),
        (lambda: sn.inputs.encoded(sn.encode.Rate(steps=3), [[0.5]], 0.0), ValueError, "dt_s: expected a number > 0"),
        (lambda: sn.inputs.encoded(sn.encode.Rate(steps=3), [[0.5]], DT, repeats=0), ValueError, "repeats"),
        (lambda: sn.inputs.encoded(sn.encode.Rate(steps=3), [[0.5]], DT, rest_steps=-1), ValueError, "rest_steps"),
        (lambda: sn.inputs.encoded(sn.encode.Rate(steps=3), [[0.5]], DT, seed=-1), ValueError, "seed"),
        (
            lambda: sn.inputs.encoded(lambda x, index, seed: None, [[0.5]], DT),
            ValueError,
            r"spikes \(steps, samples, ...\)",
        ),
        (lambda: sn.inputs.raster([[0, 2]], DT), ValueError, "raster: expected zeros and ones, got 2"),
        (lambda: sn.inputs.raster([[0.0, np.nan]], DT), ValueError, "zeros and ones, got nan"),
        (lambda: sn.inputs.raster([0, 1], DT), ValueError, r"\(steps, n\), got int64 of shape \(2,\)"),
        (
            lambda: sn.Network(DT).source("in", sn.inputs.encoded(sn.encode.Rate(steps=9), [[1.0, 1.0]], DT), 1),
            ValueError,
            "source 'in'",
        ),
        (lambda: sn.Network(DT).source("in", sn.encode.Rate(steps=9), 1), TypeError, "trains, raster, encoded or"),
    ],
)
def test_what_is_no_spike_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("rate_hz", [500.0, 5000.0, 10_000.0])
def test_a_poisson_source_fires_with_its_rate(rate_hz):
    """Once a step at most, with probability rate times dt: within five standard errors, at 1 always."""
    net = sn.Network(1e-4)
    net.source("s", sn.inputs.poisson(rate_hz), 500)
    steps, chance = 500 * 2000, rate_hz * 1e-4
    got = sn.simulate(net, 0.2).spikes["s"].times_s.size
    assert abs(got - steps * chance) <= 5 * np.sqrt(steps * chance * (1 - chance))
