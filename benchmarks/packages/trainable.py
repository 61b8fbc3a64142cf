"""What a package's file hands to the worker that times it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Trainable(NamedTuple):
    """A net with its input, weights and optimiser inside.

    step     : one training step (forward, cross-entropy on spike counts, backward, Adam) -> the loss before the update
    infer    : forward only, nothing kept for gradients
    gradients: norm of the last step's gradient in every weight array, biases left out
    densities: share of (step, sample, neuron) that fires, of every spiking layer
    """

    step: Callable[[], float]
    infer: Callable[[], None]
    gradients: Callable[[], list[float]]
    densities: Callable[[], list[float]]
