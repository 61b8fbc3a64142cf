"""Loihi 2 and SpiNNaker: any neuron on chips whose neurons are programs, against their own integers driven directly."""

from __future__ import annotations

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import loihi2, spinnaker1
from hw.neurons import ring_buffers, spinnaker, twin
from hw.programs.programmed import SpinnakerNeurons, TwinNeurons


def spikes(rng, *shape, rate=0.3):
    return (rng.random(shape) < rate).astype(np.float32)


def leaky(model=sn.LIF, reset=sn.reset.to_zero, **arguments):
    return model(reset=reset, tau_mem_s=10e-3, **arguments)


@pytest.fixture(scope="module")
def recurrent():
    """A delayed layer, recurrent neurons, a readout."""
    rng = np.random.default_rng(2)
    net = sn.Sequential(
        sn.DelayedLinear(12, 20, delays=rng.integers(0, 4, (12, 20)), seed=0), leaky(threshold=0.2),
        sn.Linear(20, 15, seed=1), sn.Recurrent(leaky(sn.CubaLIF, tau_syn_s=3e-3, threshold=0.3), 15, seed=2),
        sn.Linear(15, 4, seed=3), sn.LI(tau_mem_s=10e-3),
    )  # fmt: skip
    net.layers[2].bias.data[...] = 0  # a bias does not pass a CubaLIF's synapse on SpiNNaker
    return net, spikes(rng, 30, 8, 12)


@pytest.mark.parametrize("chip", [loihi2, spinnaker1], ids=lambda chip: chip.name)
def test_a_net_keeps_what_it_does(recurrent, chip):
    net, x = recurrent
    program = hw.compile(net, chip, calibrate=x)
    wanted, got = net(x).data, program.run(x, samples_at_once=3)
    assert np.corrcoef(got.output.ravel(), wanted.ravel())[0, 1] > 0.98
    for report in program.report:
        assert report.weight_error < (0.02 if chip is loihi2 else 0.005)
        assert report.overflows == 0
        assert report.headroom > 1.5
        assert abs(report.rate_change) < 0.05
        assert report.tau_mem_steps[1] == pytest.approx(10, rel=1e-3)
    assert program.report[1].rate > 0.05
    placed = hw.place_program(program, calibrate=x).run(x)
    assert np.array_equal(placed.output, got.output)
    assert (placed.rates, placed.words) == (got.rates, got.words)


def test_spinnaker_is_its_ring_buffers_and_its_neuron(rng):
    """The first layer, synapse by synapse through the ring buffers, then sPyNNaker's LIF: another way to the same."""
    delays = rng.integers(0, 5, (12, 20))
    net = sn.Sequential(sn.DelayedLinear(12, 20, delays=delays, seed=0), leaky(sn.CubaLIF, threshold=0.5))
    x = spikes(rng, 25, 4, 12)
    (layer,) = hw.compile(net, spinnaker1, calibrate=x).layers
    assert isinstance(layer.neurons, SpinnakerNeurons)
    slots = ring_buffers.deliver(x.astype(int), layer.weights, delays + 1)
    wanted = spinnaker.run(layer.neurons.params, slots.excitatory, slots.inhibitory)
    got = layer.run(x.astype(np.int8), late=1)
    assert np.array_equal(got.spikes, wanted.spikes)
    assert wanted.spikes.mean() > 0.05
    assert got.overflows == {"ring buffer": 0, "accum": 0}
    strong = layer.neurons.run((np.full((3, 1, 20), 70_000), np.zeros((3, 1, 20), int)), None)
    assert strong.overflows["ring buffer"] == 60


@pytest.mark.parametrize("chip", [loihi2, spinnaker1], ids=lambda chip: chip.name)
def test_any_neuron_is_its_twin(chip, rng):
    """Adaptive neurons with a refractory period: weights times spikes, then hw.neurons.twin.run, nothing else."""
    neurons = sn.AdaptiveLIF(tau_mem_s=10e-3, threshold=0.4, refractory_s=2e-3)
    net = sn.Sequential(sn.Linear(12, 9, seed=0), neurons)
    x = spikes(rng, 30, 5, 12)
    program = hw.compile(net, chip, calibrate=x)
    (layer,) = program.layers
    own = layer.neurons
    assert isinstance(own, TwinNeurons)
    word = own.twin.words.work
    assert (word.bits, word.fraction) == ((24, 16) if chip is loihi2 else (32, 15))
    unit = 2.0 ** (layer.exponent if chip is loihi2 else own.slot[1])
    sums = (x @ layer.weights) * unit + own.bias
    got = twin.run(own.twin, sums / 2.0**word.fraction, neurons)
    assert np.array_equal(program.run(x).output, got.output)
    assert got.output.mean() > 0.03
    assert (program.run(x).output == net(x).data).mean() > 0.99
    assert abs(program.report[0].rate_change) < 0.02


@pytest.mark.parametrize("chip", [loihi2, spinnaker1], ids=lambda chip: chip.name)
def test_neurons_begin_where_the_nets_do(chip, rng):
    """Izhikevich's v starts at -65, below its rest: from 0 every neuron would fire at once."""
    net = sn.Sequential(sn.Linear(12, 9, seed=0, bias=False), sn.Izhikevich())
    net.layers[0].weight.data *= 40
    x = spikes(rng, 60, 5, 12)
    program = hw.compile(net, chip, calibrate=x)
    assert not program.run(np.zeros((10, 2, 12), np.float32)).output.any()
    got, wanted = program.run(x).output, net(x).data
    assert wanted.sum() > 20
    assert (got == wanted).mean() > 0.99


def test_what_no_word_holds_is_refused(rng):
    x = spikes(rng, 5, 2, 4)
    net = sn.Sequential(sn.Linear(4, 3, seed=0), leaky(threshold=1e7))
    with pytest.raises(ValueError, match=r"layer 1 LIF.*24 bits"):
        hw.compile(net, loihi2, calibrate=x)
    with pytest.raises(ValueError, match=r"layer 1 LIF: s16\.15.*thresholds up to 1e\+07"):
        hw.compile(net, spinnaker1, calibrate=x)
    net.layers[0].weight.data[0, 0] = np.nan
    for chip in (loihi2, spinnaker1):
        with pytest.raises(ValueError, match=r"weights hold NaN or infinity, first nan at index \(0, 0\); train again"):
            hw.compile(net, chip, calibrate=x)


@pytest.mark.parametrize("chip", [loihi2, spinnaker1], ids=lambda chip: chip.name)
def test_neurons_that_draw_random_numbers_are_refused(chip, rng):
    net = sn.Sequential(sn.Linear(4, 3, seed=0), sn.StochasticLIF())
    assert not hw.check(net, (4,), chips=(chip,))[chip].fits
    with pytest.raises(hw.DoesNotFit, match=f"^{chip.name}: 0 Linear: neurons StochasticLIF draw random.*; take LIF"):
        hw.compile(net, chip, calibrate=spikes(rng, 5, 2, 4))


@pytest.mark.parametrize("chip", [loihi2, spinnaker1], ids=lambda chip: chip.name)
@pytest.mark.parametrize("model", [sn.LIF, sn.AdaptiveLIF])
def test_thresholds_of_0_and_below_have_figures_too(chip, model, rng):
    """Trained thresholds get there: the change over the threshold's size, and the change itself where that is 0."""
    net = sn.Sequential(sn.Linear(4, 3, seed=0), leaky(model, threshold=np.ones(3)))
    net.layers[0].bias.data[...] = 0.1
    for thresholds in ([0, 0, 0], [-1, -1, -1], [0.3, 0, -2]):
        net.layers[1].values["threshold"].data[...] = thresholds
        (report,) = hw.compile(net, chip, calibrate=spikes(rng, 20, 2, 4)).report
        assert 0 <= report.threshold_error < 1e-3
        assert 0 < report.bias_error < 1e-3
        assert not any(word in str(report) for word in ("nan", "inf%", "-0.00%"))


@pytest.mark.parametrize("kind", ["refractory", "map", "line of SpiNNaker"])
def test_what_check_passes_compiles(kind, rng):
    shape, chip = {"refractory": (4,), "map": (1, 4, 4), "line of SpiNNaker": (2, 9)}[kind], loihi2
    net = sn.Sequential(sn.Linear(4, 3, seed=0), leaky(threshold=0.2, refractory_s=2e-3))
    if kind == "map":
        net = sn.Sequential(sn.Conv2d(1, 2, 3, padding=1, seed=0), leaky(threshold=0.3), sn.SumPool2d(2),
                            sn.Flatten(3), sn.Linear(8, 3, seed=1), leaky(threshold=0.3))  # fmt: skip
    if kind == "line of SpiNNaker":
        net, chip = sn.Sequential(sn.Conv1d(2, 3, 3, seed=0), leaky(threshold=0.3)), spinnaker1
    x = spikes(rng, 20, 3, *shape)
    assert hw.check(net, shape, chips=(chip,))[chip].fits
    program = hw.compile(net, chip, calibrate=x)
    wanted = net(x).data
    assert wanted.mean() > 0.02
    assert (program.run(x).output == wanted).mean() > 0.9
    assert hw.place_program(program).run(x).output.shape == wanted.shape


@pytest.mark.parametrize("chip", [loihi2, spinnaker1], ids=lambda chip: chip.name)
@pytest.mark.parametrize("model", ["AdEx", "ExponentialIF", "QuadraticIF", "Izhikevich"])
def test_neurons_that_run_away_fire_as_in_float(chip, model, rng):
    """Their exponentials have no end at a spike: the word ends above the threshold, and the counts stay."""
    strong = {"AdEx": 60.0, "ExponentialIF": 8.0, "QuadraticIF": 2.0, "Izhikevich": 4.0}[model]
    net = sn.Sequential(sn.Linear(12, 9, seed=0), getattr(sn, model)())
    net.layers[0].weight.data[...] = rng.random((12, 9)) * strong
    x, fresh = spikes(rng, 150, 4, 12), spikes(rng, 150, 4, 12)
    program = hw.compile(net, chip, calibrate=x)
    (report,) = program.report
    assert ("values in between stopped" in report.advice) == (report.overflows > 0)
    assert model != "AdEx" or report.overflows > 100
    wanted, got = net(fresh).data, program.run(fresh)
    assert wanted.mean() > 0.02
    assert (got.output == wanted).mean() > (0.99 if chip is spinnaker1 else 0.94)  # 24 bits
    assert got.output.sum() == pytest.approx(wanted.sum(), rel=0.02)  # of some hundred spikes
    assert set(got.words["1 " + model]) >= {"work", "v"}
    assert all(n == 0 for word, n in got.words["1 " + model].items() if word != "work")


def test_exponential_euler_has_a_twin(rng):
    """Its constants have few bits, so that s16.15 holds what is computed with them."""
    net = sn.Sequential(sn.Linear(12, 9, seed=0), sn.Izhikevich(method=sn.integrate.exponential_euler))
    net.layers[0].weight.data[...] = rng.random((12, 9)) * 4.0
    program = hw.compile(net, spinnaker1, calibrate=spikes(rng, 100, 4, 12))
    fresh = spikes(rng, 100, 4, 12)
    wanted = net(fresh).data
    assert wanted.sum() > 30
    assert (program.run(fresh).output == wanted).mean() > 0.999


def test_what_is_too_large_is_named_with_its_word(rng):
    x = spikes(rng, 60, 4, 12)
    net = sn.Sequential(sn.Linear(12, 9, seed=0), sn.AdaptiveLIF(threshold=1.0))
    net.layers[0].weight.data[...] = -1e5  # v goes down, far beyond what arrives
    with pytest.raises(
        ValueError, match=r"no word of 24 bits holds v, which reaches [\d.e+]+ .* with 4 after .* needs (\d+)"
    ) as e:
        hw.compile(net, loihi2, calibrate=x)
    reached = net.layers[1].run(net.layers[0](x))[1][0].data
    needed = int(str(e.value).split("room it needs ")[1].split(";")[0])
    assert 2 ** (needed - 5) > np.abs(reached).max() * 1.5 > 2 ** (needed - 8)
    net = sn.Sequential(sn.Linear(12, 9, seed=0), sn.LIFRate())
    net.layers[0].weight.data[...] = -1e-2  # its rates are thousandths, which 24 bits lose
    with pytest.raises(ValueError, match=r"no word of 24 bits gives its output: .* off by \d+%, more than 5%"):
        hw.compile(net, loihi2, calibrate=x)


def test_numbers_are_read_and_not_sent_on_on_spinnaker(rng):
    """Whatever is no 0/1 spike can be an output; a layer behind would hear nothing of it."""
    chip, x = spinnaker1, spikes(rng, 30, 4, 12, rate=0.6)
    for make in (sn.MultiLevelLIF, sn.TernaryLIF, sn.SigmaDelta, sn.LeakyRate):
        inner = sn.Sequential(sn.Linear(12, 9, seed=0), make(), sn.Linear(9, 3, seed=1), sn.LIF())
        assert any("send numbers" in str(breach) for breach in hw.check(inner)[chip].breaches)
        with pytest.raises(hw.DoesNotFit, match="send numbers, and what hears them hears spikes alone; take"):
            hw.compile(inner, chip, calibrate=x)
    looped = sn.Sequential(sn.Linear(12, 9, seed=0), sn.Recurrent(sn.LeakyRate(), 9, seed=1))
    with pytest.raises(hw.DoesNotFit, match="send numbers"):
        hw.compile(looped, chip, calibrate=x)
    net = sn.Sequential(sn.Linear(12, 9, seed=0), sn.MultiLevelLIF(levels=5))
    net.layers[0].weight.data *= 6
    wanted, got = net(x).data, hw.compile(net, chip, calibrate=x).run(x).output
    assert wanted.max() == 5
    assert np.abs(got - wanted).mean() < 0.1


@pytest.mark.parametrize("factor", [0.0, 1e-6, 1e-20])
def test_a_layer_that_is_almost_dead_compiles_on_spinnaker(factor, rng):
    """Without anything to scale, the threshold decides; what is lost of the weights is in the report."""
    net = sn.Sequential(sn.Linear(12, 9, seed=0), leaky(), sn.Linear(9, 3, seed=1), leaky())
    for values in (net.layers[0].weight, net.layers[0].bias):
        values.data[...] *= factor
    net.layers[2].bias.data[...] = 0.2
    x = spikes(rng, 30, 4, 12)
    program = hw.compile(net, spinnaker1, calibrate=x)
    dead = program.report[0]
    assert dead.threshold_error == 0
    assert {0.0: dead.weight_error == 0, 1e-6: 0 < dead.weight_error < 0.1, 1e-20: dead.weight_error == 1}[factor]
    wanted, got = (output.sum(axis=0) for output in (net(x).data, program.run(x).output))
    assert wanted.min() >= 2  # the bias behind it
    assert np.abs(got - wanted).max() <= 1  # the first may come a step earlier or later
