"""Spike-timing-dependent plasticity: weights that change with the order of spikes before and after the synapse.

A rule is a record, `weight, state = rule.run(weight, pre, post, state)`, for spikes (steps, batch, n). Traces decay,
then take in the step's spikes, then pairs are counted, so spikes of one step count as a pair in both directions, as in
SpikingJelly; changes of a batch are summed. Weights are (n_pre, n_post), those of a `Linear`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array, array_of, finite_number, finite_values, positive

Dependence: TypeAlias = Callable[[Array], Any]


def additive(weight: Array) -> Any:
    """The change does not depend on the weight."""
    return 1.0


@dataclass(frozen=True)
class Towards:
    """|limit - weight| ** power: changes fade as the weight nears the limit (soft bounds, Gutig et al. 2003)."""

    limit: float
    power: float = 1.0

    def __post_init__(self) -> None:
        finite_number("Towards: limit", self.limit)
        positive("Towards: power", self.power)

    def __call__(self, weight: Array) -> Any:
        return np.abs(self.limit - weight) ** self.power


class Traces(NamedTuple):
    """What spikes left behind, each (batch, n): fast and slow, before and after the synapse; and eligibility."""

    pre: Array
    post: Array
    pre_slow: Array
    post_slow: Array
    eligibility: Array


@dataclass(frozen=True)
class PairSTDP:
    """dw = a_plus f_plus(w) x_pre s_post - a_minus f_minus(w) s_pre x_post, traces x of time constants tau.

    a_plus, a_minus      : >= 0; potentiation by pre before post, depression by post before pre
    tau_plus_s, tau_minus_s: > 0, seconds, of the traces of pre- and postsynaptic spikes
    dt_s                 : length of a step, > 0
    f_plus, f_minus      : functions of the weight: additive, Towards(limit)
    low, high            : the weight stays within, low < high

    Source: Song, Miller & Abbott 2000 (Nature Neuroscience 3:919-926), all pairs.
    """

    a_plus: float = 0.01
    a_minus: float = 0.012
    tau_plus_s: float = 20e-3
    tau_minus_s: float = 20e-3
    dt_s: float = 1e-3
    f_plus: Dependence = additive
    f_minus: Dependence = additive
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        _check(self)

    def run(
        self, weight: npt.ArrayLike, pre: npt.ArrayLike, post: npt.ArrayLike, state: Traces | None = None
    ) -> tuple[Array, Traces]:
        """(weight after, traces after) for spikes pre (steps, batch, n_pre), post (steps, batch, n_post)."""
        w, before, after = _spikes("PairSTDP", weight, pre, post)
        x, y, *rest = _started("PairSTDP", state, before, after, w)
        keep_x, keep_y = _keep(self.tau_plus_s, self.dt_s), _keep(self.tau_minus_s, self.dt_s)
        for s_pre, s_post in zip(before, after, strict=True):
            x, y = keep_x * x + s_pre, keep_y * y + s_post
            up = self.a_plus * (x.T @ s_post)
            down = self.a_minus * (s_pre.T @ y)
            w = np.clip(w + self.f_plus(w) * up - self.f_minus(w) * down, self.low, self.high)
        return w, Traces(x, y, *rest)


@dataclass(frozen=True)
class TripletSTDP:
    """Pfister & Gerstner 2006 (Journal of Neuroscience 26:9673-9682), equations 3 and 4, all to all.

    At a presynaptic spike w -= o1 (a2_minus + a3_minus r2), at a postsynaptic one w += r1 (a2_plus + a3_plus o2), where
    r1, r2 are fast and slow traces of presynaptic spikes, o1, o2 of postsynaptic ones; the slow ones without the spike
    under way. Defaults: their visual-cortex fit, table 4, all-to-all, in units of the weight.
    """

    a2_plus: float = 5e-10
    a3_plus: float = 6.2e-3
    a2_minus: float = 7e-3
    a3_minus: float = 2.3e-4
    tau_plus_s: float = 16.8e-3
    tau_minus_s: float = 33.7e-3
    tau_x_s: float = 101e-3
    tau_y_s: float = 125e-3
    dt_s: float = 1e-3
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        _check(self)

    def run(
        self, weight: npt.ArrayLike, pre: npt.ArrayLike, post: npt.ArrayLike, state: Traces | None = None
    ) -> tuple[Array, Traces]:
        """As PairSTDP.run."""
        w, before, after = _spikes("TripletSTDP", weight, pre, post)
        r1, o1, r2, o2, rest = _started("TripletSTDP", state, before, after, w)
        taus = (self.tau_plus_s, self.tau_minus_s, self.tau_x_s, self.tau_y_s)
        keeps = [_keep(tau, self.dt_s) for tau in taus]
        for s_pre, s_post in zip(before, after, strict=True):
            r1, o1, r2, o2 = (keep * trace for keep, trace in zip(keeps, (r1, o1, r2, o2), strict=True))
            r1, o1 = r1 + s_pre, o1 + s_post
            up = r1.T @ (s_post * (self.a2_plus + self.a3_plus * o2))
            down = (s_pre * (self.a2_minus + self.a3_minus * r2)).T @ o1
            r2, o2 = r2 + s_pre, o2 + s_post
            w = np.clip(w + up - down, self.low, self.high)
        return w, Traces(r1, o1, r2, o2, rest)


@dataclass(frozen=True)
class RewardSTDP:
    """Pairs leave an eligibility that decays; a reward turns it into change: dw = rate * reward * eligibility.

    pairs : the PairSTDP whose changes become eligibility; its bounds hold for the weight
    tau_s : time constant of the eligibility, > 0; a reward that comes later than that finds little left
    rate  : > 0

    Source: Izhikevich 2007 (Cerebral Cortex 17:2443-2452); Florian 2007 (Neural Computation 19:1468-1502), MSTDPET.
    """

    pairs: PairSTDP
    tau_s: float = 0.5
    rate: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.pairs, PairSTDP):
            raise TypeError(f"RewardSTDP: pairs: expected PairSTDP(...), got {self.pairs!r:.60}")
        positive("RewardSTDP: tau_s", self.tau_s)
        positive("RewardSTDP: rate", self.rate)

    def run(
        self,
        weight: npt.ArrayLike,
        pre: npt.ArrayLike,
        post: npt.ArrayLike,
        reward: npt.ArrayLike,
        state: Traces | None = None,
    ) -> tuple[Array, Traces]:
        """As PairSTDP.run, with the reward of each step and sample, (steps,) or (steps, batch)."""
        w, before, after = _spikes("RewardSTDP", weight, pre, post)
        paid = finite_values("RewardSTDP: reward", array_of("RewardSTDP: reward", reward))
        paid = paid[:, None] if paid.ndim == 1 else paid
        steps, batch = before.shape[:2]
        if paid.shape not in ((steps, 1), (steps, batch)):
            raise ValueError(f"RewardSTDP: reward: expected ({steps},) or ({steps}, {batch}), got {np.shape(reward)}")
        paid = np.broadcast_to(paid, (steps, batch)).astype(w.dtype)
        x, y, x2, y2, e = _started("RewardSTDP", state, before, after, w)
        rule, keep_e = self.pairs, _keep(self.tau_s, self.pairs.dt_s)
        keep_x, keep_y = _keep(rule.tau_plus_s, rule.dt_s), _keep(rule.tau_minus_s, rule.dt_s)
        for s_pre, s_post, r in zip(before, after, paid, strict=True):
            x, y = keep_x * x + s_pre, keep_y * y + s_post
            up = rule.a_plus * rule.f_plus(w) * (x[:, :, None] * s_post[:, None])
            down = rule.a_minus * rule.f_minus(w) * (s_pre[:, :, None] * y[:, None])
            e = keep_e * e + up - down
            w = np.clip(w + self.rate * np.tensordot(r, e, axes=1), rule.low, rule.high)
        return w, Traces(x, y, x2, y2, e)


def _check(rule: Any) -> None:
    name = type(rule).__name__
    for field in vars(rule):
        value = getattr(rule, field)
        if field.startswith("tau") or field == "dt_s":
            positive(f"{name}: {field}", value)
        elif field.startswith("a") and finite_number(f"{name}: {field}", value) < 0:
            raise ValueError(f"{name}: {field}: expected a number >= 0, got {value}")
        elif field.startswith("f_") and not callable(value):
            raise TypeError(f"{name}: {field}: expected a function of the weight, got {value!r:.60}")
    if not _bound(f"{name}: low", rule.low) < _bound(f"{name}: high", rule.high):
        raise ValueError(f"{name}: expected low < high, got {rule.low} and {rule.high}")


def _bound(name: str, value: Any) -> float:
    return value if isinstance(value, float) and math.isinf(value) else finite_number(name, value)


def _keep(tau_s: float, dt_s: float) -> float:
    return math.exp(-dt_s / tau_s)


def _spikes(name: str, weight: Any, pre: Any, post: Any) -> tuple[Array, Array, Array]:
    given = [
        finite_values(f"{name}: {key}", array_of(name, a))
        for key, a in (("weight", weight), ("pre", pre), ("post", post))
    ]
    w, before, after = given
    if before.ndim != 3 or after.ndim != 3 or before.shape[:2] != after.shape[:2] or not before.size:
        raise ValueError(
            f"{name}: expected pre (steps, batch, n_pre) and post (steps, batch, n_post) of one length, got "
            f"{before.shape} and {after.shape}"
        )
    if w.shape != (before.shape[2], after.shape[2]):
        raise ValueError(f"{name}: expected weight ({before.shape[2]}, {after.shape[2]}), got {w.shape}")
    return w, before.astype(w.dtype), after.astype(w.dtype)


def _started(name: str, state: Traces | None, pre: Array, post: Array, w: Array) -> Traces:
    batch = pre.shape[1]
    shapes = [(batch, w.shape[0]), (batch, w.shape[1])] * 2 + [(batch, *w.shape)]
    if state is None:
        *small, _ = shapes
        whole = shapes[-1] if name == "RewardSTDP" else (batch, 0, 0)
        return Traces(*(np.zeros(shape, w.dtype) for shape in (*small, whole)))
    if not isinstance(state, Traces) or [a.shape for a in state[:4]] != shapes[:4]:
        raise ValueError(f"{name}: expected the state that run() returned for these populations, got {state!r:.80}")
    return state
