"""The competing layer, one number at a time; what it learns from patterns; labels by assignment."""

from __future__ import annotations

import numpy as np
import pytest

from spikenet.learning import Competitors, WinnerTakeAll, assign_labels, predict_by_assignment


def naive(layer, state, spikes, learn):
    """The same, in plain Python."""
    w, theta = [list(row) for row in state.weight], list(state.theta)
    leak, keep = np.exp(-layer.dt_s / layer.tau_mem_s), np.exp(-layer.dt_s / layer.tau_trace_s)
    counts = [[0] * layer.n for _ in range(spikes.shape[1])]
    for b in range(spikes.shape[1]):
        v, trace = [0.0] * layer.n, [0.0] * layer.n_in
        for t in range(len(spikes)):
            s = spikes[t, b]
            trace = [1.0 if s[i] else keep * trace[i] for i in range(layer.n_in)]
            for j in range(layer.n):
                v[j] = leak * v[j] + sum(w[j][i] for i in range(layer.n_in) if s[i])
                if learn:
                    theta[j] *= np.exp(-layer.dt_s / layer.tau_theta_s)
            margins = [v[j] - layer.threshold - theta[j] for j in range(layer.n)]
            if max(margins) <= 0:
                continue
            k = margins.index(max(margins))
            counts[b][k] += 1
            v = [0.0 if j == k else v[j] - layer.inhibition for j in range(layer.n)]
            if learn:
                theta[k] += layer.jump
                row = [
                    min(max(a + layer.rate * (x - layer.target) * (1 - a), 0.0), 1.0)
                    for a, x in zip(w[k], trace, strict=True)
                ]
                w[k] = [a * layer.total / sum(row) for a in row]
    return counts, w, theta


@pytest.mark.parametrize("learn", [True, False])
def test_the_layer_is_its_description(learn, rng):
    layer = WinnerTakeAll(6, 4, total=3.0, jump=0.1)
    spikes = (rng.random((30, 3, 6)) < 0.3) * 1.0
    state = layer.start(1)
    counts, after = layer.run(state, spikes, learn=learn)
    expected = naive(layer, state, spikes, learn)
    assert counts.tolist() == expected[0]
    assert counts.sum() > 10
    assert np.allclose(after.weight, expected[1], atol=1e-12)
    assert np.allclose(after.theta, expected[2], atol=1e-12)
    if not learn:
        assert np.array_equal(after.weight, state.weight)


def test_samples_can_be_given_one_after_another(rng):
    layer = WinnerTakeAll(6, 4, total=3.0)
    spikes = (rng.random((30, 4, 6)) < 0.3) * 1.0
    whole, after = layer.run(layer.start(1), spikes)
    first, between = layer.run(layer.start(1), spikes[:, :1])
    rest, last = layer.run(between, spikes[:, 1:])
    assert np.array_equal(np.concatenate([first, rest]), whole)
    assert np.array_equal(last.weight, after.weight)


def test_neurons_divide_patterns_among_themselves(rng):
    """Three patterns of four inputs each, mixed: every one of them finds its own neurons, which keep to it."""
    kinds = np.kron(np.eye(3), np.ones(4))
    labels = rng.integers(3, size=150)
    spikes = (rng.random((40, 150, 12)) < 0.4 * kinds[labels] + 0.02) * 1.0
    layer = WinnerTakeAll(12, 9, total=3.0)
    _, learnt = layer.run(layer.start(0), spikes)
    counts, _ = layer.run(learnt, spikes[:, :75], learn=False)
    assigned = assign_labels(counts, labels[:75], 3)
    assert set(assigned) >= {0, 1, 2}
    fresh, _ = layer.run(learnt, spikes[:, 75:], learn=False)
    assert (predict_by_assignment(fresh, assigned, 3) == labels[75:]).mean() > 0.95
    assert np.allclose(learnt.weight.sum(axis=1), 3.0)


def test_assignment_by_hand():
    counts = np.array([[4, 0, 0, 0], [2, 1, 0, 0], [0, 5, 1, 0]])
    assigned = assign_labels(counts, np.array([1, 1, 0]), 2)
    assert assigned.tolist() == [1, 0, 0, -1]
    assert predict_by_assignment(counts, assigned, 2).tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: WinnerTakeAll(0, 4), "n_in"),
        (lambda: WinnerTakeAll(4, 4, jump=0), "jump"),
        (lambda: WinnerTakeAll(4, 4, inhibition=-1), "inhibition"),
        (lambda: WinnerTakeAll(40, 4, rate=2), "rate <= 1"),
        (lambda: WinnerTakeAll(4, 4), "at most n_in = 4"),
        (lambda: WinnerTakeAll(9, 4).start(-1), "seed"),
        (lambda: WinnerTakeAll(9, 4).run(WinnerTakeAll(9, 4).start(0), np.ones((2, 3, 8))), r"\(steps, batch, 9\)"),
        (lambda: WinnerTakeAll(9, 4).run(Competitors(np.ones((1, 9)), np.ones(1)), np.ones((2, 3, 9))), "a state of"),
        (lambda: assign_labels(-np.ones((2, 2)), [0, 0], 1), "none negative"),
        (lambda: assign_labels(np.ones((2, 2)), [0, 3], 2), r"0 \.\. 1"),
        (lambda: assign_labels(np.ones((2, 2)), [0], 2), "2 whole-number labels"),
        (lambda: predict_by_assignment(np.ones((2, 2)), [0], 2), "each of 2 neurons"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
