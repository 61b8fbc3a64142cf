"""DelayedRecurrent: neurons of any model whose outputs come back to them through synapses with delays of their own."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from spikenet.errors import Array, flag, whole
from spikenet.graph import Tensor, TensorLike, concatenate
from spikenet.layers.delay import delay_steps
from spikenet.layers.delay_sums import arriving
from spikenet.layers.layer import State, Training, as_input, state_parts
from spikenet.layers.plain import plain
from spikenet.layers.sequence import sequence_of
from spikenet.layers.spiking import Spiking
from spikenet.layers.weighted import loop_weight, without_self


class DelayedRecurrent:
    """The current of step t is x[t, j] + sum over i of output[t - 1 - delays[i, j], i] recurrent_weight[i, j].

    neurons         : a spiking or rate-coded layer, as of `Recurrent`, which this is where all delays are 0
    n               : how many neurons, >= 1
    delays          : whole numbers >= 0 of steps, besides the one that every output takes to come back; one a synapse
                      (n, n), from the neuron of the row to that of the column, or what broadcasts to that
    self_connections, through_reset, seed: as of `Recurrent`, and recurrent_weight (n, n) starts as there

    Input is (steps, batch, n). The state is that of the neurons and what will arrive of what they have sent, (longest
    delay + 1, batch, n): splitting time in two changes no bit. Time goes in stretches as long as the shortest way back:
    short delays take longer than `Recurrent`. Delays are not learnt.

    Raises TypeError when neurons is no such layer or a delay is not whole, ValueError for a negative one and for sizes.
    """

    kind = "DelayedRecurrent"
    side_by_side: ClassVar = {"recurrent_weight": 1}

    def __init__(
        self,
        neurons: Spiking,
        n: int,
        *,
        delays: Any,
        self_connections: bool = True,
        through_reset: bool = True,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        if not isinstance(neurons, Spiking):
            raise TypeError(
                f"{self.kind}: neurons: expected a layer such as LIF() or Spiking(step), got {neurons!r:.60}"
            )
        flag(f"{self.kind}: self_connections", self_connections)
        flag(f"{self.kind}: through_reset", through_reset)
        self.layers = (neurons.through_reset() if through_reset else neurons,)
        self.through_reset = through_reset
        self.n, self.self_connections = whole(f"{self.kind}: n", n), self_connections
        self._given = delay_steps(f"{self.kind}: delays", delays)
        try:
            self.delays: Array = np.broadcast_to(self._given, (self.n, self.n))
        except ValueError:
            raise ValueError(
                f"{self.kind}: delays: expected shape ({n}, {n}) or what broadcasts to it, got {self._given.shape}"
            ) from None
        self.states = (*neurons.states, "on its way")
        self.recurrent_weight = loop_weight(self.kind, self.n, self_connections, seed)

    @property
    def name(self) -> str:
        """What messages and pictures call the layer."""
        return f"{self.kind} {self.layers[0].name}"

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x, training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(output in the shape of x, the states after the last step and what is on its way)."""
        (neurons,) = self.layers
        x = sequence_of(self.name, as_input(self.name, x, self.recurrent_weight.dtype), self.n)
        parts = state_parts(self.name, state, self.states)
        own = None if parts is None else parts[:-1]
        shortest, longest = 1 + int(self.delays.min()), 1 + int(self.delays.max())
        on_its_way = self._on_its_way((longest, *x.shape[1:]), x.dtype, None if parts is None else parts[-1])
        weight, outputs = self._synapses(), list[Tensor]()
        for first in range(0, len(x), shortest):
            some = x[first : first + shortest]
            out, own = neurons.run(some + on_its_way[: len(some)], own, training=training)
            _, on_its_way = arriving(out, weight, self.delays + 1, on_its_way)
            outputs.append(out)
        return concatenate(outputs), (*(own or ()), on_its_way)

    def back(self, out: Tensor) -> Tensor:
        """What comes back to the neurons at each step of outputs (steps, batch, n), sent from rest."""
        nothing = self._on_its_way((1 + int(self.delays.max()), *out.shape[1:]), out.dtype, None)
        return arriving(out, self._synapses(), self.delays + 1, nothing)[0]

    def parameters(self) -> dict[str, Tensor]:
        return {"recurrent_weight": self.recurrent_weight} | self.layers[0].parameters()

    def config(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "delays": plain(self._given),
            "self_connections": self.self_connections,
            "through_reset": self.through_reset,
        }

    def __repr__(self) -> str:
        return (
            f"DelayedRecurrent({self.layers[0]!r}, {self.n}, delays {self.delays.min()} to {self.delays.max()} steps)"
        )

    def _synapses(self) -> Tensor:
        """(n, 1, n) the weights, without those to oneself where there are none."""
        return without_self(self.recurrent_weight, self.self_connections).reshape(self.n, 1, self.n)

    def _on_its_way(self, shape: tuple[int, ...], dtype: Any, part: Any) -> Tensor:
        if part is None:
            return Tensor(np.zeros(shape, dtype))
        given = as_input(f"{self.name}: state", part, dtype)
        if given.shape != shape:
            raise ValueError(
                f"{self.name}: expected state 'on its way' of shape {shape} (longest delay + 1, batch, n), got "
                f"{given.shape}; a state belongs to one batch: start the next with state=None"
            )
        return given
