"""SpikingLSTM and SpikingConvLSTM: gated memory whose output is spikes of its hidden state.

i, f, o = sigmoid, g = tanh of the input's and the hidden state's product; c <- f c + i g; h <- o tanh(c) is a membrane:
a spike where h > threshold, then `reset`. Sources: Hochreiter & Schmidhuber 1997 (Neural Computation 9:1735-1780) and,
with convolutions, Shi et al. 2015 (NeurIPS, arXiv:1506.04214); the hidden state as a membrane: snnTorch's SLSTM
and SConv2dLSTM, whose reset comes a step later.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from spikenet import graph
from spikenet.errors import whole
from spikenet.graph import Tensor, TensorLike
from spikenet.kernels.filters import Filters
from spikenet.layers.convolution import Conv2d, convolve
from spikenet.layers.fire import checked, comparable, fire, reset_after
from spikenet.layers.layer import State, Training, entering, generator, state_parts
from spikenet.layers.memoryless import learnt
from spikenet.layers.plain import plain
from spikenet.layers.sequence import sequence_of
from spikenet.layers.spiking_gates_time import is_compiled, spiking_gates_over_time
from spikenet.layers.spiking_maps_time import spiking_maps_over_time
from spikenet.neurons.reset import Reset, detached_subtract, no_reset
from spikenet.neurons.surrogate import Surrogate, atan

STATES = ("h", "c")


class SpikingLSTM:
    """An LSTM of n units that sends spikes, one a unit and step.

    threshold: > 0, of the hidden state, which is within (-1, 1) where nothing is reset
    reset    : subtract, to_zero or no_reset of sn.reset; detached(...) stops its gradient
    weight (n_in, 4 n), recurrent_weight (n, 4 n) and bias (4 n,) for input, forget and output gate and candidate start
    uniform in +-1/sqrt(n), as torch's do; the hidden state, not its spikes, comes back.
    seed     : an int, a numpy Generator, or None for fresh entropy

    Input is (steps, batch, n_in), output (steps, batch, n); the state is (h, c), (batch, n) each. Time is one compiled
    loop for these resets; with one of your own, steps are operations of the graph.
    """

    kind = "SpikingLSTM"
    side_by_side: ClassVar = {"weight": 4, "recurrent_weight": 4}
    states = STATES

    def __init__(
        self, n_in: int, n: int, *, threshold: float = 0.5, reset: Reset = detached_subtract,
        surrogate: Surrogate = atan, seed: int | np.random.Generator | None = None,
    ) -> None:  # fmt: skip
        self.threshold = checked(self.kind, threshold, reset, surrogate)
        self.n_in, self.n = whole(f"{self.kind}: n_in", n_in), whole(f"{self.kind}: n", n)
        self.reset, self.surrogate, self.smooth = reset, surrogate, False
        rng, bound = generator(self.kind, seed), 1 / math.sqrt(self.n)
        shapes = {"weight": (self.n_in, 4 * self.n), "recurrent_weight": (self.n, 4 * self.n), "bias": (4 * self.n,)}
        self.weights = {name: learnt(name, rng.uniform(-bound, bound, shape)) for name, shape in shapes.items()}

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(spikes (steps, batch, n), (h, c) after the last step)."""
        x = sequence_of(self.kind, comparable(self.kind, entering(self, x, state)), self.n_in)
        h, c = _before(self.kind, state, (x.shape[1], self.n), x)
        weights, sent = self.weights, []
        if is_compiled(self.reset) and not self.smooth:
            spikes, h, c = spiking_gates_over_time(x, weights, h, c, self.threshold, self.reset, self.surrogate)
            return spikes, (h, c)
        given = x @ weights["weight"] + weights["bias"]
        for t in range(len(x)):
            gates = given[t] + h @ weights["recurrent_weight"]
            parts = [gates[:, k * self.n : (k + 1) * self.n] for k in range(4)]
            h, c, fired = _advance(self, parts, c)
            sent.append(fired)
        return graph.stack(sent), (h, c)

    def parameters(self) -> dict[str, Tensor]:
        return dict(self.weights)

    def config(self) -> dict[str, Any]:
        return {"n_in": self.n_in, "n": self.n, **_described(self)}

    def __repr__(self) -> str:
        return f"{self.kind}({self.n_in}, {self.n}, threshold={self.threshold:g})"


class SpikingConvLSTM:
    """An LSTM over pictures that sends spikes: one convolution of input and hidden state together makes the gates.

    n_in, n    : channels of the input and of the output, >= 1
    kernel_size: odd, so that pictures keep their size
    threshold, reset, surrogate, seed: as of `SpikingLSTM`; nothing is reset by default, as in snnTorch's

    Input is (steps, batch, n_in, height, width), output (steps, batch, n, height, width); the state is (h, c). The
    input is convolved at all steps at once; with a reset of your own, steps are operations of the graph.
    """

    kind = "SpikingConvLSTM"
    states = STATES

    def __init__(
        self, n_in: int, n: int, kernel_size: int, *, threshold: float = 0.5, reset: Reset = no_reset,
        surrogate: Surrogate = atan, seed: int | np.random.Generator | None = None,
    ) -> None:  # fmt: skip
        self.threshold = checked(self.kind, threshold, reset, surrogate)
        self.n_in, self.n = whole(f"{self.kind}: n_in", n_in), whole(f"{self.kind}: n", n)
        self.kernel_size = whole(f"{self.kind}: kernel_size", kernel_size)
        if self.kernel_size % 2 == 0:
            raise ValueError(f"{self.kind}: kernel_size: expected an odd number, got {kernel_size}")
        self.reset, self.surrogate, self.smooth = reset, surrogate, False
        rng = generator(self.kind, seed)
        self.gates = Conv2d(self.n_in + self.n, 4 * self.n, self.kernel_size, padding=self.kernel_size // 2, seed=rng)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(spikes (steps, batch, n, height, width), (h, c) after the last step)."""
        x = comparable(self.kind, entering(self, x, state))
        if x.ndim != 5 or x.shape[2] != self.n_in or not x.size:
            raise ValueError(
                f"{self.kind}: expected input (steps, batch, {self.n_in}, height, width) without empty axes, "
                f"got {x.shape}"
            )
        h, c = _before(self.kind, state, (x.shape[1], self.n, *x.shape[3:]), x)
        if is_compiled(self.reset) and not self.smooth:
            weight, window = self.gates.weight, self.gates.filters_on((self.n_in + self.n, *x.shape[3:])).window
            of_input, of_hidden = (Filters(n, 4 * self.n, 1, window) for n in (self.n_in, self.n))
            given = convolve(x, weight[:, : self.n_in], self.gates.bias, of_input, 2)
            spikes, h, c = spiking_maps_over_time(
                given, weight[:, self.n_in :], h, c, self.threshold, self.reset, self.surrogate, of_hidden
            )
            return spikes, (h, c)
        sent = []
        for t in range(len(x)):
            gates = self.gates(graph.concatenate([x[t], h], axis=1))
            parts = [gates[:, k * self.n : (k + 1) * self.n] for k in range(4)]
            h, c, fired = _advance(self, parts, c)
            sent.append(fired)
        return graph.stack(sent), (h, c)

    def parameters(self) -> dict[str, Tensor]:
        return self.gates.parameters()

    def config(self) -> dict[str, Any]:
        return {"n_in": self.n_in, "n": self.n, "kernel_size": self.kernel_size, **_described(self)}

    def __repr__(self) -> str:
        return f"{self.kind}({self.n_in}, {self.n}, {self.kernel_size}, threshold={self.threshold:g})"


def _advance(layer: SpikingLSTM | SpikingConvLSTM, gates: list[Tensor], c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(h after the reset, c, spikes) from the four gates before their nonlinearities."""
    into, forget, out, candidate = gates
    c = graph.sigmoid(forget) * c + graph.sigmoid(into) * graph.tanh(candidate)
    h = graph.sigmoid(out) * graph.tanh(c)
    fired = fire(h - layer.threshold, layer.surrogate, smooth=layer.smooth)
    return reset_after(layer.reset, layer.threshold, h, fired), c, fired


def _before(kind: str, state: State | None, shape: tuple[int, ...], x: Tensor) -> tuple[Tensor, Tensor]:
    parts = state_parts(kind, state, STATES)
    if parts is None:
        return Tensor(np.zeros(shape, x.dtype)), Tensor(np.zeros(shape, x.dtype))
    h, c = (part if isinstance(part, Tensor) else Tensor(np.asarray(part, x.dtype)) for part in parts)
    for name, part in zip(STATES, (h, c), strict=True):
        if part.shape != shape:
            raise ValueError(f"{kind}: expected state {name!r} of shape {shape}, got {part.shape}")
    return h, c


def _described(layer: SpikingLSTM | SpikingConvLSTM) -> dict[str, Any]:
    return {
        "threshold": layer.threshold, "reset": plain(layer.reset), "surrogate": plain(layer.surrogate),
    }  # fmt: skip
