"""SpiNNaker 1: the current-based LIF neuron of sPyNNaker in s16.15, behind 16-bit ring buffers.

Read in sPyNNaker's C (neuron_model_lif_impl.h, threshold_type_static.h, exp_synapse_utils.h, decay.h, synapses.c,
neuron_impl_standard.h). accum is 32 bits signed, 1 = 2^15. One time step:

    ring buffers: a slot of 16 bits unsigned for each delay, sign and neuron; a synapse adds its weight to the slot and
                  the sum stops at 65535; the slot of this step leaves as  input = slot << shift  and is cleared
    i        += (input * init) >> 32              for each sign; init and decay are fractions of 2^32, >> is a floor
    if refract_timer <= 0:
        current = i_exc - i_inh + i_offset
        alpha   = mul(current, r) + v_rest
        v       = alpha - mul(e, alpha - v)                             mul(a, b) = (a*b + 2^14) >> 15
    else: refract_timer -= 1                                            v stays
    if v >= v_thresh:  a spike;  v = v_reset;  refract_timer = t_refract
    i         = (i * decay) >> 32                                       after it was used

Sums and products keep the low 32 bits (accum does not saturate; from memory, the C leaves it open); each that loses
something is counted. A slot << shift beyond 31 bits is likewise cut. The test is made in refractory steps, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons.words import Integers, arriving, bits, without_batch, word
from spikenet.errors import finite_number, positive, within
from spikenet.kernels.memory import read_only

ONE = 1 << 15
ACCUM = bits(32)
FRACTION = (0, (1 << 32) - 1)
SLOT = (1 << 16) - 1
DELAYS = 16  # 4 bits; sPyNNaker's default defines


@dataclass(frozen=True)
class Params:
    """A population's words, as arrays (n,) of integers; `from_physical` makes them.

    e, r               : exp(-dt/tau_m) and tau_m/c_m, s16.15
    v_rest, v_reset, v_thresh, i_offset: s16.15
    t_refract          : steps
    decay_exc, init_exc, decay_inh, init_inh: of the synaptic currents, fractions of 2^32
    shift_exc, shift_inh: left shift from a ring buffer's slot to s16.15, 0..31
    """

    n: int
    e: Any
    r: Any
    v_rest: Any
    v_reset: Any
    v_thresh: Any
    i_offset: Any
    t_refract: Any
    decay_exc: Any
    init_exc: Any
    decay_inh: Any
    init_inh: Any
    shift_exc: Any
    shift_inh: Any

    def __post_init__(self) -> None:
        ranges = dict.fromkeys(("e", "r", "v_rest", "v_reset", "v_thresh", "i_offset"), ACCUM)
        ranges |= {f"{name}_{sign}": FRACTION for name in ("decay", "init") for sign in ("exc", "inh")}
        ranges |= {"shift_exc": (0, 31), "shift_inh": (0, 31), "t_refract": (0, ACCUM[1])}
        for name, (low, high) in ranges.items():
            value = word(f"spinnaker: {name}", getattr(self, name), low, high, (self.n,))
            object.__setattr__(self, name, value)


def from_physical(
    n: int,
    *,
    tau_m_ms: float,
    c_m_nf: float,
    v_rest_mv: float,
    v_reset_mv: float,
    v_thresh_mv: float,
    i_offset_na: float = 0.0,
    t_refract_ms: float = 0.0,
    tau_exc_ms: float = 5.0,
    tau_inh_ms: float = 5.0,
    dt_ms: float = 1.0,
    shift_exc: int = 0,
    shift_inh: int = 0,
) -> Params:
    """The words of PyNN's IF_curr_exp, each rounded to the nearest (the chip's own exp may differ in the last bit).

    Raises ValueError for a time constant, a capacity or a step that is not > 0, a refractory period below 0, or a value
    that s16.15 cannot hold.
    """
    tau_m, dt = positive("spinnaker: tau_m_ms", tau_m_ms), positive("spinnaker: dt_ms", dt_ms)
    r = tau_m / positive("spinnaker: c_m_nf", c_m_nf)
    refractory = math.ceil(within("spinnaker: t_refract_ms", t_refract_ms, 0.0, math.inf) / dt)

    def accum(name: str, value: float) -> int:
        word = round(finite_number(f"spinnaker: {name}", value) * ONE)
        if not ACCUM[0] <= word <= ACCUM[1]:
            raise ValueError(f"spinnaker: {name}: expected a value in -65536..65535.99997 (s16.15), got {value}")
        return word

    def synapse(name: str, tau: float) -> tuple[int, int]:
        ratio = positive(f"spinnaker: {name}", tau) / dt
        kept = math.exp(-1 / ratio)
        return min(round(kept * 2**32), FRACTION[1]), min(round(ratio * (1 - kept) * 2**32), FRACTION[1])

    (decay_exc, init_exc), (decay_inh, init_inh) = synapse("tau_exc_ms", tau_exc_ms), synapse("tau_inh_ms", tau_inh_ms)
    return Params(
        n, accum("e", math.exp(-dt / tau_m)), accum("tau_m_ms / c_m_nf", r), accum("v_rest_mv", v_rest_mv),
        accum("v_reset_mv", v_reset_mv), accum("v_thresh_mv", v_thresh_mv), accum("i_offset_na", i_offset_na),
        refractory, decay_exc, init_exc, decay_inh, init_inh, shift_exc, shift_inh,
    )  # fmt: skip


@dataclass(frozen=True)
class State:
    """Where a run stopped: (batch, n) integers."""

    v: Integers
    i_exc: Integers
    i_inh: Integers
    refract_timer: Integers


@dataclass(frozen=True)
class Run:
    """What happened, time-major like the input, with its batch axis if that had one.

    spikes       : (steps, [batch,] n) 0/1
    v, i_exc, i_inh: s16.15 words after the step
    ring_overflow: sums that the 16 bits of a slot cut off;  accum_overflow: words that lost their high bits
    """

    spikes: npt.NDArray[np.uint8]
    v: npt.NDArray[np.int32]
    i_exc: npt.NDArray[np.int32]
    i_inh: npt.NDArray[np.int32]
    ring_overflow: int
    accum_overflow: int
    state: State


def run(params: Params, excitatory: Any, inhibitory: Any, state: State | None = None) -> Run:
    """Runs the population on the sums of weights arriving each step, (steps, n) or (steps, batch, n) integers >= 0.

    excitatory, inhibitory: sums of 16-bit weights; what exceeds 65535 is cut off as the ring buffer does, and counted
    state                 : as an earlier run returned it; None starts at v_rest

    Widths: s16.15, slots 16 bits, decays fractions of 2^32. Order: input, membrane, test, and then the currents
    decay. Rounding: products of s16.15 to the nearest, decays down. Overflow: slots stop at 65535, s16.15 keeps its
    low 32 bits (from memory); both are counted. Equations: `hw.neurons.spinnaker`. Source: sPyNNaker's C.

    `hw.neurons.ring_buffers.deliver` makes the sums from spikes. Raises ValueError for input that does not fit.
    """
    most = 2**53
    inputs = [arriving(f"spinnaker: {name}", x, (params.n,), 0, most)
              for name, x in (("excitatory", excitatory), ("inhibitory", inhibitory))]  # fmt: skip
    (exc, alone), (inh, _) = inputs
    if exc.shape != inh.shape:
        raise ValueError(f"spinnaker: expected both inputs of one shape, got {exc.shape} and {inh.shape}")
    steps, batch, n = exc.shape
    given = (params.v_rest, 0, 0, 0) if state is None else (state.v, state.i_exc, state.i_inh, state.refract_timer)
    states = [word("spinnaker: state", value, *ACCUM, (batch, n)).copy() for value in given]
    from hw.kernels import spinnaker_loop  # when first used: a kernel costs milliseconds to import

    recorded = [np.empty((steps, batch, n), kind) for kind in (np.uint8, np.int32, np.int32, np.int32)]
    cut = np.zeros(batch, np.int64)
    names = ("e", "r", "v_rest", "v_reset", "v_thresh", "i_offset", "t_refract",
             "decay_exc", "init_exc", "decay_inh", "init_inh", "shift_exc", "shift_inh")  # fmt: skip
    words = [read_only(np.ascontiguousarray(getattr(params, name), np.int64)) for name in names]
    slots = [read_only(np.minimum(x, SLOT)) for x in (exc, inh)]
    arguments: list[Any] = [*slots, *words, *states, *recorded, cut]
    spinnaker_loop.run_spinnaker(batch, *arguments)
    ring = int((exc > SLOT).sum() + (inh > SLOT).sum())
    ends: list[Any] = [without_batch(array, alone) for array in recorded]
    ends += [ring, int(cut.sum()), State(*states)]
    return Run(*ends)
