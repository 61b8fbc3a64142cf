"""BrainScaleS-2: NOT bit exact. An analogue chip has no integers to reproduce; this is a noisy, quantised model.

What constrains a net on the chip and is modelled: 6-bit weights that saturate, one sign a synapse row, 256 rows a
neuron circuit, fixed-pattern differences between neurons and synapses, noise in time, an 8-bit reading of membranes.
How large the noise is depends on the chip and its calibration: every amplitude has to be given, there is no default.

    i = keep_syn * i + gain * sum of w (1 + pattern)      w in -63..63; pattern normal, sd `synapse_spread`
    v = keep_mem * v + i + offset + noise                 noise normal, sd `membrane_noise`
    fires where v > threshold (1 + pattern);  v = reset
    reading = clip(round(v / lsb) + 128, 0, 255)

float32; keep = exp(-dt / tau), tau with a pattern of its own, sd `tau_spread`. Rows, 6 bits and 256: see hw/chips. A
row's synapses choose by a 6-bit address which of its sources they hear [from memory], so that 256 is the number of
synapses of a circuit, not of rows in all. Noise is a function of the seed and of the sample, step and circuit it is
for, and sums are exact: what a sample gives does not depend on those it runs with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons.words import arriving, integers, one_or_each, without_batch
from spikenet.errors import finite_values, positive, positive_values, whole, within
from spikenet.kernels.normals import fill_normals

IS_BIT_EXACT = False
ROWS, NEURONS, WEIGHT = 256, 512, 63
MIDDLE, HIGHEST = 128, 255  # of the 8-bit reading
OF_CIRCUITS = ("tau_mem_us", "tau_syn_us", "threshold", "reset", "membrane_noise", "offset")
LEAST_PART = 0.05  # of a time constant or threshold that a fixed pattern leaves at least
EXACT = 1 << 16  # parts of a unit of weight that the pattern is rounded to: sums of such are exact in float64
SYNAPSES, OWN_SYNAPSES, THRESHOLDS, TAUS_SYN, TAUS_MEM, MEMBRANES = range(6)  # what noise is for
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Params:
    """A population of circuits.

    weights     : (rows, neurons) integers -63..63, of one sign in each row; at most 512 neurons
    gain        : what one unit of weight adds to the current
    tau_mem_us, tau_syn_us, dt_us: > 0, microseconds of the chip's own, accelerated time
    threshold   : > 0; reset: below it; lsb: > 0, one step of the 8-bit reading; all in units of v
    *_spread    : standard deviation of the fixed pattern, relative, 0..1
    membrane_noise: standard deviation of what is added to v each step, >= 0
    offset      : what is added to v each step besides, as a leak potential other than 0 does
    recurrent   : as weights, (neurons or twice as many, neurons) from the circuits themselves, a step later; row r
                  hears circuit r % neurons; None: no such synapses

    Time constants, threshold, reset, offset and membrane_noise are numbers or one a circuit. A circuit has at most 256
    synapses whose weight is not 0.
    """

    weights: Any
    gain: float
    tau_mem_us: Any
    tau_syn_us: Any
    dt_us: float
    threshold: Any
    reset: Any
    lsb: float
    synapse_spread: float
    threshold_spread: float
    tau_spread: float
    membrane_noise: Any
    offset: Any = 0.0
    recurrent: Any = None

    def __post_init__(self) -> None:
        w = _rows("weights", self.weights)
        object.__setattr__(self, "weights", w)
        n, taken = w.shape[1], np.count_nonzero(w, axis=0)
        if self.recurrent is not None:
            own = _rows("recurrent", self.recurrent)
            if own.shape not in ((n, n), (2 * n, n)):
                raise ValueError(f"brainscales2: recurrent: expected ({n}, {n}) or ({2 * n}, {n}), got {own.shape}")
            object.__setattr__(self, "recurrent", own)
            taken = taken + np.count_nonzero(own, axis=0)
        if n > NEURONS or taken.max(initial=0) > ROWS:
            raise ValueError(
                f"brainscales2: weights: expected at most ({ROWS}, {NEURONS}), got {taken.max(initial=0)} synapses of "
                f"a circuit and {n} circuits"
            )
        for name in OF_CIRCUITS:
            one_or_each(f"brainscales2: {name}", getattr(self, name), n)
        for name in ("gain", "dt_us", "lsb"):
            positive(f"brainscales2: {name}", getattr(self, name))
        for name in ("tau_mem_us", "tau_syn_us", "threshold"):
            positive_values(f"brainscales2: {name}", getattr(self, name))
        for name in ("synapse_spread", "threshold_spread", "tau_spread"):
            within(f"brainscales2: {name}", getattr(self, name), 0, 1)
        finite_values("brainscales2: offset", self.offset)
        noise = finite_values("brainscales2: membrane_noise", self.membrane_noise)
        if (noise < 0).any():
            raise ValueError(f"brainscales2: membrane_noise: expected 0 and more, got {noise.min():g}")
        reset, threshold = finite_values("brainscales2: reset", self.reset), np.asarray(self.threshold)
        if (reset >= threshold).any():
            raise ValueError(
                f"brainscales2: reset: expected less than threshold {threshold.min():g}, got {reset.max():g}"
            )


@dataclass(frozen=True)
class Run:
    """spikes (steps, [batch,] neurons) 0/1; v float32; reading: v in 8 bits; clipped: readings that hit an end."""

    spikes: npt.NDArray[np.uint8]
    v: Floats
    reading: npt.NDArray[np.uint8]
    clipped: int


def run(
    params: Params, raster: Any, *, chip_seed: int, noise_seed: int, first_sample: int = 0, first_circuit: int = 0
) -> Run:
    """Runs the model on (steps, [batch,] rows) 0/1.

    chip_seed : which chip: the fixed pattern, the same for all runs with it
    noise_seed: the noise in time
    first_sample, first_circuit: numbers of the first batch row, which has noise of its own, and of the first neuron,
                which has a pattern of its own: so a batch may be divided, and populations share a chip

    NOT bit exact. Widths: weights 6 bits, readings 8, all else float32. Order: currents, membrane, noise, test, reset.
    Rounding: readings to the nearest. Overflow: readings saturate, and are counted. Source: hw/chips/brainscales2.py.
    """
    rows, n = params.weights.shape
    x, alone = arriving("brainscales2: raster", raster, (rows,), 0, 1)
    steps, batch = x.shape[:2]
    chip, noise = (whole(f"brainscales2: {name}", seed, least=0) for name, seed in
                   (("chip_seed", chip_seed), ("noise_seed", noise_seed)))  # fmt: skip
    sample = whole("brainscales2: first_sample", first_sample, least=0)
    circuit = whole("brainscales2: first_circuit", first_circuit, least=0)

    def pattern(shape: tuple[int, int], spread: float, purpose: int) -> Floats:
        drawn = np.zeros(shape, np.float32)
        if spread:
            fill_normals(drawn, 0, circuit, 0, purpose, chip)
        found: Floats = np.maximum(1 + np.float32(spread) * drawn, np.float32(LEAST_PART))
        return found

    def held(weights: Any, purpose: int) -> Any:
        """In parts of a unit, whole numbers of float64."""
        return np.rint(weights * pattern(weights.shape, params.synapse_spread, purpose).astype(np.float64) * EXACT)

    keep_syn, keep_mem = (
        np.exp(-params.dt_us / (tau * pattern((1, n), params.tau_spread, purpose)[0])).astype(np.float32)
        for tau, purpose in ((params.tau_syn_us, TAUS_SYN), (params.tau_mem_us, TAUS_MEM))
    )
    threshold = (params.threshold * pattern((1, n), params.threshold_spread, THRESHOLDS)[0]).astype(np.float32)
    unit, has_noise = params.gain / EXACT, bool(np.any(params.membrane_noise))
    w, own = held(params.weights, SYNAPSES), None
    if params.recurrent is not None:
        own = held(params.recurrent, OWN_SYNAPSES)
    amplitude, offset, reset = (
        np.broadcast_to(np.asarray(a, np.float32), (n,)) for a in (params.membrane_noise, params.offset, params.reset)
    )
    sums = ((x.reshape(-1, rows).astype(np.float64) @ w) * unit).astype(np.float32).reshape(steps, batch, n)
    i, v, drawn = (np.zeros((batch, n), np.float32) for _ in range(3))
    spikes, rec_v = np.zeros((steps, batch, n), np.uint8), np.empty((steps, batch, n), np.float32)
    for t in range(steps):
        i = keep_syn * i + sums[t]
        if own is not None and t:
            sent = np.tile(spikes[t - 1], len(own) // n).astype(np.float64)
            i += ((sent @ own) * unit).astype(np.float32)
        if has_noise:
            fill_normals(drawn, sample, circuit, t, MEMBRANES, noise)
        v = keep_mem * v + i + offset + amplitude * drawn
        fired = v > threshold
        v = np.where(fired, reset, v)
        spikes[t], rec_v[t] = fired, v
    level = np.rint(rec_v / np.float32(params.lsb)) + MIDDLE
    clipped = int(((level < 0) | (level > HIGHEST)).sum())
    reading = np.clip(level, 0, HIGHEST).astype(np.uint8)
    kept: list[Any] = [*(without_batch(a, alone) for a in (spikes, rec_v, reading)), clipped]
    return Run(*kept)


def _rows(name: str, weights: Any) -> Any:
    w = integers(f"brainscales2: {name}", weights, -WEIGHT, WEIGHT, hint="quantise to 6 bits and a sign")
    if w.ndim != 2:
        raise ValueError(f"brainscales2: {name}: expected (rows, neurons), got shape {w.shape}")
    mixed = np.flatnonzero((w > 0).any(axis=1) & (w < 0).any(axis=1))
    if len(mixed):
        raise ValueError(f"brainscales2: {name}: row {mixed[0]} has weights of both signs; split it into two rows")
    return w
