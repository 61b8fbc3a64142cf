"""hw.compile beyond dense nets: convolutions, pooling, recurrence, delays, folded norms; its accord with hw.check."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import loihi1, speck, truenorth, xylo, xylo_audio3, xylo_imu
from hw.neurons import xylo as xylo_core
from hw.programs.xylo import core
from spikenet.graph import Tensor


def to_zero(model=sn.IF, **arguments):
    return model(reset=sn.reset.to_zero, **arguments)


def on_grid(layer, rng, most=127):
    """The layer with weights that are whole 1/128, so that Loihi's words hold them, and no bias."""
    for name in ("weight", "recurrent_weight"):
        if hasattr(layer, name):
            shape = getattr(layer, name).shape
            w = rng.integers(-most, most + 1, shape) / 128
            w.reshape(-1)[:2] = most / 128, -most / 128
            setattr(layer, name, Tensor(w.astype(np.float32), requires_grad=True, name=name))
    if getattr(layer, "bias", None) is not None:
        layer.bias.data[...] = 0
    return layer


def spikes(rng, *shape, rate=0.3):
    return (rng.random(shape) < rate).astype(np.float32)


def threshold(value=1.5):
    return to_zero(sn.IF, threshold=value)


def exact_nets(rng):
    """Nets whose numbers Loihi's words hold, with the shape of their input."""
    grid = lambda layer: on_grid(layer, rng)  # noqa: E731
    conv = grid(sn.Conv2d(2, 3, 3, padding=1, bias=False, seed=0))
    strided = grid(sn.Conv2d(2, 4, (3, 2), stride=2, dilation=(2, 1), bias=False, seed=0))
    dense = grid(sn.Linear(12, 7, seed=0))
    out = grid(sn.Linear(7, 4, seed=0))
    loop = on_grid(sn.Recurrent(threshold(), 7, self_connections=False, seed=1), rng)
    pooled = grid(sn.Linear(3 * 2 * 3, 4, seed=0))
    summed = grid(sn.Conv2d(2, 3, 1, bias=False, seed=0))  # of larger windows the sums would be off the grid
    grouped = grid(sn.Conv1d(4, 6, 3, groups=2, bias=False, seed=3))
    delayed = on_grid(sn.DelayedLinear(12, 7, delays=rng.integers(0, 5, (12, 7)), seed=0), rng)
    return {
        "convolution": (sn.Sequential(conv, threshold()), (2, 4, 6)),
        "strided": (
            sn.Sequential(strided, threshold(0.5), sn.Flatten(3), grid(sn.Linear(24, 3)), threshold(0.25)),
            (2, 7, 6),
        ),
        "pooled": (
            sn.Sequential(conv, threshold(), sn.SumPool2d(2), sn.Dropout(0.5), sn.Flatten(3), pooled, threshold()),
            (2, 4, 6),
        ),
        "summed": (sn.Sequential(summed, sn.SumPool2d(2), threshold(2.5)), (2, 4, 6)),
        "a line": (sn.Sequential(grouped, threshold()), (4, 9)),
        "recurrent": (sn.Sequential(dense, loop, out, threshold()), (12,)),
        "delayed": (sn.Sequential(delayed, threshold(), sn.Delay([0, 1, 2, 3, 4, 5, 6]), out, threshold()), (12,)),
        "delayed map": (sn.Sequential(sn.Delay(rng.integers(0, 4, (2, 4, 6))), conv, threshold()), (2, 4, 6)),
    }


NAMES = ("convolution", "strided", "pooled", "summed", "a line", "recurrent", "delayed", "delayed map")


@pytest.mark.parametrize("name", NAMES)
def test_what_the_words_hold_is_exact(name, rng):
    """Spike for spike the float net: no rounding anywhere, wherever the weights stand."""
    net, shape = exact_nets(rng)[name]
    x = spikes(rng, 20, 5, *shape)
    program = hw.compile(net, loihi1, calibrate=x)
    wanted, got = net(x).data, program.run(x, samples_at_once=3)
    assert wanted.sum() > 5
    assert np.array_equal(got.output, wanted)
    assert program.report[0].weight_error == 0.0
    assert all(n == 0 for words in got.words.values() for n in words.values())
    for report, layer in zip(program.report, program.layers, strict=True):
        assert report.rate == pytest.approx(report.chip_rate)
        assert layer.connectivity.shape == (layer.n_inputs, math.prod(layer.shape))


def test_average_pooling_and_a_norm_go_into_the_weights(rng):
    norm = sn.BatchNorm2d(3)
    norm.running_mean.data[:], norm.running_var.data[:] = [0.1, -0.2, 0.0], [0.5, 1.5, 2.0]
    norm.bias.data[:] = [0.05, 0.1, -0.1]
    net = sn.Sequential(
        sn.Conv2d(2, 3, 3, padding=1, seed=0), norm, to_zero(threshold=0.4), sn.AvgPool2d(2), sn.Flatten(3),
        sn.Linear(18, 4, seed=1), to_zero(sn.LIF, threshold=0.1),
    )  # fmt: skip
    x = spikes(rng, 20, 6, 2, 4, 6)
    program = hw.compile(net, loihi1, calibrate=x)
    wanted, got = net(x).data, program.run(x).output
    assert (got == wanted).mean() > 0.9
    first = program.layers[0]
    assert first.params.bias_mant.any()
    factor = norm.weight.data / np.sqrt(norm.running_var.data + norm.eps)
    kernel = net.layers[0].weight.data * factor[:, None, None, None]
    centre = first.connectivity.toarray().reshape(2, 4, 6, 3, 4, 6)[:, 1, 1, :, 1, 1].T / (first.scale / 64)
    shift = 2.0**first.exponent
    assert centre * shift == pytest.approx(kernel[:, :, 1, 1], abs=0.01)
    assert [r.name for r in program.report] == ["2 IF", "6 LIF"]


@pytest.mark.parametrize("steps", [8, 60])
def test_a_bias_that_reaches_the_membrane_at_once_is_what_the_synapse_gathers(steps, rng):
    """In few steps a float net's biases hardly come through a slow synapse: at their end value rates nearly double."""
    slow = {"tau_mem_s": 10e-3, "tau_syn_s": 9.3e-3}
    net = sn.Sequential(sn.Linear(20, 40, seed=0), to_zero(sn.CubaLIF, **slow))
    net.layers[0].bias.data[:] = rng.uniform(0, 0.12, 40)
    program = hw.compile(net, loihi1, calibrate=spikes(rng, steps, 30, 20, rate=0.2))
    (report,) = program.report
    assert report.rate > 0.2
    assert report.chip_rate == pytest.approx(report.rate, rel=0.05)
    assert report.bias_error < 1e-3


def test_synapses_among_neurons_have_an_exponent_of_their_own(rng):
    net = sn.Sequential(sn.Linear(12, 30, seed=0), sn.Recurrent(to_zero(threshold=0.7), 30, seed=1))
    net.layers[1].recurrent_weight.data *= 40.0
    x = spikes(rng, 30, 8, 12)
    program = hw.compile(net, loihi1, calibrate=x)
    (layer,) = program.layers
    assert layer.recurrent_exponent > layer.exponent
    real = layer.recurrent.toarray() * 2.0**layer.recurrent_exponent * 64 / layer.scale
    assert real == pytest.approx(net.layers[1].recurrent_weight.data, abs=np.abs(real).max() / 120)
    assert program.report[0].weight_error < 0.02
    assert abs(program.report[0].rate_change) < 0.1
    assert (program.run(x).output == net(x).data).mean() > 0.9


CONSTRUCTS = {  # net, shape
    "zero": (sn.Sequential(sn.Linear(4, 3), to_zero()), (4,)),
    "subtract": (sn.Sequential(sn.Linear(4, 3), sn.IF()), (4,)),
    "value": (sn.Sequential(sn.Linear(4, 3), sn.IF(reset=sn.reset.to_value, reset_value=0.1)), (4,)),
    "none": (sn.Sequential(sn.Linear(4, 3), sn.LIF(reset=sn.reset.no_reset)), (4,)),
    "refractory": (sn.Sequential(sn.Linear(4, 3), to_zero(sn.LIF, refractory_s=3e-3)), (4,)),
    "adaptive": (sn.Sequential(sn.Linear(4, 3), sn.AdaptiveLIF()), (4,)),
    "snntorch": (sn.Sequential(sn.Linear(4, 3), sn.LIF(semantics=sn.semantics.snntorch_subtract)), (4,)),
    "readout": (sn.Sequential(sn.Linear(4, 3), to_zero(), sn.Linear(3, 2), sn.LI()), (4,)),
    "readout inside": (sn.Sequential(sn.Linear(4, 3), sn.LI(), sn.Linear(3, 2), to_zero()), (4,)),
    "no neurons": (sn.Sequential(sn.Linear(4, 3), to_zero(), sn.Linear(3, 2)), (4,)),
    "ReLU": (sn.Sequential(sn.Linear(4, 3), sn.ReLU(), sn.Linear(3, 2), to_zero()), (4,)),
    "residual": (sn.Sequential(sn.Linear(4, 4), to_zero(), sn.Residual(sn.Linear(4, 4)), to_zero()), (4,)),
    "conv": (sn.Sequential(sn.Conv2d(1, 2, 3), sn.BatchNorm2d(2), to_zero()), (1, 4, 4)),
    "max pool": (sn.Sequential(sn.MaxPool2d(2), sn.Conv2d(1, 2, 2), to_zero()), (1, 4, 4)),
    "sum pool": (sn.Sequential(sn.SumPool2d(2), sn.Conv2d(1, 2, 2), to_zero()), (1, 4, 4)),
    "overlapping": (sn.Sequential(sn.AvgPool2d(3, stride=1), sn.Conv2d(1, 2, 2), to_zero()), (1, 4, 4)),
    "norm alone": (sn.Sequential(sn.BatchNorm(4), sn.Linear(4, 3), to_zero()), (4,)),
    "recurrent": (sn.Sequential(sn.Linear(4, 3), sn.Recurrent(to_zero(), 3)), (4,)),
    "delays": (sn.Sequential(sn.Delay([1, 0, 2, 3]), sn.Linear(4, 3), to_zero()), (4,)),
    "long delays": (sn.Sequential(sn.Delay([1, 0, 2, 63]), sn.Linear(4, 3), to_zero()), (4,)),
    "pooled delays": (
        sn.Sequential(sn.SumPool2d(2), sn.Delay([[1, 0], [2, 3]]), sn.Conv2d(1, 2, 2), to_zero()),
        (1, 4, 4),
    ),
    "cuba": (sn.Sequential(sn.Linear(4, 3), sn.CubaLIF(), sn.Linear(3, 2), sn.CubaLIF()), (4,)),
    "cuba readout": (sn.Sequential(sn.Linear(4, 3), sn.CubaLIF(), sn.Linear(3, 2), sn.LI()), (4,)),
    "cuba windows": (
        sn.Sequential(sn.Conv2d(1, 3, 3), sn.CubaLIF(), sn.Flatten(3), sn.Linear(12, 2), sn.CubaLIF()),
        (1, 4, 4),
    ),
    "lif": (sn.Sequential(sn.Linear(4, 3), sn.LIF(), sn.Linear(3, 2), sn.LIF()), (4,)),
    "dropouts": (sn.Sequential(sn.Dropout1d(0.5), sn.Linear(4, 3), sn.Dropout(0.2), to_zero()), (4,)),
}  # fmt: skip
COMPILED_FOR = (loihi1, xylo, speck, truenorth)


@pytest.mark.parametrize(
    ("name", "chip"), [*itertools.product(CONSTRUCTS, COMPILED_FOR)], ids=lambda v: getattr(v, "name", v)
)
def test_what_check_passes_compiles_and_what_it_refuses_does_not(name, chip, rng):
    net, shape = CONSTRUCTS[name]
    x = spikes(rng, 6, 2, *shape, rate=0.5)
    verdict = hw.check(net, shape, chips=(chip,))[chip]
    if verdict.fits:
        program = hw.compile(net, chip, calibrate=x)
        assert program.chip is chip
        assert program.run(x).output.shape == net(x).shape
        assert len(program.report) == len(program.layers)
        assert str(program).splitlines()[1:] == [f"  {report}" for report in program.report]
        assert all(str(report).startswith(report.name) for report in program.report)
    else:
        with pytest.raises(hw.DoesNotFit) as refused:
            hw.compile(net, chip, calibrate=x)
        assert refused.value.breaches == verdict.breaches
        assert all(breach.change for breach in verdict.breaches)


def cuba(**arguments):
    return sn.CubaLIF(tau_mem_s=7.49e-3, tau_syn_s=3.476e-3, **arguments)  # 1 - 2^-3 and 1 - 2^-2 are kept


def counting(levels=31, **arguments):
    return sn.MultiLevelCubaLIF(levels=levels, tau_mem_s=7.49e-3, tau_syn_s=3.476e-3, **arguments)


def xylo_net(rng):
    """Three layers, one of them recurrent."""
    net = sn.Sequential(
        sn.Linear(6, 20, seed=0), counting(), sn.Linear(20, 15, seed=1),
        sn.Recurrent(cuba(threshold=0.7), 15, seed=2), sn.Linear(15, 4, seed=3), cuba(threshold=0.3),
    )  # fmt: skip
    for layer in net.layers[::2]:
        layer.bias.data[...] = 0
    net.layers[2].bias.data[:] = rng.normal(0, 0.01, 15)
    net.layers[3].recurrent_weight.data *= 0.3  # more would feed itself where neurons fire several times a step
    return net


def test_layers_of_a_xylo_alone_do_what_the_core_does(rng):
    """The whole core is the vendor's; each layer, driven by the spikes of the one before, gives the same."""
    net, x = xylo_net(rng), spikes(rng, 25, 6, 6)
    program = hw.compile(net, xylo, calibrate=x)
    runs = program.layer_runs(program.checked(x.astype(int) * 2))
    sent = np.zeros((27, 6, 6), int)
    sent[:25] = x * 2
    for k, (layer, run) in enumerate(zip(program.layers, runs, strict=True)):
        alone = layer.run(sent, late=min(k, 1))
        assert run.spikes.sum() > 20
        assert np.array_equal(alone.spikes, run.spikes)
        assert alone.used == run.used
        sent = run.spikes
    assert runs[0].spikes.max() > 1


def test_the_xylo_family_has_one_core_and_sizes_of_its_own(rng):
    """What fits on several of them gives the same integers on each; what does not is refused by each one's numbers."""
    net, x = xylo_net(rng), spikes(rng, 25, 6, 6)
    programs = [hw.compile(net, chip, calibrate=x) for chip in (xylo, xylo_audio3, xylo_imu)]
    first = programs[0].run(x).output
    assert first.any()
    assert all(np.array_equal(program.run(x).output, first) for program in programs[1:])
    cycles = [hw.place_program(program).run(x).times.cycles for program in programs]
    assert np.array_equal(cycles[0], cycles[2])
    wide = sn.Sequential(sn.Linear(6, 140, seed=0), sn.MultiLevelCubaLIF(levels=31), sn.Linear(140, 60, seed=1),
                         sn.CubaLIF(), sn.Linear(60, 20, seed=2), sn.CubaLIF())  # fmt: skip
    for chip, broken in (
        (xylo, {"outputs": 12, "fan_in": 140 - 63}),
        (xylo_audio3, {"input_targets": 12}),
        (xylo_imu, {"input_targets": 12, "outputs": 4}),
    ):
        assert {b.limit: b.over for b in hw.check(wide, chips=chip)[chip].breaches} == broken
    with pytest.raises(hw.DoesNotFit, match=r"Xylo IMU.*has 128 \(12 over\)"):
        hw.compile(wide, xylo_imu, calibrate=x)


def test_fan_outs_count_every_hidden_synapse(rng):
    """Of two hidden layers, the first with loops: 24 x 36 synapses and 36 targets each; outputs are none of them."""
    net = sn.Sequential(sn.Linear(6, 24, seed=0), sn.Recurrent(sn.CubaLIF(), 24, seed=1), sn.Linear(24, 12, seed=2),
                        sn.CubaLIF(), sn.Linear(12, 4, seed=3), sn.CubaLIF())  # fmt: skip
    few = {n: replace(xylo.limits[n], value=v) for n, v in (("fan_out", 35), ("hidden_synapses", 863))}
    chip = replace(xylo, limits={**xylo.limits, **few})
    found = {b.limit: (b.where, b.needed, b.change) for b in hw.check(net, chips=chip)[chip].breaches}
    assert found == {
        "fan_out": ("0 Linear", 36, "keep the 35 largest weights from each neuron (prune 24 of 864)"),
        "hidden_synapses": ("the hidden layers", 864, "prune 1 weights among hidden neurons"),
    }


def test_xylo_keeps_rates_where_its_decays_are_the_nets(rng):
    net, x = xylo_net(rng), spikes(rng, 40, 32, 6, rate=0.05)
    program = hw.compile(net, xylo, calibrate=x)
    for report in program.report:
        assert report.tau_mem_steps[1] == pytest.approx(7.49, abs=0.01)
        assert report.tau_syn_steps[1] == pytest.approx(3.476, abs=0.01)
        assert abs(report.chip_rate - report.rate) < 0.1 * report.rate + 0.001
        assert report.weight_error < 0.02
        assert report.overflows == 0 or "saturation" in report.advice
    assert np.mean(program.run(x).output == net(x).data) > 0.9
    plain = sn.Sequential(sn.Linear(6, 9, seed=0), sn.LIF(threshold=0.5), sn.Linear(9, 4, seed=1), sn.LI())
    program = hw.compile(plain, xylo, calibrate=x)
    assert program.report[0].tau_syn_steps == (0.0, pytest.approx(1 / np.log(2)))  # the shortest there is
    got, wanted = program.run(x).output, plain(x).data
    assert np.corrcoef(got.ravel(), wanted.ravel())[0, 1] > 0.8
    loud = program.run(np.full((50, 2, 6), 15))
    assert sum(loud.overflows.values()) > 0
    assert loud.words["1 LIF"].keys() == {"current", "membrane", "capped", "inputs_dropped"}
    with pytest.raises(ValueError, match=r"run: spikes.*0\.\.15"):
        program.run(np.full((5, 2, 6), 16))


def test_xylos_own_neurons_keep_rates_and_layers_count_their_own_overflows(rng):
    """Hidden neurons that send up to 31 spikes a step are what the core has."""

    def net(hidden):
        return sn.Sequential(
            sn.Linear(6, 30, bias=False, seed=0), hidden(), sn.Linear(30, 20, bias=False, seed=1), hidden(),
            sn.Linear(20, 4, bias=False, seed=2), cuba(),
        )  # fmt: skip

    x = spikes(rng, 40, 32, 6)
    many = net(counting)
    program = hw.compile(many, xylo, calibrate=x)
    assert many.layers[1](many.layers[0](x)).data.max() > 3
    for report in program.report[:2]:
        assert abs(report.chip_rate - report.rate) < 0.02 * report.rate
    assert np.mean(program.run(x).output == many(x).data) > 0.95
    assert program.report[0].advice == ""
    runs = program.together(program.layers, np.full((60, 3, 6), 15))
    met = xylo_core.run(core(program.layers), np.full((60, 3, 6), 15)).met
    for run, own in zip(runs, (slice(0, 30), slice(30, 50)), strict=False):
        assert [run.overflows[word] for word in ("current", "membrane", "capped")] == met[:, own].sum(axis=1).tolist()
    assert met[:, 30:].sum() > 0
    counts = sn.Sequential(sn.Linear(6, 9, seed=0), counting(), sn.Linear(9, 4, seed=1), counting())
    for chip, words in ((xylo, "outputs that send up to 31"), (loihi1, "neurons that send up to 31")):
        with pytest.raises(hw.DoesNotFit, match=words):
            hw.compile(counts, chip, calibrate=x)


@pytest.mark.parametrize("levels", [1, 2])
def test_saturation_stops_xylos_neurons_at_as_many_spikes_a_step_as_the_net_sends(rng, levels):
    """Driven by more than their thresholds, where nothing but the end of the membrane's word would stop them."""
    hidden = cuba() if levels == 1 else counting(levels)
    net = sn.Sequential(sn.Linear(16, 30, bias=False, seed=0), hidden, sn.Linear(30, 4, seed=1), cuba())
    weight, x = net.layers[0].weight.data, spikes(rng, 40, 32, 16)
    weight[...] = np.abs(weight) * levels
    wanted, freely = (neurons(net.layers[0](x)).data for neurons in (hidden, counting()))
    assert wanted.max() == levels
    assert freely.sum() > 1.5 * wanted.sum()
    program = hw.compile(net, xylo, calibrate=x)
    got, report = program.layer_runs(x)[0].spikes[: len(x)], program.report[0]
    assert got.max() == levels
    assert np.mean(got == wanted) > 0.98
    assert report.overflows > 0
    assert report.clipped == 0
    assert report.advice.endswith(f"stops neurons at {levels} a step, as the net has it")
    weight[0] = 10.0  # thresholds: more than 8-bit words hold beside a threshold of 2^14
    report = hw.compile(net, xylo, calibrate=x).report[0]
    assert report.clipped > 0 or "more spikes a step than the net's" in report.advice


def on_speck(rng):
    """Weights that fill Speck's words: whole numbers of 1/127, with 1 among them, and thresholds that are whole too."""
    net = sn.Sequential(
        sn.Conv2d(2, 4, 3, padding=1, seed=0), sn.IF(threshold=4.0), sn.AvgPool2d(2), sn.Flatten(3),
        sn.Linear(24, 5, seed=1), sn.IF(threshold=2.0),
    )  # fmt: skip
    for layer in (net.layers[0], net.layers[4]):
        w = rng.integers(-60, 128, layer.weight.shape) / 127
        w.reshape(-1)[0] = 1.0
        layer.weight.data[...] = w
        layer.bias.data[...] = 0
    return net


def test_speck_is_exact_where_the_words_hold_the_net_and_no_neuron_has_two_spikes_at_once(rng):
    net, x = on_speck(rng), spikes(rng, 25, 4, 2, 4, 6, rate=0.1)
    program = hw.compile(net, speck, calibrate=x)
    assert (program.late, program.layers[0].threshold) == (0, 508)
    wanted, got = net(x).data, program.run(x)
    first = program.layer_runs(program.checked(x))[0].spikes
    assert first.max() == 1
    assert wanted.sum() > 20
    assert (got.output == wanted).mean() > 0.99  # v >= threshold there, v > threshold here
    assert all(report.weight_error < 1e-6 for report in program.report)
    alone = hw.neurons.speck.run(
        hw.neurons.speck.Params(np.rint(net.layers[0].weight.data * 127).astype(int), 508, padding=1), x.astype(int)
    )
    assert np.array_equal(alone.spikes.reshape(first.shape), first)
    counts = program.run(x * 300)
    assert sum(counts.overflows.values()) > 0
    assert counts.output.max() > 1
    placed = hw.place_program(program).run(x * 300)  # counts beyond 8 bits
    assert np.array_equal(placed.output, counts.output)
    assert placed.events.received.sum() == 300 * x.sum()
    fan_out = np.diff(program.layers[0].connectivity.indptr)
    assert placed.events.synaptic_ops[0] == 300 * (x.sum((0, 1)).ravel() @ fan_out)


def test_filters_with_thresholds_of_their_own_share_specks(rng):
    net = sn.Sequential(sn.Linear(8, 3, seed=0), sn.IF(threshold=[0.5, 1.0, 2.0]))
    x = spikes(rng, 30, 8, 8, rate=0.1)
    program = hw.compile(net, speck, calibrate=x)
    assert program.report[0].threshold_error < 0.02
    assert (program.run(x).output == net(x).data).mean() > 0.95
    filters = sn.Sequential(sn.Conv2d(1, 2, 3), sn.IF(threshold=[[[0.5]], [[1.0]]]))
    assert hw.check(filters, (1, 5, 5), chips=(speck,))[speck].fits
    places = sn.Sequential(sn.Conv2d(1, 2, 3), sn.IF(threshold=np.arange(1, 10).reshape(1, 3, 3)))
    (breach,) = hw.check(places, (1, 5, 5), chips=(speck,))[speck].breaches
    assert "give a filter one threshold" in str(breach)


def test_truenorth_is_exact_where_four_weights_are_enough(rng):
    """Each axon of one of four kinds, joined or not: found again whatever their order, and run to the float net's."""
    kinds, values = rng.integers(0, 4, 40), np.array([[3.0, -2.0, 1.0, -0.5], [1.0, -1.0, 2.0, -2.0]])
    joined = rng.random((40, 300)) < 0.7
    w = joined * values[rng.integers(0, 2, 300)][:, kinds].T
    net = sn.Sequential(sn.Linear(40, 300, seed=0), sn.IF(threshold=3.5, reset=sn.reset.to_zero))
    net.layers[0].weight.data[...] = w
    net.layers[0].bias.data[...] = 0.125
    x = spikes(rng, 25, 3, 40)
    program = hw.compile(net, truenorth, calibrate=x)
    (report,), (layer,) = program.report, program.layers
    assert len(layer.cores) == 2  # 300 neurons
    assert report.weight_error < 0.005
    assert (program.run(x).output == net(x).data).mean() > 0.98
    assert program.run(x).output.mean() > 0.1
    assert np.allclose(layer.connectivity.toarray() / layer.scale, w, atol=0.02)


def test_truenorths_floor_is_counted():
    """200 axons of -255 would reach 1 - 2^18 in the sixth step: of -128 they do in the eleventh, beyond calibration."""
    net = sn.Sequential(sn.Linear(200, 2, seed=0), sn.IF(threshold=2.0))
    net.layers[0].weight.data[...] = -1.0
    net.layers[0].bias.data[...] = 0
    program = hw.compile(net, truenorth, calibrate=np.ones((8, 3, 200), np.int8))
    assert (program.layers[0].connectivity.toarray() == -128).all()
    assert program.report[0].overflows == 0
    assert program.report[0].headroom == pytest.approx(2**18 / (8 * 200 * 128))
    assert program.run(np.ones((12, 3, 200), np.int8)).words == {"1 IF": {"v": 0, "floor of v": 2 * 2 * 3}}


def test_best_values_are_the_best_there_are(rng):
    """Against every subset of the axons of a type, tried out."""
    from hw.compilers.axon_types import best_values

    w, counts = rng.normal(0, 1, (7, 3)), rng.random(7) + 0.1
    values = best_values(w, np.zeros(7, int), counts)[0]
    for j in range(3):
        least = np.inf
        for chosen in itertools.product((False, True), repeat=7):
            s = np.array(chosen)
            value = np.average(w[s, j], weights=counts[s]) if s.any() else 0.0
            least = min(least, float(counts @ np.square(w[:, j] - value * s)))
        got = float(counts @ np.minimum(np.square(w[:, j]), np.square(w[:, j] - values[j])))
        assert got == pytest.approx(least)


def test_a_recurrent_net_on_truenorth_hears_itself(rng):
    net = sn.Sequential(
        sn.Linear(6, 10, seed=0), sn.Recurrent(sn.IF(threshold=2.5, reset=sn.reset.to_zero), 10, seed=1)
    )
    net.layers[0].weight.data[...] = 1.0
    net.layers[0].bias.data[...] = 0
    net.layers[1].recurrent_weight.data[...] = -np.eye(10)
    x = spikes(rng, 30, 4, 6)
    program = hw.compile(net, truenorth, calibrate=x)
    assert np.allclose(program.layers[0].recurrent.toarray() / program.layers[0].scale, -np.eye(10), atol=0.01)
    assert (program.run(x).output == net(x).data).mean() > 0.9
