"""Counts of operations, spikes and traffic, against hand-derived numbers and against the definitions by brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hw import activity, count
from hw.counting.count import Tally
from hw.counting.counts import Traffic
from spikenet.encode import Constant
from spikenet.graph import Tensor
from spikenet.layers import (
    IF,
    LI,
    LIF,
    Delay,
    DelayedLinear,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    GlobalMaxPool2d,
    GlobalSumPool2d,
    LIFRate,
    Linear,
    Recurrent,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    record,
)


def given(x, index=None, seed=0):
    """An encoder for data that already are (batch, steps, features)."""
    return np.moveaxis(x, 1, 0)


def with_weights(weight, bias=None):
    layer = Linear(*np.shape(weight), bias=bias is not None, seed=0)
    layer.weight = Tensor(np.array(weight, np.float32), requires_grad=True)
    if bias is not None:
        layer.bias = Tensor(np.array(bias, np.float32), requires_grad=True)
    return layer


@pytest.fixture
def small():
    """A net and one sample of three steps whose every event is worked out here.

    Inputs (1,0), (1,1), (0,1); weights [[2, 0], [0, 1/2]], so the currents of neuron 0 are 2, 2, 0 and of neuron 1
    0, 1/2, 1/2. IF with threshold 1 and subtracting reset: neuron 0 has v = 2 fires -> 1, 3 fires -> 2, 2 fires -> 1;
    neuron 1 has 0, 1/2, 1 and does not fire, for 1 > 1 is false. Three spikes reach the one readout neuron.
    """
    net = Sequential(
        with_weights([[2, 0], [0, 0.5]], [0, 0]), IF(threshold=1.0), with_weights([[0.75], [1]], [0]), LI()
    )
    return net, np.array([[[1, 0], [1, 1], [0, 1]]], np.float32)


def test_golden_counts_of_a_spiking_net(small):
    net, x = small
    first, neurons, second, readout = count(net, x, encode=given).layers
    # 4 input spikes meet 2 weights each, one of the two is zero; 3 hidden spikes meet 1 weight
    assert (first.events, first.acs, first.effective, first.dense, first.macs) == (4, 8, 4, 2 * 2 * 3, 0)
    assert (second.events, second.acs, second.effective, second.dense, second.macs) == (3, 3, 3, 2 * 1 * 3, 0)
    assert (first.bias_adds, first.sums, second.bias_adds) == (2 * 3, 2 * 3, 1 * 3)
    assert (neurons.updates, neurons.spikes, readout.updates, readout.spikes) == (2 * 3, 3, 1 * 3, 0)
    # neuron 0 works in all steps (in the third v was 2); neuron 1 is at rest without current in the first
    assert (neurons.active_updates, readout.active_updates) == (3 + 2, 3)
    # v + current, v - threshold, v - threshold * fired; one comparison
    assert neurons.neuron_operations == {"add": 3 * 6, "multiply": 1 * 6, "compare": 1 * 6}
    assert readout.neuron_operations == {"multiply": 3, "add": 3}


def test_golden_traffic_of_a_spiking_net(small):
    net, x = small
    first, neurons, second, readout = (layer.traffic for layer in count(net, x, encode=given).layers)
    assert first == Traffic(weights=8, biases=6, bits_read=2 * 3)
    assert neurons == Traffic(states_read=6, states_written=6)
    assert second == Traffic(weights=3, biases=3, bits_read=2 * 3, bits_written=2 * 3)
    assert readout == Traffic(values_written=3, states_read=3, states_written=3)
    stored = [layer.stored for layer in count(net, x, encode=given).layers]
    assert [(s.weights, s.biases, s.bits, s.states) for s in stored] == [
        (4, 2, 2, 0),
        (0, 0, 0, 2),
        (2, 1, 2, 0),
        (0, 0, 0, 1),
    ]


def test_active_may_mean_fired(small):
    net, x = small
    counts = count(net, x, encode=given, active=activity.fired)
    assert [layer.active_updates for layer in counts.layers] == [0, 3, 0, 0]


def test_a_state_that_falls_to_rest_was_work():
    """LI that forgets within a step, current 1 then 0 then 0: active, active for the state before, at rest."""
    net = Sequential(LI(tau_mem_s=1e-6))
    counts = count(net, np.array([[[1], [0], [0]]], np.float32), encode=given)
    assert counts.layers[0].active_updates == 2


def test_rates_and_spikes_of_the_whole_net(small):
    net, x = small
    counts = count(net, x, encode=given)
    assert counts.spikes == 3
    assert counts.rate == (4 + 3) / (2 * 3 + 2 * 3)  # 2 inputs and 2 hidden neurons, 3 steps
    assert counts.is_spiking


def test_golden_counts_of_a_conventional_net():
    net = Sequential(Linear(4, 3, seed=0), ReLU(), Dropout(0.5), Linear(3, 2, bias=False, seed=1))
    counts = count(net, np.eye(4, dtype=np.float32))  # 0/1 data, but a net without neurons: no events
    first, relu, second = counts.layers
    assert (first.macs, first.acs, first.bias_adds, second.macs, second.bias_adds) == (12, 0, 3, 6, 0)
    assert first.effective == 3  # one input in four is not zero
    assert (relu.pointwise_operations, relu.pointwise_values) == ({"compare": 3}, 3)
    assert first.traffic == Traffic(weights=12, biases=3, values_read=4)
    assert second.traffic == Traffic(weights=6, values_read=3, values_written=3 + 2)
    assert (counts.spikes, counts.rate, counts.is_spiking, counts.samples) == (0, None, False, 4)


def test_an_input_that_never_changes_is_multiplied_once():
    net = Sequential(Linear(4, 3, seed=0), LIF(), Linear(3, 2, seed=1), LI())
    x = np.random.default_rng(0).random((5, 4)).astype(np.float32)
    once = count(net, x, encode=Constant(steps=10)).layers[0]
    assert (once.macs, once.bias_adds, once.steps, once.dense) == (12, 3, 10, 120)
    assert once.traffic == Traffic(weights=12, biases=3, values_read=4, sums_read=30, sums_written=3)
    every = count(net, x, encode=Constant(steps=10), repeated_input_once=False).layers[0]
    assert (every.macs, every.bias_adds, every.traffic.sums_read) == (120, 30, 0)
    # the same values in memory of their own instead of a view with stride 0
    copied = count(net, x, encode=lambda v, index, seed: np.array(Constant(steps=10)(v))).layers[0]
    assert copied == once


def brute_force(records, has_neurons):
    """NeuroBench's synaptic operations, one multiplication at a time: (dense, effective, macs, acs) by connection."""
    found = []
    for entry in records:
        if not isinstance(entry.layer, Linear):
            continue
        x, w = np.asarray(entry.input), entry.layer.weight.data
        is_spikes = has_neurons and all(value in (0, 1) for value in x.ravel().tolist())
        dense = effective = macs = acs = 0
        for row in x.reshape(-1, x.shape[-1]):
            for i, j in itertools.product(range(w.shape[0]), range(w.shape[1])):
                dense += 1
                effective += int(row[i] != 0 and w[i, j] != 0)
                macs += int(not is_spikes)
                acs += int(is_spikes and row[i] != 0)
        found.append((dense, effective, macs, acs))
    return found


@pytest.mark.parametrize("analogue", [False, True])
def test_counts_equal_the_definition_by_brute_force(analogue):
    rng = np.random.default_rng(3)
    weight = rng.normal(size=(6, 5)) * (rng.random((6, 5)) < 0.7)  # some weights are zero
    net = Sequential(with_weights(weight), IF(threshold=0.5), Linear(5, 4, seed=1), LI())
    x = rng.random((7, 9, 6)).astype(np.float32)
    x = x if analogue else (x < 0.3).astype(np.float32)
    counts = count(net, x, encode=given)
    wanted = brute_force(record(net, given(x)), has_neurons=True)
    got = [(7 * c.dense, 7 * c.effective, 7 * c.macs, 7 * c.acs) for c in counts.layers if c.dense]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)
    assert wanted[1][3] > 0  # the hidden layer did spike


def test_synaptic_events_delivered_are_the_fan_outs_of_the_spikes_sent():
    net = Sequential(Linear(4, 8, seed=0), LIF(threshold=0.2), Linear(8, 5, seed=1), LIF(threshold=0.2), Linear(5, 3))
    x = np.random.default_rng(1).random((6, 4)).astype(np.float32)
    _, hidden, second, deep, third = count(net, x, encode=Constant(steps=12)).layers
    assert hidden.spikes > 0
    assert second.acs == pytest.approx(hidden.spikes * 5, rel=1e-12)
    assert third.acs == pytest.approx(deep.spikes * 3, rel=1e-12)


def test_batches_do_not_matter():
    net = Sequential(Linear(4, 8, seed=0), LIF(threshold=0.2), Linear(8, 3, seed=1), LI())
    x = np.random.default_rng(2).random((11, 4)).astype(np.float32)
    whole, split = (count(net, x, encode=Constant(steps=6), batch_size=n) for n in (11, 4))
    assert whole == split


def test_one_analogue_batch_makes_a_layer_analogue():
    net = Sequential(Linear(2, 3, seed=0), LIF())
    binary, analogue = np.ones((1, 2), np.float32), np.full((1, 2), 0.5, np.float32)
    layer = count(net, np.concatenate([binary, analogue]), encode=Constant(steps=2), batch_size=1).layers[0]
    assert (layer.acs, layer.macs, layer.sources) == (0, 6, 0)


def test_layers_inside_containers_are_counted():
    flat = Sequential(Linear(4, 4, seed=0), ReLU(), Linear(4, 4, seed=1))
    nested = Sequential(Sequential(flat.layers[0], ReLU()), flat.layers[2])
    x = np.random.default_rng(0).random((3, 4)).astype(np.float32)
    assert [c.macs for c in count(nested, x).layers] == [c.macs for c in count(flat, x).layers] == [16, 0, 16]
    layers = count(Sequential(flat.layers[0], Residual(flat.layers[2])), x).layers
    assert [(c.macs, c.pointwise_operations) for c in layers] == [(16, {}), (16, {}), (0, {"add": 4})]


def test_weights_over_the_last_of_several_axes():
    net = Sequential(Linear(3, 2, seed=0), Flatten(2))
    (layer,) = count(net, np.ones((5, 4, 3), np.float32)).layers
    assert (layer.macs, layer.effective, layer.sums, layer.stored.weights) == (4 * 3 * 2, 4 * 3 * 2, 8, 6)


def test_parameters_of_single_neurons_are_read_at_every_update():
    net = Sequential(Linear(4, 3, seed=0), LIF(tau_mem_s=np.array([0.01, 0.02, 0.03])))
    neurons = count(net, np.ones((2, 4), np.float32), encode=Constant(steps=5)).layers[1]
    assert (neurons.traffic.parameters, neurons.stored.parameters) == (3 * 5, 3)


def test_scaling_spikes_scales_what_spikes_cause_and_nothing_else(small):
    net, x = small
    counts = count(net, x, encode=given)
    half = counts.scaled(0.5)
    assert counts.scaled(1.0) == counts
    assert half.rate == counts.rate / 2
    assert half.total(lambda c: c.acs) == (8 + 3) / 2
    assert half.total(lambda c: c.traffic.weights) == (8 + 3) / 2
    for unchanged in (lambda c: c.updates, lambda c: c.bias_adds, lambda c: c.traffic.bits_read):
        assert half.total(unchanged) == counts.total(unchanged)
    with pytest.raises(ValueError, match="-1"):
        counts.scaled(-1)


def test_inputs_are_not_written():
    net = Sequential(Linear(4, 3, seed=0), LIF(), Linear(3, 2), LI())
    x = np.random.default_rng(0).random((3, 4)).astype(np.float32)
    x.flags.writeable = False
    count(net, x, encode=Constant(steps=3))


class Unheard:
    kind = "Unheard"

    def __call__(self, x, *, training=None):
        return x

    def run(self, x, state=None, *, training=None):
        return x, ()

    def parameters(self):
        return {}

    def config(self):
        return {}


def test_bad_input_is_refused():
    net = Sequential(Linear(4, 3, seed=0), ReLU())
    ones = np.ones((2, 4), np.float32)
    with pytest.raises(ValueError, match=r"at least one sample.*\(0, 4\)"):
        count(net, np.zeros((0, 4), np.float32))
    with pytest.raises(ValueError, match="nan"):
        count(net, np.where(ones > 0, np.nan, 0))
    with pytest.raises(ValueError, match=r"batch_size.*0"):
        count(net, ones, batch_size=0)
    with pytest.raises(ValueError, match=r"LIF.*encoder"):
        count(Sequential(Linear(4, 3), LIF()), ones[:, None, None])
    with pytest.raises(TypeError, match="Unheard"):
        count(Sequential(Linear(4, 3), Unheard()), ones)
    with pytest.raises(ValueError, match="nothing was run"):
        Tally(has_time=False).counts()


def test_a_layer_that_overflows_is_refused():
    net = Sequential(with_weights(np.full((4, 3), 3e38)), Sigmoid())
    with pytest.raises(ValueError, match="0 Linear is not finite"), np.errstate(over="ignore", invalid="ignore"):
        count(net, np.ones((2, 4), np.float32))


def test_every_batch_needs_the_same_steps():
    tally = Tally(has_time=True)
    net = Sequential(Linear(2, 2, seed=0))
    tally.add(record(net, np.ones((3, 1, 2), np.float32)))
    with pytest.raises(ValueError, match=r"3 steps of 2 inputs, then 4 of 2"):
        tally.add(record(net, np.ones((4, 1, 2), np.float32)))


def test_rate_neurons_without_state_need_no_time_and_count_their_arithmetic():
    layer = LIFRate()
    counts = count(Sequential(Linear(4, 3, seed=0), layer), np.ones((2, 4), np.float32))
    assert counts.layers[1].neuron_operations == {kind: 3 * n for kind, n in layer.model.operations.items()}
    assert not counts.is_spiking


def test_recurrent_and_delayed_layers_are_counted_as_what_they_compute():
    """Products of a delayed layer are a Linear's; recurrent ones begin with what was sent a step before."""
    rng = np.random.default_rng(5)
    delayed, linear = DelayedLinear(6, 5, delays=2, seed=0), Linear(5, 4, seed=1)
    loop = Recurrent(LIF(threshold=0.5), 4, self_connections=False, seed=2)
    delayed.weight.data[0, :3] = 0
    net = Sequential(delayed, IF(threshold=0.3), linear, loop, Delay(1))
    x = (rng.random((3, 8, 6)) < 0.5).astype(np.float32)
    _, hidden, _, sent, _ = record(net, given(x))
    got = count(net, x, encode=given).layers
    assert [layer.name for layer in got] == ["0 DelayedLinear", "1 IF", "2 Linear", "3 Recurrent LIF, recurrence",
                                             "3 Recurrent LIF"]  # fmt: skip
    assert got[0].acs == pytest.approx(x.sum() / 3 * 5)
    each = np.count_nonzero(delayed.weight.data, axis=1)
    assert got[0].effective == pytest.approx((x.sum(axis=(0, 1)) / 3) @ each)
    assert got[2].acs == pytest.approx(hidden.output.sum() / 3 * 4)
    assert got[3].acs == pytest.approx(sent.output[:-1].sum() / 3 * 4)
    assert got[3].effective == pytest.approx(sent.output[:-1].sum() / 3 * 3)  # no synapse onto oneself
    assert got[4].spikes == pytest.approx(sent.output.sum() / 3)
    assert got[4].updates == 4 * 8
    assert min(got[3].acs, got[4].spikes) > 1


def test_pooling_of_whole_maps(rng):
    """Of 3 maps of 4 x 5 places: 19 additions or comparisons each, of a mean a product besides."""
    x = rng.random((2, 3, 4, 5)).astype(np.float32)
    works = {"add": 3 * 19.0, "multiply": 3.0}, {"compare": 3 * 19.0}, {"add": 3 * 19.0}
    for layer, wanted in zip((GlobalAvgPool2d(), GlobalMaxPool2d(), GlobalSumPool2d()), works, strict=True):
        counts = count(Sequential(layer, Linear(3, 2, seed=0)), x)
        assert dict(counts.layers[0].pointwise_operations) == wanted
