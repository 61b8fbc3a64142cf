"""Fixed-point twins: any step in any words equal to the same step run on plain Python fixed-point numbers."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from naive_fixed_point import Arithmetic, Number, twelve_bit_lif

from hw.neurons import twin
from spikenet.derive.fixed_point import Overflow, Rounding, Word, Words
from spikenet.derive.integer_arithmetic import quotient, table_entry
from spikenet.derive.integer_step import integer_step
from spikenet.derive.trace import trace
from spikenet.layers import CubaLIF, Linear, Sequential
from spikenet.neurons import cuba_lif, integrate_and_fire, lif
from spikenet.neurons.primitives import exp, maximum, sigmoid, spike, sqrt, where
from spikenet.neurons.reset import detached_subtract, subtract, to_value, to_zero

ROUNDINGS = {
    "down": Rounding.DOWN,
    "zero": Rounding.TOWARD_ZERO,
    "nearest": Rounding.NEAREST,
    "even": Rounding.NEAREST_EVEN,
}


def adaptive(p, v, a, current):
    """A user's neuron with a division, an absolute value, tables and constants no binary fraction holds."""
    size = abs(a)  # once: what a step says twice is computed, and overflows, once
    drive = current / (1.0 + size) - 0.1 * v
    v = p.leak * v + drive + 0.3 * sigmoid(drive)
    fired = spike(v - p.threshold - sqrt(size))
    a = maximum(p.recover * a, -1.0) + p.jump * fired + 1e-3
    return to_zero(p, where(v > 2.0, -v, v), fired), a, fired


def explosive(p, v, current):
    v = v / current + exp(p.slope * v)
    return v, v


CASES = {  # step, functions, parameters
    "if": (integrate_and_fire.step, {"reset": detached_subtract}, {"threshold": 1.0}),
    "lif, subtract": (lif.step, {"reset": subtract}, {"leak": 0.951, "threshold": 1.0}),
    "lif, zero": (lif.step, {"reset": to_zero}, {"leak": 0.951, "threshold": 0.7}),
    "lif, value": (lif.step, {"reset": to_value}, {"leak": 0.951, "threshold": 1.1, "reset_value": -0.4}),
    "cuba": (cuba_lif.step, {"reset": detached_subtract}, {"syn_leak": 0.8, "leak": 0.9, "threshold": 1.3}),
    "user's": (adaptive, {}, {"leak": 0.9, "threshold": 0.6, "recover": 0.85, "jump": 0.5}),
    "explosive": (explosive, {}, {"slope": 2.0}),
}
WORK = [(16, 8), (24, 12), (32, 15), (12, 3), (8, 10), (20, -2)]


def interpreted(model, words):
    """The step's lines run by Python itself: f(parameters, states, current) -> (states after, output, counts)."""
    names = {f"p_{n}": f"p['{n}']" for n in model.parameters} | {f"s_{n}": f"s['{n}']" for n in model.states}
    step = integer_step(model, words, names | {"current": "current"}, lambda k: f"counts[{k}]")
    code = compile("\n".join(step.lines) or "pass", "step", "exec")
    slow = {"quotient": quotient.py_func, "table_entry": table_entry.py_func, "math": SimpleNamespace(**vars(math))}
    slow["math"].exp = lambda x: math.exp(x) if x < 709 else math.inf  # these two as compiled code has them
    slow["math"].sqrt = lambda x: math.sqrt(x) if x >= 0 else math.nan

    def run(p, s, current):
        scope = dict(slow) | {"p": p, "s": s, "current": current, "counts": [0] * len(step.counted)}
        exec(code, scope)
        after = {name: eval(value, scope) for name, value in zip(model.states, step.after, strict=True)}
        return after, eval(step.output, scope), scope["counts"]

    return run


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("bits", "fraction"), WORK)
def test_a_step_in_any_words_is_the_step_on_plain_fixed_point_numbers(name, bits, fraction, rng):
    step, functions, values = CASES[name]
    for (rule, rounding), overflow in itertools.product(ROUNDINGS.items(), Overflow):
        work = Word(bits, fraction, rounding, overflow)
        wraps = overflow is Overflow.WRAP
        narrow = Word(max(bits - 3, 2), fraction - 1, Rounding.NEAREST, Overflow.SATURATE)
        model = trace(step, functions)
        own = {n: Word(16, 14) for n in values if n == "leak"}
        words = Words(work, states={"v": narrow}, parameters=own)
        run = interpreted(model, words)
        arithmetic, stored = Arithmetic(bits, fraction, rule, wraps), Arithmetic(narrow.bits, fraction - 1, "nearest")
        of = {f"p_{n}": words.of_symbol(f"p_{n}") for n in values}
        p, plain = {}, {}
        for n, value in values.items():
            word = of[f"p_{n}"]
            p[n] = int(np.clip(np.floor(value * 2.0**word.fraction + 0.5), word.lowest, word.highest))
            plain[n] = Number(arithmetic, Fraction(p[n]) / Fraction(2) ** word.fraction)
        s = dict.fromkeys(model.states, 0)
        size = min(2.0 ** (bits - fraction - 2), 4.0)
        for k, current in enumerate(np.rint(rng.normal(0.1, size, 12) * 2.0**fraction).astype(int).tolist()):
            current = max(work.lowest, min(work.highest, current if k % 5 else 0))
            arithmetic.overflows = stored.overflows = 0
            before = [
                Number(arithmetic, Fraction(s[n]) / Fraction(2) ** words.of_symbol(f"s_{n}").fraction)
                for n in model.states
            ]
            results = step(
                SimpleNamespace(**plain),
                *before,
                Number(arithmetic, Fraction(current) / Fraction(2) ** fraction),
                **functions,
            )
            s, output, counts = run(p, s, current)
            for n, result in zip(model.states, results[:-1], strict=True):
                wanted = stored if n == "v" else Arithmetic(bits, fraction, rule, wraps)
                assert s[n] == wanted.within(wanted.rounded(result.value)), (name, work, n)
            sent = results[-1]
            assert Fraction(output) == (sent.value if model.spikes else sent.value * Fraction(2) ** fraction)
            assert counts[0] == arithmetic.overflows, (name, work)
            if "v" in model.states:
                assert counts[1 + model.states.index("v")] == stored.overflows


def test_a_million_neuron_steps_of_a_compiled_twin(rng):
    """LIF in 16-bit words, saturating cases included, against its integers written by hand."""
    n, steps = 1000, 1000
    words = Words(Word(16, 8), parameters={"leak": Word(14, 12)})
    one = twin.twin(lif.step, words, reset=subtract)
    leak, threshold = rng.integers(0, 4097, n), rng.choice([1, 200, 256, 5000, 32767, -300], n)
    x = np.rint(rng.normal(0.05, 1.0, (steps, n)) * rng.choice([100, 2000, 40_000], n)).astype(np.int64)
    got = twin.run(one, x / 256, {"leak": leak / 4096, "threshold": threshold / 256})
    x = np.clip(x, -(1 << 15), (1 << 15) - 1)
    overflows = 0
    for j in range(n):
        spikes, v, lost = twelve_bit_lif(int(leak[j]), int(threshold[j]), x[:, j].tolist())
        assert got.output[:, j].tolist() == spikes
        assert got.states["v"][:, j].tolist() == v
        overflows += lost
    assert got.overflows["work"] == overflows > 1000
    assert got.overflows["current"] > 1000
    assert got.overflows["v"] == got.overflows["output"] == 0


@pytest.mark.parametrize("name", ["user's", "explosive"])
def test_the_compiled_loop_is_the_interpreted_one(name, rng, one_thread_and_two):
    step, functions, values = CASES[name]
    words = Words(Word(20, 9, Rounding.NEAREST_EVEN), parameters={n: Word(16, 14) for n in values if n == "leak"})
    one = twin.twin(step, words, **functions)
    x = np.rint(rng.normal(0, 2.0, (30, 2, 140)) * 512) / 512
    first, got = one_thread_and_two(lambda: twin.run(one, x, values))
    run, counts = interpreted(one.model, words), np.zeros(len(one.model.states) + 2, int)
    p = {n: int(v) for n, v in got.parameters.items()}
    for b, j in itertools.product(range(2), range(0, 140, 7)):
        s = dict.fromkeys(one.model.states, 0)
        for t in range(30):
            s, output, _ = run(p, s, int(x[t, b, j] * 512))
            assert output == got.output[t, b, j]
            assert all(s[n] == got.states[n][t, b, j] for n in s)
    for n in one.model.states:
        assert np.array_equal(first.states[n], got.states[n])
    assert first.overflows == got.overflows
    head = twin.run(one, x[:13], values)
    tail = twin.run(one, x[13:], values, head.after, states=False)
    assert np.array_equal(np.concatenate([head.output, tail.output]), got.output)
    assert all(np.array_equal(tail.after[n], got.after[n]) for n in tail.after)
    assert {k: head.overflows[k] + v for k, v in tail.overflows.items()} == got.overflows
    assert counts.size == len(got.overflows) - 1


def test_a_twin_of_a_layer_comes_near_the_layer(rng):
    layer = CubaLIF(tau_mem_s=20e-3, tau_syn_s=5e-3)
    x = rng.normal(0, 0.3, (100, 3, 150)).astype(np.float32)
    words = Words(Word(32, 20), parameters={"leak": Word(24, 22), "syn_leak": Word(24, 22)})
    got = twin.run(twin.twin(layer, words), x, layer)
    wanted = layer(x).data
    assert (got.output != wanted).mean() < 1e-3
    assert wanted.mean() > 0.05
    assert words.of_symbol("p_leak").values(got.parameters["leak"]) == pytest.approx(
        layer.values["leak"].data, abs=2**-23
    )
    assert all(count == 0 for count in got.overflows.values())


def test_words_and_values():
    word = Word(8, 4, Rounding.NEAREST)
    assert word.integers("x", [1.0, -8.0, 7.9375]).tolist() == [16, -128, 127]
    assert word.values(np.array([16, -128])).tolist() == [1.0, -8.0]
    assert word.held(np.array([7.97, -9.0, 0.03125, 1.0]))[0].tolist() == [127, -128, 1, 16]
    assert Word(8, 4, overflow=Overflow.WRAP).held(np.array([8.0, -8.5]))[0].tolist() == [-128, 120]
    assert word.held(np.array([7.97, -9.0, 0.0]))[1] == 2
    with pytest.raises(ValueError, match=r"x: 8 is outside -8\.\.7\.9375.*8 bits with 4"):
        word.integers("x", [0.0, 8.0])
    for bits, fraction in ((0, 0), (33, 0), (8, 33), (8, -33)):
        with pytest.raises(ValueError, match="Word"):
            Word(bits, fraction)


def test_what_has_no_twin_is_refused():
    good = Words(Word(16, 8))
    one = twin.twin(lif.step, good, reset=subtract)
    values = {"leak": 0.9, "threshold": 1.0}
    for call, words in (
        (lambda: twin.twin(lif.step, Words(Word(16, 8), states={"u": Word(8)}), reset=subtract), r"no state \['u'\]"),
        (lambda: twin.twin(lif.step, Words(Word(16, 8), parameters={"x": Word(8)}), reset=subtract), "no parameter"),
        (lambda: twin.twin(lif.step, Words(Word(32, 32), current=Word(32, -20)), reset=subtract), "narrower words"),
        (lambda: twin.run(one, np.zeros((3, 4)), {"leak": 0.9}), r"missing parameters \['threshold'\]"),
        (lambda: twin.run(one, np.zeros((3, 4)), values | {"tau": 1.0}), r"unknown parameters \['tau'\]"),
        (lambda: twin.run(one, np.zeros((3, 4)), values | {"threshold": 128.0}), "threshold: 128 is outside"),
        (lambda: twin.run(one, np.zeros((3, 4)), values | {"threshold": [1.0, 2.0]}), "do not fit neurons"),
        (lambda: twin.run(one, np.zeros(3), values), r"\(steps, ..., n\)"),
        (lambda: twin.run(one, np.full((3, 4), np.nan), values), "nan"),
        (lambda: twin.run(one, np.zeros((3, 4)), values, {"u": np.zeros(4)}), "before"),
        (lambda: twin.run(one, np.zeros((3, 4)), values, {"v": np.zeros(3)}), "shape"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(TypeError):
        twin.twin(Sequential(Linear(2, 2, seed=0)), good)
