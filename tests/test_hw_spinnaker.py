"""SpiNNaker's integers: against the plain-Python reading, against the exact membrane, and what is refused."""

from __future__ import annotations

import math

import naive_chips as naive
import numpy as np
import pytest

from hw.neurons import ring_buffers, spinnaker
from hw.neurons.spinnaker import Params

NAMES = ("e", "r", "v_rest", "v_reset", "v_thresh", "i_offset", "t_refract",
         "decay_exc", "init_exc", "decay_inh", "init_inh", "shift_exc", "shift_inh")  # fmt: skip


def random_population(rng, n, whole_words):
    if whole_words:  # everything wraps all the time
        values = {name: rng.integers(-(2**31), 2**31, n) for name in NAMES[:6]}
        values |= {"shift_exc": rng.integers(0, 32, n), "shift_inh": rng.integers(0, 32, n)}
    else:
        mv = 2**15
        values = {
            "e": rng.integers(25000, 32768, n),
            "r": rng.integers(1, 40 * mv, n),
            "i_offset": rng.integers(0, mv, n),
        }
        values |= {"v_rest": -65 * mv, "v_reset": -70 * mv, "v_thresh": -50 * mv}
        values |= {"shift_exc": rng.integers(0, 6, n), "shift_inh": rng.integers(0, 6, n)}
    values |= {name: rng.integers(0, 2**32, n) for name in NAMES[7:11]}
    return Params(n, **values | {"t_refract": rng.integers(0, 6, n)})


@pytest.mark.parametrize("whole_words", [False, True], ids=["as used", "overflowing"])
def test_equal_to_the_plain_reading(whole_words):
    """2 x 500 neurons x 1,000 steps: a million neuron-steps, 0 mismatches."""
    rng = np.random.default_rng(whole_words)
    n, steps = 500, 1000
    params = random_population(rng, n, whole_words)
    most = 80_000 if whole_words else 4_000
    exc, inh = (rng.integers(0, most, (steps, n)) * (rng.random((steps, n)) < 0.2) for _ in range(2))
    run = spinnaker.run(params, exc, inh)
    arriving = exc.T.tolist(), inh.T.tolist()
    for j in range(n):
        p = {name: int(getattr(params, name)[j]) for name in NAMES}
        state, seen = (p["v_rest"], 0, 0, 0), []
        for e, i in zip(arriving[0][j], arriving[1][j], strict=True):
            fired, *state = naive.spinnaker_step(p, *state, e, i)
            seen.append((fired, *state[:3]))
        ours = zip(*(a[:, j].tolist() for a in (run.spikes, run.v, run.i_exc, run.i_inh)), strict=True)
        assert seen == list(ours), j
    assert (run.accum_overflow > 1000) == whole_words
    assert run.ring_overflow == int((exc > 65535).sum() + (inh > 65535).sum())
    assert run.spikes.sum() > 100


def test_ring_buffers_equal_a_ring():
    """2 x 500 neurons x 1,000 steps with every delay: a million sums, 0 mismatches, above and below 65535."""
    rng = np.random.default_rng(0)
    for most in (3_000, 65_536):
        weights = rng.integers(1 - most, most, (20, 500))
        delays = rng.integers(1, 17, (20, 500))
        spikes = rng.random((1000, 20)) < 0.15
        got = ring_buffers.deliver(spikes, weights, delays)
        exc, inh = naive.ring_buffers(spikes.tolist(), weights.tolist(), delays.tolist())
        assert np.array_equal(got.excitatory, exc)
        assert np.array_equal(got.inhibitory, inh)
        assert (got.overflow > 0) == (most > 60_000)


def test_a_spike_arrives_after_its_delay():
    got = ring_buffers.deliver([[1], [0], [0], [0]], [[7, -8]], [[1, 3]])
    assert got.excitatory[:, 0].tolist() == [0, 7, 0, 0]
    assert got.inhibitory[:, 1].tolist() == [0, 0, 0, 8]


def test_the_words_follow_the_exact_membrane():
    """A constant current of 0.5 nA into 20 Mohm: v follows v_rest + 10 mV (1 - exp(-t/tau)) within rounding."""
    p = spinnaker.from_physical(
        1, tau_m_ms=20, c_m_nf=1, v_rest_mv=-65, v_reset_mv=-65, v_thresh_mv=-50, i_offset_na=0.5
    )
    run = spinnaker.run(p, np.zeros((100, 1)), np.zeros((100, 1)))
    exact = -65 + 10 * (1 - np.exp(-np.arange(1, 101) / 20))
    assert np.abs(run.v[:, 0] / 2**15 - exact).max() < 20 * 2**-15  # 20 steps of half a unit each at most
    assert not run.spikes.any()
    assert (p.e[0], p.r[0]) == (round(math.exp(-1 / 20) * 2**15), 20 * 2**15)


def test_refractory_steps():
    """Always above threshold: a spike every t_refract + 1 steps; the membrane stays at its reset between."""
    p = spinnaker.from_physical(
        1, tau_m_ms=20, c_m_nf=1, v_rest_mv=0, v_reset_mv=-5, v_thresh_mv=1, i_offset_na=100, t_refract_ms=3
    )
    run = spinnaker.run(p, np.zeros((9, 1)), np.zeros((9, 1)))
    assert run.spikes[:, 0].tolist() == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert set(run.v[:, 0].tolist()) == {-5 * 2**15}


def test_rows_do_not_touch_and_time_can_be_split():
    rng = np.random.default_rng(2)
    params = random_population(rng, 6, False)
    x = rng.integers(0, 3000, (2, 40, 3, 6))
    whole = spinnaker.run(params, *x)
    head = spinnaker.run(params, *x[:, :13])
    tail = spinnaker.run(params, *x[:, 13:], head.state)
    assert np.array_equal(whole.v, np.concatenate([head.v, tail.v]))
    assert np.array_equal(spinnaker.run(params, *x[:, :, 1]).v, whole.v[:, 1])


def physical(**changes):
    good = {"tau_m_ms": 20, "c_m_nf": 1, "v_rest_mv": -65, "v_reset_mv": -65, "v_thresh_mv": -50}
    return spinnaker.from_physical(1, **good | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tau_m_ms": 0}, "tau_m_ms"),
        ({"c_m_nf": -1}, "c_m_nf"),
        ({"v_thresh_mv": 1e6}, "v_thresh_mv.*s16.15"),
        ({"v_rest_mv": math.nan}, "v_rest_mv"),
        ({"shift_exc": 32}, "shift_exc.*32"),
    ],
)
def test_bad_parameters_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        physical(**changes)


def test_bad_input_is_refused():
    for exc, said in (([[-1]], "excitatory.*-1"), ([[1, 2]], "steps, 1"), ([[0.5]], "0.5")):
        with pytest.raises(ValueError, match=said):
            spinnaker.run(physical(), exc, [[0]])
    with pytest.raises(ValueError, match="one shape"):
        spinnaker.run(physical(), [[0], [0]], [[0]])
    with pytest.raises(ValueError, match=r"delays.*17"):
        ring_buffers.deliver([[1]], [[1]], 17)
    with pytest.raises(ValueError, match=r"weights.*65536"):
        ring_buffers.deliver([[1]], [[65536]])


def test_a_refractory_period_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"t_refract_ms: expected a number in \[0.0, inf\], got -5"):
        spinnaker.from_physical(1, tau_m_ms=20, c_m_nf=1, v_rest_mv=0, v_reset_mv=-5, v_thresh_mv=1, t_refract_ms=-5)
