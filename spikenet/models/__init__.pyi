"""Architectures put together from layers."""

# fmt: off
# ruff: noqa: I001  (several names a line: the lists are long)

from .self_organising import SelfOrganisingMap, bubble, gaussian, hexagonal, rectangular, train_som
from .neural_sampling import (
    Calibration, Sampler, calibrate, divergence, run_network, sample_machine, state_probabilities,
)
from .boltzmann_machine import BoltzmannMachine, boltzmann_machine, train_machine, visible_probabilities
from .boltzmann import Rbm, dbn_features, dbn_sample, rbm, train_dbn, train_rbm
from .autoregressive import WaveNet, draw_pixels, pixel_cnn, pixel_nats
from .flows import Flow, glow, nice, real_nvp
from .growing import Growing
from .adversarial import critic_loss, dcgan_discriminator, dcgan_generator, maker_loss
from .autoencoders import Codes, Elbo, VariationalAutoencoder, VectorQuantiser, VqAutoencoder, autoencoder
from .residual import residual_unit, resnet, spiking_resnet, spiking_unit, unet
from .feed_forward import mlp, spiking_mlp
from .spiking_transformer import spiking_block, spiking_transformer
from .transformer import Transformer, image_transformer
from .attention_blocks import DecoderBlock, EncoderBlock

__all__ = [
    "BoltzmannMachine", "Calibration", "Codes", "DecoderBlock", "Elbo", "EncoderBlock", "Flow", "Growing", "Rbm",
    "Sampler", "SelfOrganisingMap", "Transformer", "VariationalAutoencoder", "VectorQuantiser", "VqAutoencoder",
    "WaveNet", "autoencoder", "boltzmann_machine", "bubble", "calibrate", "critic_loss", "dbn_features", "dbn_sample",
    "dcgan_discriminator", "dcgan_generator", "divergence", "draw_pixels", "gaussian", "glow", "hexagonal",
    "image_transformer", "maker_loss", "mlp", "nice", "pixel_cnn", "pixel_nats", "rbm", "real_nvp", "rectangular",
    "residual_unit", "resnet", "run_network", "sample_machine", "spiking_block", "spiking_mlp", "spiking_resnet",
    "spiking_transformer", "spiking_unit", "state_probabilities", "train_dbn", "train_machine", "train_rbm",
    "train_som", "unet", "visible_probabilities",
]
