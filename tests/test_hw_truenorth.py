"""TrueNorth's integers: against the plain-Python reading, cases worked by hand, and what is refused."""

from __future__ import annotations

import itertools

import naive_chips as naive
import numpy as np
import pytest

from hw.neurons import truenorth
from hw.neurons.truenorth import Params, Reset

FIELDS = ("crossbar", "axon_types", "weights", "threshold", "leak", "leak_reversal", "reset", "reset_value",
          "negative_threshold", "negative_saturates", "negative_reset")  # fmt: skip


def random_core(rng, leak_first, inclusive, saturating):
    axons, n = 12, 100
    large = 2**18 - 1
    return Params(
        crossbar=rng.random((axons, n)) < 0.3, axon_types=rng.integers(0, 4, axons),
        weights=rng.integers(-256, 256, (n, 4)), leak=rng.integers(-256, 256, n),
        threshold=large if saturating else rng.integers(0, 800, n),
        leak_reversal=rng.random(n) < 0.5,
        reset=Reset.NONE if saturating else rng.integers(0, 4, n),
        reset_value=rng.integers(-300, 300, n),
        negative_threshold=large if saturating else rng.integers(0, 800, n),
        negative_saturates=False if saturating else rng.random(n) < 0.5,
        negative_reset=rng.integers(-300, 300, n) if rng.random() < 0.5 else None,
        leak_first=leak_first, negative_inclusive=inclusive,
    )  # fmt: skip


@pytest.mark.parametrize(("leak_first", "inclusive"), list(itertools.product([False, True], repeat=2)))
def test_equal_to_the_plain_reading(leak_first, inclusive):
    """4 x 25 cores x 100 ticks x 100 neurons: a million neuron-ticks, 0 mismatches, a fifth of the cores saturating."""
    rng = np.random.default_rng([leak_first, inclusive])
    met = 0
    for k in range(25):
        saturating = k % 5 == 0
        core = random_core(rng, leak_first, inclusive, saturating)
        raster = rng.random((100, 12)) < rng.choice([0.0, 0.1, 0.3], (100, 1))
        ends = rng.choice([-(2**19), 2**19 - 1], 100) if saturating else 0
        run = truenorth.run(core, raster, ends)
        p = {name: getattr(core, name).tolist() for name in FIELDS}
        p |= {"leak_first": leak_first, "negative_inclusive": inclusive}
        v = np.broadcast_to(ends, 100).tolist()
        for t in range(100):
            spikes = naive.truenorth_tick(p, v, np.flatnonzero(raster[t]).tolist())
            assert spikes == run.spikes[t].tolist(), t
            assert v == run.v[t].tolist(), t
        met += run.overflow
    assert met > 100


def one(**changes):
    given = {"crossbar": [[1]], "axon_types": [0], "weights": [[5, -7, 0, 0]], "threshold": 10}
    return Params(**given | changes)


def test_resets_by_hand():
    """Three events of 5 against 10: v is 5, then 10 and a spike."""
    after = {Reset.TO_VALUE: 3, Reset.SUBTRACT: 0, Reset.NONE: 10, Reset.TO_THRESHOLD: 10}
    for reset, v in after.items():
        run = truenorth.run(one(reset=reset, reset_value=3), [[1], [1]])
        assert run.spikes.ravel().tolist() == [0, 1]
        assert run.v.ravel().tolist() == [5, v]


def test_the_order_of_leak_by_hand():
    """Leak 1 against the sign: from 0 the leak does nothing before the event, and takes 1 after it."""
    run = truenorth.run(one(leak=-1, leak_reversal=True), [[1], [0]])
    assert run.v.ravel().tolist() == [4, 3]
    run = truenorth.run(one(leak=-1, leak_reversal=True, leak_first=True), [[1], [0]])
    assert run.v.ravel().tolist() == [5, 4]
    run = truenorth.run(one(leak=-9, leak_reversal=True), [[1]])
    assert run.v.ravel().tolist() == [-4]  # crosses zero: no clamp


def test_the_negative_side_by_hand():
    """Type 1 takes 7 off: v = -7 against beta = 6 (and 7, which only the inclusive test takes)."""
    kinds = {"negative_saturates": False, "axon_types": [1], "reset_value": 2}
    for beta, changes, v in (
        (6, {"reset": Reset.TO_VALUE}, -2),
        (6, {"reset": Reset.TO_VALUE, "negative_reset": 1}, 1),
        (6, {"reset": Reset.SUBTRACT}, -1),
        (6, {"reset": Reset.NONE}, -7),
        (6, {"negative_saturates": True}, -6),
        (7, {"reset": Reset.SUBTRACT}, -7),
        (7, {"reset": Reset.SUBTRACT, "negative_inclusive": True}, 0),
    ):
        run = truenorth.run(one(**kinds | {"negative_threshold": beta} | changes), [[1]])
        assert run.v.ravel().tolist() == [v], changes
        assert (run.held, run.overflow) == (int(v == -6), 0)
        assert not run.spikes.any()


def test_axon_order_decides_at_the_end_of_the_word():
    """From 2^19 - 1: +5 then -7 saturates first and ends 7 below; -7 then +5 ends 2 below."""
    for types, below in (([0, 1], 7), ([1, 0], 2)):
        core = one(crossbar=[[1], [1]], axon_types=types, reset=Reset.NONE)
        run = truenorth.run(core, [[1, 1]], 2**19 - 1)
        assert run.v.ravel().tolist() == [2**19 - 1 - below]
        assert run.overflow == (below == 7)


def test_rows_do_not_touch_and_time_can_be_split():
    rng = np.random.default_rng(5)
    core = random_core(rng, False, False, False)
    raster = rng.random((30, 3, 12)) < 0.2
    whole = truenorth.run(core, raster)
    head = truenorth.run(core, raster[:11])
    tail = truenorth.run(core, raster[11:], head.v_after)
    assert np.array_equal(whole.v, np.concatenate([head.v, tail.v]))
    assert np.array_equal(truenorth.run(core, raster[:, 1]).spikes, whole.spikes[:, 1])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"crossbar": [[2]]}, r"crossbar.*0\.\.1.*2"),
        ({"crossbar": np.ones((257, 1)), "axon_types": 0}, "256 axons, got 257; use 2 cores"),
        ({"crossbar": np.ones((1, 600))}, "256 neurons, got 600; use 3 cores"),
        ({"axon_types": [4]}, "axon_types.*4"),
        ({"weights": [[256, 0, 0, 0]]}, "weights.*-256..255.*256"),
        ({"threshold": -1}, "threshold.*-1"),
        ({"threshold": 2**18}, "threshold.*262144"),
        ({"leak": 0.5}, r"leak.*0\.5"),
        ({"reset": 4}, "reset.*4"),
        ({"negative_threshold": -1}, "negative_threshold.*-1"),
        ({"reset_value": 2**19}, "reset_value|negative_reset"),
    ],
)
def test_bad_parameters_are_refused_with_name_and_value(changes, said):
    with pytest.raises(ValueError, match=said):
        one(**changes)


def test_bad_rasters_are_refused():
    for raster, said in (([[2]], "0..1.*2"), ([[1, 1]], "steps, 1"), ([[np.nan]], "nan")):
        with pytest.raises(ValueError, match=said):
            truenorth.run(one(), raster)
