"""Products of a mostly silent array: by its events where they are few, by BLAS otherwise.

Which is faster follows from the density of the events and the machine: `crossovers` measures it once. The results are
the same to rounding. An array may be given as a function that makes it, for events often make it needless.
"""

from __future__ import annotations

from collections.abc import Callable

from spikenet.errors import Array
from spikenet.kernels import blas, event_products, wanted_products
from spikenet.kernels.complement import Complement
from spikenet.kernels.crossovers import Crossovers, crossovers
from spikenet.kernels.events import Events, found, sampled_density

WORTH_LOOKING = 1 << 22  # multiply-adds of a product below which looking for zeros cannot pay

Listed = Events | Complement


def limits(n_out: int) -> Crossovers:
    """The densities up to which events are taken for products with `n_out` outputs."""
    return crossovers(n_out)


def events_in(x: Array, n_out: int) -> Events | None:
    """The events of a (rows, n) array that nobody has listed, when using them can pay; else None."""
    if x.size * n_out < WORTH_LOOKING:
        return None
    return found(x) if sampled_density(x) <= limits(n_out).forward else None


def multiply(x: Callable[[], Array], w: Array, start: Array | None, events: Listed | None) -> Array:
    """x() @ w + start for x() (rows, n), w (n, m)."""
    if events is not None and events.density <= limits(w.shape[1]).forward:
        return event_products.multiply(x, events, w, start)
    return blas.multiply(x(), w, start)


def transposed_multiply(x: Callable[[], Array], g: Array, events: Listed | None) -> Array:
    """x().T @ g for x() (rows, n), g (rows, m)."""
    if events is not None and events.density <= limits(g.shape[1]).weights:
        return event_products.transposed_multiply(x, events, g)
    return blas.transposed_multiply(x(), g)


def transposed_multiply_and_sum(x: Callable[[], Array], g: Array, events: Listed | None) -> tuple[Array, Array]:
    """(x().T @ g, the sum of the rows of g) for x() (rows, n), g (rows, m)."""
    if events is not None and events.density <= limits(g.shape[1]).weights:
        return event_products.transposed_multiply_and_sum(x, events, g)
    return blas.transposed_multiply(x(), g), g.sum(axis=0)


def multiply_transposed(g: Array, w: Array, wanted: Events | None) -> Array:
    """g @ w.T for g (rows, m), w (n, m); may be 0 outside of the (rows, n) places that are wanted."""
    if wanted is not None and wanted.density <= limits(g.shape[1]).error:
        return wanted_products.multiply_transposed(g, w, wanted)
    return blas.multiply_transposed(g, w)
