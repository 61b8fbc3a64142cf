"""Trained nets made into others: fewer bits, fewer weights, spikes in place of numbers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
