"""Weights whose gradient takes a trace of their input in place of the input itself, one step of time after another.

A leaky membrane that nothing feeds back to holds sum over k of leak^k W x[t - k]: its derivative in W is the filtered
input. So the gradient of a step needs no step before it, only the trace. A synaptic current filters a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor
from spikenet.graph.backward import reverse_pass
from spikenet.graph.recording import recording
from spikenet.layers import Layer, Linear
from spikenet.layers.convolution import Convolution
from spikenet.layers.spiking import Spiking

Synapses = Linear | Convolution
FILTERS = ("syn_leak", "leak")  # in the order in which a current passes them


def filters(name: str, neurons: Layer | None) -> tuple[float, ...]:
    """What is kept per step in each filter between a current and the membrane; () for outputs without neurons.

    Raises TypeError for neurons whose membrane is no filtered current, ValueError where neurons of a layer differ.
    """
    if neurons is None:
        return ()
    if not isinstance(neurons, Spiking) or neurons.kind not in ("IF", "LIF", "CubaLIF", "LI"):
        raise TypeError(
            f"{name}: expected IF, LIF, CubaLIF or LI after weights, whose membranes are filtered currents, got "
            f"{neurons!r:.60}"
        )
    kept = []
    for parameter in FILTERS:
        if parameter in neurons.values:
            values = np.unique(neurons.values[parameter].data)
            if values.size != 1:
                raise ValueError(f"{name}: expected one {parameter} for all of {neurons!r:.60}, got {values.size}")
            kept.append(float(values[0]))
    return tuple(kept) or (1.0,)


class Trace:
    """The filtered input of one layer of weights, and that of a constant 1 for its bias; replaced at every step."""

    def __init__(self, keeps: Sequence[float]) -> None:
        self.keeps = tuple(keeps)
        self.of_input: list[Any] = [0.0] * len(self.keeps)
        self.of_one = [0.0] * len(self.keeps)

    def after(self, x: Array) -> tuple[Array, float]:
        """The traces with this step's input in them; the input itself where nothing filters."""
        signal, one = x, 1.0
        for k, keep in enumerate(self.keeps):
            signal = self.of_input[k] = x.dtype.type(keep) * self.of_input[k] + signal
            one = self.of_one[k] = keep * self.of_one[k] + one
        return signal, one


def traced(layer: Synapses, x: Tensor, trace: Trace) -> Tensor:
    """layer(x), whose vjp sends gradients to x as ever and to the weights by the trace; the trace takes x in."""
    seen, one = trace.after(x.data)
    parents = (x, *layer.parameters().values())
    if isinstance(layer, Linear):
        return _traced_linear(layer, x, seen, one)
    y = layer(Tensor(x.data))

    def vjp(g: Array) -> tuple[Array | None, ...]:
        with recording():
            given = Tensor(x.data, requires_grad=True)
            g_x = _gradients(layer(given), g).get(given) if x.requires_grad else None
            found = _gradients(layer(Tensor(np.ascontiguousarray(seen))), g)
        g_bias = () if layer.bias is None else (found[layer.bias] * g.dtype.type(one),)
        return (g_x, found[layer.weight], *g_bias)

    return Tensor(y.data, parents, vjp, operation="traced")


def _traced_linear(layer: Linear, x: Tensor, seen: Array, one: float) -> Tensor:
    weight, bias = layer.weight, layer.bias
    w = weight.data
    y = x.data @ w if bias is None else x.data @ w + bias.data

    def vjp(g: Array) -> tuple[Array | None, ...]:
        rows = g.reshape(-1, w.shape[1])
        g_x = g @ w.T if x.requires_grad else None
        g_bias = () if bias is None else (rows.sum(axis=0) * g.dtype.type(one),)
        return (g_x, seen.reshape(-1, w.shape[0]).T @ rows, *g_bias)

    return Tensor(y, (x, weight) if bias is None else (x, weight, bias), vjp, operation="traced")


def _gradients(y: Tensor, g: Array) -> dict[Tensor, Array]:
    return {node: np.asarray(total) for node, total, _ in reverse_pass(y, g) if node.vjp is None}
