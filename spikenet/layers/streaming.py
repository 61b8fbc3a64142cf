"""A net run one step at a time, as its input arrives: a sensor, a control loop, a simulation around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers.layer import Layer, State, as_input, dtype_of
from spikenet.layers.sequential import has_memory


def stream(net: Layer, inputs: Iterable[TensorLike], state: State | None = None) -> Iterator[tuple[Array, State]]:
    """Yields (output (batch, ...), state after the step) for each input (batch, ...), as soon as it is there.

    inputs: one step each: a list, an array (steps, batch, ...), or a generator that waits for a sensor
    state : before the first step, such as the last one yielded; None for rest

    In evaluation, without gradients. The results are those of net.run on the whole sequence, bit for bit where
    products are exact or take the same route for one step as for many, else to the rounding of their sums.

    Raises TypeError when net is no layer, ValueError for input that does not suit it.
    """
    if isinstance(net, type) or not isinstance(net, Layer):
        raise TypeError(f"stream: net: expected a layer, got {net!r:.60}")
    return _steps(net, inputs, state)


def _steps(net: Layer, inputs: Iterable[TensorLike], state: State | None) -> Iterator[tuple[Array, State]]:
    timed, dtype = has_memory(net), dtype_of(net.parameters())
    for one in inputs:
        x = as_input("stream", one, dtype)
        with no_grad():  # around the step alone: whoever takes the output may want gradients of something else
            y, state = net.run(Tensor(x.data[None]) if timed else x, state)
        yield (y.data[0] if timed else y.data), state
