"""A Network on a chip: spike for spike what a plain loop over its steps gives, where the words hold it."""

from __future__ import annotations

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import loihi1

DT_S = 1e-3


def raster(rng, steps=40, n=6, rate=0.3):
    return (rng.random((steps, n)) < rate).astype(np.float32)


def stepped(x, sizes, thresholds, synapses, steps):
    """(steps, n) spikes of the populations 1, 2, ... side by side, a step at a time; population 0 sends x.

    synapses: (source, target, weights, delay in steps)
    """
    sent = [x, *(np.zeros((steps, n)) for n in sizes)]
    v = [None, *(np.zeros(n) for n in sizes)]
    for t in range(steps):
        for k, threshold in enumerate(thresholds, 1):
            for source, target, w, delay in synapses:
                if target == k and t >= delay:
                    v[k] = v[k] + sent[source][t - delay] @ w
            sent[k][t] = v[k] > threshold
            v[k][sent[k][t] > 0] = 0
    return np.concatenate(sent[1:], axis=1)


def population(net, name, n, threshold=2.0):
    return net.population(name, sn.IF, n=n, threshold=threshold, reset=sn.reset.to_zero)


def grid(rng, *shape):
    w = rng.integers(-40, 128, shape) / 128
    w.reshape(-1)[0] = 127 / 128
    return w


def test_populations_that_hear_each_other(rng):
    x = raster(rng)
    net = sn.Network(dt_s=DT_S)
    source = net.source("in", sn.inputs.raster(x, DT_S), n=6)
    a, b = population(net, "a", 8), population(net, "b", 5, threshold=1.5)
    synapses = []
    for one, other in ((source, a), (a, b), (b, a), (a, a), (source, b)):
        synapses.append((one.index, other.index, grid(rng, one.n, other.n), 1))
        net.connect(one, other, sn.rules.matrix(synapses[-1][2]))
    program = hw.compile(net, loihi1, calibrate=x[:, None])
    wanted = stepped(x, (8, 5), (2.0, 1.5), synapses, 40)
    got = program.run(x[:, None]).output[:, 0]
    assert wanted.sum() > 50
    assert np.array_equal(got[:-1], wanted[1:])  # what a source sends arrives a step later there
    net.drive(b, sn.inputs.constant_current(0.125), weight=2.0)
    (driven,) = hw.compile(net, loihi1, calibrate=x[:, None]).layers
    bias = driven.params.bias_mant * 2.0**driven.params.bias_exp / driven.scale
    assert np.array_equal(bias, [0.0] * 8 + [0.25] * 5)


def test_a_chain_with_delays_becomes_layers(rng):
    x = raster(rng, n=6)
    net = sn.Network(dt_s=DT_S)
    source = net.source("in", sn.inputs.raster(x, DT_S), n=6)
    a, b = population(net, "a", 8), population(net, "b", 5)
    synapses = (0, 1, grid(rng, 6, 8), 3), (1, 2, grid(rng, 8, 5), 2)
    net.connect(source, a, sn.rules.matrix(synapses[0][2]), delay_s=3e-3)
    net.connect(a, b, sn.rules.matrix(synapses[1][2]), delay_s=2e-3)
    program = hw.compile(net, loihi1, calibrate=x[:, None])
    assert [layer.shape for layer in program.layers] == [(8,), (5,)]
    wanted, got = stepped(x, (8, 5), (2.0, 2.0), synapses, 40)[:, 8:], program.run(x[:, None]).output[:, 0]
    assert wanted.sum() > 10
    assert np.array_equal(got[:-2], wanted[2:])  # a step from population to population is no delay on the chip
    assert hw.check(net, chips=(loihi1,))[loihi1].fits
    assert program.step_s == net.dt_s == DT_S  # IF neurons say none of their own


def test_what_no_chip_takes_is_refused(rng):
    def made(drive=None, start=None, delay_s=DT_S, source=True, model=sn.IF):
        net = sn.Network(dt_s=DT_S)
        a = net.population("a", model, n=3, start=start or {})
        if source:
            net.connect(net.source("in", sn.inputs.raster(raster(rng, n=2), DT_S), n=2), a, sn.rules.all_to_all(), 0.5)
        net.connect(a, a, sn.rules.all_to_all(), 0.1, delay_s)
        if drive is not None:
            net.drive(a, drive)
        return net

    for net, words in (
        (made(drive=sn.inputs.noise_current(0.0, 1.0)), "not constant"),
        (made(start={"v": 0.5}), "start values"),
        (made(delay_s=64e-3), "delay: needs 63 steps, has 62 .* shorten it to 62 steps"),
        (made(source=False), "no source of spikes"),
        (made(), "reset subtract"),
    ):
        with pytest.raises(hw.DoesNotFit, match=words):
            hw.compile(net, loihi1, calibrate=raster(rng, n=2)[:, None])


def test_synapses_are_those_of_the_seed(rng):
    net = sn.Network(dt_s=DT_S)
    source = net.source("in", sn.inputs.raster(raster(rng), DT_S), n=6)
    a = population(net, "a", 9)
    net.connect(source, a, sn.rules.fixed_indegree(3), weight=0.5)
    x = raster(rng)[:, None]
    made = [hw.compile(net, loihi1, calibrate=x, seed=seed).layers[0].weights.tolist() for seed in (0, 1, 1)]
    assert made[0] != made[1] == made[2]
    net.connect(source, a, sn.rules.all_to_all(), weight=0.5, delay_s=4e-3)
    verdicts = hw.check(net).verdicts
    assert len(verdicts) > 5
    assert all("two delays between the same two neurons; give them one" in str(v.breaches[0]) for v in verdicts)
    assert [v.breaches[0].chip for v in verdicts] == [v.chip for v in verdicts]
