"""Loihi 2's messages with numbers: counts, signs, graded spikes, changes. Against sums and twins driven by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import loihi1, loihi2, speck, spinnaker1, truenorth, xylo
from hw.compilers.driver import recipe
from hw.neurons import twin
from hw.programs.arriving import DenseSums, SparseSums
from hw.training.on_chip import OnChip
from spikenet.derive.trace import trace

KINDS = {
    "counts": lambda: sn.MultiLevelLIF(levels=5, threshold=0.3, tau_mem_s=5e-3),
    "signs": lambda: sn.TernaryLIF(threshold=0.4, tau_mem_s=5e-3),
    "graded": lambda: sn.GradedLIF(threshold=0.3, tau_mem_s=5e-3),
    "changes": lambda: sn.SigmaDelta(threshold=0.05, bias=0.02),
    "rates": sn.LeakyRate,
}


def small(chip, **limits):
    changed = {name: replace(chip.limits[name], value=value) for name, value in limits.items()}
    return replace(chip, limits={**chip.limits, **changed})


def chain(make, *, last=None):
    """A delayed layer, a loop with delays, an output; 12 inputs."""
    rng = np.random.default_rng(2)
    return sn.Sequential(
        sn.DelayedLinear(12, 20, delays=rng.integers(0, 4, (12, 20)), bias=False, seed=0), make(),
        sn.Linear(20, 15, bias=False, seed=1),
        sn.DelayedRecurrent(make(), 15, delays=rng.integers(0, 3, (15, 15)), seed=2),
        sn.Linear(15, 4, bias=False, seed=3), (last or make)(),
    )  # fmt: skip


def by_hand(layer, heard, late):
    """(sent, overflows) of a layer, message by message in Python's integers, its neurons a step at a time."""
    steps, batch, n = *heard.shape[:2], int(np.prod(layer.shape))
    total = np.zeros((steps + 200, batch, n), object)
    w = layer.connectivity.toarray().astype(object)

    def shifted(sums, exponent):
        return sums * 2**exponent if exponent >= 0 else sums // 2**-exponent

    def add(t, payloads, weights, delays, exponent, wait):
        each = np.broadcast_to(0 if delays is None else delays, weights.shape)
        for d in np.unique(each):
            total[t + wait + int(d)] += shifted(payloads.astype(object) @ (weights * (each == d)), exponent)

    word, neurons, before, sent = layer.neurons.twin.words.work, layer.neurons, layer.neurons.start(batch), []
    for t in range(steps):
        add(t, heard[t], w, layer.delays, layer.exponent, late)
        current = (total[t] + neurons.bias).astype(float) / 2.0**word.fraction
        got = twin.run(neurons.twin, current.reshape(1, batch, *layer.shape), neurons.values, before)
        before = got.after
        sent.append(got.output.reshape(batch, n))
        if layer.recurrent is not None:
            own = layer.recurrent.toarray().astype(object)
            add(t, sent[-1], own, layer.recurrent_delays, layer.recurrent_exponent, 1)
    return np.array(sent)


@pytest.mark.parametrize("analogue", [False, True], ids=["spikes", "numbers"])
@pytest.mark.parametrize("kind", KINDS)
def test_program_and_cores_are_messages_added_up(kind, analogue, rng):
    net = chain(KINDS[kind])
    x = (rng.random((20, 5, 12)) < 0.4).astype(np.float32)
    if analogue:
        x *= rng.normal(0, 1.5, x.shape).astype(np.float32)
    program = hw.compile(net, small(loihi2, neurons=6), calibrate=x)
    assert (program.entrance is not None) == analogue
    heard = program.checked(x).astype(np.int64)
    heard = np.concatenate([heard, np.zeros((2, 5, 12), np.int64)])
    runs = program.layer_runs(program.checked(x))
    for k, layer in enumerate(program.layers):
        heard = by_hand(layer, heard, min(k, 1))
        got = runs[k].spikes if layer.is_graded else runs[k].v
        assert np.array_equal(got, heard)
        assert np.abs(heard).max() > (0 if kind == "signs" else 1)
    wanted = program.run(x, samples_at_once=2)
    placed = hw.place_program(program, calibrate=x)
    assert len(placed.placement.cores) > 6
    cores = placed.run(x, samples_at_once=3)
    assert np.array_equal(cores.output, wanted.output)
    assert (cores.rates, cores.words) == (wanted.rates, wanted.words)
    assert sum(sum(met.values()) for met in wanted.words.values()) == 0
    # a message is one event however large its number: it crosses each axon once, and meets each synapse once
    sent = [np.count_nonzero(program.checked(x)), *(np.count_nonzero(run.spikes) for run in runs)]
    into = [np.count_nonzero(program.checked(x), axis=(0, 1))]
    into += [np.count_nonzero(run.spikes, axis=(0, 1)) for run in runs]
    fan = [np.diff(layer.connectivity.indptr) for layer in program.layers]
    loops = sum(int(into[k + 1] @ np.diff(layer.recurrent.indptr)) for k, layer in enumerate(program.layers)
                if layer.recurrent is not None)  # fmt: skip
    ops = sum(int(n @ each) for n, each in zip(into, fan, strict=False)) + loops
    assert cores.events.synaptic_ops.sum() == ops
    assert cores.events.received.sum() == sent[0]
    assert cores.events.spikes.sum() == sum(sent[1:])
    assert wanted.rates[program.layers[0].name] == np.count_nonzero(runs[0].spikes[:20]) / (20 * 5 * 20)


@pytest.mark.parametrize("kind", KINDS)
def test_nets_keep_what_they_do(kind, rng):
    """Feed forward, with a map in front, whose weights are sparse."""
    make = KINDS[kind]
    net = sn.Sequential(
        sn.Conv2d(1, 3, 3, padding=1, bias=False, seed=0), make(), sn.SumPool2d(2), sn.Flatten(3),
        sn.Linear(12, 6, bias=False, seed=1), make(), sn.Linear(6, 3, bias=False, seed=2), sn.LI(tau_mem_s=10e-3),
    )  # fmt: skip
    net.layers[0].weight.data *= 3
    frames = np.cumsum(rng.normal(0, 0.2, (25, 6, 1, 4, 4)), axis=0).astype(np.float32)
    x = np.diff(frames, axis=0, prepend=np.zeros_like(frames[:1]))
    program = hw.compile(net, loihi2, calibrate=x)
    wanted, got = net(x).data, program.run(x)
    assert np.corrcoef(got.output.ravel(), wanted.ravel())[0, 1] > (0.9 if kind == "signs" else 0.97)
    assert all(report.weight_error < 0.02 and report.overflows == 0 for report in program.report)
    for report in program.report[:2]:
        assert 0.02 < report.chip_rate <= 1
        assert report.chip_rate == pytest.approx(report.rate, rel=0.1)
    assert np.array_equal(hw.place_program(program).run(x).output, got.output)


def test_changes_added_up_are_the_conventional_nets_activations(rng):
    """A ReLU net's layers as sigma-delta: biases in the neurons, changes in, a sum without a leak at the end."""
    ann = sn.Sequential(sn.Linear(10, 16, seed=0), sn.ReLU(), sn.Linear(16, 5, seed=1), sn.ReLU(),
                        sn.Linear(5, 3, bias=False, seed=2))  # fmt: skip
    first, second = ann.layers[0], ann.layers[2]
    first.bias.data[...], second.bias.data[...] = rng.normal(0, 0.3, 16), rng.normal(0, 0.3, 5)
    net = sn.Sequential(
        sn.Linear(10, 16, bias=False, seed=0), sn.SigmaDelta(threshold=0.02, bias=first.bias.data),
        sn.Linear(16, 5, bias=False, seed=1), sn.SigmaDelta(threshold=0.02, bias=second.bias.data),
        sn.Linear(5, 3, bias=False, seed=2), sn.LI(tau_mem_s=1e9),
    )  # fmt: skip
    net.layers[0].weight.data[...], net.layers[2].weight.data[...] = first.weight.data, second.weight.data
    slow = np.cumsum(rng.normal(0, 0.05, (200, 4, 10)) * (rng.random((200, 4, 10)) < 0.1), axis=0).astype(np.float32)
    x = np.diff(slow, axis=0, prepend=np.zeros_like(slow[:1]))
    program = hw.compile(net, loihi2, calibrate=x)
    got, wanted = program.run(x), ann(slow).data
    through = [np.abs(ann.layers[k].weight.data).sum(axis=0).max() for k in (2, 4)]
    room = 0.02 * (through[0] + 1) * through[1] + 0.01 * np.abs(wanted).max()  # a threshold a layer, 8-bit weights
    assert np.abs(got.output[10:] - wanted[10:]).max() < room < np.ptp(wanted) / 4
    assert np.abs(got.output - net(x).data)[10:].max() < room
    assert 0 < got.rates["1 SigmaDelta"] < 0.2
    assert np.abs(got.output[10:]).max() > 0.2


def test_narrow_payloads_are_fitted_and_what_is_beyond_is_cut_and_counted(rng):
    net = sn.Sequential(
        sn.Linear(12, 20, bias=False, seed=0), sn.GradedLIF(threshold=0.2, tau_mem_s=5e-3),
        sn.Linear(20, 4, bias=False, seed=1), sn.LI(tau_mem_s=10e-3),
    )  # fmt: skip
    x = (rng.random((20, 5, 12)) < 0.4).astype(np.float32)
    wide, narrow = (hw.compile(net, small(loihi2, spike_payload_bits=n), calibrate=x) for n in (32, 7))
    words = [
        program.layers[0].neurons.twin.words.sent(program.layers[0].neurons.twin.model) for program in (wide, narrow)
    ]
    assert [word.bits for word in words] == [24, 7]
    got = [program.run(x) for program in (wide, narrow)]
    assert 64 / 1.5 / 2 < np.abs(narrow.layer_runs(x.astype(np.int8))[0].spikes).max() <= 63
    off = [np.abs(one.output - net(x).data).max() / np.abs(net(x).data).max() for one in got]
    assert off[0] < 0.02 < 0.04 > off[1] > off[0]
    assert sum(got[1].overflows.values()) == 0
    loud = np.ones((20, 2, 12), np.float32)
    beyond = narrow.run(loud)
    cut = np.abs(narrow.layer_runs(loud.astype(np.int8))[0].spikes)
    assert cut.max() == 63
    assert 0 < beyond.words["1 GradedLIF"]["output"] <= np.count_nonzero(cut == 63)
    assert np.array_equal(hw.place_program(narrow).run(loud).output, beyond.output)


def test_inputs_are_words_of_their_own(rng):
    net = sn.Sequential(sn.Linear(6, 4, bias=False, seed=0), sn.GradedLIF(threshold=0.2))
    signs = rng.integers(-1, 2, (9, 3, 6)).astype(np.float32)
    program = hw.compile(net, loihi2, calibrate=signs)
    assert (program.entrance.scale, program.entrance.low) == (1.0, -(1 << 23))
    assert np.array_equal(program.checked(signs), signs)
    numbers = rng.normal(0, 2, (9, 3, 6)).astype(np.float32)
    program = hw.compile(net, loihi2, calibrate=numbers)
    scale = program.entrance.scale
    assert np.log2(scale) % 1 == 0
    assert 1.5 <= (1 << 23) / (scale * np.abs(numbers).max()) < 3.1
    assert program.run(numbers * 4).words["1 GradedLIF"]["input"] > 0
    assert np.abs(program.run(numbers).output - net(numbers).data).max() < 0.02 * np.abs(net(numbers).data).max()
    program = hw.compile(net, loihi2, calibrate=np.abs(signs))
    with pytest.raises(ValueError, match=r"run: spikes: expected integers in 0\.\.1"):
        program.run(numbers)
    for wrong, said in ((numbers[0], "calibrate"), (numbers * np.nan, "calibrate: expected finite")):
        with pytest.raises(ValueError, match=said):
            hw.compile(net, loihi2, calibrate=wrong)


@pytest.mark.parametrize("kind", ["counts", "graded", "changes"])
def test_training_through_the_chip_hears_the_numbers(kind, rng):
    net = sn.Sequential(
        sn.Linear(8, 12, bias=False, seed=0), KINDS[kind](), sn.Linear(12, 4, bias=False, seed=1), KINDS[kind]()
    )
    x = rng.normal(0, 0.5, (15, 7, 8)).astype(np.float32)
    on_chip = OnChip(net, recipe(net, loihi2, x))
    program, _ = on_chip.recipe.program(net)
    y = on_chip(x)
    assert np.array_equal(y.data, program.run(x).output.astype(np.float32))
    (y * rng.normal(0, 1, y.shape).astype(np.float32)).sum().backward()
    assert all(np.abs(p.grad).max() > 0 for name, p in net.parameters().items() if name.endswith("weight"))


@pytest.mark.parametrize("chip", [loihi1, truenorth, speck, xylo, spinnaker1], ids=lambda chip: chip.name)
@pytest.mark.parametrize("kind", ["signs", "graded", "changes"])
def test_other_chips_refuse_them_by_name(chip, kind, rng):
    neurons = KINDS[kind]()
    net = sn.Sequential(sn.Linear(8, 12, bias=False, seed=0), neurons, sn.Linear(12, 4, seed=1), sn.IF())
    with pytest.raises(hw.DoesNotFit, match=f"0 Linear: neurons {neurons.kind} "):
        hw.compile(net, chip, calibrate=(rng.random((9, 3, 8)) < 0.4).astype(np.float32))


@pytest.mark.parametrize("size", [1, 1 << 12, 1 << 22])
def test_sums_of_payloads_are_exact(size, rng):
    """Narrow where that holds every sum, wide elsewhere; sparse and dense alike."""
    weights = rng.integers(-127, 128, (40, 30)) * (rng.random((40, 30)) < 0.5)
    sent = rng.integers(-size, size + 1, (6, 3, 40)).astype(np.int32)
    wanted = (sent.astype(object) @ weights.astype(object)).astype(np.int64)
    for through in (SparseSums(sn_csr(weights), 1), DenseSums(weights)):
        assert np.array_equal(through(sent), wanted)


def sn_csr(weights):
    from scipy import sparse

    return sparse.csr_array(weights)


def test_whole_outputs_are_known_from_the_step():
    whole = {"counts": True, "signs": True, "graded": False, "changes": False, "rates": False}
    assert {kind: make().model.is_whole for kind, make in KINDS.items()} == whole
    assert sn.MultiLevelLIF(count=sn.multi_level_lif.StraightLevels).model.is_whole

    def halves(p, v, current):
        fired = sn.neurons.primitives.spike(v + current - p.threshold)
        return v, 0.5 * fired

    assert not trace(halves).is_whole
