"""Neuron models, what they are written in, resets and surrogates."""

from . import primitives, reset, surrogate

__all__ = [
    "primitives",
    "reset",
    "surrogate",
]
