"""The time loop of a spiking LSTM over pictures as one operation of the graph, beside its vjp.

The input's convolution is of all steps at once and comes before; in the loop are the convolution of the hidden state
and one compiled pass over the gates. The gradient of the weight, too, is that of all steps at once.
"""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, outputs
from spikenet.kernels import conv_routes, memory, spiking_gates
from spikenet.kernels.filters import Filters
from spikenet.kernels.threads import enough_threads
from spikenet.layers.spiking_gates_time import KINDS, attached
from spikenet.neurons.reset import Reset
from spikenet.neurons.surrogate import Surrogate

NS_PER_GATE = 3.0  # of one pass forward or backward, one core, about what it takes here


def spiking_maps_over_time(
    given: Tensor, weight: Tensor, h: Tensor, c: Tensor, threshold: float, reset: Reset, surrogate: Surrogate,
    shape: Filters,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """(spikes (steps, batch, n, height, width), hidden state and cell after the last step (batch, n, height, width)).

    given : (steps, batch, 4 n, height, width) of the input, with the bias
    weight: (4 n, n, kernel, kernel) of the hidden state;  shape: of its convolution
    h, c  : before the first step
    """
    steps, batch, picture, dtype = len(given.data), len(h.data), h.shape[1:], given.dtype
    n, width = shape.n_x, shape.n_y
    w = np.ascontiguousarray(weight.data, dtype).reshape(shape.n_out, shape.depth)
    kind, detached = KINDS[attached(reset)], int(attached(reset) is not reset)
    z = memory.empty((steps, batch, width), dtype)
    inner, v, fired = (memory.empty((steps, batch, n), dtype) for _ in range(3))
    hidden, cell = (memory.empty((steps + 1, batch, n), dtype) for _ in range(2))
    hidden[0], cell[0] = h.data.reshape(batch, n), c.data.reshape(batch, n)
    limit, work_ns = np.full(1, threshold, dtype), batch * width * NS_PER_GATE
    for t in range(steps):
        sums = conv_routes.forward(lambda t=t: hidden[t], None, w, None, shape)  # type: ignore[misc]
        np.add(given.data[t].reshape(batch, width), sums, out=z[t])
        with enough_threads(work_ns):
            spiking_gates.step_forward(
                batch, kind, limit, z[t], inner[t], v[t], fired[t], hidden[t], cell[t], hidden[t + 1], cell[t + 1]
            )

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g_fired = np.zeros_like(fired) if arrived[0] is None else np.ascontiguousarray(arrived[0], dtype)
        g_fired = g_fired.reshape(fired.shape)
        g_h, g_c = (memory.zeros((batch, n), dtype) for _ in range(2))
        for into, g in zip((g_h, g_c), arrived[1:], strict=True):
            if g is not None:
                into[...] = g.reshape(batch, n)
        slope = np.ascontiguousarray(surrogate.derivative(v - limit), dtype)
        g_z = memory.empty(z.shape, dtype)
        for t in reversed(range(steps)):
            with enough_threads(work_ns):
                spiking_gates.step_backward(
                    batch, kind, detached, limit, z[t], inner[t], v[t], fired[t], slope[t], hidden[t], cell[t],
                    g_fired[t], g_h, g_c, g_z[t],
                )  # fmt: skip
            g_h += conv_routes.input_gradient(g_z[t], w, None, shape)
        g_weight = None
        if weight.requires_grad:
            rows = g_z.reshape(-1, width)
            before = hidden[:-1].reshape(-1, n)
            g_weight = conv_routes.weight_gradient(lambda: before, None, rows, shape)[0].reshape(weight.shape)
        return [g_z.reshape(given.shape), g_weight, g_h.reshape(h.shape), g_c.reshape(c.shape)]

    made = [fired.reshape(steps, batch, *picture), *(a[-1].reshape(batch, *picture).copy() for a in (hidden, cell))]
    results = outputs(made, (given, weight, h, c), vjp, operation="spiking ConvLSTM")
    return results[0], results[1], results[2]
