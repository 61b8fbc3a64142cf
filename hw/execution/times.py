"""How long each step of a placed program lasts: until the slowest core is done, and the barrier.

`simple`, as SANA-FE has it: a core spends the time of its neurons and of the messages they make, and at the same time
that of the messages it gets with their synaptic operations; the longer of the two, of the slowest core. Links cost
nothing. `hw.execution.detailed` follows every message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.execution.xylo_cycles import MARGIN, xylo_cycles
from hw.kernels.event_counts import (
    ACTIVE_UPDATES,
    AXONS_IN,
    AXONS_OUT,
    CONVOLUTION_OPS,
    SPARSE_OPS,
    SPIKES,
    SYNAPTIC_OPS,
)  # fmt: skip
from hw.records.architecture import Architecture
from hw.records.event_times import EventTimes, Tick, seconds
from hw.records.fact import Evidence, Fact
from spikenet.errors import positive

Array = npt.NDArray[Any]
NO_TIMES = "nobody published how long its events take"


@dataclass(frozen=True, eq=False)
class StepTimes:
    """Time of every step of every sample.

    seconds : (steps, batch), None when nothing is known
    model   : in words;  evidence: of the numbers used, strongest first
    unknown : events that took time nobody published: where there are any, the times are lower bounds
    cycles  : (steps, batch) of a core whose clock is chosen (Xylo); else None
    """

    seconds: Array | None
    model: str
    evidence: tuple[Evidence, ...] = ()
    unknown: tuple[str, ...] = ()
    cycles: Array | None = None

    def clock_hz(self, step_s: float) -> float:
        """The clock that the longest step needs to be over within `step_s`; ValueError where no cycles are known."""
        if self.cycles is None or not self.cycles.size:
            raise ValueError("clock_hz: expected a chip whose cycles are known, and at least one sample")
        return MARGIN * float(self.cycles.max()) / positive("clock_hz: step_s", step_s)

    @property
    def inference_s(self) -> float | None:
        """Mean time of a sample; None when nothing is known."""
        return None if self.seconds is None or not self.seconds.size else float(self.seconds.sum(axis=0).mean())

    @property
    def step_s(self) -> float | None:
        """Mean time of a step."""
        return None if self.seconds is None or not self.seconds.size else float(self.seconds.mean())

    @property
    def longest_step_s(self) -> float | None:
        return None if self.seconds is None or not self.seconds.size else float(self.seconds.max())

    def __str__(self) -> str:
        if self.cycles is not None and self.cycles.size:
            mean, most = self.cycles.mean(), self.cycles.max()
            return (
                f"{mean:,.0f} cycles a step, at most {most:,.0f}: {self.clock_hz(1e-3):.3g} Hz for 1 ms ({self.model})"
            )
        if self.inference_s is None:
            return f"time unknown: {self.model}"
        known = ", ".join(kind.value for kind in self.evidence)
        bound = f">= {self.inference_s:.4g}" if self.unknown else f"{self.inference_s:.4g}"
        left_out = f"; unknown: {', '.join(self.unknown)}" if self.unknown else ""
        return f"{bound} s a sample, {self.step_s:.4g} s a step ({self.model}; {known}{left_out})"


Timing = Callable[[Any, Array, Array, Array], StepTimes]
"""(placed program, input spikes, flags, counts of its cores) -> times."""


def joined(parts: Sequence[StepTimes]) -> StepTimes:
    """Batches one after another."""
    if not parts:
        return StepTimes(None, "nothing was run")
    arrays = [part.seconds for part in parts if part.seconds is not None]
    together = np.concatenate(arrays, axis=1) if len(arrays) == len(parts) else None
    unknown = tuple(dict.fromkeys(name for part in parts for name in part.unknown))
    cycles = [part.cycles for part in parts if part.cycles is not None]
    all_cycles = np.concatenate(cycles, axis=1) if cycles else None
    return StepTimes(together, parts[0].model, parts[0].evidence, unknown, all_cycles)


class Used:
    """The facts that a model asked for: what they are worth, and which of them nobody knows."""

    def __init__(self) -> None:
        self.kinds, self.unknown = set[Evidence](), list[str]()

    def __call__(self, name: str, fact: Fact, needed: bool) -> float:
        """The time in seconds, 0 for an unknown one, which is noted if it was `needed`."""
        value = seconds(fact)
        if value is None:
            if needed:
                self.unknown.append(name)
            return 0.0
        if needed and value > 0:
            self.kinds.add(fact.evidence)
        return value

    def times(self, values: Array, model: str) -> StepTimes:
        evidence = tuple(kind for kind in Evidence if kind in self.kinds)
        return StepTimes(values, model, evidence, tuple(dict.fromkeys(self.unknown)))


def synaptic_ops(counts: Array) -> tuple[Array, Array, Array]:
    """Synaptic operations by the form in which synapses are stored, as `hw.execution.axons` numbers it."""
    some, windows = counts[..., SPARSE_OPS], counts[..., CONVOLUTION_OPS]
    return counts[..., SYNAPTIC_OPS] - some - windows, some, windows


def synapse_times(times: EventTimes) -> tuple[Fact, Fact, Fact]:
    """What one of them takes, likewise."""
    dense = times.synaptic_op
    return dense, times.synaptic_op_sparse or dense, times.synaptic_op_convolution or dense


def tiles_in_use(placed: Any) -> int:
    return len({(core.x, core.y) for core in placed.placement.cores if core.n_neurons})


@dataclass(frozen=True)
class Simple:
    """The slowest core and the barrier. times: the chip's own when None."""

    times: EventTimes | Tick | None = None

    def __post_init__(self) -> None:
        if self.times is not None:
            self.times.check("times")

    def __call__(self, placed: Any, spikes: Array, flags: Array, counts: Array) -> StepTimes:
        chip = placed.program.chip
        times = self.times or chip.times
        if times is None and chip.architecture is Architecture.SINGLE_CORE:
            cycles = xylo_cycles(placed, spikes, flags)
            return StepTimes(
                None, "Rockpool's estimate for Audio 2 and IMU, no aliases", (Evidence.QUOTED,), (), cycles
            )
        if times is None:
            return StepTimes(None, f"{placed.program.chip.name}: {NO_TIMES}")
        used = Used()
        if isinstance(times, Tick):
            return used.times(np.full(flags.shape[:2], used("step", times.step, True)), "steps of a fixed length")
        n = {k: counts[..., k] for k in (AXONS_IN, ACTIVE_UPDATES, SPIKES, AXONS_OUT)}
        idle = np.bincount(placed.axons.core, minlength=counts.shape[2]) - n[ACTIVE_UPDATES]
        sends = (
            n[ACTIVE_UPDATES] * used("active updates", times.update_active, bool(n[ACTIVE_UPDATES].any()))
            + idle * used("inactive updates", times.update_inactive, bool(idle.any()))
            + n[SPIKES] * used("spikes", times.spike_out, bool(n[SPIKES].any()))
            + n[AXONS_OUT] * used("axons out", times.axon_out, bool(n[AXONS_OUT].any()))
        )
        hears = n[AXONS_IN] * used("axons in", times.axon_in, bool(n[AXONS_IN].any()))
        for ops, fact in zip(synaptic_ops(counts), synapse_times(times), strict=True):
            hears = hears + ops * used("synaptic operations", fact, bool(ops.any()))
        barrier = used("barrier", times.barrier_of(tiles_in_use(placed)), True)
        slowest = np.maximum(sends, hears).max(axis=2) + barrier
        return used.times(slowest, "slowest core and barrier, links free (SANA-FE's simple model)")


simple = Simple()
