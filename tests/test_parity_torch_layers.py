"""Conventional layers against torch's: outputs and gradients to 1e-5 in float32 and 1e-9 in float64."""

from __future__ import annotations

import numpy as np
import pytest
from torch_parity import TOLERANCE, close, compare

import spikenet as sn
from spikenet.graph import Tensor

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")
F = torch.nn.functional

# CELU and HardSigmoid by their definitions: torch keeps their constants in float32
POINTWISE = {
    "LeakyReLU": (lambda: sn.LeakyReLU(0.2), lambda x, w: F.leaky_relu(x, 0.2)),
    "ELU": (lambda: sn.ELU(1.5), lambda x, w: F.elu(x, 1.5)),
    "CELU": (lambda: sn.CELU(0.7), lambda x, w: F.relu(x) - F.relu(-0.7 * torch.expm1(x / 0.7))),
    "SELU": (sn.SELU, lambda x, w: F.selu(x)),
    "ReLU": (sn.ReLU, lambda x, w: F.relu(x)),
    "ReLU6": (sn.ReLU6, lambda x, w: F.relu6(x)),
    "HardTanh": (sn.HardTanh, lambda x, w: F.hardtanh(x)),
    "HardSigmoid": (sn.HardSigmoid, lambda x, w: F.relu6(x + 3) / 6),
    "HardSwish": (sn.HardSwish, lambda x, w: F.hardswish(x)),
    "SiLU": (sn.SiLU, lambda x, w: F.silu(x)),
    "Mish": (sn.Mish, lambda x, w: F.mish(x)),
    "GELU": (sn.GELU, lambda x, w: F.gelu(x)),
    "Softplus": (sn.Softplus, lambda x, w: F.softplus(x)),
    "Softsign": (sn.Softsign, lambda x, w: F.softsign(x)),
    "Sigmoid": (sn.Sigmoid, lambda x, w: torch.sigmoid(x)),
    "Tanh": (sn.Tanh, lambda x, w: torch.tanh(x)),
    "LogSigmoid": (sn.LogSigmoid, lambda x, w: F.logsigmoid(x)),
    "LogSoftmax": (sn.LogSoftmax, lambda x, w: F.log_softmax(x, -1)),
    "Softmax": (sn.Softmax, lambda x, w: F.softmax(x, -1)),
    "GLU": (sn.GLU, lambda x, w: F.glu(x, -1)),
    "PReLU": (sn.PReLU, lambda x, w: F.prelu(x, w["slope"])),
    "Swish": (lambda: sn.Swish(6, beta=1.3), lambda x, w: x * torch.sigmoid(w["beta"] * x)),
    "Maxout": (
        lambda: sn.Maxout(6, 5, 3, seed=1),
        lambda x, w: (x @ w["weight"] + w["bias"]).unflatten(-1, (5, 3)).max(-1).values,
    ),
    "LayerNorm": (lambda: scaled(sn.LayerNorm(6)), lambda x, w: F.layer_norm(x, (6,), w["weight"], w["bias"])),
    "RMSNorm": (lambda: scaled(sn.RMSNorm(6)), lambda x, w: F.rms_norm(x, (6,), w["weight"], 1e-6)),
}
IMAGES = {
    **{
        f"ConvTranspose2d {options}": (
            lambda options=options: sn.ConvTranspose2d(4, 6, 3, seed=0, **options),
            lambda x, w, options=options: F.conv_transpose2d(x, w["weight"], w["bias"], **options),
        )
        for options in (
            {"stride": 2, "padding": 1, "output_padding": 1},
            {"dilation": 2, "stride": (1, 2)},
            {"groups": 2},
            {"dilation": (3, 1), "output_padding": (2, 0)},
        )
    },
    "GlobalAvgPool2d": (sn.GlobalAvgPool2d, lambda x, w: x.mean((-1, -2))),
    "GlobalMaxPool2d": (sn.GlobalMaxPool2d, lambda x, w: x.amax((-1, -2))),
    "AdaptiveAvgPool2d": (lambda: sn.AdaptiveAvgPool2d((3, 4)), lambda x, w: F.adaptive_avg_pool2d(x, (3, 4))),
    "AdaptiveMaxPool2d": (lambda: sn.AdaptiveMaxPool2d((3, 4)), lambda x, w: F.adaptive_max_pool2d(x, (3, 4))),
    "Upsample2d": (lambda: sn.Upsample2d(2), lambda x, w: F.interpolate(x, scale_factor=2)),
    "BilinearUpsample2d": (
        lambda: sn.BilinearUpsample2d((2, 3)),
        lambda x, w: F.interpolate(x, scale_factor=(2, 3), mode="bilinear"),
    ),
    "PReLU": (lambda: sn.PReLU(4, n_axes=2), lambda x, w: F.prelu(x, w["slope"])),
    "GroupNorm": (lambda: scaled(sn.GroupNorm(2, 4)), lambda x, w: F.group_norm(x, 2, w["weight"], w["bias"])),
    "InstanceNorm2d": (
        lambda: scaled(sn.InstanceNorm2d(4)),
        lambda x, w: F.instance_norm(x, weight=w["weight"], bias=w["bias"]),
    ),
}


def scaled(norm):
    """Weights that are not all 1 and 0, so that a gradient which forgets them is found."""
    for k, p in enumerate(norm.parameters().values()):
        p.data[...] = np.random.default_rng(k).normal(size=p.shape)
    return norm


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", POINTWISE)
def test_along_the_last_axis(name, dtype):
    make, function = POINTWISE[name]
    x = np.random.default_rng(1).normal(0, 3, (5, 3, 6))
    compare(torch, make(), function, x, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", IMAGES)
def test_on_images(name, dtype):
    make, function = IMAGES[name]
    compare(torch, make(), function, np.random.default_rng(2).normal(1, 2, (3, 4, 5, 6)), dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_embedding(dtype):
    layer = sn.cast(sn.Embedding(7, 4, seed=0), dtype)
    symbols = np.random.default_rng(0).integers(0, 7, (5, 3))
    y = layer(symbols)
    y.backward(np.ones(y.shape, dtype) * np.arange(4))
    weight = torch.tensor(layer.weights["weight"].data, requires_grad=True)
    expected = F.embedding(torch.tensor(symbols), weight)
    expected.backward(torch.ones_like(expected) * torch.arange(4))
    np.testing.assert_array_equal(y.data, expected.detach().numpy())
    np.testing.assert_allclose(layer.weights["weight"].grad, weight.grad.numpy(), rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention(causal, dtype):
    layer, n, heads = sn.MultiHeadAttention(8, 2, causal=causal, seed=0), 8, 2
    for name in ("bias", "out_bias"):
        layer.weights[name].data[...] = np.random.default_rng(1).normal(size=layer.weights[name].shape)

    def theirs(x, w):
        hidden = torch.ones(5, 5, dtype=torch.bool).triu(1) if causal else None
        y, _ = F.multi_head_attention_forward(
            *(x.transpose(0, 1),) * 3, n, heads, w["weight"].T, w["bias"], None, None, False, 0.0, w["out_weight"].T,
            w["out_bias"], attn_mask=hidden, need_weights=False,
        )  # fmt: skip
        return y.transpose(0, 1)

    compare(torch, layer, theirs, np.random.default_rng(2).normal(size=(3, 5, 8)), dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_scaled_dot_product_attention(dtype):
    rng = np.random.default_rng(3)
    mask = rng.random((4, 6)) < 0.6
    mask[:, 0] = True
    q, k, v = (rng.normal(size=(2, 3, rows, 5)).astype(dtype) for rows in (4, 6, 6))
    ours = [Tensor(a, requires_grad=True) for a in (q, k, v)]
    theirs = [torch.tensor(a.astype(np.float64), requires_grad=True) for a in (q, k, v)]
    y, expected = sn.graph.attention(*ours, mask=mask), F.scaled_dot_product_attention(*theirs, torch.tensor(mask))
    y.backward(np.ones(y.shape, dtype))
    expected.backward(torch.ones_like(expected))
    close(y.data, expected.detach().numpy(), dtype, "output")
    for one, other, what in zip(ours, theirs, "qkv", strict=True):
        close(one.grad, other.grad.numpy(), dtype, what)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", ["linear", "conv"])
def test_complex_layers(kind, dtype):
    layer = sn.ComplexLinear(4, 3, seed=0) if kind == "linear" else sn.ComplexConv2d(4, 3, 3, padding=1, seed=0)
    rng, layer = np.random.default_rng(0), sn.cast(layer, dtype)
    shape = (5, 4) if kind == "linear" else (2, 4, 5, 6)
    z = (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.result_type(dtype, np.complex64))
    ours = Tensor(z, requires_grad=True)
    y = layer(ours)
    g = (rng.normal(size=y.shape) + 1j * rng.normal(size=y.shape)).astype(z.dtype)
    y.backward(g)
    w = {n: torch.tensor(p.data.astype(np.float64), requires_grad=True) for n, p in layer.weights.items()}
    theirs = torch.tensor(z.astype(np.complex128), requires_grad=True)
    weight, bias = torch.complex(w["weight_real"], w["weight_imag"]), torch.complex(w["bias_real"], w["bias_imag"])
    expected = theirs @ weight + bias if kind == "linear" else F.conv2d(theirs, weight, bias, padding=1)
    expected.backward(torch.tensor(g.astype(np.complex128)))
    close(y.data, expected.detach().numpy(), dtype, "output")
    close(ours.grad, theirs.grad.numpy(), dtype, "input")
    for name, p in layer.weights.items():
        close(p.grad, w[name].grad.numpy(), dtype, name)
