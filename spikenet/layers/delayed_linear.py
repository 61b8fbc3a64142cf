"""DelayedLinear: a Linear layer in which every synapse has a delay of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.delay import delay_steps, past_of, within_sequence
from spikenet.layers.delay_sums import arriving
from spikenet.layers.layer import State, Training, entering
from spikenet.layers.plain import plain
from spikenet.layers.sequence import sequence_of
from spikenet.layers.weighted import uniform_weights


class DelayedLinear:
    """y[t, j] = sum over i of weight[i, j] x[t - delays[i, j], i] + bias[j]; 0 before the first input has come through.

    n_in, n_out: sizes, >= 1
    delays     : whole numbers >= 0 of time steps, one a synapse (n_in, n_out) or what broadcasts to that
    bias, seed : as for Linear, and the weights start as there

    Input is (steps, batch, n_in). The state is one tensor (longest delay, batch, n_out): what has been sent and will
    arrive. With many different delays the work follows the input's events; with few, one product is made for each.
    Delays are not learnt: `LearntDelayedLinear` does that.

    Raises TypeError for delays that are not whole, ValueError for negative ones, for sizes that do not fit, and when
    layer(x) is asked for a sequence no longer than a delay.
    """

    kind = "DelayedLinear"
    states = ("on its way",)

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        delays: Any,
        bias: bool = True,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        self.n_in, self.n_out = whole(f"{self.kind}: n_in", n_in), whole(f"{self.kind}: n_out", n_out)
        given = delay_steps(f"{self.kind}: delays", delays)
        try:
            self.delays: Array = np.broadcast_to(given, (self.n_in, self.n_out))
        except ValueError:
            raise ValueError(
                f"{self.kind}: delays: expected shape ({n_in}, {n_out}) or what broadcasts to it, got {given.shape}"
            ) from None
        self._given, self.longest_delay = given, int(given.max())
        self.weight, self.bias = uniform_weights(self.kind, (n_in, n_out), n_in, n_out, bias, seed)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(within_sequence(self, entering(self, x)))[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        x = sequence_of(self.kind, entering(self, x, state), self.n_in)
        pending = past_of(self, state, (self.longest_delay, x.shape[1], self.n_out), x)
        y, after = arriving(x, self.weight.reshape(self.n_in, 1, self.n_out), self.delays, pending)
        return (y if self.bias is None else y + self.bias), (after,)

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": self.weight} | ({} if self.bias is None else {"bias": self.bias})

    def config(self) -> dict[str, Any]:
        delays = plain(self._given)
        return {"n_in": self.n_in, "n_out": self.n_out, "delays": delays, "bias": self.bias is not None}

    def __repr__(self) -> str:
        return f"DelayedLinear({self.n_in}, {self.n_out}, delays {self.delays.min()} to {self.delays.max()})"
