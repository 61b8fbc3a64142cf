"""A layer in Xylo's integers, and all layers of a net in its one core."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.neurons import xylo
from hw.neurons.words import Integers
from hw.programs.arriving import later
from hw.programs.layer import LayerRun

Array = npt.NDArray[Any]
MET = ("current", "membrane", "capped")  # limits that hw.neurons.xylo counts by neuron
SILENT = xylo.STATE[1]  # a threshold that neurons which stand for sources never reach


@dataclass(frozen=True, eq=False)
class XyloLayer:
    """Some of the core's hidden neurons, or its outputs, and the synapses onto them.

    weights  : (inputs, n) int8, shifted left by `shift`; likewise recurrent_weights (n, n) or None
    threshold, bias, dash_mem, dash_syn: (n,) words;  scale: (n,) integers of v to the float net's 1
    is_output: whether these are the core's output neurons, which fire once a step at most
    """

    name: str
    shape: tuple[int, ...]
    weights: Integers
    shift: int
    recurrent_weights: Integers | None
    recurrent_shift: int
    threshold: Integers
    bias: Integers
    dash_mem: Integers
    dash_syn: Integers
    scale: Array
    reads_v: bool
    is_output: bool

    @property
    def n_inputs(self) -> int:
        return len(self.weights)

    @property
    def connectivity(self) -> Any:
        return sparse.csr_array(self.weights << self.shift)

    @property
    def recurrent(self) -> Any:
        given = self.recurrent_weights
        return None if given is None else sparse.csr_array(given << self.recurrent_shift)

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        """As in the core: what comes before a hidden layer is put in as inputs, without the inputs' cap."""
        x = later(spikes, late)
        if self.is_output:
            return self._outputs(x)
        params = core((replace(self, is_output=False), _sources(len(self.threshold), 1)))
        got = xylo.run(params, x, most_input=xylo.MOST_HIDDEN)
        met = dict(zip(MET, got.met.sum(axis=1).tolist(), strict=True))
        return _of_layer(self, got.hidden, got.i[..., 0], got.v, met)

    def _outputs(self, spikes: Array) -> LayerRun:
        """Outputs hear nothing but hidden neurons: some are told in each step when to fire."""
        steps, batch, n_in = spikes.shape
        params, nothing = core((_sources(1, n_in), self)), np.zeros((1, batch, 1), np.int64)
        before, got = xylo.run(params, nothing[:0]).state, list[xylo.Run]()
        for t in range(steps):
            told = xylo.State(before.i, before.v, spikes[t].astype(np.int64), before.i_out, before.v_out)
            got.append(xylo.run(params, nothing, told))
            before = got[-1].state
        out, i, v = (np.concatenate([getattr(run, name) for run in got]) for name in ("spikes", "i_out", "v_out"))
        return _of_layer(self, out, i, v, _of_outputs([run.overflow for run in got]))


def core(layers: tuple[XyloLayer, ...]) -> xylo.Params:
    """The core's configuration: the first layer hears the inputs, the last one is the outputs."""
    hidden, out = layers[:-1], layers[-1]
    ends = np.cumsum([0, *(len(layer.threshold) for layer in hidden)])
    n = int(ends[-1])
    w_in, w_rec = np.zeros((hidden[0].n_inputs, n), np.int64), np.zeros((n, n), np.int64)
    w_in[:, : ends[1]] = hidden[0].weights
    for k, layer in enumerate(hidden):
        own = slice(ends[k], ends[k + 1])
        if k:
            w_rec[ends[k - 1] : ends[k], own] = layer.weights
        if layer.recurrent_weights is not None:
            w_rec[own, own] = layer.recurrent_weights
    w_out = np.zeros((n, len(out.threshold)), np.int64)
    w_out[ends[-2] :] = out.weights
    shifts = {layer.shift for layer in hidden[1:]}
    shifts |= {layer.recurrent_shift for layer in hidden if layer.recurrent_weights is not None}
    assert len(shifts) <= 1  # of all connections among hidden neurons: hw.compilers.xylo.settle

    def joined(name: str) -> Array:
        return np.concatenate([getattr(layer, name) for layer in hidden])

    return xylo.Params(
        w_in, w_rec, w_out, joined("dash_mem"), joined("dash_syn"), joined("threshold"), out.dash_mem, out.dash_syn,
        out.threshold, bias=joined("bias"), bias_out=out.bias, shift_in=hidden[0].shift,
        shift_rec=next(iter(shifts), 0), shift_out=out.shift,
    )  # fmt: skip


def together(layers: tuple[XyloLayer, ...], spikes: Array) -> tuple[LayerRun, ...]:
    """What each layer does on (steps, batch, inputs), all of them in the one core."""
    ends = np.cumsum([0, *(len(layer.threshold) for layer in layers[:-1])])
    got = xylo.run(core(layers), spikes)
    found = []
    for k, layer in enumerate(layers[:-1]):
        own = slice(ends[k], ends[k + 1])
        met = dict(zip(MET, got.met[:, own].sum(axis=1).tolist(), strict=True))
        met |= {} if k else {"inputs_dropped": got.overflow.inputs_dropped}
        found.append(_of_layer(layer, got.hidden[..., own], got.i[..., own, 0], got.v[..., own], met))
    return (*found, _of_layer(layers[-1], got.spikes, got.i_out, got.v_out, _of_outputs([got.overflow])))


def _of_outputs(met: list[xylo.Overflow]) -> dict[str, int]:
    return {"current": sum(one.current_out for one in met), "membrane": sum(one.membrane_out for one in met)}


def _of_layer(layer: XyloLayer, spikes: Array, i: Array, v: Array, met: dict[str, int]) -> LayerRun:
    overflows = dict(met)
    if layer.reads_v:
        overflows["fired readout"] = int(np.count_nonzero(spikes))
    used = max(float(np.abs(a.astype(np.int32)).max(initial=0)) for a in (i, v)) / (1 << 15)
    sent = spikes.astype(np.int8)  # at most 31 a step
    return LayerRun(sent, v if layer.reads_v else None, overflows, used)


def _sources(inputs: int, n: int) -> XyloLayer:
    """n neurons that hear nothing and never fire of their own."""
    zeros = np.zeros(n, np.int64)
    words = np.zeros((inputs, n), np.int64), 0, None, 0, np.full(n, SILENT), zeros, zeros, zeros
    return XyloLayer("", (n,), *words, np.ones(n), reads_v=False, is_output=False)
