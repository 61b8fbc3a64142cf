"""A convolution by its input's events where they are few, densely otherwise; the same to rounding.

The route with the smallest cost by `conv_costs` is taken, and events only where they are clearly cheaper: an estimate
may be off, and no input should take longer than it would densely. With max pooling behind it, the convolution's own
output and gradient are never written out (`placed`). The input is passed as a function: binary events say all about it,
and its array may not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import conv_costs, conv_events, conv_placed, conv_scatter, conv_wanted, convolution
from spikenet.kernels.events import Events, found
from spikenet.kernels.filters import Filters
from spikenet.kernels.placed import Placed
from spikenet.kernels.window import Window

EVENTS_BELOW = 0.7  # of the dense cost: up to there events are taken
WORTH_LOOKING = 1 << 24  # multiply-adds below which looking for zeros cannot pay


def events_in(x: Array, shape: Filters) -> Events | None:
    """The events of (rows, n) pictures that nobody has listed, when using them can pay; else None."""
    if shape.multiply_adds(len(x)) < WORTH_LOOKING:
        return None
    events = np.count_nonzero(x) / len(x)
    cheaper = conv_costs.weights_by_events(shape, events) < EVENTS_BELOW * conv_costs.weights_densely(shape)
    return found(x) if cheaper or _forward_by(events, shape) is not convolution else None


def forward(x: Callable[[], Array], events: Events | None, w: Array, bias: Array | None, shape: Filters) -> Array:
    """w * x + bias, (rows, filters * pixels), for x() (rows, channels * pixels)."""
    route: Any = convolution if events is None else _forward_by(per_row(events), shape)
    if events is None or route is convolution:
        return convolution.forward(x(), w, bias, shape)
    y: Array = route.forward(None if events.binary else x(), events, w, bias, shape)
    return y


def largest(
    x: Callable[[], Array], events: Events | None, w: Array, bias: Array | None, shape: Filters, window: Window
) -> tuple[Array, Array]:
    """(the largest of w * x + bias under each window, (rows, filters * windows); their places for `Placed`)."""
    route: Any = convolution if events is None else _forward_by(per_row(events), shape)
    if events is None or route is convolution:
        return convolution.largest(x(), w, bias, shape, window)
    y, place = route.largest(None if events.binary else x(), events, w, bias, shape, window)
    return y, place


def weight_gradient(
    x: Callable[[], Array], events: Events | None, g: Array | Placed, shape: Filters
) -> tuple[Array, Array]:
    """(gradient of w, gradient of the bias) for the gradient g of the output."""
    dense = conv_costs.weights_placed(shape, g.window) if isinstance(g, Placed) else conv_costs.weights_densely(shape)
    if events is not None and conv_costs.weights_by_events(shape, per_row(events)) < EVENTS_BELOW * dense:
        return conv_events.weight_gradient(None if events.binary else x(), events, g, shape)
    if isinstance(g, Placed):
        return conv_placed.weight_gradient(x(), g, shape)
    return convolution.weight_gradient(x(), g, shape)


def input_gradient(g: Array | Placed, w: Array, wanted: Events | None, shape: Filters) -> Array:
    """Gradient of x; where it is not wanted it may be 0."""
    dense = conv_costs.input_placed(shape, g.window) if isinstance(g, Placed) else conv_costs.input_densely(shape)
    if wanted is not None and conv_costs.input_where_wanted(shape, per_row(wanted)) < EVENTS_BELOW * dense:
        return conv_wanted.input_gradient(g, w, wanted, shape)
    if isinstance(g, Placed):
        return conv_placed.input_gradient(g, w, shape)
    return convolution.input_gradient(g, w, shape)


def per_row(events: Events) -> float:
    """Events of a row."""
    return float(events.counts.sum(dtype=np.int64)) / max(len(events.counts), 1)


def _forward_by(events: float, shape: Filters) -> Any:
    """The module whose forward pass is the cheapest for so many events a picture."""
    gathered, scattered = conv_costs.gathered(shape, events), conv_costs.scattered(shape, events)
    if min(gathered, scattered) >= EVENTS_BELOW * conv_costs.dense(shape):
        return convolution
    return conv_events if gathered < scattered else conv_scatter
