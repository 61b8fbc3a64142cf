"""Neuron models, each a step function in a file of its own; what they are written in, resets and surrogates."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
