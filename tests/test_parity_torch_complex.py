"""Complex activations and complex batch norm against torch's complex autograd, from their papers' formulas."""

from __future__ import annotations

import numpy as np
import pytest
from torch_parity import TOLERANCE, close, compare

import spikenet as sn

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")

N = 4


def drawn(layer):
    """Weights that are not all alike; the running covariance stays a covariance."""
    for k, (name, p) in enumerate(layer.parameters().items()):
        p.data[...] = np.random.default_rng(k).normal(size=p.shape)
        if name == "running_cov":
            p.data[...] = np.array([[1.5], [0.4], [0.8]]) + 0.1 * np.arange(N)
    return layer


def half_power(a, b, c):
    """The inverse square root of [[a, b], [b, c]] by its eigenvectors, (n, 2, 2)."""
    values, vectors = torch.linalg.eigh(torch.stack([torch.stack([a, b], -1), torch.stack([b, c], -1)], -2))
    return vectors @ torch.diag_embed(values**-0.5) @ vectors.transpose(-1, -2)


def whitened(x, w, mean, cov):
    """Batch norm of x (batch, n) with these moments, and the learnt scale and shift."""
    apart = torch.stack([x.real, x.imag], -1) - mean.T
    even = (half_power(cov[0] + 1e-5, cov[1], cov[2] + 1e-5) @ apart[..., None])[..., 0]
    turn = torch.stack(
        [torch.stack([w["scale"][0], w["scale"][1]], -1), torch.stack([w["scale"][1], w["scale"][2]], -1)], -2
    )
    y = (turn @ even[..., None])[..., 0] + w["shift"].T
    return torch.complex(y[..., 0], y[..., 1])


def moments(x):
    apart = torch.stack([x.real, x.imag])
    mean = apart.mean(1)
    u, v = apart - mean[:, None]
    return mean, ((u * u).mean(0), (u * v).mean(0), (v * v).mean(0))


def mod_relu(x, w):
    return torch.relu(x.abs() + w["bias"]) * torch.exp(1j * x.angle())


ACTIVATIONS = {
    "ModReLU": (lambda: drawn(sn.ModReLU(N)), mod_relu),
    "ZReLU": (sn.ZReLU, lambda x, w: x * ((x.real > 0) & (x.imag > 0))),
    "Cardioid": (sn.Cardioid, lambda x, w: x * (1 + torch.cos(x.angle())) / 2),
    "SplitReLU": (sn.SplitReLU, lambda x, w: torch.complex(torch.relu(x.real), torch.relu(x.imag))),
    "SplitTanh": (sn.SplitTanh, lambda x, w: torch.complex(torch.tanh(x.real), torch.tanh(x.imag))),
    "Magnitude": (sn.Magnitude, lambda x, w: x.abs()),
    "ComplexBatchNorm": (
        lambda: drawn(sn.ComplexBatchNorm(N)),
        lambda x, w: whitened(x, w, w["running_mean"].detach(), w["running_cov"].detach()),
    ),
}


def cloud(*shape):
    """Complex numbers whose parts go together."""
    rng = np.random.default_rng(1)
    real, imag = rng.normal(size=shape), rng.normal(size=shape)
    return (1 + 2 * real) + 1j * (real - 0.7 * imag - 0.5)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_forward_and_gradient(name, dtype):
    make, function = ACTIVATIONS[name]
    compare(torch, make(), function, cloud(7, N), dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_complex_batch_norm_in_training(dtype):
    layer, training = sn.cast(drawn(sn.ComplexBatchNorm(N)), dtype), sn.Training(np.random.default_rng(0))
    before = {name: p.data.astype(np.float64) for name, p in layer.parameters().items()}
    compare(
        torch, layer, lambda x, w: whitened(x, w, *moments(x)), cloud(40, N), dtype, as_it_is=True, training=training
    )
    mean, cov = moments(torch.tensor(cloud(40, N).astype(np.result_type(dtype, np.complex64)).astype(np.complex128)))
    wanted = {"running_mean": mean.numpy(), "running_cov": torch.stack(cov).numpy()}
    assert len(training.pending) == 2
    for buffer, moved in training.pending:
        close(moved, 0.9 * before[buffer.name] + 0.1 * wanted[buffer.name], dtype, buffer.name)


def test_a_wrong_formula_is_found():
    """The comparison itself fails for a bias that is a thousandth larger."""
    layer = drawn(sn.ModReLU(N))
    with pytest.raises(AssertionError, match="output"):
        compare(torch, layer, lambda x, w: mod_relu(x, {"bias": 1.001 * w["bias"]}), cloud(7, N), "float32")
