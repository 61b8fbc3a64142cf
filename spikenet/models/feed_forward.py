"""Fully connected nets: the conventional one and its spiking twin, of the same sizes and so of the same weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from spikenet.errors import whole
from spikenet.layers import LIF, Dropout, Layer, Linear, ReLU, Sequential
from spikenet.layers.layer import generator


def mlp(
    sizes: Sequence[int],
    *,
    activation: Callable[[], Layer] = ReLU,
    input_dropout: float = 0.0,
    dropout: float = 0.0,
    seed: int | np.random.Generator | None = None,
) -> Sequential:
    """Linear layers of the given sizes, `activation()` between them; the last one gives scores.

    sizes        : (inputs, hidden..., outputs), at least two
    input_dropout: probability of silencing an input while training
    dropout      : the same of a hidden unit
    seed         : of the initial weights
    """
    return _stack("mlp", sizes, activation, None, input_dropout, dropout, seed)


def spiking_mlp(
    sizes: Sequence[int],
    *,
    neuron: Callable[[], Layer] = LIF,
    readout: Callable[[], Layer] | None = None,
    input_dropout: float = 0.0,
    dropout: float = 0.0,
    seed: int | np.random.Generator | None = None,
) -> Sequential:
    """The same weights as `mlp` with the same seed, a layer of `neuron()` after each, `readout()` after the last.

    readout               : what the last layer's neurons are; None for the same as the others
    input_dropout, dropout: as in `mlp`, one mask for a whole sequence
    """
    return _stack("spiking_mlp", sizes, neuron, readout or neuron, input_dropout, dropout, seed)


def _stack(
    name: str,
    sizes: Sequence[int],
    between: Callable[[], Layer],
    last: Callable[[], Layer] | None,
    input_dropout: float,
    dropout: float,
    seed: int | np.random.Generator | None,
) -> Sequential:
    if not isinstance(sizes, Sequence | np.ndarray) or isinstance(sizes, str):
        raise TypeError(f"{name}: expected sizes (inputs, ..., outputs) such as (64, 128, 10), got {sizes!r:.60}")
    if len(sizes) < 2:
        raise ValueError(f"{name}: expected at least two sizes (inputs, ..., outputs), got {tuple(sizes)}")
    checked = [whole(f"{name}: size {k}", size) for k, size in enumerate(sizes)]
    for make in (between, between if last is None else last):
        if not callable(make) or isinstance(make, Layer):
            raise TypeError(f"{name}: expected a function that makes a layer, such as sn.LIF, got {make!r:.60}")
    rng = generator(name, seed)
    layers: list[Layer] = [Dropout(input_dropout)] if input_dropout else []
    for k, (n_in, n_out) in enumerate(pairwise(checked)):
        layers.append(Linear(n_in, n_out, seed=rng))
        if k < len(checked) - 2:
            layers.append(between())
            layers += [Dropout(dropout)] if dropout else []
        elif last is not None:
            layers.append(last())
    return Sequential(*layers)
