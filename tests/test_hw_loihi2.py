"""Loihi 2's neurons: 10^6 neuron-steps of each equal to plain Python, time cut anywhere, bad input refused."""

from __future__ import annotations

import math

import naive_loihi2 as naive
import numpy as np
import pytest

from hw.neurons import loihi2

NEURONS, STEPS = 1000, 1000
LIMIT = (1 << 23) - 1


def exponents(rng, n):
    return {"spike_exp": rng.integers(0, 8, n), "state_exp": rng.integers(0, 8, n)}


def thresholds(rng, n):
    return rng.choice([0, 1, 10, 500, 20_000, LIMIT], n)


def delta_case(rng, n):
    return {"vth": thresholds(rng, n), **exponents(rng, n), "cum_error": rng.integers(0, 2, n)}


def sigma_delta_case(rng, n):
    bias = rng.choice([0, 0, 5, -5, -(1 << 15), (1 << 15) - 1], n)
    return delta_case(rng, n) | {"bias": bias, "rectifies": rng.integers(0, 2, n)}


def resonator_case(rng, n):
    bits = rng.choice([0, 3, 8, 12], n)
    whole = [loihi2.rotation(rng.uniform(2, 60), rng.choice([0.0, 0.01, 0.07, 0.5]), int(b)) for b in bits]
    cosine, sine = np.array(whole).T
    p = {"cosine": cosine, "sine": sine, "vth": rng.choice([0, 1, 100, 5000, LIMIT], n)}
    return p | {"state_exp": rng.integers(0, 8, n), "decay_bits": bits}


def graded_case(rng, n):
    return {"vth": thresholds(rng, n), "rectifies": rng.integers(0, 2, n)}


def izhikevich(p, arriving):
    return naive.resonator(p, arriving, True)


def plain(p, arriving):
    return naive.resonator(p, arriving, False)


MODELS = {  # name: (record, oracle, random parameters, states, scale of what arrives)
    "delta": (loihi2.Delta, naive.delta, delta_case, ("act", "residue", "error")),
    "sigma delta": (loihi2.SigmaDelta, naive.sigma_delta, sigma_delta_case, ("sigma", "act", "residue", "error")),
    "resonate": (loihi2.Resonate, plain, resonator_case, ("re", "im")),
    "izhikevich": (loihi2.ResonateIzhikevich, izhikevich, resonator_case, ("re", "im")),
    "graded": (loihi2.Graded, naive.graded, graded_case, ()),
}
each = pytest.mark.parametrize("name", MODELS)


def arrivals(rng, shape):
    """Sums of every size, some silent, up to 24 bits and a little beyond."""
    size = rng.choice([1, 20, 1000, 100_000, 3_000_000], shape[1:])
    x = np.rint(rng.normal(0, 1, shape) * size) * (rng.random(shape) < 0.7)
    return np.clip(x, -(1 << 25), 1 << 25).astype(np.int64)


def inputs(name, rng, shape):
    """(arriving, keyword arguments of a run) of a model."""
    x = arrivals(rng, shape)
    return x, {"imaginary": arrivals(rng, shape)} if name in ("resonate", "izhikevich") else {}


@each
def test_a_million_neuron_steps_equal_plain_python(name, rng):
    record, oracle, case, states = MODELS[name]
    p = case(rng, NEURONS)
    x, more = inputs(name, rng, (STEPS, NEURONS))
    got = loihi2.run(record(**p), x, **more)
    lost = 0
    for j in range(NEURONS):
        one = {key: int(values[j]) for key, values in p.items()}
        column = x[:, j].tolist()
        given = list(zip(column, more["imaginary"][:, j].tolist(), strict=True)) if more else column
        rows, beyond = oracle(one, given)
        lost += beyond
        wanted = np.array(rows)
        assert np.array_equal(got.sent[:, j], wanted[:, 0])
        for k, state in enumerate(states, 1):
            assert np.array_equal(got.states[state][:, j], wanted[:, k])
    assert got.overflows == lost > 100
    assert 0.01 < (got.sent != 0).mean() < 0.9


@each
def test_time_can_be_cut_and_threads_do_not_matter(name, rng, one_thread_and_two):
    record, _, case, states = MODELS[name]
    params = record(**case(rng, 300))
    x, more = inputs(name, rng, (40, 3, 300))
    one, two = one_thread_and_two(lambda: loihi2.run(params, x, **more))
    head = loihi2.run(params, x[:11], **{k: v[:11] for k, v in more.items()})
    tail = loihi2.run(params, x[11:], head.after, **{k: v[11:] for k, v in more.items()}, states=False)
    assert np.array_equal(one.sent, two.sent)
    assert np.array_equal(one.sent, np.concatenate([head.sent, tail.sent]))
    assert all(np.array_equal(one.after[s], tail.after[s]) for s in states)
    assert one.overflows == two.overflows == head.overflows + tail.overflows
    assert tail.states is None


def test_sigma_delta_of_its_own_deltas_is_the_signal(rng):
    """What a delta sends, summed up by a sigma with threshold 0, is the signal again."""
    signal = rng.integers(-1000, 1000, (50, 7))
    sent = loihi2.run(loihi2.Delta(0), signal).sent
    assert np.array_equal(loihi2.run(loihi2.SigmaDelta(0, rectifies=False), sent).states["act"], signal)


def test_rotation_is_that_of_lava():
    cosine, sine = loihi2.rotation(10.0, 0.07, 12)
    assert (cosine, sine) == (int(0.93 * math.cos(0.2 * math.pi) * 4096), int(0.93 * math.sin(0.2 * math.pi) * 4096))
    with pytest.raises(ValueError, match="period_steps > 0"):
        loihi2.rotation(0.0, 0.1)


def test_bad_input_is_refused():
    x = np.zeros((3, 4), int)
    for call, words in (
        (lambda: loihi2.Delta(-1), "Delta: vth.*-1"),
        (lambda: loihi2.Delta(1 << 23), "vth"),
        (lambda: loihi2.Delta(1, spike_exp=8), "spike_exp.*7, got 8"),
        (lambda: loihi2.SigmaDelta(1, bias=1 << 15), "bias"),
        (lambda: loihi2.Resonate(5000, 0, 1), "cosine"),
        (lambda: loihi2.Graded(0.5), "0.5"),
        (lambda: loihi2.run(loihi2.Delta([1, 2]), x), "do not fit"),
        (lambda: loihi2.run(loihi2.Delta(1), x, imaginary=x), "no imaginary"),
        (lambda: loihi2.run(loihi2.Resonate(1, 1, 1), x, imaginary=x[:2]), "do not fit"),
        (lambda: loihi2.run(loihi2.Delta(1), x, {"act": x[0]}), "residue"),
        (lambda: loihi2.run(loihi2.Delta(1), [1, 2]), r"\(steps, ..., n\)"),
        (lambda: loihi2.run(loihi2.Delta(1), [[1 << 31]]), "2147483648"),
        (lambda: loihi2.run(loihi2.Delta(1), [[math.nan]]), "nan"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(TypeError, match="expected Delta"):
        loihi2.run(3, x)
