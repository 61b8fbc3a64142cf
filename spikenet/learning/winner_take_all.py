"""Unsupervised learning of patterns: neurons that compete for them, in the manner of Diehl & Cook.

Source: Diehl & Cook 2015, "Unsupervised learning of digit recognition using spike-timing-dependent plasticity",
Frontiers in Computational Neuroscience 9:99. As in later versions of it (BindsNET's DiehlAndCook2015v2) one layer
inhibits itself, in place of a second population; of neurons above the threshold in one step the furthest above wins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array, array_of, finite_number, finite_values, flag, positive, whole
from spikenet.kernels.winner_take_all import compete


class Competitors(NamedTuple):
    """weight: (n, n_in) in 0 .. 1, a row a neuron;  theta: (n,) what homeostasis has added to each threshold."""

    weight: Array
    theta: Array


@dataclass(frozen=True)
class WinnerTakeAll:
    """n neurons for n_in inputs: LIF with one winner a step, plasticity at its spike, homeostasis of its threshold.

    tau_mem_s, tau_trace_s, tau_theta_s, dt_s: > 0, seconds, of membrane, presynaptic trace and threshold
    threshold : > 0;  jump: what a spike adds to the neuron's own threshold, > 0 (so that all take part)
    inhibition: what the winner's spike takes from all other membranes, >= 0; its own is set to 0
    rate      : of learning, in (0, 1]: at its spike the winner's weights change by rate (trace - target) (1 - weight)
    target    : trace below which a weight falls, in (0, 1)
    total     : sum of each neuron's weights, > 0, kept at every change
    """

    n_in: int
    n: int
    tau_mem_s: float = 20e-3
    tau_trace_s: float = 10e-3
    tau_theta_s: float = 100.0
    dt_s: float = 1e-3
    threshold: float = 1.0
    jump: float = 0.2
    inhibition: float = 2.0
    rate: float = 0.05
    target: float = 0.3
    total: float = 8.0

    def __post_init__(self) -> None:
        for name in ("n_in", "n"):
            whole(f"WinnerTakeAll: {name}", getattr(self, name))
        for name in ("tau_mem_s", "tau_trace_s", "tau_theta_s", "dt_s", "threshold", "jump", "rate", "target", "total"):
            positive(f"WinnerTakeAll: {name}", getattr(self, name))
        if finite_number("WinnerTakeAll: inhibition", self.inhibition) < 0:
            raise ValueError(f"WinnerTakeAll: inhibition: expected a number >= 0, got {self.inhibition}")
        if self.rate > 1 or self.target >= 1:
            raise ValueError(f"WinnerTakeAll: expected rate <= 1 and target < 1, got {self.rate} and {self.target}")
        if self.total > self.n_in:
            raise ValueError(
                f"WinnerTakeAll: total: expected at most n_in = {self.n_in}, weights being at most 1, got {self.total}"
            )

    def start(self, seed: int) -> Competitors:
        """Random weights and no homeostasis yet."""
        rng = np.random.default_rng(whole("WinnerTakeAll: seed", seed, least=0))
        weight = rng.random((self.n, self.n_in))
        return Competitors(weight * (self.total / weight.sum(axis=1, keepdims=True)), np.zeros(self.n))

    def run(self, state: Competitors, spikes: npt.ArrayLike, *, learn: bool = True) -> tuple[Array, Competitors]:
        """(spike counts (batch, n), state after) for spikes (steps, batch, n_in) of 0 and 1, sample after sample.

        Each sample meets what those before it have taught; membranes start it from rest. learn=False changes nothing.
        """
        given = finite_values("WinnerTakeAll: spikes", array_of("WinnerTakeAll: spikes", spikes))
        if given.ndim != 3 or given.shape[2] != self.n_in or not given.size:
            raise ValueError(f"WinnerTakeAll: expected spikes (steps, batch, {self.n_in}), got shape {given.shape}")
        if not isinstance(state, Competitors) or state.weight.shape != (self.n, self.n_in):
            raise ValueError(f"WinnerTakeAll: expected a state of start() or run() for {self}, got {state!r:.60}")
        flag("WinnerTakeAll: learn", learn)
        constants = np.array([
            math.exp(-self.dt_s / self.tau_mem_s), self.threshold, self.jump, math.exp(-self.dt_s / self.tau_theta_s),
            self.inhibition, math.exp(-self.dt_s / self.tau_trace_s), self.rate, self.target, self.total,
        ])  # fmt: skip
        weight, theta = np.array(state.weight, np.float64), np.array(state.theta, np.float64)
        counts = np.zeros((given.shape[1], self.n))
        compete(np.ascontiguousarray(given, np.float64), weight, theta, counts, constants, learn)
        return counts, Competitors(weight, theta)


def assign_labels(counts: npt.ArrayLike, labels: npt.ArrayLike, classes: int) -> npt.NDArray[np.int64]:
    """(n,) class to whose samples each neuron responds most, on average; -1 for neurons that never fire.

    counts: (samples, n) spike counts;  labels: (samples,) whole numbers in 0 .. classes - 1
    """
    responses, known = _counts("assign_labels", counts), _labels(labels, classes, len(np.asarray(counts)))
    means = np.zeros((classes, responses.shape[1]))
    for k in range(classes):
        if (known == k).any():
            means[k] = responses[known == k].mean(axis=0)
    return np.where(means.any(axis=0), means.argmax(axis=0), -1).astype(np.int64)


def predict_by_assignment(counts: npt.ArrayLike, assigned: npt.ArrayLike, classes: int) -> npt.NDArray[np.int64]:
    """(samples,) class whose neurons fire most on average; class 0, as a tie of all, where none does."""
    responses, owner = _counts("predict_by_assignment", counts), np.asarray(assigned)
    if owner.shape != (responses.shape[1],):
        raise ValueError(f"predict_by_assignment: expected a class for each of {responses.shape[1]} neurons")
    votes = np.zeros((len(responses), whole("predict_by_assignment: classes", classes)))
    for k in range(classes):
        if (owner == k).any():
            votes[:, k] = responses[:, owner == k].mean(axis=1)
    best: npt.NDArray[np.int64] = votes.argmax(axis=1).astype(np.int64)
    return best


def _counts(name: str, counts: Any) -> Array:
    array = finite_values(f"{name}: counts", array_of(f"{name}: counts", counts))
    if array.ndim != 2 or not array.size or array.min() < 0:
        raise ValueError(f"{name}: expected counts (samples, n), none negative, got shape {array.shape}")
    return array


def _labels(labels: Any, classes: int, n: int) -> Array:
    known = np.asarray(labels)
    whole("assign_labels: classes", classes)
    if known.dtype.kind not in "iu" or known.shape != (n,):
        raise ValueError(f"assign_labels: expected {n} whole-number labels, got {known.dtype} of shape {known.shape}")
    if known.min() < 0 or known.max() >= classes:
        raise ValueError(f"assign_labels: expected labels in 0 .. {classes - 1}, got {known.min()} .. {known.max()}")
    return known
