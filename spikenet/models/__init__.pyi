"""Architectures put together from layers."""

# fmt: off
# ruff: noqa: I001, RUF022  (several names a line: the lists are long)

from .autoregressive import WaveNet, draw_pixels, pixel_cnn, pixel_nats
from .flows import Flow, glow, nice, real_nvp
from .growing import Growing
from .adversarial import critic_loss, dcgan_discriminator, dcgan_generator, maker_loss
from .autoencoders import Codes, Elbo, VariationalAutoencoder, VectorQuantiser, VqAutoencoder, autoencoder
from .residual import residual_unit, resnet, spiking_resnet, spiking_unit, unet
from .feed_forward import mlp, spiking_mlp
from .spiking_transformer import spiking_block, spiking_transformer
from .transformer import DecoderBlock, Transformer, encoder_block, image_transformer

__all__ = [
    "Codes", "DecoderBlock", "Elbo", "Flow", "Growing", "Transformer", "VariationalAutoencoder", "VectorQuantiser",
    "VqAutoencoder", "WaveNet", "autoencoder", "critic_loss", "dcgan_discriminator", "dcgan_generator",
    "draw_pixels", "encoder_block", "glow", "image_transformer", "maker_loss", "mlp", "nice", "pixel_cnn",
    "pixel_nats", "real_nvp", "residual_unit", "resnet", "spiking_block", "spiking_mlp", "spiking_resnet",
    "spiking_transformer", "spiking_unit", "unet",
]
