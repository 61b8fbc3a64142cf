"""Runs step by step against the whole sequence, for every layer; decisions that stop early."""

from __future__ import annotations

import numpy as np
import pytest

from spikenet.graph import Tensor, is_recording
from spikenet.layers import (
    GELU,
    IF,
    LI,
    LIF,
    CubaLIF,
    Dropout,
    Flatten,
    LeakyRate,
    LIFRate,
    Linear,
    ReLU,
    Residual,
    Segmented,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
)
from spikenet.layers.deciding import decide
from spikenet.layers.delay import Delay
from spikenet.layers.recurrent import Recurrent
from spikenet.layers.streaming import stream

STEPS, BATCH, N = 13, 5, 6


def dyadic(layer, bits=6):
    """Weights on a grid, so that sums are exact and no spike depends on the order of summation."""
    for p in layer.parameters().values():
        p.data = np.round(p.data * 2**bits) / np.float32(2**bits)
    return layer


LAYERS = [
    *(Linear(N, 4, seed=0), Dropout(0.5), Flatten(2), ReLU(), Sigmoid(), Tanh(), Softplus(), GELU(), Softmax()),
    *(IF(), LIF(), CubaLIF(), LI(), LIFRate(), LeakyRate(), Recurrent(LIF(threshold=0.5), N, seed=0)),
    *(Delay(2), Delay([0, 1, 3, 2, 0, 1])),
    *(Residual(Linear(N, N, seed=0), LIF()), Segmented(Sequential(Linear(N, N, seed=0), LIF()), steps=4)),
    Sequential(Linear(N, 140, seed=0), LIF(threshold=0.3), Linear(140, 3, seed=1), LI()),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.kind)
def test_step_by_step_is_the_whole_bit_for_bit(layer, rng):
    dyadic(layer)
    shape = (STEPS, BATCH, 3, 2) if layer.kind == "Flatten" else (STEPS, BATCH, N)
    x = np.round(rng.normal(0.5, 1, shape) * 16).astype(np.float32) / 16
    x.flags.writeable = False
    whole, end = layer.run(x)
    steps = list(stream(layer, x))
    np.testing.assert_array_equal(np.stack([y for y, _ in steps]), whole.data)
    last = steps[-1][1]

    def compared(a, b):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            if isinstance(one, tuple):
                compared(one, other)
            else:
                np.testing.assert_array_equal(one.data, other.data)

    compared(end, last)


def test_a_stream_goes_on_from_a_state_and_waits_for_input(rng):
    net, x = dyadic(Sequential(Linear(N, 4, seed=0), LIF(threshold=0.2))), np.ones((6, 2, N), np.float32)
    taken = []

    def sensor(frames):
        for k, frame in enumerate(frames):
            taken.append(k)
            yield frame

    running = stream(net, sensor(x[:4]))
    assert taken == []
    next(running)
    assert taken == [0]
    assert is_recording()
    *_, (_, state) = running
    rest = [y for y, _ in stream(net, x[4:], state)]
    np.testing.assert_array_equal(rest, net(x).data[4:])


def test_streams_refuse_what_is_no_net():
    with pytest.raises(TypeError, match="stream: net: expected a layer, got 3"):
        stream(3, [])
    with pytest.raises(ValueError, match=r"Linear: expected input"):
        next(stream(Linear(3, 2, seed=0), [np.zeros((1, 4))]))


class Counting:
    """A net that says how many rows it was given."""

    kind = "Counting"
    states = ("v",)

    def __init__(self, net):
        self.net, self.rows = net, 0

    def __call__(self, x, *, training=None):
        return self.run(x)[0]

    def run(self, x, state=None, *, training=None):
        self.rows += x.shape[0] * x.shape[1]
        return self.net.run(x, state)

    def parameters(self):
        return self.net.parameters()

    def config(self):
        return {}


def classifier():
    net = dyadic(Sequential(Linear(N, 30, seed=0), LIF(threshold=0.5), Linear(30, 4, seed=3), LIF(threshold=0.25)))
    net.layers[2].weight.data *= 4
    return net


def whole_decision(net, x):
    return net(x).data.sum(axis=0)


@pytest.mark.parametrize("length", [1, 4, 7, 100])
@pytest.mark.parametrize("held", [False, True])
def test_exact_decisions_are_those_of_the_whole_sequence(length, held, rng):
    net, batch, steps = classifier(), 60, 30
    x = np.round(rng.normal(0.5, 1, (1 if held else steps, batch, N)) * 16).astype(np.float32) / 16
    x = np.broadcast_to(x, (steps, batch, N))
    counting = Counting(net)
    found = decide(counting, x, steps_at_once=length)
    counts = whole_decision(net, x)
    np.testing.assert_array_equal(found.labels, counts.argmax(axis=1))
    assert len(set(found.labels)) > 1
    assert counting.rows <= found.steps.sum() + 1  # decided samples cost nothing any more
    spikes = net(x).data
    for b in range(batch):
        np.testing.assert_array_equal(found.sums[b], spikes[: found.steps[b], b].sum(axis=0))
    if length < steps:
        assert found.steps.mean() < steps


def by_hand(spikes, margin):
    """(label, steps) of one sample (steps, classes), in the plainest words, looked at after each step."""
    for t in range(1, len(spikes) + 1):
        counts = [int(c) for c in spikes[:t].sum(axis=0)]
        first = max(range(len(counts)), key=lambda c: (counts[c], -c))
        left = len(spikes) - t
        if margin is not None:
            settled = all(counts[first] - counts[c] >= margin for c in range(len(counts)) if c != first)
        else:
            settled = True
            for c in range(len(counts)):
                best = counts[c] + left  # if it fires at every step that is left
                if c != first and (best > counts[first] or (best == counts[first] and c < first)):
                    settled = False
        if settled or t == len(spikes):
            return first, t
    raise AssertionError


def test_states_whose_samples_are_on_another_axis(rng):
    """Of a delay, (longest, batch, n)."""
    net = Sequential(Delay([2, 1, 0, 0, 3, 1]), *classifier().layers)
    x = (rng.random((25, 25, N)) < 0.5).astype(np.float32)
    found = decide(net, x, steps_at_once=2)
    np.testing.assert_array_equal(found.labels, whole_decision(net, x).argmax(axis=1))
    assert found.steps.min() < found.steps.max()


@pytest.mark.parametrize("margin", [None, 1, 3])
def test_decides_when_the_rule_says_so(margin, rng):
    """IF neurons without weights pass spikes through, so that any pattern can be tried."""
    relay = IF(threshold=0.5)
    spikes = (rng.random((12, 400, 3)) < rng.random((1, 400, 3))).astype(np.float32)
    found = decide(relay, spikes * np.float32(1), margin=margin, steps_at_once=1)
    passed = relay(spikes).data
    for b in range(400):
        assert (found.labels[b], found.steps[b]) == by_hand(passed[:, b], margin)


def test_ties_go_to_the_lower_label_and_nothing_decides_too_early():
    relay = IF(threshold=0.75)
    x = np.zeros((4, 1, 2), np.float32)
    x[0, 0, 1] = 1  # class 1 leads by one ...
    x[3, 0, 0] = 1  # ... until the last step draws level
    found = decide(relay, x, steps_at_once=1)
    assert (found.labels[0], found.steps[0]) == (0, 4)


def test_a_readout_of_membranes_needs_a_margin(rng):
    net, x = Sequential(Linear(N, 3, seed=0), LI()), rng.normal(size=(8, 4, N)).astype(np.float32)
    with pytest.raises(ValueError, match="expected an output of spikes, 0 or 1; other outputs need a margin"):
        decide(net, x)
    found = decide(net, x, margin=1e9)
    assert (found.steps == 8).all()
    np.testing.assert_array_equal(found.labels, net(x).data.sum(axis=0).argmax(axis=1))
    assert (decide(net, x, margin=0.1).steps < 8).any()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"net": 3}, TypeError, "decide: net: expected a layer, got 3"),
        ({"x": np.zeros((3, 4))}, ValueError, r"decide: expected input \(steps, batch, ...\)"),
        ({"margin": 0}, ValueError, "decide: margin: expected a number > 0"),
        ({"steps_at_once": 0}, ValueError, "decide: steps_at_once: expected a whole number >= 1"),
        (
            {"x": np.zeros((3, 4, 2, 2))},
            ValueError,
            r"expected a net that gives \(steps, batch, classes\), got \(3, 4,",
        ),
    ],
)
def test_wrong_arguments(changed, error, message):
    arguments = {"net": IF(), "x": np.zeros((3, 4, 2), np.float32)} | changed
    with pytest.raises(error, match=message):
        decide(arguments.pop("net"), arguments.pop("x"), **arguments)


def test_a_state_without_rows_is_refused():
    class Shared(Counting):
        def run(self, x, state=None, *, training=None):
            return self.net.run(x)[0], (Tensor(np.zeros(7)),)

    with pytest.raises(ValueError, match=r"expected a state with an axis of 2 samples, got \(7,\)"):
        decide(
            Shared(IF()), np.array([[[2, 0], [0, 0]], [[2, 0], [0, 0]], [[0, 0], [0, 0]]], np.float32), steps_at_once=2
        )
