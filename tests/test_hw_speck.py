"""Speck's integers, clocked and event by event: against plain Python, against sinabs, and what is refused."""

from __future__ import annotations

import naive_chips as naive
import numpy as np
import pytest

from hw.neurons import speck
from hw.neurons.speck import Params

CASES = [(3, 1, 1, 1, False), (3, 1, 1, 2, True), (2, 2, 0, 1, False), (5, 2, 3, 2, False), (4, 4, 7, 4, True)]


def random_core(rng, side, stride, padding, pool, to_zero, saturating=False):
    return Params(
        rng.integers(-128, 128, (3, 2, side, side)),
        threshold=32767 if saturating else int(rng.integers(20, 300)),
        v_min=-32768 if saturating else int(rng.integers(-300, 1)),
        bias=rng.integers(-128, 128, 3) if saturating else rng.integers(-10, 11, 3),
        stride=stride, padding=padding, pool=pool, reset_to_zero=to_zero,
    )  # fmt: skip


def plain(params):
    names = ("threshold", "v_min", "stride", "padding", "pool", "reset_to_zero")
    return {n: getattr(params, n) for n in names} | {"weights": params.weights.tolist(), "bias": params.bias.tolist()}


@pytest.mark.parametrize("saturating", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_clocked_equals_the_plain_reading(case, saturating):
    """10 runs of at least 100,000 neuron-steps each: a million in all, 0 mismatches."""
    rng = np.random.default_rng([*case, saturating])
    params = random_core(rng, *case, saturating=saturating)
    shape = params.neurons(20, 18)
    steps = 100_000 // int(np.prod(shape)) + 1
    raster = (rng.random((steps, 2, 20, 18)) < 0.01) * rng.integers(1, 300 if saturating else 3, (steps, 2, 20, 18))
    run = speck.run(params, raster)
    p, v = plain(params), np.zeros(shape, int).tolist()
    for t, maps in enumerate(raster.tolist()):
        assert naive.speck_step(p, shape, v, maps) == run.spikes[t].tolist(), t
        assert v == run.v[t].tolist(), t
    assert (run.overflow > 0) == saturating


@pytest.mark.parametrize("case", CASES)
def test_event_by_event_equals_the_plain_reading(case):
    """15 runs of 5,000 events, which reach a million neurons in all, and ticks of all neurons: 0 mismatches."""
    rng = np.random.default_rng(case)
    for period, until, saturating in ((None, 0, False), (7, 400, False), (50, 0, True)):
        params = random_core(rng, *case, saturating=saturating)
        shape = params.neurons(11, 9)
        n = 5000
        times = np.sort(rng.integers(0, 300, n))
        events = np.stack([times, *(rng.integers(0, m, n) for m in (2, 11, 9))], axis=1)
        run = speck.run_events(params, events, 11, 9, leak_period=period, until=until)
        v = np.zeros(shape, int).tolist()
        sent = naive.speck_by_event(plain(params), shape, v, events.tolist(), period, until)
        assert run.events.tolist() == sent
        assert run.v.tolist() == v
        assert np.all(np.diff(run.events[:, 0]) >= 0)


def test_one_event_a_bin_is_the_same_either_way():
    """Without bias and pooling, a step with one event and the event alone leave the same states and spikes."""
    rng = np.random.default_rng(1)
    params = Params(rng.integers(-128, 128, (3, 2, 3, 3)), 90, v_min=-100, padding=1)
    events = np.stack([np.arange(200), *(rng.integers(0, m, 200) for m in (2, 6, 6))], axis=1)
    raster = np.zeros((200, 2, 6, 6), int)
    raster[tuple(events.T)] = 1
    clocked, single = speck.run(params, raster), speck.run_events(params, events, 6, 6)
    assert np.array_equal(clocked.v[-1], single.v)
    counts = np.zeros_like(clocked.spikes)
    np.add.at(counts, tuple(single.events.T), 1)
    assert np.array_equal(counts, clocked.spikes)
    assert len(single.events) > 100


def test_the_order_inside_a_bin_matters():
    """+60 then -60 against a threshold of 50: fires event by event, not clocked; the other way round in neither."""
    params = Params([[[[60]], [[-60]]]], 50, v_min=-100)
    assert not speck.run(params, [[[[1]], [[1]]]]).spikes.any()
    assert speck.run_events(params, [[0, 0, 0, 0], [0, 1, 0, 0]], 1, 1).events.tolist() == [[0, 0, 0, 0]]
    assert len(speck.run_events(params, [[0, 1, 0, 0], [0, 0, 0, 0]], 1, 1).events) == 0


@pytest.mark.parametrize("case", CASES)
def test_clocked_equals_sinabs(case):
    """sinabs' own IAF behind torch's convolution, on integers in float32, and sum pooling."""
    layers, torch = pytest.importorskip("sinabs.layers"), pytest.importorskip("torch")
    from sinabs.activation import MembraneReset, MembraneSubtract, MultiSpike

    rng = np.random.default_rng(case)
    params = random_core(rng, *case)
    raster = rng.poisson(0.2, (40, 3, 2, 12, 10))
    conv = torch.nn.Conv2d(2, 3, params.weights.shape[2], stride=params.stride, padding=params.padding)
    conv.weight.data, conv.bias.data = torch.tensor(params.weights).float(), torch.tensor(params.bias).float()
    iaf = layers.IAF(
        spike_threshold=float(params.threshold), min_v_mem=float(params.v_min), spike_fn=MultiSpike,
        reset_fn=MembraneReset() if params.reset_to_zero else MembraneSubtract(),
    )  # fmt: skip
    run = speck.run(params, raster)
    with torch.no_grad():
        current = conv(torch.tensor(raster.reshape(120, 2, 12, 10)).float())
        current = current.reshape(40, 3, *current.shape[1:]).transpose(0, 1)  # batch first
        spikes = iaf(current)
        flat = torch.nn.functional.avg_pool2d(spikes.flatten(0, 1), params.pool) * params.pool**2
    pooled = flat.reshape(3, 40, *flat.shape[1:]).transpose(0, 1).numpy()
    assert np.array_equal(pooled, run.spikes)
    assert np.array_equal(iaf.v_mem.numpy(), run.v[-1])
    assert run.overflow == 0


def test_rows_do_not_touch_and_time_can_be_split():
    rng = np.random.default_rng(4)
    params = random_core(rng, *CASES[1])
    raster = rng.poisson(0.1, (20, 3, 2, 8, 8))
    whole = speck.run(params, raster)
    head = speck.run(params, raster[:7])
    tail = speck.run(params, raster[7:], head.v_after)
    assert np.array_equal(whole.v, np.concatenate([head.v, tail.v]))
    assert np.array_equal(speck.run(params, raster[:, 2]).spikes, whole.spikes[:, 2])


@pytest.mark.parametrize("shape", [(0, 2, 5, 5), (3, 0, 2, 5, 5)])
def test_no_steps_and_no_samples_give_none(shape):
    params = Params(np.ones((4, 2, 3, 3)), 3, pool=2)
    run = speck.run(params, np.zeros(shape, int))
    assert run.spikes.shape == (*shape[:-3], 4, 1, 1)
    assert run.v.shape == (*shape[:-3], 4, 3, 3)


def test_more_spikes_than_fit_at_once():
    """The list of spikes grows: 100,000 of one neuron, 32,767 and what is left from one event at most."""
    params = Params([[[[127]]]], 1)
    run = speck.run_events(params, np.zeros((1000, 4), int), 1, 1)
    assert len(run.events) == 127_000
    events = np.zeros((70_000, 4), int)
    assert len(speck.run_events(Params([[[[1]]]], 1), events, 1, 1).events) == 70_000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights": [[[[128]]]]}, r"weights.*-128\.\.127.*128"),
        ({"weights": np.ones((1, 1, 2, 3))}, "side"),
        ({"weights": np.ones((1, 1, 17, 17))}, "16"),
        ({"threshold": 0}, r"threshold.*1\.\.32767.*0"),
        ({"v_min": 1}, "v_min.*1"),
        ({"bias": 200}, "bias.*200"),
        ({"stride": 3}, "stride.*3"),
        ({"padding": 8}, "padding.*8"),
        ({"pool": 3}, "pool.*3"),
    ],
)
def test_bad_parameters_are_refused_with_name_and_value(changes, said):
    with pytest.raises(ValueError, match=said):
        Params(**{"weights": [[[[1]]]], "threshold": 5} | changes)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([[0, 0, 0, 0], [0, 1, 0, 0]], r"event 1.*outside"),
        ([[0, 0, 5, 0]], "outside"),
        ([[3, 0, 0, 0], [2, 0, 0, 0]], r"event 1 goes back in time: 3, 2"),
        ([[0, 0, 0]], "n, 4"),
        ([[0, 0, 0, -1]], "-1"),
    ],
)
def test_bad_events_are_refused_with_their_place(events, said):
    with pytest.raises(ValueError, match=said):
        speck.run_events(Params([[[[1]]]], 5), events, 5, 5)
    assert len(speck.run_events(Params([[[[1]]]], 5), [], 5, 5).events) == 0
