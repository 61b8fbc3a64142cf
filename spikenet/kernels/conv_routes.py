"""A convolution by its input's events where they are few, densely otherwise; the same to rounding.

With max pooling behind it, the convolution's own output and gradient are never written out (`placed`).

The densities up to which events are taken are where the two meet on a Zen 3 of two cores, for 6400 maps of 12 x 12 x 12
and 64 filters of 5 x 5. The input is passed as a function: binary events say all about it, and its array may not exist.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import conv_events, conv_placed, conv_wanted, convolution
from spikenet.kernels.events import Events, found
from spikenet.kernels.filters import Filters
from spikenet.kernels.placed import Placed
from spikenet.kernels.window import Window

FORWARD_DENSITY, WEIGHT_DENSITY, WANTED_DENSITY = 0.26, 0.29, 0.44
PLACED_WEIGHT_DENSITY, PLACED_WANTED_DENSITY = 0.29, 0.12  # the same where a gradient comes from max pooling
WORTH_LOOKING = 1 << 24  # multiply-adds below which looking for zeros cannot pay


def events_in(x: Array, shape: Filters) -> Events | None:
    """The events of (rows, n) pictures that nobody has listed, when using them can pay; else None."""
    if shape.multiply_adds(len(x)) < WORTH_LOOKING or np.count_nonzero(x) > FORWARD_DENSITY * x.size:
        return None
    return found(x)


def forward(x: Callable[[], Array], events: Events | None, w: Array, bias: Array | None, shape: Filters) -> Array:
    """w * x + bias, (rows, filters * pixels), for x() (rows, channels * pixels)."""
    if events is not None and events.density <= FORWARD_DENSITY:
        return conv_events.forward(None if events.binary else x(), events, w, bias, shape)
    return convolution.forward(x(), w, bias, shape)


def largest(
    x: Callable[[], Array], events: Events | None, w: Array, bias: Array | None, shape: Filters, window: Window
) -> tuple[Array, Array]:
    """(the largest of w * x + bias under each window, (rows, filters * windows); their places for `Placed`)."""
    if events is not None and events.density <= FORWARD_DENSITY:
        return conv_events.largest(None if events.binary else x(), events, w, bias, shape, window)
    return convolution.largest(x(), w, bias, shape, window)


def weight_gradient(
    x: Callable[[], Array], events: Events | None, g: Array | Placed, shape: Filters
) -> tuple[Array, Array]:
    """(gradient of w, gradient of the bias) for the gradient g of the output."""
    most = PLACED_WEIGHT_DENSITY if isinstance(g, Placed) else WEIGHT_DENSITY
    if events is not None and events.density <= most:
        return conv_events.weight_gradient(None if events.binary else x(), events, g, shape)
    if isinstance(g, Placed):
        return conv_placed.weight_gradient(x(), g, shape)
    return convolution.weight_gradient(x(), g, shape)


def input_gradient(g: Array | Placed, w: Array, wanted: Events | None, shape: Filters) -> Array:
    """Gradient of x; where it is not wanted it may be 0."""
    most = PLACED_WANTED_DENSITY if isinstance(g, Placed) else WANTED_DENSITY
    if wanted is not None and wanted.density <= most:
        return conv_wanted.input_gradient(g, w, wanted, shape)
    if isinstance(g, Placed):
        return conv_placed.input_gradient(g, w, shape)
    return convolution.input_gradient(g, w, shape)
