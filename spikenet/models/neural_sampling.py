"""A Boltzmann machine sampled by a network of LIF neurons under noise: a unit is 1 while its neuron is refractory.

The membrane is fast and the noise as slow as a synapse, so a neuron fires with a sigmoidal probability of its mean
voltage. The sigmoid is measured on the neuron itself, and weights and biases of the machine are expressed in its width.
Source: Petrovici et al. 2016, Phys. Rev. E 94:042312 (arXiv:1311.3211); the theory is Buesing et al. 2011, PLoS
Comput. Biol. 7(11):e1002211.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spikenet.errors import Array, positive, whole
from spikenet.models.boltzmann_machine import BoltzmannMachine


class Sampler(NamedTuple):
    """A LIF neuron, times in steps; its threshold is 0 and voltages are in units of the noise's standard deviation.

    refractory_steps: as long as tau_syn_steps, so that a potential lasts about as long as its unit is 1
    """

    tau_mem_steps: float = 1.0
    tau_syn_steps: float = 20.0
    refractory_steps: int = 20
    tau_noise_steps: float = 20.0


class Calibration(NamedTuple):
    """p(unit = 1) = 1 / (1 + exp(-(mean voltage - centre) / width)), measured."""

    centre: float
    width: float


def run_network(sampler: Sampler, weight: Array, mean: Array, steps: int, rng: np.random.Generator) -> Array:
    """(steps, n) uint8 0/1: which units are 1, that is refractory.

    weight: (n, n), from the row's neuron to the column's, voltage at the moment of a spike, decaying with tau_syn
    mean  : (n,) voltage without other neurons

    Raises ValueError when shapes do not fit or a time is not > 0.
    """
    from spikenet.kernels import neural_sampling as loop  # when first used

    n = len(mean)
    if np.shape(weight) != (n, n):
        raise ValueError(f"run_network: expected weights ({n}, {n}) for {n} means, got {np.shape(weight)}")
    times = [positive(f"run_network: {k}", getattr(sampler, k)) for k in Sampler._fields if k != "refractory_steps"]
    leak, syn_leak, noise_leak = (math.exp(-1 / tau) for tau in times)
    state = np.zeros((whole("run_network: steps", steps), n), np.uint8)
    loop.run(
        np.ascontiguousarray(weight, np.float64), np.ascontiguousarray(mean, np.float64), leak, syn_leak, noise_leak,
        math.sqrt(1 - noise_leak**2), whole("run_network: refractory_steps", sampler.refractory_steps),
        rng.standard_normal(state.shape), state,
    )  # fmt: skip
    return state


def calibrate(sampler: Sampler, rng: np.random.Generator, steps: int = 50_000) -> Calibration:
    """The sigmoid fitted to the activity of 21 single neurons at different mean voltages."""
    means = np.linspace(-3, 3, 21)
    p = run_network(sampler, np.zeros((21, 21)), means, steps, rng).mean(axis=0)
    inside = (p > 0.02) & (p < 0.98)
    slope, offset = np.polyfit(means[inside], np.log(p[inside] / (1 - p[inside])), 1)
    return Calibration(float(-offset / slope), float(1 / slope))


def sample_machine(
    machine: BoltzmannMachine, sampler: Sampler, calibration: Calibration, steps: int, rng: np.random.Generator
) -> Array:
    """(steps, n) states drawn by neurons.

    A synapse is so strong that its potential, averaged over a refractory time, is W in widths of the sigmoid.
    """
    refractory = whole("sample_machine: refractory_steps", sampler.refractory_steps)
    ratio = refractory / positive("sample_machine: tau_syn_steps", sampler.tau_syn_steps)
    mean_trace = (1 - math.exp(-ratio)) / ratio
    weight = machine.weight * (calibration.width / mean_trace)
    return run_network(sampler, weight, machine.bias * calibration.width + calibration.centre, steps, rng)


def state_probabilities(states: Array) -> Array:
    """(2^n,) how often each joint state occurs; bit j of its number is unit j."""
    n = states.shape[1]
    numbers = states.astype(np.int64) @ (1 << np.arange(n))
    return np.asarray(np.bincount(numbers, minlength=2**n) / len(states))


def divergence(p: Array, q: Array) -> float:
    """Kullback-Leibler divergence, the sum of p log(p / q) in nats; what q never has counts as 1e-6."""
    seen = p > 0
    return float(np.sum(p[seen] * np.log(p[seen] / np.maximum(q[seen], 1e-6))))
