"""Neurons of chips that run programs: any model's fixed-point twin, and sPyNNaker's own LIF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons import spinnaker, twin
from hw.neurons.words import Integers
from hw.programs.driven import Driven

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class TwinNeurons:
    """A model in integers. What it sends is its output: spikes, or numbers.

    values: real numbers of its parameters by name;  bias: (n,) integers of the current's word, each step
    slot  : (most a slot of a ring buffer holds, left shift to the current's word) where sums arrive through such, with
            the signs apart; else None
    rest  : real numbers of the states before the first step, by name; 0 where not given
    """

    twin: twin.Twin
    values: Mapping[str, Any]
    bias: Integers
    shape: tuple[int, ...]
    slot: tuple[int, int] | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)

    def start(self, batch: int) -> dict[str, Integers]:
        """Integers (batch, neurons...) of every state before the first step; ValueError for one beyond its word."""
        words, shape = self.twin.words, (batch, *self.shape)
        given = {name: np.asarray(self.rest.get(name, 0.0)) for name in self.twin.model.states}
        return {
            name: np.broadcast_to(words.of_symbol(f"s_{name}").integers(f"rest: {name}", value), shape)
            for name, value in given.items()
        }

    @property
    def sends_numbers(self) -> bool:
        return not self.twin.model.spikes

    @property
    def signs(self) -> int:
        return 1 if self.slot is None else 2

    def run(self, arriving: tuple[Array, ...], before: Any) -> Driven:
        total, overflows = arriving[0], dict[str, int]()
        if self.slot is not None:
            most, shift = self.slot
            overflows["ring buffer"] = sum(int(np.count_nonzero(sums > most)) for sums in arriving)
            held = [np.minimum(sums, most) << shift for sums in arriving]
            total = held[0] - held[1]
        word = self.twin.words.of_symbol("current")
        current = (total + self.bias) * 2.0**-word.fraction
        steps, batch = current.shape[:2]
        before = self.start(batch) if before is None else before
        got = twin.run(self.twin, current.reshape(steps, batch, *self.shape), self.values, before)
        out = got.output.reshape(steps, batch, -1)
        overflows |= got.overflows
        used = 0.0
        for name, values in (got.states or {}).items():
            end = -self.twin.words.of_symbol(f"s_{name}").lowest
            used = max(used, float(np.abs(values).max(initial=0)) / end)
        return Driven(out, out, got.after, overflows, used)


@dataclass(frozen=True, eq=False)
class SpinnakerNeurons:
    """IF_curr_exp of sPyNNaker behind its ring buffers."""

    params: spinnaker.Params
    signs: int = 2
    sends_numbers: bool = False

    def run(self, arriving: tuple[Array, ...], before: Any) -> Driven:
        excitatory, inhibitory = arriving
        got = spinnaker.run(self.params, excitatory, inhibitory, before)
        overflows = {"ring buffer": got.ring_overflow, "accum": got.accum_overflow}
        peak = max(float(np.abs(a.astype(np.int64)).max(initial=0)) for a in (got.v, got.i_exc, got.i_inh))
        return Driven(got.spikes, got.v, got.state, overflows, peak / (1 << 31))
