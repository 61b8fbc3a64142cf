"""Architectures put together from layers."""

from .feed_forward import mlp, spiking_mlp
from .spiking_transformer import spiking_block, spiking_transformer
from .transformer import DecoderBlock, Transformer, encoder_block, image_transformer

__all__ = [
    "DecoderBlock",
    "Transformer",
    "encoder_block",
    "image_transformer",
    "mlp",
    "spiking_block",
    "spiking_mlp",
    "spiking_transformer",
]
