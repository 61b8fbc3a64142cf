"""Restricted Boltzmann machines and stacks of them.

Energies and probabilities follow Hinton 2012, A practical guide to training RBMs. Units are 0 or 1. Everything is plain
arrays: learning here is sampling, not the gradient of a graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spikenet.errors import Array, finite_values, positive, whole
from spikenet.layers.layer import generator
from spikenet.models.boltzmann_machine import drawn, sigmoid

Seed = int | np.random.Generator | None


class Rbm(NamedTuple):
    """p(v, h) proportional to exp(v W h + v.visible + h.hidden): weight (n_visible, n_hidden) and two biases."""

    weight: Array
    visible: Array
    hidden: Array

    def hidden_given(self, v: Array) -> Array:
        """Probabilities that hidden units are 1, (batch, n_hidden)."""
        return sigmoid(v @ self.weight + self.hidden)

    def visible_given(self, h: Array) -> Array:
        """Probabilities that visible units are 1, (batch, n_visible)."""
        return sigmoid(h @ self.weight.T + self.visible)

    def free_energy(self, v: Array) -> Array:
        """(batch,) -log of the sum over h of exp(-energy)."""
        return np.asarray(-(v @ self.visible) - np.logaddexp(0, v @ self.weight + self.hidden).sum(axis=-1))

    def reconstruct(self, v: Array) -> Array:
        """Probabilities of the visible units after going up and down once, without drawing."""
        return self.visible_given(self.hidden_given(v))

    def gibbs(self, v: Array, steps: int, rng: np.random.Generator) -> Array:
        """Visible states after so many steps up and down, all drawn."""
        for _ in range(steps):
            h = drawn(self.hidden_given(v), rng)
            v = drawn(self.visible_given(h), rng)
        return v


def rbm(n_visible: int, n_hidden: int, *, data: Array | None = None, seed: Seed = None) -> Rbm:
    """A machine to be trained: weights normal with deviation 0.01, hidden biases 0.

    data: visible biases start at log(p / (1 - p)) of each unit's mean p there (Hinton 2012, section 8); else at 0
    """
    n, m = whole("rbm: n_visible", n_visible), whole("rbm: n_hidden", n_hidden)
    weight = generator("rbm", seed).normal(0, 0.01, (n, m)).astype(np.float32)
    visible = np.zeros(n, np.float32)
    if data is not None:
        p = _visible(data, n).mean(axis=0).clip(0.01, 0.99)
        visible = np.log(p / (1 - p)).astype(np.float32)
    return Rbm(weight, visible, np.zeros(m, np.float32))


def train_rbm(
    machine: Rbm,
    data: Array,
    *,
    epochs: int,
    learning_rate: float = 0.05,
    batch_size: int = 64,
    steps: int = 1,
    persistent: bool = False,
    momentum: float = 0.5,
    weight_decay: float = 1e-4,
    seed: Seed = None,
) -> tuple[Rbm, list[float]]:
    """(machine after training, mean squared reconstruction error of each epoch).

    data      : (samples, n_visible) in [0, 1], taken as probabilities
    steps     : of Gibbs sampling for the negative phase, >= 1
    persistent: chains go on from where they were in the last step, instead of starting at the data (PCD)
    Sources: contrastive divergence, Hinton 2002, Neural Computation 14:1771-1800; persistent, Tieleman 2008, ICML.

    Raises ValueError for data of another width or outside [0, 1].
    """
    rng, v_all = generator("train_rbm", seed), _visible(data, len(machine.visible))
    rate, count = positive("train_rbm: learning_rate", learning_rate), whole("train_rbm: steps", steps)
    size = min(whole("train_rbm: batch_size", batch_size), len(v_all))
    parts = [part.astype(np.float32).copy() for part in machine]
    speed = [np.zeros_like(part) for part in parts]
    chains, errors = drawn(v_all[rng.integers(0, len(v_all), size)], rng), []
    for _ in range(whole("train_rbm: epochs", epochs)):
        order, lost = rng.permutation(len(v_all)), 0.0
        for start in range(0, len(order) - size + 1, size):
            now, v = Rbm(*parts), v_all[order[start : start + size]]
            h = now.hidden_given(v)
            begin = chains if persistent else now.visible_given(drawn(h, rng))
            dream = now.gibbs(begin, count if persistent else count - 1, rng)
            chains = dream
            h_dream = now.hidden_given(dream)
            uphill = (v.T @ h - dream.T @ h_dream, (v - dream).sum(axis=0), (h - h_dream).sum(axis=0))
            for k, (part, moving, gain) in enumerate(zip(parts, speed, uphill, strict=True)):
                moving *= momentum
                moving += rate * (gain / size - (weight_decay * part if k == 0 else 0))
                part += moving
            lost += float(np.square(v - now.reconstruct(v)).mean())
        errors.append(lost / max(len(order) // size, 1))
    return Rbm(*parts), errors


def train_dbn(
    data: Array, sizes: Sequence[int], *, epochs: int, seed: Seed = None, learning_rate: float = 0.05
) -> list[Rbm]:
    """A deep belief net: machines trained one on top of the other, each on the hidden probabilities of the last.

    sizes: of the hidden layers, from the data up. Source: Hinton, Osindero & Teh 2006, Neural Computation 18:1527-1554.
    `dbn_features` carries data up; a dream is drawn at the top and carried down by `dbn_sample`.
    """
    rng, stack, now = generator("train_dbn", seed), list[Rbm](), finite_values("train_dbn: data", data)
    if now.ndim != 2:
        raise ValueError(f"train_dbn: expected data (samples, n), got {now.shape}")
    if not len(sizes):
        raise ValueError("train_dbn: expected the size of at least one hidden layer")
    for size in sizes:
        start = rbm(now.shape[1], size, data=now, seed=rng)
        machine, _ = train_rbm(start, now, epochs=epochs, learning_rate=learning_rate, seed=rng)
        stack.append(machine)
        now = machine.hidden_given(now)
    return stack


def dbn_features(stack: Sequence[Rbm], v: Array) -> Array:
    """Hidden probabilities of the topmost machine, (batch, sizes[-1])."""
    if not len(stack) or np.ndim(v) < 1 or np.shape(v)[-1] != len(stack[0].visible):
        wanted = f"(batch, {len(stack[0].visible)})" if len(stack) else "machines to go through"
        raise ValueError(f"dbn_features: expected {wanted}, got {np.shape(v)}")
    for machine in stack:
        v = machine.hidden_given(v)
    return v


def dbn_sample(stack: Sequence[Rbm], v: Array, steps: int, rng: np.random.Generator) -> Array:
    """Visible probabilities after `steps` of Gibbs sampling in the topmost machine, begun at what v gives."""
    top = dbn_features(stack[:-1], v)
    top = stack[-1].gibbs(drawn(top, rng), steps, rng)
    for machine in reversed(stack[:-1]):
        top = machine.visible_given(top)
    return top


def _visible(data: Array, n: int) -> Array:
    v = finite_values("rbm: data", data).astype(np.float32, copy=False)
    if v.ndim != 2 or v.shape[1] != n or not len(v):
        raise ValueError(f"rbm: expected data (samples, {n}) with at least one sample, got {v.shape}")
    if v.min() < 0 or v.max() > 1:
        raise ValueError(f"rbm: expected data in [0, 1], got {v.min()} .. {v.max()}")
    return v
