"""What the adjoint keeps of a step: the few values that meet a gradient, or the states where there are many."""

from __future__ import annotations

import pytest

import spikenet as sn
from spikenet.derive.adjoint import adjoint
from spikenet.derive.expression import ordered, symbol
from spikenet.derive.tape import tape
from spikenet.derive.trace import surrogate_name, trace
from spikenet.neurons import surrogate
from spikenet.neurons.primitives import exp, spike, where


def tape_of(layer, learn=()):
    return tape(adjoint(layer.model, layer.surrogate, learn))


def symbols(roots):
    return {str(e.value) for e in ordered(tuple(roots)) if e.operation == "symbol"}


def test_lif_keeps_its_surrogate_alone():
    layer = sn.LIF(surrogate=surrogate.fast_sigmoid(25))
    width = symbol(f"p_{surrogate_name(layer.surrogate)}")
    (kept,) = tape_of(layer).kept
    assert kept is layer.surrogate.derivative_at(layer.model.output.operands[0], width)
    assert not symbols(tape_of(layer).roots) & {"s_v", "current"}


def test_a_linear_model_keeps_nothing():
    assert tape_of(sn.LI(tau_mem_s=20e-3)).kept == ()


def test_a_learnt_leak_needs_the_potential_before():
    kept = tape_of(sn.LIF(learn=("leak",)), ("leak",)).kept
    assert {repr(e) for e in kept if not e.operands} == {"s_v"}


def test_a_fact_that_decides_over_a_gradient_is_kept_as_a_number():
    def gated(p, v, x):
        v = where(x > p.gate, p.leak * v + x, v)
        fired = spike(v - p.threshold)
        return v - p.threshold * fired, fired

    one = tape(adjoint(trace(gated), surrogate.atan))
    assert sorted(e.operation for e in one.kept) == ["divide", "where"]  # the surrogate, and 1 or 0 for the gate
    assert symbols(one.roots) >= {"kept_0", "kept_1"}


def test_a_model_with_many_factors_keeps_its_states():
    def tangled(p, v, x):
        a, b, c = exp(v * x), exp(v + x), exp(v - x)
        v = p.leak * v * a + a * b * c * x
        fired = spike(v * b - p.threshold * c)
        return v - v * a * fired, fired

    one = tape(adjoint(trace(tangled), surrogate.atan, ("leak", "threshold")))
    assert [str(e.value) for e in one.kept] == ["s_v"]
    assert "current" in symbols(one.roots)


@pytest.mark.parametrize("model", [sn.LIF, sn.CubaLIF], ids=lambda m: m.__name__)
def test_roots_need_nothing_of_the_way_forward_but_what_is_kept(model):
    one = tape_of(model())
    known = {f"kept_{k}" for k in range(len(one.kept))}
    assert {s for s in symbols(one.roots) if not s.startswith(("g_", "p_"))} == known
