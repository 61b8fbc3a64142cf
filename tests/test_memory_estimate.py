"""memory_estimate against what is measured; figures by hand; segments chosen from a budget."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from spikenet import encode
from spikenet.graph import Tensor, no_grad
from spikenet.kernels import memory as shelf
from spikenet.layers import (
    LI,
    LIF,
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    CubaLIF,
    DelayedRecurrent,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Residual,
    Segmented,
    Sequential,
    Training,
)  # fmt: skip
from spikenet.neurons.surrogate import triangle
from spikenet.train import fit, loss, optim, regularise
from spikenet.train.memory import memory_estimate, segment_steps


def lin(n_in, n_out):
    return Linear(n_in, n_out, seed=0)


def events(rng, *shape):
    return (rng.random(shape) < 0.05).astype(np.float32)


NETS = {
    "constant input": (
        lambda: Sequential(lin(300, 400), LIF(), lin(400, 10), LI()),
        lambda rng: np.broadcast_to(rng.random((1, 64, 300), dtype=np.float32), (30, 64, 300)),
    ),
    "spikes throughout": (
        lambda: Sequential(
            *(lin(300, 300), LIF(surrogate=triangle), lin(300, 300), LIF(surrogate=triangle), lin(300, 10), LIF())
        ),
        lambda rng: events(rng, 50, 32, 300),
    ),
    "dropout and residual": (
        lambda: Sequential(lin(300, 300), LIF(), Dropout(0.2), Residual(lin(300, 300), LIF()), lin(300, 10), LI()),
        lambda rng: events(rng, 50, 32, 300),
    ),
    "narrow": (
        lambda: Sequential(lin(40, 100), CubaLIF(), lin(100, 100), LIF(), lin(100, 10), LI()),
        lambda rng: events(rng, 200, 32, 40),
    ),
    "conventional": (
        lambda: Sequential(Flatten(2), lin(400, 600), ReLU(), lin(600, 600), ReLU(), lin(600, 10)),
        lambda rng: rng.random((3000, 20, 20), dtype=np.float32),
    ),
    "convolutions, pooled at once": (
        lambda: Sequential(
            *(Conv2d(1, 8, 5, seed=0), MaxPool2d(2), LIF(threshold=5.0), Conv2d(8, 16, 3, seed=0), MaxPool2d(2), LIF()),
            *(Flatten(3), lin(16 * 25, 10), LI()),
        ),
        lambda rng: np.broadcast_to(rng.random((1, 32, 1, 28, 28), dtype=np.float32), (60, 32, 1, 28, 28)),
    ),
    "convolutions and pooling apart": (
        lambda: Sequential(
            *(Conv2d(2, 8, 3, seed=0), BatchNorm2d(8), LIF(threshold=0.5), MaxPool2d(2)),
            *(Conv2d(8, 8, 3, seed=0), LIF(threshold=0.5), AvgPool2d(2), Flatten(3), lin(8 * 36, 10), LI()),
        ),
        lambda rng: events(rng, 20, 16, 2, 30, 30),
    ),
    "conventional convolutions": (
        lambda: Sequential(
            *(Conv2d(1, 8, 5, seed=0), ReLU(), Conv2d(8, 16, 3, seed=0), MaxPool2d(2), ReLU()),
            *(Flatten(3), lin(16 * 121, 10)),
        ),
        lambda rng: rng.random((300, 1, 28, 28), dtype=np.float32),
    ),
    "late loops": (
        lambda: Sequential(
            lin(200, 200), DelayedRecurrent(LIF(), 200, delays=np.arange(200)[:, None] % 4, seed=0), lin(200, 10), LI()
        ),
        lambda rng: events(rng, 60, 32, 200),
    ),
    "very late loops": (
        lambda: Sequential(
            lin(200, 200), DelayedRecurrent(LIF(), 200, delays=np.full((200, 1), 9), seed=0), lin(200, 10), LI()
        ),
        lambda rng: events(rng, 60, 32, 200),
    ),
    "in segments": (
        lambda: Segmented(Sequential(lin(200, 200), LIF(), lin(200, 200), LIF(), lin(200, 10), LI()), steps=20),
        lambda rng: events(rng, 400, 16, 200),
    ),
}


def trained(net, x, rng):
    y = net(Tensor(x), training=Training(rng))
    labels = np.zeros(y.shape[-2], int)
    (loss.count_cross_entropy if y.ndim == 3 else loss.cross_entropy)(y, labels).backward()


def measured(work):
    """Peak of what numpy allocates meanwhile, from empty shelves."""
    shelf._SHELF._idle.clear()
    shelf._SHELF._idle_bytes = 0
    gc.collect()
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("name", NETS)
def test_within_30_percent_of_what_is_measured(name, rng):
    make, inputs = NETS[name]
    net, x = make(), inputs(rng)
    trained(net, x, rng)  # what is compiled or loaded once is none of the net's memory
    for p in net.parameters().values():
        p.grad = None
    estimate = memory_estimate(net, np.broadcast_to(np.float32(0), x.shape) if x.strides[0] else x)
    moments = 2 * estimate.parameters  # held by nobody here
    weights = estimate.parameters  # there before measuring begins

    def run():
        with no_grad():
            net(Tensor(x))

    run()
    assert estimate.forward - weights == pytest.approx(measured(run), rel=0.3)
    expected = estimate.training - weights - moments
    assert expected == pytest.approx(measured(lambda: trained(net, x, rng)), rel=0.3)


def test_figures_by_hand():
    """100 steps of 8 samples: currents 100 x 8 x 256 floats, columns of two bytes and one count a row, 4 segments."""
    net = Sequential(lin(16, 256), LIF(), lin(256, 4), LI())
    found = memory_estimate(net, np.broadcast_to(np.float32(0), (100, 8, 16)), optimiser=optim.SGD(0.1))
    first, lif, second, readout = found.layers
    assert [one.name for one in found.layers] == ["0 Linear", "1 LIF", "2 Linear", "3 LI"]
    assert first.shape == lif.shape == (100, 8, 256)
    assert first.parameters == 4 * (16 * 256 + 256)
    assert first.output == 4 * 100 * 8 * 256
    assert lif.output == 100 * 8 * (2 * 256 + 4)
    assert lif.kept == 4 * 4 * 8 * 256  # segments of 25 steps
    assert lif.gradient == first.output
    assert second.gradient == 0  # as two factors
    assert readout.output == 4 * 100 * 8 * 4
    assert found.input == 4 * 100 * 8 * 16
    assert found.parameters == 4 * (16 * 256 + 256 + 256 * 4 + 4)
    assert "1 LIF" in str(found)
    assert "MB" in str(found)


def test_what_repeats_is_held_once():
    net = Sequential(lin(16, 256), LIF(), lin(256, 4), LI())
    one = np.zeros((1, 8, 16), np.float32)
    held = memory_estimate(net, np.broadcast_to(one, (100, 8, 16)))
    assert held.layers[0].output == 4 * 8 * 256
    assert held.input == 4 * 8 * 16


def test_moments_are_the_optimisers():
    net, x = Sequential(lin(16, 20), ReLU()), np.zeros((8, 16), np.float32)
    bytes_of = {
        o: memory_estimate(net, x, optimiser=o).training for o in (optim.SGD(0.1), optim.SGD(0.1, momentum=0.9))
    }
    assert memory_estimate(net, x).training - min(bytes_of.values()) == 2 * 4 * (16 * 20 + 20)
    assert max(bytes_of.values()) - min(bytes_of.values()) in (0, 4 * (16 * 20 + 20))


def test_nothing_large_is_allocated():
    net = Sequential(lin(16, 256), LIF(), lin(256, 4), LI())
    memory_estimate(net, np.zeros((2, 1, 16), np.float32))
    huge = np.broadcast_to(np.float32(0), (1_000_000, 1000, 16))
    peak = measured(lambda: memory_estimate(net, huge))
    assert peak < 1e6
    assert memory_estimate(net, huge).training > 1e12


@pytest.mark.parametrize(
    ("net", "x", "error", "message"),
    [
        (3, np.zeros((2, 3)), TypeError, "memory_estimate: net: expected a layer"),
        (LIF(), [1, 2], TypeError, "memory_estimate: x: expected an array, got"),
        (LIF(), np.zeros(3), ValueError, r"expected \(steps, batch, ...\) or \(batch, ...\), got shape \(3,\)"),
        (LIF(), np.zeros((0, 2, 3)), ValueError, r"got shape \(0, 2, 3\)"),
        (lin(4, 3), np.zeros((2, 5)), ValueError, r"Linear: expected input \(..., 4\)"),
    ],
)
def test_wrong_arguments(net, x, error, message):
    with pytest.raises(error, match=message):
        memory_estimate(net, x)


def net_and_input(steps=400):
    net = Sequential(lin(20, 200), LIF(), lin(200, 3), LI())
    return net, np.broadcast_to(np.float32(0), (steps, 16, 20))


def test_segments_are_as_long_as_fit():
    net, x = net_and_input()
    whole = memory_estimate(net, x)
    assert segment_steps(net, x, whole.training + whole.input) == 400
    budget = (whole.training + whole.input) // 3
    steps = segment_steps(net, x, budget)
    assert 1 <= steps < 400

    def needed(n):
        return memory_estimate(Segmented(net, steps=n), x).training_and_input

    assert needed(steps) <= budget < needed(int(steps * 1.3))


def test_what_cannot_fit_is_refused_with_figures():
    net, x = net_and_input()
    with pytest.raises(
        MemoryError, match=r"takes about [\d.]+ MB and, cut into segments of \d+ steps, still [\d.]+ [Mk]"
    ):
        segment_steps(net, x, 100_000)
    with pytest.raises(MemoryError, match=r"takes about [\d.]+ MB, the budget is 10.0 kB; .* smaller batch_size"):
        segment_steps(lin(300, 300), np.zeros((300, 300), np.float32), 10_000)


def test_fit_within_a_budget(rng):
    """The same weights as without a budget, to rounding, in less memory; nothing in the net tells of the segments."""
    inputs, labels = rng.random((12, 20), dtype=np.float32), np.arange(12) % 3

    def encoded(x, index, seed):
        spikes = np.random.default_rng(seed).random((200, len(x), 20)) < x
        return spikes.astype(np.float32)

    arguments = {
        "loss": loss.sum_membrane_cross_entropy, "optimiser": optim.SGD(0.01), "epochs": 1, "batch_size": 6,
        "encode": encoded, "progress": False,
    }  # fmt: skip
    nets = [Sequential(lin(20, 200), LIF(threshold=0.5), lin(200, 3), LI()) for _ in range(2)]
    unbounded = measured(lambda: fit(nets[0], (inputs, labels), **arguments))
    whole = memory_estimate(nets[0], np.broadcast_to(np.float32(0), (200, 6, 20)), optimiser=arguments["optimiser"])
    budget = (whole.training + whole.input) // 2
    peak = measured(lambda: fit(nets[1], (inputs, labels), memory_bytes=budget, **arguments))
    for a, b in zip(nets[0].parameters().values(), nets[1].parameters().values(), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=0, atol=1e-5 * np.abs(a.data).max())
    assert peak < 0.75 * unbounded
    with pytest.raises(MemoryError, match="fit: memory_bytes: a training step takes about"):
        fit(nets[1], (inputs, labels), memory_bytes=10_000, **arguments)
    with pytest.raises(TypeError, match="fit: memory_bytes: expected a whole number"):
        fit(nets[1], (inputs, labels), memory_bytes=1e9, **arguments)


def test_rates_are_not_known_in_segments(rng):
    net = Segmented(Sequential(lin(4, 8), LIF(), lin(8, 3), LI()), steps=2)
    with pytest.raises(ValueError, match="fit: regularise: a net in segments keeps no spikes of the whole sequence"):
        fit(
            net, (rng.random((6, 4), dtype=np.float32), np.arange(6) % 3), loss=loss.sum_membrane_cross_entropy,
            optimiser=optim.SGD(0.01), epochs=1, batch_size=6, encode=encode.Constant(5), progress=False,
            regularise=[regularise.RateL1(0.1)],
        )  # fmt: skip
