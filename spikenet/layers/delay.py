"""Delay: every neuron's train arrives some steps later (axonal delay)."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike, outputs
from spikenet.layers.layer import State, Training, as_input, state_parts
from spikenet.layers.plain import plain


class Delay:
    """y[t] = x[t - steps], 0 before the first input has come through.

    steps: whole number >= 0 of time steps, or one for each neuron (broadcasts to the neurons' shape)

    Input is (steps, batch, neurons...), spikes or any other values. The state is one tensor (longest delay, batch,
    neurons...), the inputs still on their way. Nothing is learnt.

    Raises TypeError when steps are not whole, ValueError when one is negative, and when layer(x) gets a sequence so
    short that nothing would arrive: `run` returns what is still on its way.
    """

    kind = "Delay"
    states = ("on their way",)

    def __init__(self, steps: Any) -> None:
        self.steps = delay_steps("Delay: steps", steps)
        self.longest_delay = int(self.steps.max(initial=0))

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(within_sequence(self, as_input("Delay", x)))[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        x = as_input("Delay", x)
        if x.ndim < 3 or not x.size:
            raise ValueError(
                f"Delay: expected input (steps, batch, neurons...) without empty axes, got {x.shape}; "
                "a missing batch axis is added with x[:, None]"
            )
        try:
            each = np.broadcast_to(self.steps, x.shape[2:])
        except ValueError:
            raise ValueError(
                f"Delay: steps of shape {self.steps.shape} do not broadcast to neurons {x.shape[2:]}"
            ) from None
        past = past_of(self, state, (self.longest_delay, *x.shape[1:]), x)
        y, after = delayed(x, past, each.reshape(-1))
        return y, (after,)

    def parameters(self) -> dict[str, Tensor]:
        return {}

    def config(self) -> dict[str, Any]:
        return {"steps": plain(self.steps)}

    def __repr__(self) -> str:
        return f"Delay({self.steps if self.steps.size == 1 else f'{self.steps.min()} to {self.steps.max()} steps'})"


def longest_delay(layer: Any) -> int:
    """Steps that the layer or one inside of it delays by at most; 0 for all others."""
    inner = (longest_delay(one) for one in getattr(layer, "layers", ()))
    return max(getattr(layer, "longest_delay", 0), *inner, 0)


def within_sequence(layer: Any, x: Tensor) -> Tensor:
    """x; ValueError where a delay is no shorter than the sequence, which is all the layer will be given."""
    longest = longest_delay(layer)
    if longest and x.ndim and longest >= len(x):
        raise ValueError(
            f"{layer.kind}: delays: expected below {len(x)}, the steps of the sequence, got {longest}: nothing would "
            "arrive; y, state = run(x, state) carries on what is on its way"
        )
    return x


def past_of(layer: Any, state: State | None, shape: tuple[int, ...], x: Tensor) -> Tensor:
    """What is on its way before the first step, of this shape: the state, or nothing."""
    parts = state_parts(layer.kind, state, layer.states)
    past = Tensor(np.zeros(shape, x.dtype)) if parts is None else as_input(f"{layer.kind}: state", parts[0], x.dtype)
    if past.shape != shape:
        raise ValueError(
            f"{layer.kind}: expected a state of shape {shape} (longest delay, batch, ...), got {past.shape}"
        )
    return past


def delay_steps(name: str, steps: Any) -> Array:
    """`steps` as an array of int64 >= 0."""
    try:
        array = np.asarray(steps)
    except ValueError:  # a ragged list
        array = np.empty(0, object)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected whole numbers of time steps, got {steps!r:.60} of type {array.dtype}")
    if not array.size or array.min() < 0:
        raise ValueError(f"{name}: expected delays >= 0, got {array.min() if array.size else 'none'}")
    return array.astype(np.int64)


def delayed(x: Tensor, past: Tensor, each: Array) -> tuple[Tensor, Tensor]:
    """(x shifted by `each` (n,) steps, the last inputs); past: (longest delay, batch, ...), the inputs before x."""
    from spikenet.kernels import delay  # when first used: a kernel costs milliseconds to import

    steps, batch = x.shape[:2]
    longest, rows = len(past), (batch, each.size)
    y = np.empty((steps, *rows), x.dtype)
    now, before = x.data.reshape(steps, *rows), past.data.reshape(longest, *rows)
    delay.shift(before, longest - each, y)
    delay.shift(now, -each, y)
    after = np.concatenate([before[steps:], now[max(steps - longest, 0) :]])

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g_x, g_past = np.zeros(now.shape, now.dtype), np.zeros(before.shape, before.dtype)  # `now` may be strided
        if arrived[0] is not None:
            g = np.ascontiguousarray(arrived[0]).reshape(steps, *rows)
            delay.shift(g, each, g_x)
            delay.shift(g, each - longest, g_past)
        if arrived[1] is not None and longest:
            g = arrived[1].reshape(longest, *rows)
            kept = max(longest - steps, 0)  # of the inputs before, still on their way
            g_past[longest - kept :] += g[:kept]
            g_x[steps - (longest - kept) :] += g[kept:]
        return [g_x.reshape(x.shape), g_past.reshape(past.shape)]

    made = [y.reshape(x.shape), after.reshape(past.shape)]
    results = outputs(made, (x, past), vjp, operation="delay")
    if x.events is not None and x.events.binary and x.events.columns.shape[1] == each.size and _is_binary(before):
        results[0].events = delay.listed(y.reshape(-1, each.size))
    return results[0], results[1]


def _is_binary(values: Array) -> bool:
    return bool(((values == 0) | (values == 1)).all())
