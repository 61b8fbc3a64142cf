"""Weights taken out: the smallest, those that training moves towards 0, whole channels; at once or by a schedule.

A pruned weight is held at 0 by the bounds that every optimiser of this package keeps parameters within, so training
goes on around it; checkpoints keep what is held, and an early stop goes back to no weights from before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikenet.convert.refusals import norms_behind
from spikenet.errors import Array, flag, whole, within
from spikenet.graph import Tensor
from spikenet.graph.held import held as held
from spikenet.graph.held import hold_at_zero as hold_at_zero
from spikenet.layers import Layer

Params = Mapping[str, Tensor]


def weights_of(net: Layer) -> dict[str, Tensor]:
    """The parameters that pruning is about: learnt ones with two axes or more."""
    return {name: p for name, p in net.parameters().items() if p.requires_grad and p.ndim >= 2}


def prune(
    net: Layer, share: float, *, scores: Mapping[str, Array] | None = None, together: bool = True
) -> dict[str, float]:
    """Holds a share of all weights at 0, in place; returns the share of each by name.

    share   : in [0, 1)
    scores  : what decides, by name, the smallest going first; the weights' sizes if left out. `Movement` makes others
    together: one ranking for the whole net, so that layers differ; else the same share of each

    What was pruned before stays so. Raises ValueError when nothing of a layer would be left.
    """
    part, params = _share(share), weights_of(net)
    if not params:
        raise ValueError(f"prune: expected a net with weights, got {net!r:.60}")
    sizes = {name: np.abs(p.data) for name, p in params.items()}
    if scores is not None and (missing := set(params) - set(scores)):
        raise ValueError(f"prune: expected scores of {', '.join(map(repr, params))}; {sorted(missing)} are missing")
    ranks = sizes if scores is None else {name: np.array(scores[name], np.float64) for name in params}
    for name, p in params.items():
        if ranks[name].shape != p.shape:
            raise ValueError(f"prune: expected scores {p.shape} of {name!r}, got {ranks[name].shape}")
        ranks[name] = np.where(held(p), -np.inf, ranks[name])
    flat = [r.reshape(-1) for r in ranks.values()]
    if flag("prune: together", together):
        ends = np.cumsum([r.size for r in flat])[:-1]
        masks = np.split(_smallest(np.concatenate(flat), part), ends)
    else:
        masks = [_smallest(r, part) for r in flat]
    gone = {name: mask.reshape(p.shape) | held(p) for (name, p), mask in zip(params.items(), masks, strict=True)}
    if empty := [name for name, mask in gone.items() if mask.all()]:
        raise ValueError(f"prune: share {share} would leave nothing of {empty[0]!r}; lower it, or together=False")
    for name, mask in gone.items():
        hold_at_zero(params[name], mask)
    return {name: float(mask.mean()) for name, mask in gone.items()}


def prune_channels(net: Layer, share: float) -> dict[str, float]:
    """Holds whole outputs of each layer at 0, those with the shortest weight vectors, but for the last layer's.

    share: of the channels of each layer, in [0, 1). Biases of pruned channels, and scale and shift of a batch norm
           right behind, are held at 0 as well: nothing is left of them.
    Real and imaginary part of a complex layer go together. Raises TypeError naming the layer where other weights than
    one array of them make an output, as in attention, gated and quaternion layers; nothing is pruned then.
    Source: Li et al. 2016 (arXiv:1608.08710), with lengths (L2) for their L1.
    """
    part, all_params = _share(share), net.parameters()
    layers = _layers_with_weights(net)[:-1]
    for layer, params in layers:
        ends = {name.rpartition(".")[2] for name in params}
        if (len(ends) > 1 and ends != {"weight_real", "weight_imag"}) or layer.kind == "QuaternionLinear":
            raise TypeError(
                f"prune_channels: expected layers whose outputs have one array of weights, got {layer.kind} with "
                f"{', '.join(map(repr, params))}; prune() takes single weights of any layer"
            )
    norms, taken = dict[int, list[Layer]](), dict[str, float]()
    for layer, norm in norms_behind([net], lambda one: any(one is other for other, _ in layers)):
        norms.setdefault(id(layer), []).append(norm)
    for layer, params in layers:
        views = {name: _by_channel(layer, p.shape) for name, p in params.items()}
        lengths = sum(np.square(p.data.reshape(views[name][0])).sum(axis=views[name][1]) for name, p in params.items())
        gone = np.zeros(lengths.size, bool)
        gone[np.argsort(lengths.reshape(-1), kind="stable")[: int(part * lengths.size)]] = True
        for name, p in params.items():
            shape, others = views[name]
            wide = np.expand_dims(gone.reshape(lengths.shape), others)
            hold_at_zero(p, np.broadcast_to(wide, shape).reshape(p.shape))
            before, _, end = name.rpartition("weight")
            bias = all_params.get(f"{before}bias{end}")
            if bias is not None and bias.shape == gone.shape:
                hold_at_zero(bias, gone)
            taken[name] = float(gone.mean())
        for norm in norms.get(id(layer), ()):
            for p in norm.parameters().values():
                if p.requires_grad and p.shape[-1:] == gone.shape:
                    hold_at_zero(p, np.broadcast_to(gone, p.shape))
    return taken


def _layers_with_weights(net: Layer) -> list[tuple[Layer, dict[str, Tensor]]]:
    """Every layer that has weights of its own, with these, in the order of the parameters."""
    owners: dict[int, Layer] = {}

    def look(layer: Layer) -> None:
        owners.update((id(p), layer) for p in layer.parameters().values())
        for inner in getattr(layer, "layers", ()):
            look(inner)

    look(net)
    found: dict[tuple[int, str], tuple[Layer, dict[str, Tensor]]] = {}
    for name, p in weights_of(net).items():
        place = name.rpartition(".")[0]
        found.setdefault((id(owners[id(p)]), place), (owners[id(p)], {}))[1][name] = p
    return list(found.values())


def _by_channel(layer: Any, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(a shape for the weights, which of its axes run within an output channel)."""
    if getattr(layer, "is_transposed", False):  # (n_in, n_out / groups, ...), inputs group by group
        split = (layer.groups, shape[0] // layer.groups, *shape[1:])
        return split, (1, *range(3, len(split)))
    return shape, (0,) if len(shape) == 2 else tuple(range(1, len(shape)))


def sparsity(net: Layer) -> float:
    """Share of all weights that are 0."""
    params = weights_of(net).values()
    return sum(int((p.data == 0).sum()) for p in params) / max(sum(p.size for p in params), 1)


def cubic(final: float, steps: int, *, start: float = 0.0) -> Callable[[int], float]:
    """The share to be pruned after k of `steps` steps: fast at first, slow towards the end.

    Source: Zhu & Gupta 2017 (arXiv:1710.01878), eq. 1.
    """
    last, first, count = _share(final), _share(start), whole("cubic: steps", steps)

    def share(k: int) -> float:
        return last + (first - last) * (1 - min(max(k, 0), count) / count) ** 3

    return share


@dataclass
class Gradually:
    """A callback of `fit`: after each epoch prunes what the schedule says: Gradually(net, cubic(0.9, 8))."""

    net: Layer
    schedule: Callable[[int], float]
    scores: Callable[[], Mapping[str, Array]] | None = None

    def __call__(self, record: Any) -> None:
        prune(self.net, self.schedule(record.epoch), scores=None if self.scores is None else self.scores())


@dataclass
class Movement:
    """An optimiser around another that also sums -weight * gradient: how far training moves each weight from 0.

    Its `scores` are for `prune`: weights on their way to 0 go first, even large ones.
    Source: Sanh et al. 2020 (arXiv:2005.07683), eq. 5.
    """

    optimiser: Any
    scores: dict[str, Array] = field(default_factory=dict, compare=False, repr=False)

    def start(self, params: Params) -> Any:
        self.scores = {name: np.zeros(p.shape, p.dtype) for name, p in params.items() if p.ndim >= 2}
        return self.optimiser.start(params) | {"movement": self.scores}

    def step(self, params: Params, state: Any, rate_scale: float = 1.0) -> Any:
        self.scores = state["movement"]  # another dict than that of `start` in a resumed run
        for name, scores in self.scores.items():
            p = params[name]
            if p.grad is not None:
                scores -= p.data * p.grad
        inner = {moment: arrays for moment, arrays in state.items() if moment != "movement"}
        return self.optimiser.step(params, inner, rate_scale) | {"movement": self.scores}


def _smallest(ranks: Array, part: float) -> Array:
    """Where the smallest are, so large a part of all; of equal ones the first."""
    mask = np.zeros(ranks.size, bool)
    mask[np.argsort(ranks, kind="stable")[: round(part * ranks.size)]] = True
    return mask


def _share(share: float) -> float:
    part = within("prune: share", share, 0, 1)
    if part == 1:
        raise ValueError("prune: share: expected less than 1; pruning everything leaves no net")
    return part
