"""Every neuron model: its loop against the naive version, its adjoint against finite differences and against the graph.

The emitted loops are run by Python itself for the variants, and compiled once a model: forward and adjoint in float64.
"""

from __future__ import annotations

import json

import naive
import naive_models
import numpy as np
import pytest
import trace_on_graph
from gradients import all_gradients, assert_close, joined, numbers
from model_cases import CASES, REFRACTORY, N
from neuron_cases import rows

from spikenet import graph
from spikenet.derive.trace import smoothed
from spikenet.graph import Tensor, check_gradient
from spikenet.layers import Recurrent, build, cast
from spikenet.neurons import surrogate

EVERY = pytest.mark.parametrize("case", CASES, ids=str)


def compare(case, layer, step, rng, steps=40, batch=2):
    x = case.current(rng, steps, batch)
    before = case.start(layer, rng, batch)
    wanted, states = naive.run(step, rows(layer, N, np.float64), x, before)
    out, after = layer.run(x, before)
    agree = np.testing.assert_array_equal
    if case.relative:

        def agree(a, b):
            np.testing.assert_allclose(a, b, rtol=case.relative, atol=case.relative)

    agree(out.data, wanted)
    for ours, theirs in zip(after, states, strict=True):
        agree(ours.data, theirs[-1])
    return wanted


def fires(case):
    return case.held is not None


@EVERY
def test_loop_equals_the_naive_version(case, rng, interpreted):
    out = compare(case, case.make(), case.naive, rng)
    if fires(case):
        assert 0.03 < np.mean(out != 0) < 0.9, "the input must make neurons fire, and not always"
    assert np.unique(out).size > 1


@pytest.mark.parametrize("case", REFRACTORY, ids=str)
def test_refractory_neurons_stand_still(case, rng, interpreted):
    """One rewriting for all models: against a naive one, with another period for each neuron, one of them 0."""
    layer = case.make(**case.period)
    out = compare(case, layer, naive_models.refractory(case.naive, case.held), rng)
    assert layer.values["refractory_steps"].data.tolist() == [2, 0, 3]
    fired = out != 0
    assert fired.any()
    for j, period in enumerate((2, 0, 3)):
        for later in range(1, period + 1):
            assert not (fired[later:, :, j] & fired[:-later, :, j]).any()


def smooth(layer, width=0.3):
    layer.surrogate = surrogate.sigmoid(1 / width)
    layer.values["surrogate_slope"] = Tensor(np.float64(1 / width))
    layer.runs = smoothed(layer.model, layer.surrogate)
    return layer


@EVERY
@pytest.mark.parametrize("period", [False, True], ids=["", "refractory"])
def test_adjoint_equals_finite_differences_of_the_smooth_twin(case, period, rng, interpreted):
    if period and not fires(case):
        pytest.skip("never fires, so is never refractory")
    scored = case.name.endswith("score")  # spikes are constants there, as they are: small steps flip none
    layer = cast(case.make(learn=case.learn, **case.attached, **(case.period if period else {})), np.float64)
    layer = layer if scored else smooth(layer, 3.0 if case.name.startswith("Izhikevich") else 0.3)
    x, states = case.current(rng, 5, 2), case.start(layer, rng, 2)
    moving = [s for s in layer.states if s not in ("waiting", "stream_high", "stream_low", "count")]
    learnt = case.learn

    def f(current, *rest):
        given = dict(zip(moving, rest, strict=False))
        layer.values.update(zip(learnt, rest[len(moving) :], strict=True))
        y, after = layer.run(current, tuple(given.get(s, b) for s, b in zip(layer.states, states, strict=True)))
        kept = [a for s, a in zip(layer.states, after, strict=True) if s in moving]
        return joined(y, kept)

    free = [b for s, b in zip(layer.states, states, strict=True) if s in moving]
    step = 3e-5 if case.name.startswith("Izhikevich") else None  # its states are large, and steep
    check_gradient(f, x, *free, *numbers(layer, learnt), step=step)


@EVERY
def test_compiled_as_it_stands(case, rng):
    """Compiled once, with its own reset and surrogate: naive version forward, the graph step by step backward."""
    layer = cast(case.make(learn=case.learn), np.float64)
    compare(case, layer, case.naive, rng)
    x, states = case.current(rng, 11, 2), case.start(layer, rng, 2)
    ours, slopes = all_gradients(layer, layer.run, x, states)
    values = dict(layer.values)

    def on_graph(x, states):
        return trace_on_graph.run(layer, x, states, values)

    theirs, wanted = all_gradients(layer, on_graph, x, states)
    assert_close(ours, theirs, 1e-9)
    assert_close(slopes, wanted, 1e-8 if case.relative else 1e-10)
    assert any(np.abs(g).max() > 0 for g in wanted)


@EVERY
def test_time_can_be_split_and_the_layer_made_again(case, rng, interpreted):
    layer = case.make(**(case.period if fires(case) else {}))
    x = case.current(rng, 20, 2)
    whole, last = layer.run(x)
    again = build(layer.kind, json.loads(json.dumps(layer.config(), allow_nan=False)))
    assert again.config() == layer.config()
    assert again.model == layer.model
    head, state = again.run(x[:7])
    tail, end = again.run(x[7:], state)
    np.testing.assert_array_equal(whole.data, np.concatenate([head.data, tail.data]))
    for a, b in zip(last, end, strict=True):
        np.testing.assert_array_equal(a.data, b.data)


@EVERY
def test_neurons_and_rows_do_not_touch(case, rng, interpreted):
    """The last neuron of the last row alone, with its own parameters, does what it does among others."""
    if case.name.startswith("Stochastic"):
        pytest.skip("its stream of random numbers belongs to its place")
    layer, x = case.make(), case.current(rng, 15, 2)
    y = layer(x).data
    x[:, 0], x[:, :, :2] = 7.0 * x[:, 0], -x[:, :, :2]
    np.testing.assert_array_equal(layer(x).data[:, 1, 2], y[:, 1, 2])


@EVERY
def test_recurs(case, rng, recurrent_interpreted):
    """In `Recurrent`: the loop step by step with the layer's own current, x + last output @ weight."""
    layer = cast(Recurrent(case.make(learn=case.learn), N, seed=1), np.float64)
    weight = layer.recurrent_weight
    weight.data = np.round(weight.data * 64 * abs(case.drive[0] + case.drive[1])) / 64
    neurons = layer.layers[0]
    x = np.round(case.current(rng, 6, 2) * 64) / 64
    states = (*case.start(neurons, rng, 2), np.zeros((2, N)))
    ours, slopes = all_gradients(layer, layer.run, x, states)

    def step_by_step(x, states):
        *now, last = states
        out = []
        for t in range(len(x)):
            current = graph.stack([x[t] + last @ weight])
            y, now = trace_on_graph.run(neurons, current, now, neurons.values)
            last = y[0]
            out.append(last)
        return graph.stack(out), (*now, last)

    theirs, wanted = all_gradients(layer, step_by_step, x, states)
    assert_close(ours, theirs, 1e-9)
    assert_close(slopes, wanted, 1e-8)
