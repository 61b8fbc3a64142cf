"""Nets in Loihi 1's words: what is exact stays so, accuracy stays, reports say what was lost, the rest is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import naive_loihi as naive
import numpy as np
import pytest

import hw
from hw.neurons import loihi
from spikenet import data, encode, loss, optim, reset
from spikenet.graph import Tensor
from spikenet.layers import IF, LI, LIF, CubaLIF, Dropout, Flatten, Linear, ReLU, Sequential
from spikenet.train import fit


def linear(weight, bias=None):
    layer = Linear(*np.shape(weight), bias=bias is not None, seed=0)
    layer.weight = Tensor(np.array(weight, np.float32))
    if bias is not None:
        layer.bias = Tensor(np.array(bias, np.float32))
    return layer


def spikes(rng, *shape, rate=0.3):
    return (rng.random(shape) < rate).astype(np.float32)


def to_zero(model, **arguments):
    return model(reset=reset.to_zero, **arguments)


def test_what_the_words_hold_is_exact(rng):
    """Weights, thresholds and biases that are whole numbers of 1/128, no decay: the float net, spike for spike."""
    weights = [rng.integers(-127, 128, shape) / 128 for shape in ((12, 30), (30, 5))]
    weights[0][0, 0] = weights[1][0, 0] = 127 / 128
    net = Sequential(
        linear(weights[0]),
        to_zero(IF, threshold=rng.integers(100, 300, 30) / 128),
        linear(weights[1]),
        to_zero(IF, threshold=0.5),
    )
    x = spikes(rng, 40, 6, 12)
    program = hw.compile(net, hw.chips.loihi1, calibrate=x)
    assert np.array_equal(program.run(x).output, net(x).data)
    for report in program.report:
        assert report.weight_error == report.threshold_error == report.bias_error == report.clipped == 0.0
        assert report.rate_change == 0.0
        assert report.tau_mem_steps == (math.inf, math.inf)
        assert report.overflows == 0
        assert report.headroom >= 1.5
        assert report.rate > 0.01


def test_a_program_is_its_layers_in_plain_python(rng):
    """Neuron by neuron in Python's integers: synapses, biases from the first step, a step from layer to layer."""
    net = Sequential(
        Flatten(2),
        Linear(12, 9, seed=1),
        to_zero(CubaLIF, tau_mem_s=7e-3, tau_syn_s=3e-3, threshold=0.3),
        Dropout(0.5),
        Linear(9, 4, seed=2),
        to_zero(LIF, tau_mem_s=5e-3, threshold=0.2),
    )
    net.layers[1].bias = Tensor(rng.normal(0, 0.05, 9).astype(np.float32))
    x = spikes(rng, 20, 3, 3, 4)
    program = hw.compile(net, hw.chips.loihi1, calibrate=x)
    got = program.run(x, samples_at_once=2)
    for b in range(3):
        sent = np.concatenate([x[:, b].reshape(20, 12), np.zeros((1, 12))]).astype(int).tolist()
        for k, layer in enumerate(program.layers):
            w, p = layer.weights.tolist(), layer.params
            columns = []
            for j in range(len(w[0])):
                sums = [sum(s * row[j] for s, row in zip(sent[t], w, strict=True)) for t in range(21 - k)]
                arriving = [0] * k + [naive.shifted(total, layer.exponent) for total in sums]
                names = ("du", "dv", "vth", "bias_mant", "bias_exp")
                one = {n: int(np.broadcast_to(getattr(p, n), len(w[0]))[j]) for n in names}
                columns.append([row[0] for row in naive.lava(one, arriving)[0]])
            sent = np.array(columns).T.tolist()
        assert got.output[:, b].tolist() == sent[1:]
    assert got.output.sum() > 10
    assert list(got.overflows.values()) == [0, 0]


def test_digits_keep_their_accuracy():
    """Within half a point of the float net, over four encodings: one of 359 images alone is a quarter of a point."""
    train, test = data.digits(0)
    code = encode.Rate(25)
    net = Sequential(
        Linear(64, 96, seed=0),
        to_zero(LIF, tau_mem_s=10e-3),
        Linear(96, 10, seed=1),
        to_zero(LIF, tau_mem_s=10e-3),
    )
    adam = optim.Adam(5e-3)
    fit(net, train, loss=loss.count_cross_entropy, optimiser=adam, epochs=4, encode=code, seed=0, progress=False)
    program = hw.compile(net, hw.chips.loihi1, calibrate=code(train.inputs[:128]))
    right = np.zeros(2)
    for seed in range(4):
        x = code(test.inputs, seed=seed)
        for k, output in enumerate((net(x).data, program.run(x).output)):
            right[k] += (output.sum(axis=0).argmax(axis=-1) == test.labels).mean() / 4
    assert right[0] > 0.9
    assert abs(right[1] - right[0]) <= 0.005
    for report in program.report:
        assert abs(report.rate_change) < 0.02
        assert report.weight_error < 0.03
        assert "exponent" in str(report)
        assert report.tau_mem_steps[1] == pytest.approx(10.0, rel=0.01)


def test_a_readout_that_never_fires_gives_voltages(rng):
    net = Sequential(Linear(10, 40, seed=0), to_zero(LIF, threshold=0.5), linear(rng.normal(0, 0.2, (40, 3))), LI())
    x = spikes(rng, 30, 4, 10)
    program = hw.compile(net, hw.chips.loihi1, calibrate=x)
    got, wanted = program.run(x), net(x).data
    assert program.layers[-1].reads_v
    assert got.rates["3 LI"] == 0.0
    assert np.corrcoef(got.output.ravel(), wanted.ravel())[0, 1] > 0.95
    assert np.abs(program.run(x[:, :2], samples_at_once=1).output - got.output[:, :2]).max() == 0.0  # rows do not touch


def test_the_exponent_makes_room_for_bias_threshold_and_currents(rng):
    x = spikes(rng, 20, 2, 400, rate=0.9)
    weak = Sequential(linear(np.full((400, 3), 0.01)), to_zero(IF, threshold=3.0))
    weak = hw.compile(weak, hw.chips.loihi1, calibrate=x)
    strong = Sequential(linear(np.full((400, 3), 0.01)), to_zero(IF, threshold=300.0))
    assert hw.compile(strong, hw.chips.loihi1, calibrate=x).report[0].weight_exponent < weak.report[0].weight_exponent
    excitatory = weak.layers[0].weights
    assert excitatory.min() >= 0
    assert excitatory.max() == 255  # one sign: all 8 bits
    biased = Sequential(linear(np.full((400, 3), 0.01), [0.9, -0.001, 0.0]), to_zero(LIF, threshold=3.0))
    layer = hw.compile(biased, hw.chips.loihi1, calibrate=x).layers[0]
    real = layer.params.bias_mant * 2.0**layer.params.bias_exp / layer.scale
    assert real == pytest.approx([0.9, -0.001, 0.0], abs=2e-4)
    heavy = np.full((400, 3), 0.001)
    heavy[0] = 1.0  # one weight a thousand times the others, which hardly ever speaks: clipping it pays
    x[..., 0] = 0.0
    report = hw.compile(Sequential(linear(heavy), to_zero(IF)), hw.chips.loihi1, calibrate=x).report[0]
    assert report.clipped > 0


def test_what_loihi_has_not_got_is_refused(rng):
    x = spikes(rng, 5, 2, 4)
    good = [Linear(4, 3, seed=0), to_zero(LIF)]
    loihi1 = hw.chips.loihi1
    for net, words in (
        (Sequential(Linear(4, 3, seed=0), LIF()), "reset subtract; train with reset=sn.reset.to_zero"),
        (
            Sequential(Linear(4, 3, seed=0), to_zero(LIF, refractory_s=64e-3)),
            "refractory: needs 65 steps, has 64 .*shorten the refractory period to 63 steps",
        ),
        (Sequential(Linear(4, 3, seed=0), LIF(refractory_s=2e-3)), "reset subtract; train"),
        (Sequential(Linear(4, 3, seed=0), ReLU()), "conventional activation ReLU"),
        (Sequential(Linear(4, 3, seed=0), LI(), Linear(3, 2, seed=0), to_zero(LIF)), "can only stand last"),
        (Sequential(*good, Linear(3, 2, seed=0)), "ends without neurons"),
    ):
        with pytest.raises(hw.DoesNotFit, match=words):
            hw.compile(net, loihi1, calibrate=x)
    broken = Sequential(linear(np.full((4, 3), 0.1)), to_zero(LIF))
    broken.layers[0].weight.data[1, 2] = np.nan
    far = Sequential(linear(np.full((4, 3), 1e-9)), to_zero(LIF, threshold=1e9))
    narrow = replace(loihi1, limits={**loihi1.limits, "weight_bits": replace(loihi1.limits["weight_bits"], value=4)})
    for net, chip, calibrate, words in (
        (broken, loihi1, x, r"weights.*nan at index \(1, 2\)"),
        (far, loihi1, x, "no weight exponent"),
        (Sequential(*good), loihi1, x + 0.5, "calibrate"),
        (Sequential(*good), loihi1, x[0], r"\(steps, batch, ...\)"),
        (Sequential(*good), loihi1, x[:0], "none of them empty"),
        (Sequential(*good), hw.chips.cmos45, x, "no compiler for"),
        (Sequential(*good), narrow, x, "Loihi 1: weight_bits: expected 8, got 4"),
    ):
        with pytest.raises(ValueError, match=words):
            hw.compile(net, chip, calibrate=calibrate)
    with pytest.raises(TypeError, match=r"hw\.chips"):
        hw.compile(Sequential(*good), "loihi", calibrate=x)
    program = hw.compile(Sequential(*good), loihi1, calibrate=x)
    for wrong, words in ((x[..., :3], "4 inputs"), (x * 2, "spikes"), (x[0], "batch")):
        with pytest.raises(ValueError, match=words):
            program.run(wrong)
    assert isinstance(program.layers[0].params, loihi.Params)
