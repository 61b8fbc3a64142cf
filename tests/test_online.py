"""OTTT, SLTT, DECOLLE and truncated BPTT: against their papers' equations, and in constant memory."""

from __future__ import annotations

import gc
import tracemalloc

import naive_learning
import numpy as np
import pytest

import spikenet as sn
from spikenet.learning import DECOLLE, OTTT, SLTT, TruncatedBPTT

LABELS = np.array([2, 0])


def gradients(made):
    found = {name: p.grad for name, p in made.parameters().items()}
    for p in made.parameters().values():
        p.grad = None
    return found


def two_layers(rng):
    made = sn.Sequential(
        sn.Linear(4, 6, seed=rng), sn.LIF(tau_mem_s=8e-3), sn.Linear(6, 3, seed=rng), sn.LIF(tau_mem_s=5e-3)
    )
    for k in (0, 2):
        made.layers[k].weight.data = made.layers[k].weight.data * 4
    return sn.cast(made, np.float64)


@pytest.fixture
def x(rng):
    return (rng.random((20, 2, 4)) < 0.4).astype(np.float64)


@pytest.mark.parametrize(("rule", "traced"), [(OTTT(), True), (SLTT(), False)])
def test_two_layers_are_the_papers_equations(rule, traced, x, rng):
    made = two_layers(rng)
    target = rng.random((20, 2, 3))
    done = rule(made, x, target, sn.loss.mse)
    ours = gradients(made)
    y = made(x).data
    assert np.array_equal(done.output.data, y)
    assert done.loss == pytest.approx(np.mean((y - target) ** 2))
    expected = [0, 0, 0, 0]
    leaks = [np.exp(-1 / 8), np.exp(-1 / 5)]
    w = [p.data for p in made.parameters().values()]
    for b in range(2):
        found = naive_learning.online(
            x[:, b], *w, leaks, lambda t, s, b=b: 2 * (s - target[t, b]) / (20 * 2 * 3), traced
        )
        expected = [e + f for e, f in zip(expected, found, strict=True)]
    for (name, g), e in zip(ours.items(), expected, strict=True):
        assert np.abs(e).max() > 1e-3
        assert np.allclose(g, e, rtol=1e-6), name  # the layers' leaks are float32


@pytest.mark.parametrize(
    "neurons",
    [sn.LIF(tau_mem_s=8e-3), sn.CubaLIF(tau_mem_s=8e-3), sn.LI(tau_mem_s=8e-3), sn.IF()],
    ids=lambda layer: layer.kind,
)
@pytest.mark.parametrize("rule", [OTTT(), TruncatedBPTT(20)])
def test_one_layer_learns_as_with_backpropagation(rule, neurons, x, rng):
    made = sn.cast(sn.Sequential(sn.Linear(4, 3, seed=rng), neurons), np.float64)
    target = rng.random((20, 2, 3))
    rule(made, x, target, sn.loss.mse)
    ours = gradients(made)
    sn.loss.mse(made(x), target).backward()
    for name, g in gradients(made).items():
        assert np.allclose(ours[name], g, rtol=1e-10), name


def test_a_convolution_learns_as_the_linear_layer_it_is(rng):
    """A kernel of one pixel on images of one pixel is a Linear."""
    x = (rng.random((12, 2, 4)) < 0.5).astype(np.float64)
    dense = sn.Sequential(sn.Linear(4, 3, seed=rng), sn.LIF(), sn.Linear(3, 2, seed=rng), sn.LI())
    image = sn.Sequential(sn.Conv2d(4, 3, 1), sn.LIF(), sn.Flatten(3), sn.Linear(3, 2), sn.LI())
    dense.layers[0].weight.data = dense.layers[0].weight.data * 4
    image.layers[0].weight.data = dense.layers[0].weight.data.T[:, :, None, None].copy()
    for k, name in ((0, "bias"), (-2, "weight"), (-2, "bias")):
        getattr(image.layers[k], name).data = getattr(dense.layers[k], name).data.copy()
    for made in (dense, image):
        sn.cast(made, np.float64)
    OTTT()(dense, x, np.array([0, 1]), sn.loss.step_cross_entropy)
    OTTT()(image, x[..., None, None], np.array([0, 1]), sn.loss.step_cross_entropy)
    a, b = gradients(dense), gradients(image)
    assert np.allclose(a["0.weight"].T, b["0.weight"][:, :, 0, 0])
    for one, other in (("0.bias",) * 2, ("2.weight", "3.weight"), ("2.bias", "3.bias")):
        assert np.allclose(a[one], b[other])


@pytest.mark.parametrize("rule", [OTTT(), SLTT()])
def test_a_stream_gives_what_the_sequence_gives(rule, x, rng):
    made = two_layers(rng)
    whole = rule(made, x, LABELS, sn.loss.step_cross_entropy)
    expected = gradients(made)
    streamed = rule.stream(made, (one for one in x), LABELS, sn.loss.step_cross_entropy)
    for name, g in gradients(made).items():
        assert np.array_equal(g, expected[name])
    assert streamed.loss == pytest.approx(whole.loss)
    assert np.allclose(streamed.output.data, whole.output.data.sum(axis=0))


@pytest.mark.parametrize("rule", [OTTT(), SLTT()])
def test_memory_does_not_grow_with_time(rule, rng):
    """Peak of what Python and numpy allocate. States or outputs and graph of 100 more steps would take over 200 kB.

    By hand, for it takes minutes: OTTT 133 kB at 100 steps, 132 at 1,000, 130 at 10,000; SLTT 207 and 216.
    """
    made = sn.Sequential(sn.Linear(20, 30, seed=rng), sn.LIF(), sn.Linear(30, 3, seed=rng), sn.LIF())
    frame = (rng.random((4, 20)) < 0.3).astype(np.float32)

    def frames(steps):
        for t in range(steps):
            if t % 10 == 0:
                gc.collect()  # else what waits for it hides all the rest
            yield frame

    def peak(steps):
        tracemalloc.start()
        rule.stream(made, frames(steps), np.array([1, 2, 0, 1]), sn.loss.step_cross_entropy)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        gradients(made)
        return found

    rule.stream(made, frames(3), np.array([1, 2, 0, 1]), sn.loss.step_cross_entropy)  # compiles
    short = peak(20)
    assert peak(120) < short + 60_000


def test_sltt_takes_any_net_and_adds_to_gradients(x, rng):
    made = sn.cast(sn.Sequential(sn.Linear(4, 5, seed=rng), sn.Recurrent(sn.LIF(), 5, seed=rng)), np.float64)
    SLTT()(made, x, np.zeros((2, 5)), sn.loss.mse)
    once = gradients(made)
    assert np.abs(once["1.recurrent_weight"]).max() > 0
    SLTT()(made, x, np.zeros((2, 5)), sn.loss.mse)
    SLTT()(made, x, np.zeros((2, 5)), sn.loss.mse)
    assert all(np.allclose(g, 2 * once[name]) for name, g in gradients(made).items())


def test_decolle_is_ottt_on_each_layer_with_its_readout(x, rng):
    made = two_layers(rng)
    rule = DECOLLE(3, seed=5)
    done = rule(made, x, LABELS, sn.loss.step_cross_entropy)
    ours = gradients(made)
    said = rule.readouts(made, x)
    assert said.shape == (2, 20, 2, 3)
    assert np.allclose(done.output.data, said[-1])
    losses = [sn.loss.step_cross_entropy(one, LABELS).item() for one in said]
    assert done.loss == pytest.approx(sum(losses))
    hidden = made.layers[1](made.layers[0](x)).data
    for k, given in ((0, x), (2, hidden)):
        weights = rule._weights(k + 1, (hidden if k == 0 else said[-1]))
        readout = sn.cast(sn.Linear(len(weights), 3, bias=False), np.float64)
        readout.weight.data = weights
        alone = sn.Sequential(made.layers[k], made.layers[k + 1], readout)
        OTTT()(alone, given, LABELS, sn.loss.step_cross_entropy)
        expected = gradients(alone)
        assert np.allclose(ours[f"{k}.weight"], expected["0.weight"])
        assert np.allclose(ours[f"{k}.bias"], expected["0.bias"])


def test_truncation_is_that_of_segmented(x, rng):
    made = two_layers(rng)
    TruncatedBPTT(7)(made, x, LABELS, sn.loss.count_cross_entropy)
    ours = gradients(made)
    y = sn.Segmented(made, steps=7, truncate=True)(x)
    sn.loss.count_cross_entropy(y, LABELS).backward()
    for name, g in gradients(made).items():
        assert np.array_equal(ours[name], g)


@pytest.mark.parametrize("rule", [OTTT(), SLTT(), DECOLLE(10, 0), TruncatedBPTT(10), sn.learning.EProp()], ids=repr)
def test_fit_learns_digits_with_it(rule):
    """A few epochs on some digits: the loss falls."""
    train = sn.data.digits(0)[0].take(np.arange(320))
    made = sn.Sequential(
        sn.Linear(64, 60, seed=0), sn.LIF(tau_mem_s=10e-3), sn.Linear(60, 10, seed=1), sn.LI(tau_mem_s=10e-3)
    )
    history = sn.fit(
        made, train, loss=sn.loss.step_cross_entropy, optimiser=sn.optim.Adam(1e-2), epochs=4, batch_size=32,
        encode=sn.encode.Constant(12), rule=rule, progress=False,
    )  # fmt: skip
    assert history.epochs[-1].train["loss"] < 0.7 * history.epochs[0].train["loss"]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: OTTT()(sn.Linear(4, 3), x, [0, 1], sn.loss.mse), TypeError, "expected a Sequential"),
        (lambda x: SLTT()(sn.Linear(4, 3), x, [0, 1], sn.loss.mse), ValueError, "found none: use backward"),
        (
            lambda x: OTTT()(sn.Sequential(sn.Linear(4, 3), sn.ReLU(), sn.LIF()), x, [0, 1], sn.loss.mse),
            TypeError, "expected IF, LIF, CubaLIF or LI after weights",
        ),
        (
            lambda x: OTTT()(sn.Sequential(sn.Linear(4, 2), sn.LIF(tau_mem_s=[1e-2, 2e-2])), x, [0, 1], sn.loss.mse),
            ValueError, "one leak for all",
        ),
        (
            lambda x: OTTT()(sn.Sequential(sn.Linear(4, 2), sn.LIF(learn=("leak",))), x, [0, 1], sn.loss.mse),
            ValueError, "not learnt by this rule",
        ),
        (lambda x: SLTT().stream(sn.LIF(), [], [0], sn.loss.mse), ValueError, "at least one step"),
        (lambda x: SLTT()(sn.LIF(), x, [0, 1], lambda y, t: y), TypeError, "Tensor of shape"),
        (lambda x: SLTT()(sn.LIF(), x[0], [0, 1], sn.loss.mse), ValueError, r"expected input \(steps, batch"),
        (lambda x: SLTT()(sn.LIF(), x * np.nan, [0, 1], sn.loss.mse), ValueError, "finite input"),
        (lambda x: TruncatedBPTT(0), ValueError, "steps"),
        (lambda x: DECOLLE(0, 1), ValueError, "n_out"),
        (lambda x: DECOLLE(3, 1, 0), ValueError, "gain"),
        (
            lambda x: DECOLLE(3, 1)(sn.Sequential(sn.LIF(), sn.Linear(4, 3)), x, [0, 1], sn.loss.mse),
            TypeError, "readouts are the rule's own",
        ),
        (lambda x: sn.fit(sn.Linear(4, 2), (x[0], [0, 1]), loss=sn.loss.cross_entropy, optimiser=sn.optim.SGD(0.1),
                          epochs=1, batch_size=2, rule=SLTT), TypeError, "rule"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(call, error, words, x):
    with pytest.raises(error, match=words):
        call(x)
