"""What arrives at each step through synapses with delays, as one operation of the graph beside its vjp."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, outputs
from spikenet.kernels import memory, products
from spikenet.kernels.events import found

FEW = 8  # different delays up to which one product for each takes less time than looking up every synapse's own


def arriving(x: Tensor, weight: Tensor, first: Array | None, pending: Tensor) -> tuple[Tensor, Tensor]:
    """(what arrives at each step (steps, batch, n_out), what will arrive afterwards (longest delay, batch, n_out)).

    x      : (steps, batch, n_in)
    weight : (n_in, taps, n_out): tap q of a synapse arrives first[i, j] + q steps later
    first  : (n_in, n_out) whole numbers; None: 0 for every synapse
    pending: (longest delay, batch, n_out) that had been sent before the first step
    """
    from spikenet.kernels import delayed_products  # when first used: a kernel costs milliseconds to import

    steps, batch, n_in = x.shape
    longest, taps, n_out = len(pending), weight.shape[1], weight.shape[2]
    kind, rows = x.dtype, steps * batch
    w = np.ascontiguousarray(weight.data, dtype=kind)
    events = x.events if x.events is not None and x.events.columns.shape == (rows, n_in) else None
    distinct = range(taps) if first is None else [int(d) for d in np.unique(first)]
    places = None
    if first is not None and (taps > 1 or len(distinct) > FEW):
        places = delayed_products.offsets(first, batch)
        events = found(np.ascontiguousarray(x.data).reshape(rows, n_in)) if events is None else events

    def values() -> Array:
        return np.ascontiguousarray(x.data).reshape(rows, n_in)

    def of_events() -> Array:
        return np.empty((0, n_in), kind) if events is not None and events.binary else values()

    def part(d: int) -> Array:
        """The weights of all contributions that arrive d steps later."""
        return np.ascontiguousarray(w[:, d]) if first is None else np.where(first == d, w[:, 0], kind.type(0))

    sums = memory.empty((longest + steps, batch, n_out), kind)
    sums[:longest] = pending.data
    sums[longest:] = 0
    if places is not None:
        assert events is not None
        delayed_products.add_delayed(of_events(), events, w, places, sums)
    else:
        for d in reversed(distinct):  # the longest first: so sums run in the order of time
            into = sums[d : d + steps].reshape(rows, n_out)
            into[...] = products.multiply(values, part(d), into, events)

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
                g_weight = delayed_products.weight_gradient(of_events(), events, g, places, taps)
        else:
            g_weight = memory.zeros(w.shape, kind) if weight.requires_grad else None
            for d in reversed(distinct):
                g_d = g[d : d + steps].reshape(rows, n_out)
                if x.requires_grad:
                    g_x = _sum(g_x, products.multiply_transposed(g_d, part(d), x.wanted))
                if g_weight is not None:
                    g_part = products.transposed_multiply(values, g_d, events)
                    if first is None:
                        g_weight[:, d] = g_part
                    else:
                        g_weight[:, 0] += g_part * (first == d)
        return [None if g_x is None else g_x.reshape(x.shape), g_weight, g[:longest]]

    results = outputs([sums[:steps], sums[steps:]], (x, weight, pending), vjp, operation="delayed linear")
    return results[0], results[1]


def _sum(total: Array | None, more: Array) -> Array:
    return more if total is None else np.add(total, more, out=total)
