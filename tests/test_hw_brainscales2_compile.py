"""Nets on BrainScaleS-2's noisy model: its entry point driven directly, noise by seed, what words and limits do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import brainscales2
from hw.compilers.driver import recipe
from hw.compilers.table import Options
from hw.neurons import brainscales2 as circuits
from hw.records.fact import Evidence, Fact
from hw.training.on_chip import OnChip


def with_noise(**amplitudes):
    """The chip with fixed patterns in percent, or other noise."""
    facts = {name: Fact(value, "a test's", Evidence.DERIVED, "a test") for name, value in amplitudes.items()}
    return replace(brainscales2, limits={**brainscales2.limits, **facts})


SILENT = with_noise(membrane_noise=0)
UNEVEN = with_noise(synapse_spread=15, threshold_spread=10, tau_spread=10)


def leaky(model=sn.LIF, **arguments):
    return model(reset=sn.reset.to_zero, tau_mem_s=10e-3, **arguments)


@pytest.fixture(scope="module")
def net():
    """Two layers and a readout."""
    return sn.Sequential(
        sn.Linear(12, 30, seed=0), leaky(threshold=0.3), sn.Linear(30, 20, bias=False, seed=1),
        leaky(sn.CubaLIF, tau_syn_s=3e-3, threshold=0.4), sn.Linear(20, 4, seed=2), sn.LI(tau_mem_s=10e-3),
    )  # fmt: skip


@pytest.fixture(scope="module")
def x():
    return (np.random.default_rng(3).random((30, 9, 12)) < 0.3).astype(np.float32)


def test_without_noise_it_is_the_net_in_six_bits(net, x):
    program = hw.compile(net, SILENT, calibrate=x)
    wanted, got = net(x).data, program.run(x)
    assert np.corrcoef(got.output.ravel(), wanted.ravel())[0, 1] > 0.99
    for report in program.report:
        assert report.weight_error < 0.03
        assert report.threshold_error == report.bias_error == report.overflows == 0
        assert abs(report.rate_change) < 0.05
    assert program.report[0].rate > 0.05
    readings = got.output * program.layers[2].scale
    assert np.allclose(readings, np.rint(readings))
    assert 100 < np.abs(readings).max() <= 127
    assert np.abs(program.layers[0].weights).max() == 63
    assert "a noisy model: NOT bit exact" in str(program)


def test_a_program_is_its_circuits_driven_directly(net, x):
    """Weights above 0 in one row of a source, those below in another; layers behind each other on the chip."""
    program = hw.compile(net, UNEVEN, calibrate=x, seed=5)
    sent, first = x, 0
    for layer in program.layers:
        w = layer.weights
        params = replace(layer.params, weights=np.concatenate([w * (w > 0), w * (w < 0)]))
        run = circuits.run(params, np.concatenate([sent, sent], axis=-1), chip_seed=5, noise_seed=11,
                           first_circuit=first)  # fmt: skip
        sent, first = run.spikes, first + w.shape[1]
    wanted = (run.reading.astype(float) - 128) / program.layers[-1].scale
    got = program.run(x, seed=11)
    assert np.array_equal(got.output, wanted)
    assert np.array_equal(program.run(x, seed=11, samples_at_once=4).output, wanted)
    placed = hw.place_program(program, calibrate=x).run(x, seed=11, samples_at_once=5)
    assert np.array_equal(placed.output, wanted)
    assert placed.rates == got.rates
    assert not np.array_equal(program.run(x, seed=12).output, wanted)
    assert np.array_equal(program.run(x).output, program.run(x, seed=0).output)
    other = hw.compile(net, UNEVEN, calibrate=x, seed=6)
    assert not np.array_equal(other.run(x, seed=11).output, wanted)
    assert "noise of 0.00625 at rest, 2 steps" in program.report[0].advice
    assert "not published" in hw.compile(net, brainscales2, calibrate=x).report[0].advice


def test_recurrent_circuits_hear_each_other_a_step_later(x):
    net = sn.Sequential(sn.Linear(12, 15, seed=0), sn.Recurrent(leaky(threshold=0.3), 15, seed=1))
    program = hw.compile(net, SILENT, calibrate=x)
    (layer,) = program.layers
    p, fired, v = layer.params, np.zeros((9, 15)), np.zeros((9, 15))
    keep, found = np.exp(-1 / np.float64(10)), []
    for now in x:
        v = keep * v + (now @ layer.weights + fired @ layer.recurrent_weights) * p.gain + p.offset
        fired = v > p.threshold
        v = np.where(fired, 0, v)
        found.append(fired)
    assert np.array_equal(program.run(x).output, found)
    assert 0.05 < np.mean(found) < 0.9
    assert (program.run(x).output == net(x).data).mean() > 0.96


def test_training_meets_other_noise_each_time(net, x):
    made = recipe(net, UNEVEN, x, Options(seed=5))
    on_chip = OnChip(net, made)
    program = made.program(net)[0]
    assert np.allclose(on_chip(x).data, program.run(x).output)
    first, again, other = (
        on_chip(x, training=sn.layers.Training(np.random.default_rng(seed))).data for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    train, _ = sn.data.digits(0)
    small = sn.Sequential(sn.Linear(64, 20, seed=0), leaky(), sn.Linear(20, 10, seed=1), leaky())
    got = hw.train_through(
        small, UNEVEN, train.take(np.arange(400)), calibrate=sn.encode.Rate(8)(train.inputs[:64]), epochs=3, seed=2,
        encode=sn.encode.Rate(8), loss=sn.loss.count_cross_entropy, optimiser=sn.optim.Adam(1e-2), progress=False,
    )  # fmt: skip
    losses = [record.train["loss"] for record in got.history.epochs]
    assert losses[2] < 0.6 * losses[0]
    assert [layer.chip_seed for layer in got.program.layers] == [2, 2]


def test_convolutions_are_synapses(x):
    images = x.reshape(30, 9, 1, 3, 4)
    net = sn.Sequential(sn.Conv2d(1, 2, 3, padding=1, seed=0), leaky(threshold=0.3), sn.Flatten(3),
                        sn.Linear(24, 3, seed=1), leaky(threshold=0.2))  # fmt: skip
    program = hw.compile(net, SILENT, calibrate=images)
    assert (program.run(images).output == net(images).data).mean() > 0.95
    assert program.run(images).output.mean() > 0.02


def test_what_does_not_fit_is_refused(net, x):
    def compiled(*layers, chip=brainscales2, data=x, **more):
        return hw.compile(sn.Sequential(*layers), chip, calibrate=data, **more)

    with pytest.raises(hw.DoesNotFit, match=r"LIF with reset subtract; train with reset=sn\.reset\.to_zero"):
        compiled(sn.Linear(12, 3), sn.LIF())
    with pytest.raises(hw.DoesNotFit, match=r"neurons: needs 513 circuits per chip, has 512 \(1 over\)"):
        compiled(sn.Linear(12, 513), leaky())
    wide = (np.random.default_rng(0).random((4, 2, 200)) < 0.5).astype(np.float32)
    with pytest.raises(hw.DoesNotFit, match="keep the 128 largest weights of each neuron"):
        compiled(sn.Linear(200, 5, seed=0), leaky(), data=wide)
    with pytest.raises(ValueError, match="weight_bits: expected 6, got 8"):
        compiled(sn.Linear(12, 3), leaky(), chip=with_noise(weight_bits=8))
    with pytest.raises(ValueError, match="seed"):
        compiled(sn.Linear(12, 3), leaky(), seed=-1)
    with pytest.raises(ValueError, match="encode the data as spikes"):
        compiled(sn.Linear(12, 3), leaky(), data=x * 0.5)
    program = compiled(sn.Linear(12, 3, seed=0), leaky())
    with pytest.raises(ValueError, match=r"run: seed.*got -1"):
        program.run(x, seed=-1)
    on_loihi = compiled(sn.Linear(12, 3, seed=0), leaky(), chip=hw.chips.loihi1)
    with pytest.raises(ValueError, match="run: seed: Loihi 1 has no noise, got 1; leave it out"):
        on_loihi.run(x, seed=1)
