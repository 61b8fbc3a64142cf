"""Recurrent: a population of neurons of any model whose outputs come back to it one step later."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from spikenet.errors import flag, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.layer import State, Training, as_input, state_parts
from spikenet.layers.recurrent_time import recurrent_over_time
from spikenet.layers.sequence import sequence_of
from spikenet.layers.spiking import Spiking
from spikenet.layers.weighted import loop_weight, without_self


class Recurrent:
    """The current of step t is x[t] + output[t - 1] @ recurrent_weight; the neurons are those of `neurons`.

    neurons         : a spiking or rate-coded layer (LIF, CubaLIF, LeakyRate, one's own `Spiking`), the same whether
                      recurrent or not
    n               : how many neurons, >= 1
    self_connections: whether a neuron receives its own output; without, the diagonal of the weight counts as 0
    through_reset   : whether the gradient goes through a subtracting reset even where `neurons` detach it, as LIF() and
                      others do by default. Detached, nothing in it opposes what a spike sends round the loop: it grows
                      in every step that leak + slope * weight exceeds 1, by 10^4 in 80 steps of a net as it is drawn
    seed            : an int, a numpy Generator, or None for fresh entropy
    recurrent_weight: (n, n), from the neuron of the row to that of the column; starts uniform in +-1/sqrt(n), as the
                      weights of torch's recurrent layers do

    Input is (steps, batch, n), as a `Linear` in front makes it (which has the bias, too). The state is that of the
    neurons, one tensor (batch, n) for each name in `states`, and the last output: splitting time in two changes no
    bit. Work follows the spikes: a silent neuron's row of the weight is not read. The gradient does likewise when the
    surrogate has compact support (triangle, box); with one that has tails, such as the default, it is dense.

    Raises TypeError when neurons is no such layer, ValueError for a size < 1.
    """

    kind = "Recurrent"
    side_by_side: ClassVar = {"recurrent_weight": 1}

    def __init__(
        self,
        neurons: Spiking,
        n: int,
        *,
        self_connections: bool = True,
        through_reset: bool = True,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        if not isinstance(neurons, Spiking):
            raise TypeError(f"Recurrent: neurons: expected a layer such as LIF() or Spiking(step), got {neurons!r:.60}")
        flag("Recurrent: self_connections", self_connections)
        flag("Recurrent: through_reset", through_reset)
        self.layers = (neurons.through_reset() if through_reset else neurons,)
        self.through_reset = through_reset
        self.n, self.self_connections = whole("Recurrent: n", n), self_connections
        self.states = (*neurons.states, "last output")
        self.recurrent_weight = loop_weight("Recurrent", self.n, self_connections, seed)

    @property
    def name(self) -> str:
        """What messages and pictures call the layer."""
        return f"Recurrent {self.layers[0].name}"

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(output in the shape of x, the states after the last step and the last output)."""
        (neurons,) = self.layers
        x = as_input(self.name, x, self.recurrent_weight.dtype)
        if x.dtype not in (np.float32, np.float64):
            raise TypeError(f"{self.name}: expected float32 or float64, got {x.dtype}")
        sequence_of(self.name, x, self.n)
        parts = state_parts(self.name, state, self.states)
        before = neurons._before(x, None if parts is None else parts[:-1], training)
        last = self._last(x, None if parts is None else parts[-1])
        weight = without_self(self.recurrent_weight, self.self_connections)
        out, *after = recurrent_over_time(
            neurons.runs, neurons.surrogate, neurons.learn, x, weight, before, last, neurons._spread(x)
        )
        return out, tuple(after)

    def parameters(self) -> dict[str, Tensor]:
        return {"recurrent_weight": self.recurrent_weight} | self.layers[0].parameters()

    def config(self) -> dict[str, Any]:
        return {"n": self.n, "self_connections": self.self_connections, "through_reset": self.through_reset}

    def __repr__(self) -> str:
        return f"Recurrent({self.layers[0]!r}, {self.n})"

    def _last(self, x: Tensor, part: Any) -> Tensor:
        if part is None:
            return Tensor(np.zeros(x.shape[1:], x.dtype))
        last = as_input(f"{self.name}: state", part, x.dtype)
        if last.shape != x.shape[1:]:
            raise ValueError(
                f"{self.name}: expected state 'last output' of shape {x.shape[1:]} (batch, n), got {last.shape}; "
                "a state belongs to one batch: start the next with state=None"
            )
        return last
