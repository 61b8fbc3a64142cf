"""Neuron models, what they are written in, resets and surrogates."""

from . import graded_lif, izhikevich, multi_level_lif, primitives, reset, semantics, stochastic_lif, surrogate

__all__ = [
    "graded_lif",
    "izhikevich",
    "multi_level_lif",
    "primitives",
    "reset",
    "semantics",
    "stochastic_lif",
    "surrogate",
]
