"""Boltzmann machines with connections between all units: Gibbs sampling, exact probabilities, learning.

Source: Ackley, Hinton & Sejnowski 1985, Cognitive Science 9:147-169. Units are 0 or 1; plain arrays, no graph.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np

from spikenet.errors import Array, finite_values, flag, positive, whole
from spikenet.layers.layer import generator

Seed = int | np.random.Generator | None
States: TypeAlias = "tuple[Array, Array | None]"
MOST_EXACT = 16  # units of which all states are gone through in every step of learning


class BoltzmannMachine(NamedTuple):
    """p(s) proportional to exp(s.b + s W s / 2): weight (n, n) symmetric with diagonal 0, bias (n,)."""

    weight: Array
    bias: Array

    def gibbs(self, state: Array, sweeps: int, rng: np.random.Generator) -> Array:
        """States (..., n) after so many sweeps, each unit drawn in turn given all others."""
        s = np.array(state, np.float64)
        if not s.ndim or s.shape[-1] != len(self.bias):
            raise ValueError(f"gibbs: expected states (..., {len(self.bias)}), got {s.shape}")
        return self._swept(s, range(len(self.bias)), sweeps, rng)

    def _swept(self, s: Array, units: range, sweeps: int, rng: np.random.Generator) -> Array:
        for _ in range(whole("gibbs: sweeps", sweeps, least=0)):
            for k in units:
                s[..., k] = rng.random(s.shape[:-1]) < sigmoid(s @ self.weight[:, k] + self.bias[k])
        return s

    def clamped(self, data: Array, sweeps: int, rng: np.random.Generator, start: Array | None = None) -> Array:
        """States (..., n) whose first units are held at `data` (..., n_visible) while the others are drawn.

        start: where the others begin, (..., n - n_visible); 0 unless given
        """
        n_visible, n = np.shape(data)[-1], len(self.bias)
        s = np.zeros((*np.shape(data)[:-1], n))
        s[..., :n_visible] = data
        if start is not None:
            s[..., n_visible:] = start
        return self._swept(s, range(n_visible, n), sweeps, rng)

    def probabilities(self) -> Array:
        """(2^n,) exact probabilities of all states, of state k with bit j for unit j; ValueError for n > 20."""
        n = len(self.bias)
        if n > 20:
            raise ValueError(f"probabilities: expected at most 20 units to go through all states, got {n}")
        states = all_states(n)
        exponent = states @ self.bias + 0.5 * np.einsum("si,ij,sj->s", states, self.weight, states)
        powers = np.exp(exponent - exponent.max())
        return np.asarray(powers / powers.sum())


def boltzmann_machine(weight: Array, bias: Array) -> BoltzmannMachine:
    """A checked machine; ValueError unless the weight is symmetric with diagonal 0 and fits the bias."""
    w, b = finite_values("boltzmann_machine: weight", weight), finite_values("boltzmann_machine: bias", bias)
    if w.shape != (len(b), len(b)) or not np.array_equal(w, w.T) or np.diag(w).any():
        raise ValueError(f"boltzmann_machine: expected a symmetric weight ({len(b)}, {len(b)}) with diagonal 0")
    return BoltzmannMachine(w.astype(np.float64), b.astype(np.float64))


def train_machine(
    machine: BoltzmannMachine,
    data: Array,
    *,
    epochs: int,
    learning_rate: float = 0.1,
    batch_size: int = 100,
    sweeps: int = 5,
    exact: bool = False,
    seed: Seed = None,
) -> BoltzmannMachine:
    """The machine after learning to give its first units, the visible ones, the distribution of `data`.

    data  : (samples, n_visible) of 0 and 1, 1 <= n_visible <= n; the units after them are hidden
    sweeps: of Gibbs sampling for what is measured in each step, of hidden units with the data clamped, and of all units
            in chains that go on from step to step (persistent contrastive divergence, one for each sample of a batch)
    exact : both expectations from all states instead, for up to 16 units; then learning climbs the likelihood itself

    dW = <s s> with the data clamped - <s s> of the free machine: Ackley, Hinton & Sejnowski 1985, eq. 10.

    Raises ValueError for data of another width or with other values, and for an exact machine of more units.
    """
    rng, n = generator("train_machine", seed), len(machine.bias)
    seen = _checked_data(data, n)
    rate, size = positive("train_machine: learning_rate", learning_rate), whole("train_machine: batch_size", batch_size)
    if flag("train_machine: exact", exact) and n > MOST_EXACT:
        raise ValueError(f"train_machine: exact: expected at most {MOST_EXACT} units, got {n}; leave exact out")
    weight, bias, size = machine.weight.copy(), machine.bias.copy(), min(size, len(seen))
    chains = (rng.random((size, n)) < 0.5).astype(np.float64)
    for _ in range(whole("train_machine: epochs", epochs)):
        order = rng.permutation(len(seen))
        for begin in range(0, len(order) - size + 1, size):
            now, batch = BoltzmannMachine(weight, bias), seen[order[begin : begin + size]]
            held: States
            free: States
            if exact:
                held, free = _exact_states(now, batch)
            else:
                held = now.clamped(batch, sweeps, rng, chains[:, batch.shape[1] :]), None
                chains = now.gibbs(chains, sweeps, rng)
                free = chains, None
            (pairs, means), (free_pairs, free_means) = _moments(*held), _moments(*free)
            gain = pairs - free_pairs
            gain = (gain + gain.T) / 2  # the same but for rounding
            np.fill_diagonal(gain, 0)
            weight, bias = weight + rate * gain, bias + rate * (means - free_means)
    return BoltzmannMachine(weight, bias)


def all_states(n: int) -> Array:
    """(2^n, n) of 0 and 1; bit j of a row's number is unit j."""
    return np.asarray((np.arange(2**n)[:, None] >> np.arange(n)) & 1)


def visible_probabilities(machine: BoltzmannMachine, n_visible: int) -> Array:
    """(2^n_visible,) exact probabilities of the first units, whatever the others do; ValueError for n > 20."""
    wanted = whole("visible_probabilities: n_visible", n_visible)
    if wanted > len(machine.bias):
        raise ValueError(f"visible_probabilities: n_visible: expected at most {len(machine.bias)}, got {wanted}")
    return np.asarray(machine.probabilities().reshape(-1, 2**wanted).sum(axis=0))


def _exact_states(machine: BoltzmannMachine, batch: Array) -> tuple[States, States]:
    """All states with their probabilities: when the visible units are as in the batch, and when all are free."""
    n_visible = batch.shape[1]
    p, states = machine.probabilities(), all_states(len(machine.bias)).astype(np.float64)
    numbers = batch.astype(np.int64) @ (1 << np.arange(n_visible))
    share = np.bincount(numbers, minlength=2**n_visible) / len(batch)
    given = p.reshape(-1, 2**n_visible)
    clamped = given / given.sum(axis=0) * share
    return (states, clamped.reshape(-1)), (states, p)


def _moments(states: Array, p: Array | None) -> tuple[Array, Array]:
    """(<s s>, <s>) of states (k, n), all alike or with probabilities p (k,)."""
    weighted = states / len(states) if p is None else states * p[:, None]
    return weighted.T @ states, weighted.sum(axis=0)


def _checked_data(data: Array, n: int) -> Array:
    seen = finite_values("train_machine: data", data).astype(np.float64)
    if seen.ndim != 2 or not len(seen) or not 1 <= seen.shape[1] <= n:
        raise ValueError(f"train_machine: expected data (samples, 1 .. {n}) with a sample or more, got {seen.shape}")
    if not ((seen == 0) | (seen == 1)).all():
        raise ValueError(f"train_machine: expected data of 0 and 1, got values in {seen.min()} .. {seen.max()}")
    return seen


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def drawn(p: Array, rng: np.random.Generator) -> Array:
    """0 or 1, the latter with probability p."""
    return np.asarray(rng.random(p.shape, dtype=np.float32) < p, np.float32)
