"""Segmented: a net run over a long sequence piece by piece, so that training needs the memory of one piece.

Backpropagation through time keeps what every step left behind. Here the forward pass keeps the states at the starts of
segments only; the backward pass runs each segment again, last to first, now with its graph, and hands the gradient of
the state on to the segment before. Price: one more forward pass. Source: Chen et al. 2016 (arXiv:1604.06174), for
recurrent nets Gruslys et al. 2016 (NeurIPS, arXiv:1606.03401). With the gradient dropped at the borders it is truncated
backpropagation through time, Williams & Peng 1990 (Neural Computation 2(4):490-501).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikenet.errors import Array, flag, whole
from spikenet.graph import Tensor, TensorLike, is_recording, no_grad, outputs, repeat
from spikenet.graph.backward import reverse_pass
from spikenet.graph.recording import recording
from spikenet.kernels import memory
from spikenet.layers.layer import Layer, State, Training, as_input, dtype_of
from spikenet.layers.state_leaves import leaves, with_leaves


class Segmented:
    """`net` run `steps` steps at a time: outputs, states and gradients as without, the memory of one segment.

    net     : a layer; axis 0 of its input is time
    steps   : length of a segment, >= 1; the last one takes what is left. A sequence no longer than that is run as ever
    truncate: whether the gradient of the state is dropped between segments: later steps then teach earlier ones nothing

    Each product sees fewer rows at once than without, so where a product of another size takes another route (events
    or BLAS) sums may round differently. Dropout has the mask of the whole sequence in every segment; a layer of one's
    own that draws from `training.rng` gets the same numbers in each. Parameters have the names they have in `net`.

    Raises TypeError when net is no layer or truncate no bool, ValueError for input without a time axis.
    """

    kind = "Segmented"

    def __init__(self, net: Layer, *, steps: int, truncate: bool = False) -> None:
        if isinstance(net, type) or not isinstance(net, Layer):
            raise TypeError(f"Segmented: net: expected a layer, got {net!r:.60}")
        self.layers = (net,)
        self.steps, self.truncate = whole("Segmented: steps", steps), flag("Segmented: truncate", truncate)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x, training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        x = as_input(self.kind, x, dtype_of(self.parameters()))
        if x.ndim < 2 or not x.size:
            raise ValueError(
                f"Segmented: expected input (steps, batch, ...) without empty axes, got {x.shape}; "
                "a missing batch axis is added with x[:, None]"
            )
        net = self.layers[0]
        if len(x) <= self.steps:
            return net.run(x, state, training=None if training is None else training.with_time())
        if training is not None and needs_whole_batch(net):
            raise ValueError(
                "Segmented: a normalisation takes its statistics over all steps, which no segment has; train without "
                "segments, or fold it into the weights"
            )
        return _run(_Pieces(net, x, self.steps, _repeatable(training)), state, self.truncate)

    def parameters(self) -> dict[str, Tensor]:
        return self.layers[0].parameters()

    def config(self) -> dict[str, Any]:
        return {"steps": self.steps, "truncate": self.truncate}

    def __repr__(self) -> str:
        return f"Segmented({self.layers[0]!r}, steps={self.steps}{', truncate=True' if self.truncate else ''})"


def needs_whole_batch(layer: Layer) -> bool:
    """Whether a layer inside takes statistics over all steps and samples while training (batch normalisation)."""
    return hasattr(layer, "running_mean") or any(needs_whole_batch(inner) for inner in getattr(layer, "layers", ()))


@dataclass(frozen=True)
class _Pieces:
    """A sequence to run piece by piece; training() is a new one for each piece, all with the same random numbers."""

    net: Layer
    x: Tensor
    steps: int
    training: Callable[[], Training | None]

    @property
    def places(self) -> list[slice]:
        n = len(self.x)
        return [slice(low, min(low + self.steps, n)) for low in range(0, n, self.steps)]

    def run(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        return self.net.run(x, state, training=self.training())


def _repeatable(training: Training | None) -> Callable[[], Training | None]:
    """Gives the same random numbers at each call; `training.rng` itself moves on as in one pass."""
    if training is None:
        return lambda: None
    start = copy.deepcopy(training.rng)
    first = [training]  # whoever comes first draws from the caller's own

    def again() -> Training:
        if first:
            return first.pop().with_time()
        return replace(training, rng=copy.deepcopy(start), over_time=True)

    return again


def _run(pieces: _Pieces, state: State | None, truncate: bool) -> tuple[Tensor, State]:
    x = pieces.x
    learnt = tuple(p for p in pieces.net.parameters().values() if p.requires_grad)
    initial = tuple(leaf for leaf in leaves(state) if isinstance(leaf, Tensor))
    keep = is_recording() and any(parent.requires_grad for parent in (x, *initial, *learnt))
    y: Array | None = None
    starts = []
    now = state
    with no_grad():
        for place in pieces.places:
            if keep:
                starts.append(now)
            part, now = pieces.run(_constant(x, place), now)
            if y is None:
                y = memory.empty((len(x), *part.shape[1:]), part.dtype)
            y[place] = part.data
    assert y is not None
    last = [leaf for leaf in leaves(now) if isinstance(leaf, Tensor)]
    if not keep:
        return Tensor(y), now or ()

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        return _backward(pieces, starts, truncate, arrived, (x, *initial, *learnt))

    made = outputs([y, *(leaf.data for leaf in last)], (x, *initial, *learnt), vjp, operation="segmented")
    ends = iter(made[1:])
    return made[0], with_leaves(now, lambda leaf: next(ends) if isinstance(leaf, Tensor) else leaf) or ()


def _backward(
    pieces: _Pieces, starts: list[State | None], truncate: bool, arrived: Sequence[Array | None],
    parents: tuple[Tensor, ...],
) -> list[Array | None]:  # fmt: skip
    """The gradients in (input, initial state..., learnt parameters...), from those in (output, last state...)."""
    x, n_initial = parents[0], len([leaf for leaf in leaves(starts[0]) if isinstance(leaf, Tensor)])
    learnt = parents[1 + n_initial :]
    g_y, g_after = arrived[0], list(arrived[1:])
    g_x = memory.zeros(x.shape, x.dtype) if x.requires_grad and x.repeated is None else None
    g_held: Array | None = None  # of input that repeats, summed over time
    sums: list[Array | None] = [None] * len(learnt)
    for k, place in reversed(list(enumerate(pieces.places))):
        with recording():
            given, held = _differentiable(x, place)
            heads: list[Tensor] = []

            def head(leaf: Any, k: int = k, heads: list[Tensor] = heads) -> Any:
                if not isinstance(leaf, Tensor):
                    return leaf
                heads.append(Tensor(leaf.data, requires_grad=leaf.requires_grad if k == 0 else not truncate))
                return heads[-1]

            out, after = pieces.run(given, with_leaves(starts[k], head))
            ends = [leaf for leaf in leaves(after) if isinstance(leaf, Tensor)]
            found = _gradients((out, *ends), (None if g_y is None else g_y[place], *g_after))
        sums = [_added(total, found.get(p)) for total, p in zip(sums, learnt, strict=True)]
        g_after = [found.get(one) for one in heads]
        if g_x is not None and given in found:
            g_x[place] = found[given]
        elif held is not None:
            g_held = _added(g_held, found.get(held))
    if x.requires_grad and x.repeated is not None:
        g_x = None if g_held is None else g_held[None]
    return [g_x, *g_after, *sums]


def _constant(x: Tensor, place: slice) -> Tensor:
    return Tensor(x.data[place])


def _differentiable(x: Tensor, place: slice) -> tuple[Tensor, Tensor | None]:
    """(a piece of the input whose gradient can be asked for, the leaf behind it when it repeats in time)."""
    if not x.requires_grad:
        return _constant(x, place), None
    if x.repeated is None:
        return Tensor(x.data[place], requires_grad=True), None
    held = Tensor(x.repeated.data, requires_grad=True)
    return repeat(held, place.stop - place.start), held


def _gradients(targets: Sequence[Tensor], gradients: Sequence[Array | None]) -> dict[Tensor, Array]:
    """The gradient in every leaf, from those in several tensors at once; touches no `.grad`."""
    pairs = [(t, g) for t, g in zip(targets, gradients, strict=True) if g is not None and t.requires_grad]
    if not pairs:
        return {}
    together = Tensor(np.zeros((), pairs[0][0].dtype), tuple(t for t, _ in pairs), lambda one: [g for _, g in pairs])
    passes = reverse_pass(together)
    return {node: np.asarray(total) for node, total, _ in passes if node.vjp is None}


def _added(total: Array | None, more: Array | None) -> Array | None:
    if total is None or more is None:
        return more if total is None else total
    return np.add(total, more, out=total) if total.ndim else np.asarray(total + more)
