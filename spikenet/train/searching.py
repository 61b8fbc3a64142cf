"""Minimising without gradients: simulated annealing and CMA-ES, of any function of a vector or of parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from spikenet.errors import Array, finite_number, finite_values, positive, whole
from spikenet.train.parameters import Parameters

Value = Callable[[Array], float]


class Found(NamedTuple):
    """x (n,) the best point seen, its value, and the best value after each step."""

    x: Array
    value: float
    history: list[float]


def simulated_annealing(
    f: Value,
    x: Array,
    *,
    steps: int,
    temperature: tuple[float, float] = (1.0, 1e-3),
    reach: float = 0.1,
    seed: int | np.random.Generator = 0,
) -> Found:
    """Walks from x by random steps; one that makes f larger by d is taken with probability exp(-d / temperature).

    temperature: at the beginning and at the end, going down geometrically, in units of f
    reach      : standard deviation of a step at the beginning; it shrinks with the square root of the temperature
    Source: Kirkpatrick, Gelatt & Vecchi 1983, Science 220:671-680.

    Raises ValueError when f gives something that is not finite.
    """
    here, rng = _start("simulated_annealing", x), np.random.default_rng(seed)
    hot, cold = (positive("simulated_annealing: temperature", t) for t in temperature)
    count, size = whole("simulated_annealing: steps", steps), positive("simulated_annealing: reach", reach)
    value = _value("simulated_annealing", f, here)
    best, lowest, history = here.copy(), value, []
    for k in range(count):
        now = hot * (cold / hot) ** (k / max(count - 1, 1))
        there = here + size * math.sqrt(now / hot) * rng.standard_normal(here.shape)
        candidate = _value("simulated_annealing", f, there)
        if candidate <= value or rng.random() < math.exp(-(candidate - value) / now):
            here, value = there, candidate
            if value < lowest:
                best, lowest = here.copy(), value
        history.append(lowest)
    return Found(best, lowest, history)


def cma_es(
    f: Value,
    x: Array,
    *,
    sigma: float = 0.5,
    generations: int,
    population: int | None = None,
    seed: int | np.random.Generator = 0,
) -> Found:
    """Draws candidates from a normal distribution that learns its mean, size and covariance from the best of them.

    x         : (n,) where the mean starts;  sigma: standard deviation at the beginning
    population: candidates in a generation; 4 + 3 log n if left out
    Covariances take n^2 numbers and n^3 operations now and then: for n up to some hundreds.
    Source: Hansen 2016, The CMA evolution strategy: a tutorial (arXiv:1604.00772), with its default settings.
    """
    mean, rng = _start("cma_es", x), np.random.default_rng(seed)
    n, size = len(mean), positive("cma_es: sigma", sigma)
    lam = 4 + int(3 * math.log(n)) if population is None else whole("cma_es: population", population, least=4)
    raw = math.log((lam + 1) / 2) - np.log(np.arange(1, lam // 2 + 1))
    weights = raw / raw.sum()
    mu_eff = 1 / np.square(weights).sum()
    c_sigma = (mu_eff + 2) / (n + mu_eff + 5)
    damping = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma
    c_c = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)
    c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)
    c_mu = min(1 - c_1, 2 * (mu_eff - 2 + 1 / mu_eff) / ((n + 2) ** 2 + mu_eff))
    normal_length = math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    cov, path_c, path_s = np.eye(n), np.zeros(n), np.zeros(n)
    axes, lengths = np.eye(n), np.ones(n)
    best, lowest, history = mean.copy(), _value("cma_es", f, mean), []
    renew = max(1, int(1 / ((c_1 + c_mu) * n * 10)))  # generations between two decompositions
    for g in range(whole("cma_es: generations", generations)):
        steps = rng.standard_normal((lam, n)) * lengths @ axes.T
        values = np.array([_value("cma_es", f, mean + size * step) for step in steps])
        order = values.argsort()
        if values[order[0]] < lowest:
            best, lowest = mean + size * steps[order[0]], float(values[order[0]])
        history.append(lowest)
        chosen = steps[order[: len(weights)]]
        move = weights @ chosen
        mean = mean + size * move
        path_s = (1 - c_sigma) * path_s + math.sqrt(c_sigma * (2 - c_sigma) * mu_eff) * (
            axes / lengths @ (axes.T @ move)
        )
        length = float(np.linalg.norm(path_s))
        is_short = length / math.sqrt(1 - (1 - c_sigma) ** (2 * (g + 1))) < (1.4 + 2 / (n + 1)) * normal_length
        path_c = (1 - c_c) * path_c + is_short * math.sqrt(c_c * (2 - c_c) * mu_eff) * move
        stalled = (1 - is_short) * c_c * (2 - c_c)
        cov = (
            (1 - c_1 - c_mu + c_1 * stalled) * cov
            + c_1 * np.outer(path_c, path_c)
            + c_mu * (chosen.T * weights) @ chosen
        )
        size *= math.exp(min(1.0, c_sigma / damping * (length / normal_length - 1)))
        if g % renew == 0:
            squares, axes = np.linalg.eigh((cov + cov.T) / 2)
            lengths = np.sqrt(np.maximum(squares, 1e-20))
    return Found(best, lowest, history)


def as_vector(params: Parameters) -> Array:
    """All that is learnt, one number after the other, float64."""
    return np.concatenate([p.data.reshape(-1).astype(np.float64) for p in params.values() if p.requires_grad])


def put_vector(params: Parameters, x: Array) -> None:
    """The inverse of `as_vector`, in place; ValueError when the length is another."""
    wanted = sum(p.size for p in params.values() if p.requires_grad)
    if np.shape(x) != (wanted,):
        raise ValueError(f"put_vector: expected {wanted} numbers, got shape {np.shape(x)}")
    start = 0
    for p in params.values():
        if p.requires_grad:
            p.data[...] = x[start : start + p.size].reshape(p.shape)
            start += p.size


def _start(name: str, x: Array) -> Array:
    point = finite_values(f"{name}: x", x).astype(np.float64)
    if point.ndim != 1 or not point.size:
        raise ValueError(f"{name}: expected a point (n,), n >= 1, got shape {point.shape}")
    return point


def _value(name: str, f: Value, x: Array) -> float:
    return finite_number(f"{name}: value of f", f(x))
