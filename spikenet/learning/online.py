"""Online rules: gradients step by step as the input arrives, in memory that does not grow with time.

SLTT (Meng et al. 2023, ICCV, arXiv:2302.14311) drops all that passes from one step to the next. OTTT (Xiao et al. 2022,
NeurIPS, arXiv:2210.04195) keeps what a trace of each layer's input can carry: the path through the membrane that the
weights feed. Both ask the loss at every step; theirs is the mean over steps.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike
from spikenet.graph.recording import recording
from spikenet.layers import Layer, Sequential, Training
from spikenet.layers.convolution import Convolution
from spikenet.layers.layer import State, as_input, dtype_of
from spikenet.layers.linear import Linear
from spikenet.layers.sequential import has_memory
from spikenet.layers.state_leaves import with_leaves
from spikenet.learning.rule import Learnt, Loss, add_gradients, scalar, sequence, taken
from spikenet.learning.traced import Trace, filters, traced

Step = Callable[[Tensor, State | None, Training | None, Any], tuple[Tensor, Tensor, State]]
"""(input of one step (1, batch, ...), state, training, targets) -> (output, loss with its graph, state)."""


@dataclass(frozen=True)
class SLTT:
    """Spatial learning through time: each step learns as if the states before it were given. For any net."""

    def __call__(self, net: Layer, x: TensorLike, targets: Any, loss: Loss, training: Training | None = None) -> Learnt:
        """Adds the gradients of the mean over steps of loss(y[t:t+1], targets); returns output and mean loss.

        targets: what the loss takes at every step, or values (steps, batch, ...) for each step its own
        """
        return over_sequence("SLTT", net, _spatial("SLTT", net, loss), x, targets, training)

    def stream(self, net: Layer, inputs: Iterable[TensorLike], targets: Any, loss: Loss) -> Learnt:
        """The same for inputs (batch, ...) that arrive one step after another; returns the outputs' sum over time."""
        return _stream("SLTT", net, _spatial("SLTT", net, loss), inputs, targets)


@dataclass(frozen=True)
class OTTT:
    """Online training through time: weights into IF, LIF, CubaLIF and LI neurons learn from traces of their input.

    For a Sequential in which such neurons follow each Linear or convolution, directly; the last may stand alone. The
    gradient is exact for one layer whose reset is detached (as by default); in deeper nets a layer does not learn
    what its spikes will do to later layers' membranes in later steps. Parameters of neurons are not learnt.
    """

    def __call__(self, net: Layer, x: TensorLike, targets: Any, loss: Loss, training: Training | None = None) -> Learnt:
        """As `SLTT`."""
        return over_sequence("OTTT", net, _with_traces("OTTT", net, loss), x, targets, training)

    def stream(self, net: Layer, inputs: Iterable[TensorLike], targets: Any, loss: Loss) -> Learnt:
        """As `SLTT.stream`."""
        return _stream("OTTT", net, _with_traces("OTTT", net, loss), inputs, targets)


def detached(state: State | None) -> State | None:
    """The state as a constant."""
    return with_leaves(state, lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf)


def flat(name: str, net: Any) -> list[Layer]:
    """The layers of a Sequential and those inside it, in order; TypeError for other containers."""
    if not isinstance(net, Sequential):
        raise TypeError(f"{name}: expected a Sequential, got {net!r:.60}")
    found: list[Layer] = []
    for layer in net.layers:
        found += flat(name, layer) if isinstance(layer, Sequential) else [layer]
    return found


def refuse_learnt_neurons(name: str, layer: Layer) -> None:
    if getattr(layer, "learn", ()):
        raise ValueError(f"{name}: parameters of neurons are not learnt by this rule: got learn={layer.learn}")  # type: ignore[attr-defined]


def every_step(training: Training | None) -> Callable[[], Training | None]:
    """Gives the same random numbers (one mask of dropout) at every step, as over a whole sequence."""
    if training is None:
        return lambda: None
    start = copy.deepcopy(training.rng)
    return lambda: replace(training, rng=copy.deepcopy(start), over_time=True)


def _spatial(name: str, net: Layer, loss: Loss) -> Step:
    def step(x: Tensor, state: State | None, training: Training | None, targets: Any) -> tuple[Tensor, Tensor, State]:
        y, after = net.run(x, state, training=training)
        return y, scalar(name, loss(y, targets)), after

    return step


def _with_traces(name: str, net: Any, loss: Loss) -> Step:
    layers = flat(name, net)
    traces: dict[int, Trace] = {}
    for k, layer in enumerate(layers):
        refuse_learnt_neurons(name, layer)
        if isinstance(layer, Linear | Convolution):
            traces[k] = Trace(filters(name, layers[k + 1] if k + 1 < len(layers) else None))
        elif layer.parameters():
            raise TypeError(f"{name}: expected weights of Linear or convolutions only, got {layer!r:.60}")

    def step(x: Tensor, state: State | None, training: Training | None, targets: Any) -> tuple[Tensor, Tensor, State]:
        after = []
        for k, layer in enumerate(layers):
            if k in traces:
                assert isinstance(layer, Linear | Convolution)
                x, one = traced(layer, x, traces[k]), ()
            else:
                x, one = layer.run(x, None if state is None else state[k], training=training)
            after.append(one)
        return x, scalar(name, loss(x, targets)), tuple(after)

    return step


def over_sequence(name: str, net: Layer, step: Step, x: TensorLike, targets: Any, training: Training | None) -> Learnt:
    """A step for each of x (steps, batch, ...); the mean of their gradients is added. All outputs and the mean loss."""
    given = sequence(name, net, x)
    values = np.asarray(targets)
    outputs: list[Array] = []
    total = 0.0
    for t, (y, value) in enumerate(_steps(name, net, step, given, _by_step(values, given.shape), training)):
        if not t:
            made = np.empty((len(given), *y.shape[1:]), y.dtype)
            outputs.append(made)
        outputs[0][t] = y[0]
        total += value
    return Learnt(Tensor(outputs[0]), total / len(given))


def _stream(name: str, net: Layer, step: Step, inputs: Iterable[TensorLike], targets: Any) -> Learnt:
    _check(name, net)
    dtype, total, n = dtype_of(net.parameters()), 0.0, 0
    summed: Array | None = None
    arriving = (as_input(name, one, dtype) for one in inputs)
    for y, value in _steps(name, net, step, (Tensor(one.data[None]) for one in arriving), lambda t: targets, None):
        summed = y[0].copy() if summed is None else np.add(summed, y[0], out=summed)
        total, n = total + value, n + 1
    if summed is None:
        raise ValueError(f"{name}: expected at least one step of input, got none")
    return Learnt(Tensor(summed), total / n)


def _steps(
    name: str, net: Layer, step: Step, inputs: Iterable[Tensor] | Tensor, targets: Callable[[int], Any],
    training: Training | None,
) -> Iterator[tuple[Array, float]]:  # fmt: skip
    """(output (1, batch, ...), loss) of each step; after the last the mean gradient is added to the parameters'."""
    parameters = net.parameters()
    held, again = taken(parameters), every_step(training)
    state: State | None = None
    n = 0
    try:
        whole = inputs.data if isinstance(inputs, Tensor) else None
        arriving = inputs if whole is None else (Tensor(whole[t : t + 1]) for t in range(len(whole)))
        for x in arriving:
            with recording():
                y, value, state = step(x, state, again(), targets(n))
            if value.requires_grad:
                value.backward()
            state = detached(state)
            n += 1
            yield y.data, value.item()
    finally:
        found = taken(parameters)
        for key, g in held.items():
            parameters[key].grad = g
    if n:
        add_gradients(parameters, found, 1 / n)


def _by_step(values: Array, shape: tuple[int, ...]) -> Callable[[int], Any]:
    """Targets of a step: their own where they are values over time, else the same."""
    timed = values.ndim >= 3 and values.shape[:2] == shape[:2]
    return (lambda t: values[t : t + 1]) if timed else (lambda t: values)


def _check(name: str, net: Any) -> None:
    if isinstance(net, type) or not isinstance(net, Layer) or not has_memory(net):
        raise TypeError(f"{name}: net: expected a net with neurons or another memory, got {net!r:.60}")
