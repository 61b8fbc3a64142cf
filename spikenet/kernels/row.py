"""One row times a matrix, for loops that need it in the middle of other work."""

from __future__ import annotations

from spikenet.derive.compile import compiled
from spikenet.errors import Array


@compiled()
def multiply_row(g: Array, w: Array, low: int, y: Array) -> None:
    """y = g @ w[:, low : low + y.size]; four rows at a time, so that y is read and written once for four."""
    for j in range(y.size):
        y[j] = 0
    high = low + y.size
    whole = g.size - g.size % 4
    for c in range(0, whole, 4):
        g0, g1, g2, g3 = g[c], g[c + 1], g[c + 2], g[c + 3]
        w0, w1, w2, w3 = w[c, low:high], w[c + 1, low:high], w[c + 2, low:high], w[c + 3, low:high]
        for j in range(y.size):
            y[j] += g0 * w0[j] + g1 * w1[j] + g2 * w2[j] + g3 * w3[j]
    for c in range(whole, g.size):
        g0, w0 = g[c], w[c, low:high]
        for j in range(y.size):
            y[j] += g0 * w0[j]
