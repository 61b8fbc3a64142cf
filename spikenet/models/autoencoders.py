"""Autoencoders: with a bottleneck, variational (also of spiking nets), and with a codebook."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from spikenet import graph
from spikenet.errors import Array, positive, whole
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers import Layer, ReLU, Sequential, Training
from spikenet.layers.layer import as_input, dtype_of, generator
from spikenet.models.feed_forward import mlp

Seed = int | np.random.Generator | None


def autoencoder(sizes: Sequence[int], *, activation: Callable[[], Layer] = ReLU, seed: Seed = None) -> Sequential:
    """Encoder and decoder, `net.layers[0]` and `net.layers[1]`: sizes (inputs, ..., bottleneck) and back again.

    Trained to give its own input. Source: Hinton & Salakhutdinov 2006, Science 313:504-507.
    """
    rng = generator("autoencoder", seed)
    encoder = mlp(sizes, activation=activation, seed=rng)
    return Sequential(encoder, mlp(tuple(sizes)[::-1], activation=activation, seed=rng))


class Elbo(NamedTuple):
    """Terms of the bound, in nats a sample: loss = reconstruction + kl, minus the evidence lower bound."""

    loss: Tensor
    reconstruction: Tensor
    kl: Tensor


class VariationalAutoencoder:
    """x -> encoder -> mean and log-variance of n_latent normal numbers z -> decoder -> logits of Bernoulli pixels.

    encoder: (batch, inputs) to (batch, 2 n_latent);  decoder: (batch, n_latent) to (batch, inputs)
    Spiking nets are put in MeanOverTime(net, steps=...), whose mean output over time takes the place of the output.
    Source: Kingma & Welling 2013 (arXiv:1312.6114).
    """

    kind = "VariationalAutoencoder"

    def __init__(self, encoder: Layer, decoder: Layer, n_latent: int) -> None:
        self.encoder, self.decoder = encoder, decoder
        self.n_latent = whole("VariationalAutoencoder: n_latent", n_latent)

    def encode(self, x: TensorLike, *, training: Training | None = None) -> tuple[Tensor, Tensor]:
        """(mean, log-variance) of z, (batch, n_latent) each; ValueError when the encoder gives another size."""
        y = self.encoder(x, training=training)
        if y.shape[-1] != 2 * self.n_latent:
            raise ValueError(
                f"VariationalAutoencoder: expected an encoder that gives (batch, {2 * self.n_latent}), got {y.shape}"
            )
        mean, log_variance = graph.split(y, [self.n_latent] * 2, axis=-1)
        return mean, log_variance

    def elbo(self, x: Array, rng: np.random.Generator, *, training: Training | None = None) -> Elbo:
        """The bound for x in [0, 1], (batch, inputs), with one draw of z each; means over the batch."""
        mean, log_variance = self.encode(x, training=training)
        noise = rng.standard_normal(mean.shape).astype(mean.dtype)
        z = mean + graph.exp(log_variance * 0.5) * noise
        kl = 0.5 * (graph.square(mean) + graph.exp(log_variance) - log_variance - 1).sum(axis=-1).mean()
        reconstruction = -_bernoulli(self.decoder(z, training=training), x).mean()
        return Elbo(reconstruction + kl, reconstruction, kl)

    def log_likelihood(self, x: Array, rng: np.random.Generator, draws: int = 50) -> Array:
        """(batch,) importance-weighted estimates of log p(x) in nats; a lower bound that tightens with `draws`.

        Source: Burda et al. 2015 (arXiv:1509.00519), eq. 8.
        """
        with no_grad():
            mean, log_variance = (part.data.astype(np.float64) for part in self.encode(x))
            sd, found = np.exp(0.5 * log_variance), []
            for _ in range(whole("log_likelihood: draws", draws)):
                noise = rng.standard_normal(mean.shape)
                z = mean + sd * noise
                ratio = 0.5 * (np.square(noise) - np.square(z) + log_variance).sum(axis=-1)
                found.append(ratio + _bernoulli(self.decoder(z.astype(np.float32)), x).data)
            return np.asarray(graph.logsumexp(np.array(found), axis=0).data - math.log(draws))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """(n, inputs) probabilities of pixels for z from the prior."""
        with no_grad():
            z = rng.standard_normal((n, self.n_latent)).astype(np.float32)
            return graph.sigmoid(self.decoder(z)).data

    def parameters(self) -> dict[str, Tensor]:
        parts = {"encoder": self.encoder, "decoder": self.decoder}
        return {f"{name}.{key}": p for name, part in parts.items() for key, p in part.parameters().items()}

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.encoder, self.decoder

    def config(self) -> dict[str, Any]:
        return {"n_latent": self.n_latent}


class Codes(NamedTuple):
    """indices (...) of the nearest rows; quantised (..., n) with the encoder's gradient; loss: what the rows learn."""

    indices: Array
    quantised: Tensor
    loss: Tensor


class VectorQuantiser:
    """Each vector replaced by the nearest of n_codes learnt ones; the gradient goes straight through.

    loss = |row - vector|^2 + commitment |vector - row|^2, means over all numbers; rows stay still in the second term,
    vectors in the first. Source: van den Oord et al. 2017 (arXiv:1711.00937), eq. 3.
    """

    kind = "VectorQuantiser"

    def __init__(self, n_codes: int, n: int, *, commitment: float = 0.25, seed: Seed = None) -> None:
        self.commitment = positive("VectorQuantiser: commitment", commitment)
        shape = whole("VectorQuantiser: n_codes", n_codes), whole("VectorQuantiser: n", n)
        rows = generator("VectorQuantiser", seed).normal(0, 1 / math.sqrt(n), shape)
        self.codebook = Tensor(rows.astype(np.float32), requires_grad=True, name="codebook")

    def __call__(self, x: TensorLike) -> Codes:
        x = as_input("VectorQuantiser", x, self.codebook.dtype)
        n = self.codebook.shape[1]
        if x.shape[-1:] != (n,):
            raise ValueError(f"VectorQuantiser: expected input (..., {n}), got {x.shape}")
        rows = self.codebook.data
        flat = x.data.reshape(-1, n)
        distance = np.square(rows).sum(axis=1) - 2 * flat @ rows.T  # less |vector|^2, the same for all rows
        indices = distance.argmin(axis=1).reshape(x.shape[:-1])
        nearest = graph.take(self.codebook, indices)
        loss = graph.square(nearest - x.detach()).mean() + self.commitment * graph.square(x - nearest.detach()).mean()
        return Codes(indices, x + (nearest.detach() - x.detach()), loss)

    def parameters(self) -> dict[str, Tensor]:
        return {"codebook": self.codebook}

    def config(self) -> dict[str, Any]:
        n_codes, n = self.codebook.shape
        return {"n_codes": n_codes, "n": n, "commitment": self.commitment}


class VqAutoencoder:
    """encoder -> VectorQuantiser -> decoder: what goes through the middle is a grid of symbols.

    encoder: (batch, ...) to (batch, places, n);  decoder: (batch, places, n) to the shape of the input
    """

    kind = "VqAutoencoder"

    def __init__(self, encoder: Layer, quantiser: VectorQuantiser, decoder: Layer) -> None:
        self.encoder, self.quantiser, self.decoder = encoder, quantiser, decoder

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> tuple[Tensor, Codes]:
        """(reconstruction, codes of the middle)."""
        codes = self.quantiser(self.encoder(x, training=training))
        return self.decoder(codes.quantised, training=training), codes

    def parameters(self) -> dict[str, Tensor]:
        parts: dict[str, Any] = {"encoder": self.encoder, "quantiser": self.quantiser, "decoder": self.decoder}
        return {f"{name}.{key}": p for name, part in parts.items() for key, p in part.parameters().items()}

    @property
    def layers(self) -> tuple[Any, ...]:
        return self.encoder, self.quantiser, self.decoder

    def config(self) -> dict[str, Any]:
        return {}


def _bernoulli(logits: Tensor, x: Array) -> Tensor:
    """(batch,) log-probabilities of x under independent pixels."""
    given = as_input("VariationalAutoencoder", x, dtype_of({"logits": logits}))
    if given.shape != logits.shape:
        raise ValueError(f"VariationalAutoencoder: expected x of the decoder's shape {logits.shape}, got {given.shape}")
    if given.data.min() < 0 or given.data.max() > 1:
        raise ValueError(f"VariationalAutoencoder: expected x in [0, 1], got {given.data.min()} .. {given.data.max()}")
    return (given * logits - graph.softplus(logits)).sum(axis=-1)
