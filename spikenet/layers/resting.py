"""Where a population's states begin: a number, an array over the neurons, or a function of the place (noise)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_number, single_values
from spikenet.layers.layer import Training
from spikenet.neurons.noise import streams


@dataclass(frozen=True)
class Stream:
    """The state that names a neuron's stream of random numbers; `part` 0 is the high half, 1 the low.

    A run from rest uses the streams of `seed`, the same each time; while training it draws another seed from the
    training's own generator, so that every step of training sees new noise.
    """

    seed: int
    part: int

    def __call__(self, shape: tuple[int, ...], seed: int | None, first: int) -> Array:
        return streams(self.seed if seed is None else seed, shape, first)[self.part]


Rest = float | Array | Stream


def checked(name: str, rest: Mapping[str, Any] | None, states: tuple[str, ...]) -> dict[str, Rest]:
    """The rest of every state, 0 where not given.

    Raises TypeError for what is no dictionary of numbers, ValueError for unknown states and values that are not finite.
    """
    if rest is not None and not isinstance(rest, Mapping):
        raise TypeError(f'{name}: rest: expected a dictionary such as {{"v": -0.1}}, got {rest!r:.60}')
    given: dict[str, Rest] = {}
    for state, value in (rest or {}).items():
        if isinstance(value, Stream):
            given[state] = value
            continue
        label = f"{name}: rest: {state}"
        array = single_values(label, value if np.ndim(value) else finite_number(label, value))
        given[state] = float(array) if array.ndim == 0 else array
    if unknown := [s for s in given if s not in states]:
        raise ValueError(f"{name}: rest: no states {unknown}; there are {list(states)}")
    return dict.fromkeys(states, 0.0) | given


def at_rest(
    name: str, rest: Mapping[str, Rest], shape: tuple[int, ...], dtype: Any, training: Training | None
) -> list[Array]:
    """Every state before the first step, (batch, neurons...) each, for reading only.

    Raises ValueError for a rest that does not broadcast to the neurons.
    """
    seed, first = None, 0
    if training is not None and any(isinstance(value, Stream) for value in rest.values()):
        seed = int(training.rng.integers(2**63))
        first = 0 if training.share is None else training.share.start
    states = []
    for state, value in rest.items():
        values = value(shape, seed, first) if isinstance(value, Stream) else value
        try:
            states.append(np.broadcast_to(np.asarray(values, dtype), shape))
        except ValueError:
            raise ValueError(
                f"{name}: rest of {state!r} of shape {np.shape(values)} does not broadcast to neurons {shape[1:]}"
            ) from None
    return states
