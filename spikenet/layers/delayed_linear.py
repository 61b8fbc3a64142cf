"""DelayedLinear: a Linear layer in which every synapse has a delay of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor, TensorLike, outputs
from spikenet.kernels import memory, products
from spikenet.kernels.events import found
from spikenet.layers.delay import delay_steps
from spikenet.layers.layer import State, Training, as_input, entering, state_parts
from spikenet.layers.plain import plain

FEW = 8  # different delays up to which one product for each takes less time than looking up every synapse's own


class DelayedLinear:
    """y[t, j] = sum over i of weight[i, j] x[t - delays[i, j], i] + bias[j]; 0 before the first input has come through.

    n_in, n_out: sizes, >= 1
    delays     : whole numbers >= 0 of time steps, one a synapse (n_in, n_out) or what broadcasts to that
    bias, seed : as for Linear, and the weights start as there

    Input is (steps, batch, n_in). The state is one tensor (longest delay, batch, n_out): what has been sent and will
    arrive. With many different delays the work follows the input's events; with few, one product is made for each.
    Delays are not learnt.

    Raises TypeError for delays that are not whole, ValueError for negative ones and for sizes that do not fit.
    """

    kind = "DelayedLinear"
    states = ("on its way",)

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        delays: Any,
        bias: bool = True,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        self.n_in, self.n_out = whole("DelayedLinear: n_in", n_in), whole("DelayedLinear: n_out", n_out)
        given = delay_steps("DelayedLinear: delays", delays)
        try:
            self.delays: Array = np.broadcast_to(given, (self.n_in, self.n_out))
        except ValueError:
            raise ValueError(
                f"DelayedLinear: delays: expected shape ({n_in}, {n_out}) or what broadcasts to it, got {given.shape}"
            ) from None
        self._given = given
        rng, bound = np.random.default_rng(seed), 1 / math.sqrt(n_in)
        weight = rng.uniform(-bound, bound, (n_in, n_out)).astype(np.float32)
        self.weight = Tensor(weight, requires_grad=True, name="weight")
        self.bias: Tensor | None = None
        if bias:
            self.bias = Tensor(rng.uniform(-bound, bound, n_out).astype(np.float32), requires_grad=True, name="bias")

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        x = entering(self, x, state)
        if x.ndim != 3 or x.shape[2] != self.n_in or not x.size:
            raise ValueError(
                f"DelayedLinear: expected input (steps, batch, {self.n_in}) without empty axes, got {x.shape}; "
                "a missing batch axis is added with x[:, None]"
            )
        parts = state_parts("DelayedLinear", state, self.states)
        shape = (int(self.delays.max()), x.shape[1], self.n_out)
        pending = as_input("DelayedLinear: state", np.zeros(shape, x.dtype) if parts is None else parts[0], x.dtype)
        if pending.shape != shape:
            raise ValueError(
                f"DelayedLinear: expected a state of shape {shape} (longest delay, batch, n_out), got {pending.shape}"
            )
        y, after = delayed_linear(x, self.weight, pending, self.delays)
        return (y if self.bias is None else y + self.bias), (after,)

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": self.weight} | ({} if self.bias is None else {"bias": self.bias})

    def config(self) -> dict[str, Any]:
        delays = plain(self._given)
        return {"n_in": self.n_in, "n_out": self.n_out, "delays": delays, "bias": self.bias is not None}

    def __repr__(self) -> str:
        return f"DelayedLinear({self.n_in}, {self.n_out}, delays {self.delays.min()} to {self.delays.max()})"


def delayed_linear(x: Tensor, weight: Tensor, pending: Tensor, delays: Array) -> tuple[Tensor, Tensor]:
    """(what arrives at each step (steps, batch, n_out), what will arrive afterwards (longest delay, batch, n_out))."""
    from spikenet.kernels import delayed_products  # when first used: a kernel costs milliseconds to import

    steps, batch, n_in = x.shape
    longest, n_out = len(pending), weight.shape[1]
    kind, rows = x.dtype, steps * batch
    w = np.ascontiguousarray(weight.data, dtype=kind)
    events = x.events if x.events is not None and x.events.columns.shape == (rows, n_in) else None
    distinct = [int(d) for d in np.unique(delays)[::-1]]  # the longest first: so sums run in the order of time
    places = None
    if len(distinct) > FEW:
        places = delayed_products.offsets(delays, batch)
        events = found(np.ascontiguousarray(x.data).reshape(rows, n_in)) if events is None else events

    def values() -> Array:
        return np.ascontiguousarray(x.data).reshape(rows, n_in)

    def of_events() -> Array:
        return np.empty((0, n_in), kind) if events is not None and events.binary else values()

    def part(d: int) -> Array:
        return np.where(delays == d, w, kind.type(0))

    sums = memory.empty((longest + steps, batch, n_out), kind)
    sums[:longest] = pending.data
    sums[longest:] = 0
    if places is not None:
        assert events is not None
        delayed_products.add_delayed(of_events(), events, w, places, sums)
    else:
        for d in distinct:
            arriving = sums[d : d + steps].reshape(rows, n_out)
            arriving[...] = products.multiply(values, part(d), arriving, events)

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g = memory.zeros(sums.shape, kind)
        if arrived[0] is not None:
            g[:steps] = arrived[0]
        if arrived[1] is not None:
            g[steps:] = arrived[1]
        g_x = g_weight = None
        if places is not None:
            assert events is not None
            if x.requires_grad:
                g_x = delayed_products.input_gradient(g, w, places, rows)
            if weight.requires_grad:
                g_weight = delayed_products.weight_gradient(of_events(), events, g, places)
        else:
            for d in distinct:
                g_d = g[d : d + steps].reshape(rows, n_out)
                if x.requires_grad:
                    g_x = _sum(g_x, products.multiply_transposed(g_d, part(d), x.wanted))
                if weight.requires_grad:
                    g_weight = _sum(g_weight, products.transposed_multiply(values, g_d, events) * (delays == d))
        return [None if g_x is None else g_x.reshape(x.shape), g_weight, g[:longest]]

    results = outputs([sums[:steps], sums[steps:]], (x, weight, pending), vjp, operation="delayed linear")
    return results[0], results[1]


def _sum(total: Array | None, more: Array) -> Array:
    return more if total is None else np.add(total, more, out=total)
