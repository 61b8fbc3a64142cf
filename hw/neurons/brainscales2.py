"""BrainScaleS-2: NOT bit exact. An analogue chip has no integers to reproduce; this is a noisy, quantised model.

What constrains a net on the chip and is modelled: 6-bit weights that saturate, one sign a synapse row, 256 rows a
neuron circuit, fixed-pattern differences between neurons and synapses, noise in time, an 8-bit reading of membranes.
How large the noise is depends on the chip and its calibration: every amplitude has to be given, there is no default.

    i = keep_syn * i + gain * sum of w (1 + pattern)      w in -63..63; pattern normal, sd `synapse_spread`
    v = keep_mem * v + i + noise                          noise normal, sd `membrane_noise`
    fires where v > threshold (1 + pattern);  v = reset
    reading = clip(round(v / lsb) + 128, 0, 255)

float32; keep = exp(-dt / tau), tau with a pattern of its own, sd `tau_spread`. Rows, 6 bits and 256: see hw/chips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons.words import arriving, integers, without_batch
from spikenet.errors import finite_number, positive, whole, within

IS_BIT_EXACT = False
ROWS, NEURONS, WEIGHT = 256, 512, 63
MIDDLE, HIGHEST = 128, 255  # of the 8-bit reading
LEAST_PART = 0.05  # of a time constant or threshold that a fixed pattern leaves at least
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Params:
    """A population of circuits.

    weights     : (rows, neurons) integers -63..63, of one sign in each row; at most 256 rows, 512 neurons
    gain        : what one unit of weight adds to the current
    tau_mem_us, tau_syn_us, dt_us: > 0, microseconds of the chip's own, accelerated time
    threshold   : > 0; reset: below it; lsb: > 0, one step of the 8-bit reading; all in units of v
    *_spread    : standard deviation of the fixed pattern, relative, 0..1
    membrane_noise: standard deviation of what is added to v each step, >= 0
    """

    weights: Any
    gain: float
    tau_mem_us: float
    tau_syn_us: float
    dt_us: float
    threshold: float
    reset: float
    lsb: float
    synapse_spread: float
    threshold_spread: float
    tau_spread: float
    membrane_noise: float

    def __post_init__(self) -> None:
        w = integers("brainscales2: weights", self.weights, -WEIGHT, WEIGHT, hint="quantise to 6 bits and a sign")
        if w.ndim != 2 or w.shape[0] > ROWS or w.shape[1] > NEURONS:
            raise ValueError(f"brainscales2: weights: expected at most ({ROWS}, {NEURONS}), got {w.shape}")
        mixed = np.flatnonzero((w > 0).any(axis=1) & (w < 0).any(axis=1))
        if len(mixed):
            raise ValueError(f"brainscales2: row {mixed[0]} has weights of both signs; split it into two rows")
        object.__setattr__(self, "weights", w)
        for name in ("gain", "tau_mem_us", "tau_syn_us", "dt_us", "threshold", "lsb"):
            positive(f"brainscales2: {name}", getattr(self, name))
        for name in ("synapse_spread", "threshold_spread", "tau_spread"):
            within(f"brainscales2: {name}", getattr(self, name), 0, 1)
        within("brainscales2: membrane_noise", self.membrane_noise, 0, np.inf)
        if finite_number("brainscales2: reset", self.reset) >= self.threshold:
            raise ValueError(f"brainscales2: reset: expected less than threshold {self.threshold}, got {self.reset}")


@dataclass(frozen=True)
class Run:
    """spikes (steps, [batch,] neurons) 0/1; v float32; reading: v in 8 bits; clipped: readings that hit an end."""

    spikes: npt.NDArray[np.uint8]
    v: Floats
    reading: npt.NDArray[np.uint8]
    clipped: int


def run(params: Params, raster: Any, *, chip_seed: int, noise_seed: int) -> Run:
    """Runs the model on (steps, [batch,] rows) 0/1.

    chip_seed : which chip: the fixed pattern, the same for all runs with it
    noise_seed: the noise in time

    Batch rows share the chip and have noise of their own.
    """
    rows, n = params.weights.shape
    x, alone = arriving("brainscales2: raster", raster, (rows,), 0, 1)
    steps, batch = x.shape[:2]
    chip = np.random.default_rng(whole("brainscales2: chip_seed", chip_seed, least=0))
    noise = np.random.default_rng(whole("brainscales2: noise_seed", noise_seed, least=0))

    def pattern(shape: tuple[int, ...], spread: float) -> Floats:
        drawn: Floats = 1 + np.float32(spread) * chip.standard_normal(shape, np.float32)
        return np.maximum(drawn, np.float32(LEAST_PART))

    w = (params.gain * params.weights * pattern((rows, n), params.synapse_spread)).astype(np.float32)
    keep_syn, keep_mem = (
        np.exp(-params.dt_us / (tau * pattern((n,), params.tau_spread))).astype(np.float32)
        for tau in (params.tau_syn_us, params.tau_mem_us)
    )
    threshold = (params.threshold * pattern((n,), params.threshold_spread)).astype(np.float32)
    i, v = np.zeros((batch, n), np.float32), np.zeros((batch, n), np.float32)
    spikes, rec_v = np.empty((steps, batch, n), np.uint8), np.empty((steps, batch, n), np.float32)
    for t in range(steps):
        i = keep_syn * i + x[t].astype(np.float32) @ w
        v = keep_mem * v + i + np.float32(params.membrane_noise) * noise.standard_normal((batch, n), np.float32)
        fired = v > threshold
        v = np.where(fired, np.float32(params.reset), v)
        spikes[t], rec_v[t] = fired, v
    level = np.rint(rec_v / np.float32(params.lsb)) + MIDDLE
    clipped = int(((level < 0) | (level > HIGHEST)).sum())
    reading = np.clip(level, 0, HIGHEST).astype(np.uint8)
    kept: list[Any] = [*(without_batch(a, alone) for a in (spikes, rec_v, reading)), clipped]
    return Run(*kept)
