"""LearntDelayedLinear: a Linear layer in which every synapse learns its weight and its delay."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.delay import past_of, within_sequence
from spikenet.layers.delay_sums import arriving
from spikenet.layers.delay_taps import Interpolation, between, checked_longest, delays_of, first_portions, spread
from spikenet.layers.delayed_linear import DelayedLinear
from spikenet.layers.layer import State, Training, entering, generator
from spikenet.layers.learnt_delay import portions
from spikenet.layers.plain import plain
from spikenet.layers.sequence import sequence_of
from spikenet.layers.weighted import uniform_weights


class LearntDelayedLinear:
    """y[t, j] = sum over i of weight[i, j] x[t - d[i, j], i] + bias[j], x between two steps by `interpolation`.

    n_in, n_out  : sizes, >= 1
    longest      : the delays are within 0 .. longest steps, >= 1
    delays       : to begin with, in steps, fractions too, one a synapse or what broadcasts to (n_in, n_out); drawn
                   evenly where None
    interpolation: `between` (linear), or `Gaussian(sigma_steps)`, which feels further and costs longest + 1 products;
                   give the attribute a narrower one as training proceeds
    bias, seed   : as for Linear, and the weights start as there

    Input is (steps, batch, n_in), output (steps, batch, n_out); the state is one tensor (longest, batch, n_out): what
    has been sent and will arrive. The parameter `portion` is d / longest, so that one learning rate suits it and the
    weights; optimisers keep it within 0 .. 1. `rounded()` is the layer with whole delays, as chips have them.

    Raises TypeError and ValueError for delays outside of 0 .. longest, for sizes that do not fit, and when layer(x) is
    asked for a sequence of no more than `longest` steps.
    Source: Hammouamri, Khalfaoui-Hassani & Masquelier 2023 (arXiv:2306.17670).
    """

    kind = "LearntDelayedLinear"
    states = ("on its way",)

    def __init__(
        self, n_in: int, n_out: int, *, longest: int, delays: Any = None, interpolation: Interpolation = between,
        bias: bool = True, seed: int | np.random.Generator | None = None,
    ) -> None:  # fmt: skip
        self.n_in, self.n_out = whole(f"{self.kind}: n_in", n_in), whole(f"{self.kind}: n_out", n_out)
        self.longest, self.interpolation = checked_longest(self.kind, longest, interpolation), interpolation
        rng = generator(self.kind, seed)
        self.weight, self.bias = uniform_weights(self.kind, (self.n_in, self.n_out), self.n_in, self.n_out, bias, rng)
        self.portion = portions(first_portions(self.kind, delays, self.longest, self.weight.shape, rng))

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(within_sequence(self, entering(self, x)))[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(what arrives at each step, (what will arrive after the last one,))."""
        x = sequence_of(self.kind, entering(self, x, state), self.n_in)
        pending = past_of(self, state, (self.longest, x.shape[1], self.n_out), x)
        taps = self.interpolation(delays_of(self.kind, self.portion, self.longest), self.longest)
        y, after = arriving(x, spread(self.weight, self.portion, taps, self.longest), taps.first, pending)
        return (y if self.bias is None else y + self.bias), (after,)

    @property
    def delays(self) -> Array:
        """(n_in, n_out) in steps, with fractions."""
        return delays_of(self.kind, self.portion, self.longest)

    @property
    def longest_delay(self) -> int:
        return self.longest

    def rounded(self) -> DelayedLinear:
        """The layer with these weights and the nearest whole delays, which are not learnt further."""
        layer = DelayedLinear(
            self.n_in, self.n_out, delays=np.rint(self.delays).astype(np.int64), bias=self.bias is not None, seed=0
        )
        layer.weight.data = self.weight.data.copy()
        if layer.bias is not None and self.bias is not None:
            layer.bias.data = self.bias.data.copy()
        return layer

    def parameters(self) -> dict[str, Tensor]:
        found = {"weight": self.weight, "portion": self.portion}
        return found | ({} if self.bias is None else {"bias": self.bias})

    def config(self) -> dict[str, Any]:
        return {
            "n_in": self.n_in, "n_out": self.n_out, "longest": self.longest,
            "interpolation": plain(self.interpolation), "bias": self.bias is not None,
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"{self.kind}({self.n_in}, {self.n_out}, delays up to {self.longest})"
