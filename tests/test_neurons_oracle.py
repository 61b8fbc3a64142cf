"""Every model's loop over time equals the naive version, to the last bit where only + - * / and > are used.

The emitted loop is run by Python itself for every model, reset and type, and compiled for some of each, as compiling
takes seconds. (LLVM contracts a * b + c into one rounding only when allowed to, and we never allow it.)
"""

from __future__ import annotations

import naive
import numpy as np
import pytest
from neuron_cases import ALL, ATTACHED, DETACHED, N, current, named, rows, start

from spikenet.kernels import time_loop
from spikenet.layers import LI, LIF, Linear, Sequential, record


def agree(case, ours, theirs, dtype):
    assert ours.dtype == dtype
    if case.relative:
        np.testing.assert_allclose(ours, theirs, rtol=case.relative)
    else:
        np.testing.assert_array_equal(ours, theirs)


def compare(case, dtype, rng, steps=40, batch=2):
    layer, x = case.make(), current(rng, steps, batch, dtype)
    before = start(layer, rng, batch, dtype)
    wanted, states = naive.run(case.naive, rows(layer, N, dtype), x, before)
    out, after = layer.run(x, before)
    agree(case, out.data, wanted, dtype)
    assert len(after) == len(states)
    for ours, theirs in zip(after, states, strict=True):
        agree(case, ours.data, theirs[-1], dtype)
    if layer.model.spikes:
        assert 0.05 < wanted.mean() < 0.95, "the input must make neurons fire, and not always"
        assert set(np.unique(out.data)) == {0, 1}


DOUBLE = (
    "IF-subtract",
    "LIF-to_zero",
    "LIF-to_value",
    "CubaLIF-to_zero",
    "LI",
    "LIFRate",
    "LIFRate-exact",
    "LeakyRate",
)
SINGLE = ("LIF-subtract", "CubaLIF-to_zero", "LI")


@pytest.mark.parametrize("case", named(*DOUBLE), ids=str)
def test_compiled_loop_equals_the_naive_version_in_float64(case, rng):
    compare(case, np.float64, rng)


@pytest.mark.parametrize("case", named(*SINGLE), ids=str)
def test_compiled_loop_equals_the_naive_version_in_float32(case, rng):
    compare(case, np.float32, rng)


@pytest.mark.parametrize("case", [case for case in ALL if not case.relative], ids=str)
def test_emitted_loop_equals_the_naive_version_in_float32(case, rng, interpreted):
    compare(case, np.float32, rng)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_emitted_loop_equals_the_naive_version_in_float64(case, rng, interpreted):
    compare(case, np.float64, rng)


@pytest.mark.parametrize("case", DETACHED, ids=str)
def test_a_detached_reset_runs_the_very_same_forward_loop(case, monkeypatch):
    monkeypatch.setattr(time_loop, "_compiled", lambda name, source, dtype: source)
    attached = {c.name: c for c in ATTACHED}[case.name.removesuffix("-detached")]
    names = tuple(case.make().values)
    loops = {time_loop.forward_loop.__wrapped__(c.make().model, names, "float64") for c in (case, attached)}
    assert len(loops) == 1


@pytest.mark.parametrize("case", named("LIF-to_value", "CubaLIF-no_reset", "LI"), ids=str)
def test_record_gives_the_states_after_every_step(case, rng, interpreted):
    layer, x = case.make(), current(rng, 12, 2)
    out, states = naive.run(case.naive, rows(layer, N, x.dtype), x, tuple(np.zeros((2, N)) for _ in layer.states))
    (kept,) = record(Sequential(layer), x)
    np.testing.assert_array_equal(kept.output, out)
    assert list(kept.states) == list(layer.states)
    for name, wanted in zip(layer.states, states, strict=True):
        np.testing.assert_array_equal(kept.states[name], wanted)


def test_a_neuron_at_its_threshold_does_not_fire():
    """Strictly: v > threshold."""
    spikes = LIF(threshold=1.0)(np.array([1.0, np.nextafter(np.float32(1), np.float32(2))], np.float32)[None, None])
    assert spikes.data.ravel().tolist() == [0, 1]


def test_two_neurons_follow_in_the_same_step():
    """No delay between layers: the spike of the first is the input of the second in the step it is fired."""
    linear = Linear(1, 1, bias=False)
    linear.weight.data[...] = 2
    y = Sequential(LIF(), linear, LI())(np.array([0, 3, 0], np.float32)[:, None, None]).data.ravel()
    leak = np.float32(np.exp(-1e-3 / 20e-3))
    np.testing.assert_array_equal(y, np.array([0, 2, 2 * leak + 2], np.float32))
