"""What a new user gets wrong: each mistake is answered with the thing, the value and what was expected."""

from __future__ import annotations

import math

import numpy as np
import pytest

import hw
import spikenet as sn

X, LABELS = np.zeros((20, 4), np.float32), np.zeros(20, int)
ONES, RAGGED = np.ones((2, 3)), [[1, 2], [3]]


def net():
    return sn.Sequential(sn.Linear(4, 8, seed=0), sn.ReLU(), sn.Linear(8, 3, seed=1))


def fit(data):
    return sn.fit(net(), data, loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(1e-3), epochs=1, batch_size=5)


def encoded(train, test=None):
    spiking = sn.Sequential(sn.Linear(4, 3, seed=0), sn.LIF())
    how = {"optimiser": sn.optim.SGD(0.1), "epochs": 1, "batch_size": 5, "encode": sn.encode.Rate(steps=3)}
    return sn.fit(spiking, train, test, loss=sn.loss.count_cross_entropy, **how)


def spoilt():
    neurons = sn.LIF(learn=("leak",))
    neurons.parameters()["leak"].data[...] = np.nan
    return neurons


BRIGHT, MANY = X.copy(), LABELS.copy()
BRIGHT[19, 2], MANY[3] = 1.5, 7

CALLS = [
    # training: the whole set is looked through before it starts
    (lambda: encoded((BRIGHT, LABELS)), ValueError, r"fit: train: Rate: .* in \[0, 1\], got 1.5 at index \(19, 2\)"),
    (lambda: encoded((X, LABELS), (X, MANY)), ValueError, "fit: test: .* labels in 0..2 .* got 7 at position 3"),
    (lambda: encoded((X, LABELS), (X[:, :3], LABELS)), ValueError, r"fit: test: Linear: expected input \(..., 4\)"),
    (lambda: sn.loss.mse(X, X * np.nan), ValueError, r"mse: target: expected finite values, got nan at index \(0, 0\)"),
    (lambda: sn.loss.cross_entropy(X[:0], LABELS[:0]), ValueError, "cross_entropy: expected at least one sample"),
    # neurons
    (lambda: sn.LIF(tau_mem_s=None), TypeError, "LIF: tau_mem_s: expected numbers, got None"),
    (lambda: sn.LIF(tau_mem_s=[]), ValueError, "LIF: tau_mem_s: expected at least one value, got an empty array"),
    (lambda: sn.LIF(threshold=[]), ValueError, "LIF: threshold: expected at least one value, got an empty array"),
    (lambda: sn.LIF(tau_mem_s=1j), TypeError, "LIF: tau_mem_s: expected real numbers, got complex128"),
    (lambda: spoilt()(np.ones((4, 3, 5))), ValueError, "LIF: parameter leak: expected finite values, got nan"),
    (lambda: sn.LIF(dt_s=10**400), ValueError, "LIF: dt_s: expected a number that fits a float, got 1000"),
    (
        lambda: sn.LIF(threshold=1e39),
        ValueError,
        r"LIF: threshold: expected 0 or a size between 1\.4e-45 .* got 1e\+39",
    ),
    (lambda: sn.LIF(threshold=[1.0, 1e-50]), ValueError, "LIF: threshold: expected 0 or a size .* got 1e-50"),
    (lambda: sn.LIF(reset=sn.reset.to_value, reset_value=-1e39), ValueError, r"reset_value: .* got -1e\+39"),
    (lambda: sn.LIF(surrogate=sn.surrogate.atan(1e39)), ValueError, r"LIF: surrogate_alpha: .* got 1e\+39"),
    (lambda: sn.LIF(reset="zero"), TypeError, "LIF: reset: expected a function, got 'zero'"),
    (lambda: sn.LIF(reset=lambda v: v), TypeError, "LIF: expected functions .* sn.primitives, got reset=<function"),
    (lambda: sn.reset.detached("zero"), TypeError, "detached: expected a reset such as sn.reset.subtract, got 'zero'"),
    (lambda: sn.LeakyRate(activation=np.tanh), TypeError, "LeakyRate: .* sn.primitives, got activation=<ufunc 'tanh'>"),
    (lambda: sn.LeakyRate(activation=math.tanh), TypeError, "LeakyRate: .* sn.primitives, got activation=<built-in"),
    (lambda: sn.LeakyRate(activation=sn.Tanh()), TypeError, r"LeakyRate: .* sn.primitives, got activation=Tanh\(\)"),
    (lambda: sn.Spiking(lambda p, v, x: (v, v), rest={"v": 1e39}), ValueError, r"rest: v: expected .* got 1e\+39"),
    (lambda: sn.Spiking(lambda p, v, x: (v, v), rest=1.0), TypeError, "rest: expected a dictionary .* got 1.0"),
    # layers
    (lambda: sn.Linear(4, 3, seed="a"), TypeError, "Linear: seed .*: expected a whole number, got 'a'"),
    (lambda: sn.Linear(4, 3, seed=-1), ValueError, "Linear: seed .*: expected a whole number >= 0, got -1"),
    (
        lambda: sn.Dropout(0.5)(X, training=True),
        TypeError,
        r"Dropout: training: expected sn.Training\(rng\).* got True",
    ),
    (lambda: net()(X, training=True), TypeError, r"Sequential: training: expected sn.Training\(rng\).* got True"),
    (
        lambda: sn.DelayedLinear(3, 2, delays=1, bias="a"),
        TypeError,
        "DelayedLinear: bias: expected True or False, got 'a'",
    ),
    (lambda: sn.LearntDelayedLinear(3, 2, longest=2, bias=ONES), TypeError, "bias: expected True or False, got array"),
    (lambda: sn.DelayedLinear(3, 2, delays=1, seed=0.5), TypeError, "DelayedLinear: seed .* whole number, got 0.5"),
    (
        lambda: sn.LearntDelay(3, longest=2, delays=1j),
        TypeError,
        "LearntDelay: delays: expected real numbers, got complex",
    ),
    (lambda: sn.Recurrent(sn.LIF(), 3, seed=-1), ValueError, "Recurrent: seed .* whole number >= 0, got -1"),
    (
        lambda: sn.Recurrent(sn.LIF(), 10**400),
        ValueError,
        r"Recurrent: n: .* < 2\*\*63, got one of 1329 bits",
    ),
    (lambda: sn.encode.Rate(10**29), ValueError, r"Rate: steps: expected a whole number < 2\*\*63, got one of 97 bits"),
    (lambda: sn.Izhikevich("fast"), TypeError, r"Izhikevich: kind: expected \(a, b, c, d\) or .* got 'fast'"),
    (lambda: sn.Izhikevich((0.02, 0.2, -65)), TypeError, r"Izhikevich: kind: expected \(a, b, c, d\)"),
    (lambda: sn.learning.PairSTDP(low="a"), TypeError, "PairSTDP: low: expected a number, got 'a'"),
    (
        lambda: sn.learning.TripletSTDP(high=math.nan),
        ValueError,
        "TripletSTDP: high: expected a finite number, got nan",
    ),
    (lambda: sn.learning.EventProp(sn.learning.maximum, 0), ValueError, "EventProp: most: .* >= 1, got 0"),
    (lambda: sn.SpikingLSTM(3, 2)(np.ones((4, 1, 3)) + 0j), TypeError, "SpikingLSTM: expected real input, got complex"),
    (
        lambda: sn.SpikingConvLSTM(1, 2, 3)(np.ones((4, 1, 1, 3, 3)) * 1j),
        TypeError,
        "SpikingConvLSTM: expected real input",
    ),
    (lambda: sn.ParallelSpiking(4)(np.ones((4, 1, 3)) * 1j), TypeError, "ParallelSpiking: expected real input"),
    (lambda: sn.SlidingSpiking(2)(np.ones((4, 1, 3)) * 1j), TypeError, "SlidingSpiking: expected real input"),
    # spike trains
    (
        lambda: sn.spike_trains.fano(np.zeros((0, 3))),
        ValueError,
        r"fano: counts: .* one bin and one neuron, got .*0, 3",
    ),
    (lambda: sn.spike_trains.synchrony([1, 2, 3]), ValueError, r"synchrony: counts: expected \(bins, n\)"),
    (lambda: sn.spike_trains.correlations(ONES * np.nan), ValueError, "correlations: counts: expected finite values"),
    (lambda: sn.spike_trains.spectrum(ONES * np.inf, 0.1), ValueError, "spectrum: counts: expected finite values"),
    (lambda: sn.spike_trains.binned([0.1], [0], 3, "a", 1, 0.1), TypeError, "binned: start_s: expected a number"),
    (lambda: sn.spike_trains.rates_hz([0.1], [0], 3, 0, np.nan), ValueError, "rates_hz: stop_s: expected a finite"),
    (lambda: sn.record(None, X), TypeError, "record: expected a Sequential, got None"),
    (lambda: sn.record(sn.Linear(4, 3), X), TypeError, r"record: expected a Sequential, got Linear\(4, 3\); wrap"),
    (lambda: sn.cast(None, "float32"), TypeError, "cast: expected a layer .* got None"),
    (
        lambda: sn.cast(net(), "single precision"),
        TypeError,
        "cast: expected float32 or float64, got 'single precision'",
    ),
    (lambda: sn.models.mlp(64), TypeError, r"mlp: expected sizes \(inputs, ..., outputs\) .* got 64"),
    (lambda: sn.models.mlp((4, 3), activation=sn.ReLU()), TypeError, r"mlp: expected a function .* got ReLU\(\)"),
    (lambda: sn.models.spiking_mlp((4, 3), neuron=None), TypeError, "spiking_mlp: expected a function .* got None"),
    # the graph
    (lambda: sn.graph.concatenate([]), ValueError, "concatenate: expected at least one tensor, got none"),
    (lambda: sn.graph.concatenate([ONES, ONES.T]), ValueError, r"concatenate: expected .* axis 0 only, got \(2, 3\), "),
    (lambda: sn.graph.concatenate([ONES], axis=5), ValueError, "concatenate: expected an axis of 2, in -2 .. 1, got 5"),
    (lambda: sn.graph.concatenate([1.0, 2.0]), ValueError, "concatenate: expected tensors with axes"),
    (lambda: sn.graph.concatenate(3), TypeError, "concatenate: expected a sequence of tensors, got 3"),
    (lambda: sn.graph.stack([]), ValueError, "stack: expected at least one tensor, got none"),
    (
        lambda: sn.graph.stack([ONES, ONES.T]),
        ValueError,
        r"stack: expected tensors of one shape, got \(2, 3\), \(3, 2\)",
    ),
    (lambda: sn.graph.unstack(ONES, axis=4), ValueError, "unstack: expected an axis of 2, in -2 .. 1, got 4"),
    (lambda: sn.graph.split(ONES, [2], axis=7), ValueError, "split: expected an axis of 2, in -2 .. 1, got 7"),
    (lambda: sn.graph.split(ONES, 2), TypeError, "split: expected a sequence of lengths, got 2"),
    (lambda: sn.graph.pad(np.ones(3), "a"), TypeError, "pad: expected a pair .* got 'a'"),
    (lambda: sn.check_gradient(None, ONES), TypeError, "check_gradient: expected a function .* got None"),
    (lambda: sn.numerical_gradient(ONES, ONES), TypeError, "numerical_gradient: expected a function"),
    # data and training
    (lambda: sn.data.arrays(RAGGED, [0, 1]), TypeError, "arrays: inputs: expected .* rows of different lengths"),
    (lambda: sn.data.arrays(ONES, RAGGED), TypeError, "arrays: labels: expected .* rows of different lengths"),
    (lambda: sn.data.split(None), TypeError, "split: expected sn.data.Arrays, got NoneType"),
    (lambda: sn.data.idx(None), TypeError, "idx: expected a path, got None"),
    (lambda: sn.encode.Rate(5)(RAGGED), TypeError, "Rate: x: expected .* rows of different lengths"),
    (lambda: fit((RAGGED, [0, 1])), TypeError, "fit: train: inputs: expected .* rows of different lengths"),
    (lambda: fit((X, [[0], [1, 2]] * 10)), TypeError, "fit: train: targets: expected .* rows of different lengths"),
    (lambda: sn.loss.mse(ONES, RAGGED), TypeError, "mse: target: expected .* rows of different lengths"),
    (lambda: sn.metrics.accuracy(None, None), TypeError, "accuracy: expected outputs .* got None"),
    (lambda: sn.clip_gradients(net(), 1.0), TypeError, "clip_gradients: expected parameters by name"),
    # pictures and comparisons
    (lambda: sn.plot.training_curves([1, 2]), TypeError, r"training_curves: expected values by name.* got \[1, 2\]"),
    (lambda: sn.plot.save(None, "a.png"), TypeError, "save: expected a figure or axes, got None"),
    (lambda: hw.compare([net()], sn.data.arrays(X, LABELS)), TypeError, "compare: expected nets by name"),
    (
        lambda: hw.compare({"a": net()}, sn.data.arrays(X, LABELS), chips=hw.chips.loihi1),
        TypeError,
        "sequence of chips",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), CALLS, ids=[message[:40] for _, _, message in CALLS])
def test_a_wrong_call_says_what_was_expected(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_retention_may_underflow():
    """A membrane that forgets all within a step is no mistake: exp(-1e-3 / 1e-6) is 0 even in float64."""
    assert sn.LIF(tau_mem_s=9e-6).values["leak"].data.astype(np.float32) == 0
    assert sn.LIF(tau_mem_s=1e-6).values["leak"].data == 0


# NaN set by hand, after construction


def spoiled():
    broken = net()
    broken.layers[0].weight.data[0, 2] = np.nan
    return broken


@pytest.mark.parametrize(
    ("where", "call"),
    [
        ("Sequential: parameter 0.weight", lambda: spoiled()(X)),
        ("Sequential: parameter 0.weight", lambda: spoiled().run(X)),
        ("Residual: parameter 0.0.weight", lambda: sn.Residual(spoiled())(X)),
        ("Linear: parameter weight", lambda: spoiled().layers[0](X)),
        ("record: parameter 0.weight", lambda: sn.record(spoiled(), X)),
        ("evaluate: parameter 0.weight", lambda: sn.evaluate(spoiled(), (X, LABELS))),
        ("save: parameter 0.weight", lambda: sn.save("never.npz", spoiled())),
        ("record: parameter 0.weight", lambda: hw.compare({"net": spoiled()}, sn.data.arrays(X, LABELS))),
    ],
)
def test_a_parameter_that_is_not_finite_is_refused_before_work_starts(where, call):
    with pytest.raises(ValueError, match=rf"{where}: expected finite values, got nan at index \(0, 2\)"):
        call()


def test_parameters_are_not_looked_at_where_somebody_has():
    """Training passes tensors, a run in pieces its state: each step would pay for what the first one found."""
    assert np.isnan(spoiled()(sn.Tensor(X)).data).any()
    readout = sn.Sequential(sn.LI(learn=("leak",)))
    _, state = readout.run(np.ones((2, 1, 4)))
    readout.layers[0].values["leak"].data[...] = np.nan
    assert np.isnan(readout.run(np.ones((2, 1, 4)), state)[0].data).all()
