"""A core's weights in four values a neuron: which axon has which type, which joints of the crossbar are made.

What counts is what arrives: the squared error of a neuron's input over a sample, (held - w)' M (held - w) with M the
second moment of the sources' spike counts on the calibration data. Sources that fire together may make up for each
other, so that many joints of few values come close to weights that none of them is. Three moves, none of which lets
the error grow, take turns: the values of a neuron by least squares; axon by axon its type, and with it its joints; a
start takes sources one by one, as k-means assigns points (`assigned`). Starts by chance ended 15 to 25 % higher.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hw.neurons.truenorth import TYPES

Array = npt.NDArray[Any]
ROUNDS = 50  # of the start
SWEEPS = 30
ENOUGH = 3e-3  # less than this of the error a round, and it ends
LITTLE = 1e-3  # of the mean moment: how much a source counts for at least
FLOOR = 1e-12  # of the largest moment: so that a type without a joint has a value


class Crossbar(NamedTuple):
    """types: (axons,);  joined: (axons, n) 0/1;  values: (types, n) what a joint of each neuron adds."""

    types: Array
    joined: Array
    values: Array

    @property
    def held(self) -> Array:
        """(axons, n) the weights it makes."""
        made: Array = self.joined * self.values[self.types]
        return made


def moment_of(spikes: Array) -> Array:
    """(sources, sources) second moment of counts over samples, of spikes (steps, batch, sources)."""
    counts = spikes.sum(axis=0, dtype=np.float64)
    moment: Array = counts.T @ counts / max(len(counts), 1)
    moment[np.diag_indices(len(moment))] += LITTLE * max(float(np.diag(moment).mean()), 1e-6)
    return moment


def missed(w: Array, moment: Array, held: Array) -> float:
    """Error of what arrives, relative to what does: 0 for the weights themselves, 1 for none."""
    whole = float((w * (moment @ w)).sum())
    off = held - w
    return float(np.sqrt(max(float((off * (moment @ off)).sum()), 0.0) / whole)) if whole else 0.0


def fitted(w: Array, moment: Array) -> Crossbar:
    """The crossbar for weights w (axons, n)."""
    from hw.kernels.crossbar_sweep import sweep  # when first used: a kernel costs milliseconds to import

    counts = np.diag(moment)
    types = assigned(w, counts)
    _, joined = nearest(w, types, counts)
    before = np.inf
    best = Crossbar(types, joined, valued(w, moment, types, joined))
    for k in range(SWEEPS):
        now = missed(w, moment, best.held)
        if now <= 1e-9 or now > before * (1 - ENOUGH):
            break
        before, types, joined, held = now, best.types.copy(), best.joined.copy(), best.held
        order = np.random.default_rng(k).permutation(len(w))
        sweep(order, moment, best.values, types, joined, held, moment @ (held - w))
        best = Crossbar(types, joined, valued(w, moment, types, joined))
    return best


def nearest(w: Array, types: Array, counts: Array) -> tuple[Array, Array]:
    """(values, joined) with the least error of the weights one by one, axons of these types each counting for that."""
    values = best_values(w, types, counts)
    return values, (np.square(w - values[types]) < np.square(w)).astype(np.float64)


def valued(w: Array, moment: Array, types: Array, joined: Array) -> Array:
    """(types, n) the values with the least error, types and joints as they are: least squares of four numbers."""
    wanted = moment @ w
    masks = [(types == kind)[:, None] * joined for kind in range(TYPES)]
    through = [moment @ mask for mask in masks]
    gram = np.stack([np.stack([(a * b).sum(axis=0) for b in through], axis=-1) for a in masks], axis=-2)
    right = np.stack([(mask * wanted).sum(axis=0) for mask in masks], axis=-1)
    gram[:, range(TYPES), range(TYPES)] += FLOOR * max(float(np.abs(moment).max()), FLOOR)
    found: Array = np.linalg.solve(gram, right[..., None])[..., 0].T
    return found


def assigned(w: Array, counts: Array) -> Array:
    """(axons,) types of axons with weights (axons, neurons), each counting for as much as it fires."""
    types = _start(w)
    before = np.inf
    for _ in range(ROUNDS):
        values = best_values(w, types, counts)
        lost = np.stack([np.minimum(np.square(w), np.square(w - value)).sum(axis=1) for value in values])
        types = lost.argmin(axis=0)
        total = float(counts @ lost.min(axis=0))
        if total >= before * (1 - 1e-9):
            break
        before = total
    return types.astype(np.int64)


def best_values(w: Array, types: Array, counts: Array) -> Array:
    """(types, neurons) the weight of each type with which the least of w (axons, neurons) is lost.

    A neuron joined to the axons S with their weighted mean as its weight loses (sum over S of counts w)^2 / (sum over S
    of counts) less than one joined to none; the best S are the largest weights down to some place, or the smallest up.
    """
    values = np.zeros((TYPES, w.shape[1]))
    for kind in range(TYPES):
        mine = w[types == kind]
        if not len(mine):
            continue
        gain = np.zeros(w.shape[1])
        for sign in (1.0, -1.0):
            places = np.argsort(-sign * mine, axis=0, kind="stable")
            weight = counts[types == kind][places]
            totals = np.cumsum(weight * np.take_along_axis(mine, places, axis=0), axis=0)
            numbers = np.cumsum(weight, axis=0)
            gains = np.where(sign * totals > 0, np.square(totals) / numbers, 0.0)
            best = gains.argmax(axis=0)[None]
            better = (top := np.take_along_axis(gains, best, axis=0)[0]) > gain
            mean = np.take_along_axis(totals / numbers, best, axis=0)[0]
            values[kind], gain = np.where(better, mean, values[kind]), np.maximum(gain, top)
    return values


def _start(w: Array) -> Array:
    """Types by the signs of the two directions in which axons differ most."""
    centred = w - w.mean(axis=0)
    _, vectors = np.linalg.eigh(centred @ centred.T)  # (axons, axons): at most 256
    first, second = vectors[:, -1], vectors[:, -2 if len(w) > 1 else -1]
    types: Array = (first > 0) * 2 + (second > 0)
    return types
