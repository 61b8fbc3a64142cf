"""Elman, LSTM, GRU and fully recurrent layers; Bidirectional, which reads a sequence from both ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet import graph
from spikenet.errors import whole
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.cell_time import cell_over_time
from spikenet.layers.cells import GRU_CELL, LSTM_CELL, RELU_CELL, TANH_CELL, Cell
from spikenet.layers.layer import Layer, State, Training, as_input, entering, generator, refuse_state, state_parts
from spikenet.layers.memoryless import learnt
from spikenet.layers.sequence import sequence_of


class GatedRecurrent:
    """A conventional recurrent layer of n units; made by Elman(), LSTM(), GRU(), FullyRecurrent() below.

    n_out: how many of the units, the last ones, are the output
    """

    def __init__(
        self,
        kind: str,
        cell: Cell,
        n_in: int,
        n: int,
        n_out: int,
        config: dict[str, Any],
        seed: int | np.random.Generator | None,
    ) -> None:
        self.kind, self.cell, self.states = kind, cell, cell.states
        self.n_in, self.n = whole(f"{kind}: n_in", n_in), whole(f"{kind}: n", n)
        self.side_by_side = {"weight": cell.gates, "recurrent_weight": cell.gates}
        self.n_out, self._config = whole(f"{kind}: n_out", n_out), config
        if self.n_out > self.n:
            raise ValueError(f"{kind}: n_out: expected at most the {self.n} units, got {n_out}")
        rng, bound, columns = generator(kind, seed), 1 / math.sqrt(self.n), cell.gates * self.n
        shapes = {"weight": (self.n_in, columns), "recurrent_weight": (self.n, columns), "bias": (columns,)}
        shapes |= {"inner_bias": (self.n,)} if cell.inner_bias else {}
        self.weights = {name: learnt(name, rng.uniform(-bound, bound, shape)) for name, shape in shapes.items()}

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(outputs (steps, batch, n_out), the states (batch, n) after the last step)."""
        x, weights = sequence_of(self.kind, entering(self, x, state), self.n_in), self.weights
        if x.dtype != weights["weight"].dtype:
            raise TypeError(f"{self.kind}: expected {weights['weight'].dtype} as the weights are, got {x.dtype}")
        parts = state_parts(self.kind, state, self.states)
        rest = (x.shape[1], self.n)
        if parts is None:
            before = tuple(Tensor(np.zeros(rest, x.dtype)) for _ in self.states)
        else:
            before = tuple(self._part(name, part, rest, x) for name, part in zip(self.states, parts, strict=True))
        y, *after = cell_over_time(
            self.cell, x, weights["weight"], weights["recurrent_weight"], weights["bias"], weights.get("inner_bias"),
            before,
        )  # fmt: skip
        return y if self.n_out == self.n else y[..., self.n - self.n_out :], tuple(after)

    def parameters(self) -> dict[str, Tensor]:
        return dict(self.weights)

    def config(self) -> dict[str, Any]:
        return dict(self._config)

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(f'{k}={v}' for k, v in self._config.items())})"

    def _part(self, name: str, part: Any, shape: tuple[int, ...], x: Tensor) -> Tensor:
        tensor = as_input(f"{self.kind}: state", part, x.dtype)
        if tensor.shape != shape:
            raise ValueError(f"{self.kind}: expected state {name!r} of shape {shape} (batch, n), got {tensor.shape}")
        return tensor


def Elman(
    n_in: int, n: int, *, rectified: bool = False, seed: int | np.random.Generator | None = None
) -> GatedRecurrent:
    """h[t] = tanh(x[t] @ weight + h[t - 1] @ recurrent_weight + bias); (steps, batch, n_in) to (steps, batch, n).

    rectified: max(., 0) instead of tanh
    weights start uniform in +-1/sqrt(n), as torch's; the state is (h,). Source: Elman 1990, Cogn. Sci. 14:179-211.
    """
    config = {"n_in": n_in, "n": n, "rectified": rectified}
    return GatedRecurrent("Elman", RELU_CELL if rectified else TANH_CELL, n_in, n, n, config, seed)


def FullyRecurrent(n_in: int, n: int, n_out: int, *, seed: int | np.random.Generator | None = None) -> GatedRecurrent:
    """n tanh units, every one fed by all inputs and by every unit's last output; the last n_out of them are read.

    (steps, batch, n_in) to (steps, batch, n_out); otherwise as Elman. Source: Williams & Zipser 1989, Neural Comput.
    1:270-280.
    """
    return GatedRecurrent("FullyRecurrent", TANH_CELL, n_in, n, n_out, {"n_in": n_in, "n": n, "n_out": n_out}, seed)


def LSTM(n_in: int, n: int, *, seed: int | np.random.Generator | None = None) -> GatedRecurrent:
    """Long short-term memory: (steps, batch, n_in) to (steps, batch, n), state (h, c).

    Weights (n_in, 4 n) and (n, 4 n), bias (4 n,), in blocks input, forget, output, candidate (torch: the last two
    swapped, and two biases that are added), starting uniform in +-1/sqrt(n). Equations in cells.py.
    """
    return GatedRecurrent("LSTM", LSTM_CELL, n_in, n, n, {"n_in": n_in, "n": n}, seed)


def GRU(n_in: int, n: int, *, seed: int | np.random.Generator | None = None) -> GatedRecurrent:
    """Gated recurrent unit: (steps, batch, n_in) to (steps, batch, n), state (h,).

    Weights (n_in, 3 n) and (n, 3 n), bias (3 n,), in blocks reset, update, candidate as in torch; inner_bias (n,) is
    that of the recurrent part of the candidate. All start uniform in +-1/sqrt(n). Equations in cells.py.
    """
    return GatedRecurrent("GRU", GRU_CELL, n_in, n, n, {"n_in": n_in, "n": n}, seed)


class Bidirectional:
    """Two layers over time, one reading from the front and one from the end, their outputs side by side.

    forward, backward: layers that give (steps, batch, n...), such as LSTM; outputs are joined along the last axis

    It needs the whole sequence at once, so it takes and returns no state. Source: Schuster & Paliwal 1997, IEEE
    Transactions on Signal Processing 45:2673-2681.
    """

    kind = "Bidirectional"

    def __init__(self, forward: Layer, backward: Layer) -> None:
        for layer in (forward, backward):
            if isinstance(layer, type) or not isinstance(layer, Layer):
                raise TypeError(f"Bidirectional: expected two layers, got {layer!r:.60}")
        self.layers = (forward, backward)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x, training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        refuse_state(self.kind, state)
        x = entering(self, x)
        forward, backward = self.layers
        ahead = forward.run(x, training=training)[0]
        behind = graph.flip(backward.run(graph.flip(x, 0), training=training)[0], 0)
        return graph.concatenate([ahead, behind], axis=-1), ()

    def parameters(self) -> dict[str, Tensor]:
        return {f"{k}.{name}": p for k, layer in enumerate(self.layers) for name, p in layer.parameters().items()}

    def config(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return f"Bidirectional({self.layers[0]!r}, {self.layers[1]!r})"
