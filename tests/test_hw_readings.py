"""Loihi 1 compiled in its three readings: refractory periods, loops with delays, and the programs they become."""

from __future__ import annotations

import naive_loihi
import numpy as np
import pytest
from naive_loihi import shifted

import hw
import spikenet as sn
from hw.chips import loihi1, loihi2, spinnaker1, truenorth, xylo
from hw.compilers.driver import recipe
from hw.compilers.table import Options
from hw.training.on_chip import OnChip
from spikenet.graph import Tensor

READINGS = ("lava", "nengo_loihi", "brian2_loihi")
DT_S = 1e-3


def spikes(rng, *shape, rate=0.3):
    return (rng.random(shape) < rate).astype(np.float32)


def to_zero(model=sn.IF, **arguments):
    return model(reset=sn.reset.to_zero, **arguments)


def on_grid(layer, rng):
    """The layer with weights that are whole 1/128, so that every reading's words hold them, and no bias."""
    for name in ("weight", "recurrent_weight"):
        if hasattr(layer, name):
            w = rng.integers(-127, 128, getattr(layer, name).shape) / 128
            w.reshape(-1)[:2] = 127 / 128, -127 / 128
            setattr(layer, name, Tensor(w.astype(np.float32), requires_grad=True, name=name))
    if getattr(layer, "bias", None) is not None:
        layer.bias.data[...] = 0
    return layer


def exact_net(rng, refractory=None):
    """Delays in front, in a loop and behind it, on numbers that are held as they are."""
    neurons = to_zero(threshold=1.5, refractory_steps=refractory)
    return sn.Sequential(
        on_grid(sn.DelayedLinear(10, 8, delays=rng.integers(0, 4, (10, 8)), seed=0), rng),
        on_grid(sn.DelayedRecurrent(neurons, 8, delays=rng.integers(0, 7, (8, 8)), seed=1), rng),
        sn.Delay([0, 1, 2, 3, 4, 5, 6, 62]),
        on_grid(sn.Linear(8, 5, seed=2), rng),
        to_zero(threshold=0.75, refractory_steps=None if refractory is None else 2),
    )


CASES = [("lava", None), *((r, k) for r in READINGS[1:] for k in (None, 1, np.array([0, 1, 2, 3, 0, 5, 8, 62])))]


@pytest.mark.parametrize(("reading", "refractory"), CASES)
def test_what_the_words_hold_is_exact(reading, refractory, rng):
    """Spike for spike the float net, as the program, placed on cores, and in training."""
    net, x = exact_net(rng, refractory), spikes(rng, 80, 3, 10)
    program = hw.compile(net, loihi1, calibrate=x, reading=reading)
    assert program.reading == reading
    assert f"in the reading {reading}" in str(program)
    wanted, got = net(x).data, program.run(x, samples_at_once=2)
    assert wanted.sum() > 20
    assert np.array_equal(got.output, wanted)
    assert all(report.weight_error == 0 for report in program.report)
    placed = hw.place_program(program, calibrate=x).run(x)
    assert np.array_equal(placed.output, wanted)
    assert (placed.words, placed.rates) == (got.words, got.rates)
    on_chip = OnChip(net, recipe(net, loihi1, x, Options(reading=reading)))
    assert np.array_equal(on_chip(x).data, wanted)


def cuba_net(rng, reading):
    waits = None if reading == "lava" else rng.integers(0, 6, 20) * DT_S
    bias = reading != "brian2_loihi"
    times = {"tau_syn_s": 3e-3, "tau_mem_s": 12e-3}
    net = sn.Sequential(
        sn.DelayedLinear(12, 20, delays=rng.integers(0, 62, (12, 20)), bias=bias, seed=0),
        sn.DelayedRecurrent(
            to_zero(sn.CubaLIF, threshold=0.3, refractory_s=waits, **times), 20,
            delays=rng.integers(0, 62, (20, 20)), seed=1,
        ),
    )  # fmt: skip
    net.layers[1].recurrent_weight.data *= 20
    return net


@pytest.mark.parametrize("reading", READINGS)
def test_every_neuron_does_what_the_naive_one_does(reading, rng):
    """What reaches each neuron is summed by hand from the spikes there were; the naive neuron then sends the same."""
    net, x = cuba_net(rng, reading), spikes(rng, 70, 2, 12)
    program = hw.compile(net, loihi1, calibrate=x, reading=reading)
    (layer,), got = program.layers, program.run(x).output.astype(int)
    p = layer.params
    assert got.sum() > 100
    for b in range(2):
        for j in range(20):
            arriving = []
            for t in range(70):
                total = 0
                for sent, w, d, e, late in (
                    (x[:, b], layer.weights, layer.delays, layer.exponent, 0),
                    (got[:, b], layer.recurrent_weights, layer.recurrent_delays, layer.recurrent_exponent, 1),
                ):
                    sums = dict.fromkeys(range(62), 0)
                    for i in range(len(w)):
                        at = t - late - int(d[i, j])
                        sums[int(d[i, j])] += int(w[i, j]) * int(at >= 0 and sent[at, i])
                    total += sum(shifted(one, e) for one in sums.values())
                arriving.append(total)
            own = {
                name: int(np.broadcast_to(getattr(p, name), 20)[j])
                for name in ("du", "dv", "vth", "bias_mant", "bias_exp", "refractory")
            }
            rows, _ = getattr(naive_loihi, reading)(own | {"vmin": -(1 << 23) + 1, "vmax": (1 << 23) - 1}, arriving)
            assert [row[0] for row in rows] == got[:, b, j].tolist()


def test_readings_agree_but_for_the_hidden_one(rng):
    """The decay of u is a word less where the chip adds 1; what one description drops of a weight is little."""
    x, decays = spikes(rng, 70, 4, 12), []
    for reading in READINGS[1:]:
        net = cuba_net(np.random.default_rng(0), "brian2_loihi")
        program = hw.compile(net, loihi1, calibrate=x, reading=reading)
        decays.append(program.layers[0].params.du)
        assert abs(program.report[0].rate_change) < 0.1
        assert (program.run(x).output == net(x).data).mean() > 0.9
    assert np.array_equal(decays[0] + 1, decays[1])


def test_the_reading_follows_the_net(rng):
    x = spikes(rng, 30, 4, 6)
    plain = sn.Sequential(sn.Linear(6, 5, seed=0), to_zero(sn.LIF, threshold=0.3))
    waits = sn.Sequential(sn.Linear(6, 5, seed=0), to_zero(sn.LIF, threshold=0.3, refractory_s=3e-3))
    longest = sn.Sequential(sn.Linear(6, 5, seed=0), to_zero(sn.LIF, threshold=0.3, refractory_s=63e-3))
    assert [hw.compile(net, loihi1, calibrate=x).reading for net in (plain, waits)] == ["lava", "nengo_loihi"]
    assert hw.check(waits)[loihi1].fits
    assert not hw.check(waits)[xylo].fits
    for net, reading, words in (
        (
            waits,
            "lava",
            "refractory period of 3 steps in the reading lava, which has none; take reading='nengo_loihi' or",
        ),
        (longest, None, "63 steps in the reading nengo_loihi, which has 62; take reading='brian2_loihi'"),
        (plain, "brian2_loihi", "a bias in the reading brian2_loihi, which has none; train with bias=False"),
    ):
        with pytest.raises(hw.DoesNotFit, match=words):
            hw.compile(net, loihi1, calibrate=x, reading=reading)
    with pytest.raises(ValueError, match="expected a reading of 'lava', 'nengo_loihi', 'brian2_loihi', got 'loihi'"):
        hw.compile(plain, loihi1, calibrate=x, reading="loihi")
    with pytest.raises(ValueError, match="compile: reading: Loihi 2 has one, got 'lava'; leave it out"):
        hw.compile(plain, loihi2, calibrate=x, reading="lava")
    longest.layers[0].bias.data[...] = 0
    assert hw.compile(longest, loihi1, calibrate=x, reading="brian2_loihi").layers[0].params.refractory.max() == 64


def test_it_learns_through_a_refractory_reading(rng):
    labels = rng.integers(0, 3, 60)
    images = (np.eye(3)[labels].repeat(4, axis=1) * 0.6 + 0.05).astype(np.float32)
    data = sn.data.arrays(images, labels)
    net = sn.Sequential(sn.Linear(12, 3, seed=0), to_zero(sn.LIF, threshold=0.5, refractory_s=2e-3))
    code = sn.encode.Rate(15)
    trained = hw.train_through(
        net, loihi1, data, data, calibrate=code(images), loss=sn.loss.count_cross_entropy, encode=code, seed=0,
        optimiser=sn.optim.Adam(2e-2), epochs=3, batch_size=20, progress=False,
    )  # fmt: skip
    assert trained.program.reading == "nengo_loihi"
    assert trained.history.epochs[-1].test["accuracy"] > 0.9


def looped(x, delay_steps=(2, 5), of_b=None, **neurons):
    """Two populations that hear each other late: no chain. of_b: what b has besides."""
    net = sn.Network(dt_s=DT_S)
    source = net.source("in", sn.inputs.raster(x, DT_S), n=x.shape[1])
    kept = {"threshold": 1.5, "reset": sn.reset.to_zero} | neurons
    a, b = (net.population(name, sn.IF, n=n, **kept, **more) for name, n, more in (("a", 6, {}), ("b", 4, of_b or {})))
    rng = np.random.default_rng(3)
    for one, other, delay in ((source, a, 1), (a, b, delay_steps[0]), (b, a, delay_steps[1]), (a, a, 3)):
        w = rng.integers(-40, 128, (one.n, other.n)) / 128
        w[0, 0] = 127 / 128
        net.connect(one, other, sn.rules.matrix(w), delay_s=delay * DT_S)
    return net


@pytest.mark.parametrize("chip", [loihi1, loihi2, spinnaker1], ids=lambda chip: chip.name)
def test_a_network_with_late_loops_is_what_the_simulator_does(chip, rng):
    x = spikes(rng, 60, 5)
    for arguments in ({}, {"refractory_steps": 4}, {"of_b": {"refractory_steps": 3}}):
        net = looped(x, **arguments)
        recording, wanted = sn.simulate(net, duration_s=60 * DT_S, seed=0), np.zeros((60, 10))
        for name, first in (("a", 0), ("b", 6)):
            wanted[recording[name].steps, first + recording[name].neurons] = 1
        program = hw.compile(net, chip, calibrate=x[:, None])
        got = program.run(x[:, None]).output[:, 0]
        assert wanted.sum() > 30
        assert np.array_equal(got[: len(wanted) - 1], wanted[1:])
        assert np.array_equal(hw.place_program(program).run(x[:, None]).output[:, 0], got)


def test_delays_of_a_source_come_back_on_truenorth(rng):
    """A neuron's axon has one delay: where each source has one the chip runs it, else the source is refused."""
    x = spikes(rng, 40, 3, 10)
    delays = rng.integers(0, 5, (8, 1))
    net = sn.Sequential(
        sn.Linear(10, 8, bias=False, seed=0), sn.DelayedRecurrent(to_zero(threshold=1.5), 8, delays=delays, seed=1)
    )
    net.layers[0].weight.data[...] = rng.integers(0, 2, (10, 8))
    net.layers[1].recurrent_weight.data[...] = -rng.integers(0, 2, (8, 8))
    program = hw.compile(net, truenorth, calibrate=x)
    wanted = net(x).data
    assert wanted.sum() > 50
    assert program.report[0].weight_error == pytest.approx(0, abs=1e-6)
    assert np.array_equal(program.run(x).output, wanted)
    assert np.array_equal(hw.place_program(program).run(x).output, wanted)


def test_what_has_no_delays_refuses_late_loops(rng):
    net = sn.Sequential(sn.Linear(10, 8), sn.DelayedRecurrent(sn.CubaLIF(), 8, delays=2), sn.Linear(8, 2), sn.CubaLIF())
    breaches = hw.check(net)[xylo].breaches
    assert any("delays" in str(breach) for breach in breaches)
    spread = sn.Sequential(sn.Linear(10, 8), sn.DelayedRecurrent(to_zero(), 8, delays=rng.integers(0, 5, (8, 8))))
    assert any("different delays of one source" in str(b) for b in hw.check(spread)[truenorth].breaches)
    late = sn.Sequential(sn.Linear(10, 8), sn.DelayedRecurrent(to_zero(), 8, delays=63))
    assert any("delay" in str(b) and "63" in str(b) for b in hw.check(late)[loihi1].breaches)
