"""Architectures put together from layers."""

from spikenet.models.feed_forward import mlp, spiking_mlp

__all__ = ["mlp", "spiking_mlp"]
