"""SynSense Xylo: a layer of hidden neurons, and one of outputs, in 16-bit integers.

How many inputs, neurons and outputs a chip has (Audio 2: 16, 1000 and 8) is its record's to limit, `hw.chips.xylo`, not
theirs here: the integers are the same at any size.

One step, as the vendor's simulator xylosim 0.1.3 has it (XyloIAFNeuron.cpp, XyloLayer.cpp; equal bit for bit to it):

    dash(x, k) = x >> k, or 1 where that is 0 and x > 0          arithmetic shift: a negative x loses at least 1 anyway
    sat(x)     = clip(x, -32768, 32767)

    i[s]  = sat(i[s] + (w << shift))    event by event: inputs by channel, at most 15 each, then hidden neurons of the
                                        step before by index, at most 31 each; outputs hear the hidden neurons
    i[s] -= dash(i[s], dash_syn[s])     so a current decays before it is used
    V2:  dv = sat(-dash(v, dash_mem) + i[0] + i[1]);  dv = sat(dv + bias);  v = sat(v + dv)
    V1:  v -= dash(v, dash_mem);  v = sat(v + i[0] + i[1])       no bias
    n     = what aliases have already given it in this step
    while v >= threshold and n < 31: n += 1, v -= threshold      outputs: at most 1
    the neuron's alias target gets n spikes as well, 31 in all at most

Neurons go by index: an alias target behind its source begins from the source's count, one before it only gains it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons.words import Integers, arriving, bits, integers, without_batch, word
from spikenet.kernels.memory import read_only

MOST_INPUT, MOST_HIDDEN, MOST_OUTPUT = 15, 31, 1  # spikes a step; xylosim XyloLayer.h
DASH = 15  # 4 bits
SHIFT = 7  # 3 bits, from memory
STATE = bits(16)
WEIGHT = bits(8)


class Core(Enum):
    """Which integers: V1 is the first Xylo, V2 (SYNS61201 and later) knows biases and hibernation."""

    V1 = 1
    V2 = 2


@dataclass(frozen=True)
class Params:
    """A Xylo's configuration; scalars are spread over neurons.

    w_in      : (inputs, hidden) or (inputs, hidden, 2) int8, the last axis being the synapse
    w_rec     : (hidden, hidden) or (hidden, hidden, 2) int8, from row to column
    w_out     : (hidden, outputs) int8
    dash_mem, dash_mem_out, dash_syn_out: 0..15, a decay factor 1 - 2^-dash; 0 forgets everything
    dash_syn  : (hidden,) or (hidden, 2), likewise
    threshold, threshold_out: 1..32767
    bias, bias_out: 16 bits signed; None: none (V1 has none)
    alias     : (hidden,) index of the neuron that fires along, -1 for none
    shift_in, shift_rec, shift_out: left shift of the weights, 0..7
    """

    w_in: Any
    w_rec: Any
    w_out: Any
    dash_mem: Any
    dash_syn: Any
    threshold: Any
    dash_mem_out: Any
    dash_syn_out: Any
    threshold_out: Any
    bias: Any = None
    bias_out: Any = None
    alias: Any = -1
    shift_in: int = 0
    shift_rec: int = 0
    shift_out: int = 0
    core: Core = Core.V2
    has_bias: bool = field(init=False)  # the chip's switch; with it the hibernation flag comes a step late

    def __post_init__(self) -> None:
        put = object.__setattr__
        w_in, w_rec = (_synapses(f"xylo: {n}", getattr(self, n)) for n in ("w_in", "w_rec"))
        w_out = integers("xylo: w_out", self.w_out, *WEIGHT)
        n_hidden = w_in.shape[1]
        if w_rec.shape[:2] != (n_hidden, n_hidden) or w_out.ndim != 2 or len(w_out) != n_hidden:
            raise ValueError(
                f"xylo: expected w_rec ({n_hidden}, {n_hidden}) and w_out ({n_hidden}, outputs) for w_in "
                f"{w_in.shape[:2]}, got {w_rec.shape[:2]} and {w_out.shape}"
            )
        if not isinstance(self.core, Core):
            raise TypeError(f"xylo: core: expected Core.V1 or Core.V2, got {self.core!r}")
        if self.core is Core.V1 and (self.bias is not None or self.bias_out is not None):
            raise ValueError("xylo: bias: the V1 core has none; leave bias and bias_out out or take Core.V2")
        for name, value in (("w_in", w_in), ("w_rec", w_rec), ("w_out", w_out)):
            put(self, name, value)
        hidden, out = (n_hidden,), (w_out.shape[1],)
        dash_syn = np.asarray(self.dash_syn)
        put(self, "dash_syn", word("xylo: dash_syn", dash_syn[:, None] if dash_syn.ndim == 1 else dash_syn, 0, DASH,
                                   (n_hidden, 2)))  # fmt: skip
        ranges = {"dash_mem": (0, DASH), "threshold": (1, STATE[1]), "alias": (-1, n_hidden - 1)}
        for name, (low, high) in ranges.items():
            put(self, name, word(f"xylo: {name}", getattr(self, name), low, high, hidden))
        for name, (low, high) in {"dash_mem": (0, DASH), "dash_syn": (0, DASH), "threshold": (1, STATE[1])}.items():
            put(self, f"{name}_out", word(f"xylo: {name}_out", getattr(self, f"{name}_out"), low, high, out))
        put(self, "has_bias", self.bias is not None or self.bias_out is not None)
        for name, shape in (("bias", hidden), ("bias_out", out)):
            given = getattr(self, name)
            put(self, name, word(f"xylo: {name}", 0 if given is None else given, *STATE, shape))
        for name in ("shift_in", "shift_rec", "shift_out"):
            put(self, name, int(integers(f"xylo: {name}", getattr(self, name), 0, SHIFT)))


@dataclass(frozen=True)
class State:
    """Where a run stopped: (batch, ...) integers. spikes: hidden spikes still to be delivered."""

    i: Integers
    v: Integers
    spikes: Integers
    i_out: Integers
    v_out: Integers


@dataclass(frozen=True)
class Overflow:
    """How often a limit was met, over the whole run: never silent.

    current, membrane        : saturating additions of hidden neurons that met +-2^15
    current_out, membrane_out: of output neurons
    capped                   : hidden neurons and steps in which 31 spikes were not enough
    inputs_dropped           : input events beyond 15 a channel and step
    """

    current: int
    membrane: int
    current_out: int
    membrane_out: int
    capped: int
    inputs_dropped: int


@dataclass(frozen=True)
class Run:
    """What happened, time-major like the raster, with its batch axis if that had one.

    spikes      : (steps, [batch,] outputs) 0/1;  hidden: (steps, [batch,] hidden) 0..31
    i           : (steps, [batch,] hidden, 2) currents after decay; i_out, v, v_out alike, after the step
    hibernating : (steps, [batch,]) whether the chip would sleep (with biases on told one step late); V1: never
    overflow    : of the whole core;  met: (3, hidden) current, membrane, capped of each hidden neuron
    """

    spikes: npt.NDArray[np.uint8]
    hidden: npt.NDArray[np.uint8]
    i: npt.NDArray[np.int16]
    v: npt.NDArray[np.int16]
    i_out: npt.NDArray[np.int16]
    v_out: npt.NDArray[np.int16]
    hibernating: npt.NDArray[np.bool_]
    overflow: Overflow
    met: Integers
    state: State


def run(params: Params, raster: Any, state: State | None = None, *, most_input: int = MOST_INPUT) -> Run:
    """Runs a Xylo on `raster` (steps, inputs) or (steps, batch, inputs), counts of input events 0..255.

    state     : as an earlier run returned it, to carry on; None starts from rest
    most_input: events of a channel and step that are taken: 15; 31 where channels stand for hidden neurons

    Widths: currents and membranes 16 bits, weights 8 shifted left, decays 4. Order: events by channel, then hidden
    neurons by number; currents decay before they are used, then the membrane, then the spikes, down a threshold each.
    Rounding: decays x >> k are floors, and at least 1. Overflow: every addition saturates, and is counted, as are the
    events and spikes beyond 15 and 31. Equations: `hw.neurons.xylo`. Source: xylosim 0.1.3.

    Raises ValueError for a raster or a state that does not fit.
    """
    n_in, n, m = params.w_in.shape[0], params.w_rec.shape[0], params.w_out.shape[1]
    x, alone = arriving("xylo: raster", raster, (n_in,), 0, 255, np.uint8)
    steps, batch = x.shape[:2]
    from hw.kernels import xylo_loop  # when first used: a kernel costs milliseconds to import

    shapes = ((batch, 2, n), (batch, n), (batch, n), (batch, 2, m), (batch, m))
    states = [np.zeros(shape, np.int32) for shape in shapes]
    if state is not None:
        if state.v.shape != (batch, n) or state.v_out.shape != (batch, m):
            raise ValueError(f"xylo: state of {state.v.shape} neurons does not fit ({batch}, {n}); one batch, one chip")
        given = (state.i.transpose(0, 2, 1), state.v, state.spikes, state.i_out[:, None], state.v_out)
        for ours, old in zip(states, given, strict=True):
            ours[...] = old
    hidden, spikes = np.empty((steps, batch, n), np.uint8), np.empty((steps, batch, m), np.uint8)
    i, v = np.empty((steps, batch, 2, n), np.int16), np.empty((steps, batch, n), np.int16)
    i_out, v_out = np.empty((steps, batch, m), np.int16), np.empty((steps, batch, m), np.int16)
    quiet, met = np.empty((steps, batch), np.bool_), np.zeros((batch, 4, n), np.int32)
    met_out = np.zeros((batch, 2, m), np.int32)
    dash_out = np.stack([params.dash_syn_out, np.zeros(m, np.int64)])
    words = (params.dash_syn.T, params.dash_mem, params.threshold, params.bias, params.alias, dash_out,
             params.dash_mem_out, params.threshold_out, params.bias_out)  # fmt: skip
    arguments: list[Any] = [
        read_only(np.minimum(x, np.uint8(most_input))),
        *(read_only(array) for array in _synapse_lists(params)),
        *(read_only(np.ascontiguousarray(a, np.int32)) for a in words),
        *(params.core is Core.V1, params.has_bias),
        *states,
        *(hidden, spikes, i, v, i_out, v_out, quiet, met, met_out),
    ]
    xylo_loop.run_xylo(batch, *arguments)
    ends = (states[0].transpose(0, 2, 1), states[1], states[2], states[3][:, 0], states[4])
    after: list[Any] = [np.ascontiguousarray(a, np.int64) for a in ends]
    happened = (spikes, hidden, i.transpose(0, 1, 3, 2), v, i_out, v_out, quiet)
    each = np.concatenate([met[:, :2].sum(axis=1, keepdims=True), met[:, 2:]], axis=1).sum(axis=0, dtype=np.int64)
    dropped = int((np.maximum(x, np.uint8(most_input)) - np.uint8(most_input)).sum())
    (current, membrane, capped), (current_out, membrane_out) = each.sum(axis=1).tolist(), met_out.sum(axis=(0, 2))
    overflow = Overflow(current, membrane, int(current_out), int(membrane_out), capped, dropped)
    recorded: list[Any] = [*(without_batch(a, alone) for a in happened), overflow, each, State(*after)]
    return Run(*recorded)


def _synapses(name: str, weights: Any) -> Integers:
    w = integers(name, weights, *WEIGHT, hint="scale the weights to 8 bits")
    if w.ndim == 2:
        return np.stack([w, np.zeros_like(w)], axis=2)
    if w.ndim != 3 or w.shape[2] != 2:
        raise ValueError(f"{name}: expected (from, to) or (from, to, 2 synapses), got {w.shape}")
    return w


def _synapse_lists(params: Params) -> tuple[npt.NDArray[Any], ...]:
    """(start, target, weight, whole): each source's synapses, inputs first, then hidden to hidden, hidden to outputs.

    A hidden target is synapse * hidden + neuron; synapses of source k are start[k] to start[k + 1] - 1. Rows of which
    much is not 0 are whole: all targets from the first to the last, which is a loop without a look at targets.
    """
    by_synapse = ((params.w_in, params.shift_in), (params.w_rec, params.shift_rec))
    tables = [(w << shift).transpose(0, 2, 1).reshape(len(w), -1) for w, shift in by_synapse]
    tables.append(params.w_out << params.shift_out)
    kept, whole = [], []
    for table in tables:
        listed, columns = table != 0, np.arange(table.shape[1])
        first, last = listed.argmax(axis=1), table.shape[1] - 1 - listed[:, ::-1].argmax(axis=1)
        whole.append(listed.any(axis=1) & (8 * listed.sum(axis=1) > last + 1 - first))
        between = (columns >= first[:, None]) & (columns <= last[:, None])
        kept.append(listed | (between & whole[-1][:, None]))
    start = np.concatenate([[0], np.cumsum(np.concatenate([listed.sum(axis=1) for listed in kept]))])
    target = np.concatenate([np.nonzero(listed)[1] for listed in kept])
    weight = np.concatenate([table[listed] for table, listed in zip(tables, kept, strict=True)])
    return start.astype(np.int64), target.astype(np.int32), weight.astype(np.int32), np.concatenate(whole)
