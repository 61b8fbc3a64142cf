"""Products of a mostly silent array: by its events where they are few, by BLAS otherwise.

The results are the same to rounding. The densities up to which events are taken come from one Zen 3 machine of
two cores and 6400 x 800 x 800: events took about half of BLAS's time at 5 to 10 %; 20 % is a guess at where they meet.
"""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import blas, event_products
from spikenet.kernels.events import Events, found

FORWARD_DENSITY, GRADIENT_DENSITY = 0.2, 0.2
WORTH_LOOKING = 1 << 22  # multiply-adds of a product below which looking for zeros cannot pay


def events_in(x: Array, n_out: int) -> Events | None:
    """The events of a (rows, n) array that nobody has listed, when using them can pay; else None."""
    if x.size * n_out < WORTH_LOOKING or np.count_nonzero(x) > FORWARD_DENSITY * x.size:
        return None
    return found(x)


def multiply(x: Array, w: Array, start: Array | None, events: Events | None) -> Array:
    """x @ w + start for x (rows, n), w (n, m)."""
    if events is not None and events.density <= FORWARD_DENSITY:
        return event_products.multiply(x, events, w, start)
    return blas.multiply(x, w, start)


def transposed_multiply(x: Array, g: Array, events: Events | None) -> Array:
    """x.T @ g for x (rows, n), g (rows, m)."""
    if events is not None and events.density <= GRADIENT_DENSITY:
        return event_products.transposed_multiply(x, events, g)
    return blas.transposed_multiply(x, g)
