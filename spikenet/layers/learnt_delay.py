"""LearntDelay: every neuron's train arrives some steps later, and how many is learnt (axonal delay)."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor, TensorLike, outputs
from spikenet.layers.delay import Delay, past_of, within_sequence
from spikenet.layers.delay_taps import Interpolation, between, checked_longest, delays_of, first_portions, spread
from spikenet.layers.layer import State, Training, entering, generator
from spikenet.layers.memoryless import learnt
from spikenet.layers.plain import plain


class LearntDelay:
    """y[t, ..., j] = x[t - d[j], ..., j], x between two steps by `interpolation`; 0 before the first has come through.

    n            : values along the last axis of the input, >= 1, each with a delay of its own
    longest      : the delays are within 0 .. longest steps, >= 1
    delays       : to begin with, in steps, fractions too, (n,) or one for all; drawn evenly where None
    interpolation: `between` (linear) or `Gaussian(sigma_steps)`, as of `LearntDelayedLinear`
    seed         : an int, a numpy Generator, or None for fresh entropy

    Input is (steps, batch, n) or (steps, batch, ..., n); the state is one tensor (longest, batch, ..., n), the inputs
    still on their way. The parameter `portion` (n,) is d / longest; `rounded()` is the `Delay` of whole steps.

    Raises TypeError and ValueError for delays outside of 0 .. longest, for sizes that do not fit, and when layer(x) is
    asked for a sequence of no more than `longest` steps.
    """

    kind = "LearntDelay"
    states = ("on their way",)

    def __init__(
        self, n: int, *, longest: int, delays: Any = None, interpolation: Interpolation = between,
        seed: int | np.random.Generator | None = None,
    ) -> None:  # fmt: skip
        self.n = whole(f"{self.kind}: n", n)
        self.longest, self.interpolation = checked_longest(self.kind, longest, interpolation), interpolation
        self.portion = portions(first_portions(self.kind, delays, self.longest, (self.n,), generator(self.kind, seed)))

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(within_sequence(self, entering(self, x)))[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(the delayed input, (the inputs still on their way,))."""
        x = entering(self, x, state)
        if x.ndim < 3 or x.shape[-1] != self.n or not x.size:
            raise ValueError(
                f"{self.kind}: expected input (steps, batch, ..., {self.n}) without empty axes, got {x.shape}; "
                "a missing batch axis is added with x[:, None]"
            )
        past = past_of(self, state, (self.longest, *x.shape[1:]), x)
        taps = self.interpolation(delays_of(self.kind, self.portion, self.longest), self.longest)
        shares = spread(Tensor(np.ones(self.n, x.dtype)), self.portion, taps, self.longest)
        y, after = shifted(x, shares, taps.first, past)
        return y, (after,)

    @property
    def delays(self) -> Array:
        """(n,) in steps, with fractions."""
        return delays_of(self.kind, self.portion, self.longest)

    @property
    def longest_delay(self) -> int:
        return self.longest

    def rounded(self) -> Delay:
        """The nearest whole delays, which are not learnt further."""
        return Delay(np.rint(self.delays).astype(np.int64))

    def parameters(self) -> dict[str, Tensor]:
        return {"portion": self.portion}

    def config(self) -> dict[str, Any]:
        return {"n": self.n, "longest": self.longest, "interpolation": plain(self.interpolation)}

    def __repr__(self) -> str:
        return f"{self.kind}({self.n}, up to {self.longest} steps)"


def portions(values: Array) -> Tensor:
    """The parameter `portion`, which optimisers keep within 0 .. 1."""
    parameter = learnt("portion", values)
    parameter.bounds = (0.0, 1.0)
    return parameter


def shifted(x: Tensor, shares: Tensor, first: Array | None, past: Tensor) -> tuple[Tensor, Tensor]:
    """(x delayed, the last inputs); shares (taps, n): tap q of neuron j arrives first[j] + q steps later.

    x: (steps, batch, ..., n);  past: (longest, batch, ..., n), the inputs before x
    """
    from spikenet.kernels import delay  # when first used: a kernel costs milliseconds to import

    steps, n, longest = len(x), x.shape[-1], len(past)
    start = np.zeros(n, np.int64) if first is None else first
    line = np.concatenate([past.data.reshape(longest, -1, n), x.data.reshape(steps, -1, n)])
    weight = np.ascontiguousarray(shares.data, x.dtype)
    y = np.zeros((steps, *line.shape[1:]), x.dtype)
    delay.add_taps(line, longest - start, weight, -1, y)

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g_line, g_shares = np.zeros_like(line), None
        if arrived[1] is not None:
            g_line[steps:] = arrived[1].reshape(longest, -1, n)
        if arrived[0] is not None:
            g = np.ascontiguousarray(arrived[0]).reshape(y.shape)
            delay.add_taps(g, start - longest, weight, 1, g_line)
            g_shares = delay.tap_gradient(line, longest - start, g, len(weight))
        return [g_line[longest:].reshape(x.shape), g_shares, g_line[:longest].reshape(past.shape)]

    made = [y.reshape(x.shape), line[steps:].reshape(past.shape)]
    results = outputs(made, (x, shares, past), vjp, operation="learnt delay")
    return results[0], results[1]
