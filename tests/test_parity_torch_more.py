"""The rest of the conventional layers against torch: windows, norms in training, conditional norms, quaternions."""

from __future__ import annotations

import numpy as np
import pytest
from torch_parity import TOLERANCE, close, compare

import spikenet as sn
from spikenet.graph import Tensor

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")
F = torch.nn.functional

CONVOLUTIONS = (
    {},
    {"stride": 2, "padding": 1},
    {"padding": 2, "dilation": 2},
    {"groups": 2, "padding": 1},
    {"bias": False},
)
SIGNALS = {
    **{
        f"Conv1d {options}": (
            lambda options=options: sn.Conv1d(4, 6, 3, seed=0, **options),
            lambda x, w, options=options: F.conv1d(x, w["weight"], w.get("bias"), **without_bias(options)),
        )
        for options in CONVOLUTIONS
    },
    "ConvTranspose1d": (
        lambda: sn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, seed=0),
        lambda x, w: F.conv_transpose1d(x, w["weight"], w["bias"], stride=2, padding=1, output_padding=1),
    ),
    "CausalConv1d": (
        lambda: sn.CausalConv1d(4, 5, 3, dilation=2, seed=0),
        lambda x, w: F.conv1d(F.pad(x, (4, 0)), w["weight"], w["bias"], dilation=2),
    ),
    "MaxPool1d": (lambda: sn.MaxPool1d(3, stride=2, padding=1), lambda x, w: F.max_pool1d(x, 3, 2, 1)),
    "AvgPool1d": (lambda: sn.AvgPool1d(3, stride=2, padding=1), lambda x, w: F.avg_pool1d(x, 3, 2, 1)),
    "SumPool1d": (lambda: sn.SumPool1d(3, stride=2), lambda x, w: 3 * F.avg_pool1d(x, 3, 2)),
    "GlobalAvgPool1d": (sn.GlobalAvgPool1d, lambda x, w: x.mean(-1)),
    "GlobalMaxPool1d": (sn.GlobalMaxPool1d, lambda x, w: x.amax(-1)),
    "AdaptiveAvgPool1d": (lambda: sn.AdaptiveAvgPool1d(4), lambda x, w: F.adaptive_avg_pool1d(x, 4)),
    "Upsample1d": (lambda: sn.Upsample1d(3), lambda x, w: F.interpolate(x, scale_factor=3)),
    "InstanceNorm1d": (
        lambda: scaled(sn.InstanceNorm1d(4)),
        lambda x, w: F.instance_norm(x, weight=w["weight"], bias=w["bias"]),
    ),
}
IMAGES = {
    **{
        f"Conv2d {options}": (
            lambda options=options: sn.Conv2d(4, 6, 3, seed=0, **options),
            lambda x, w, options=options: F.conv2d(x, w["weight"], w.get("bias"), **without_bias(options)),
        )
        for options in (*CONVOLUTIONS, {"stride": (1, 2), "padding": (0, 1), "dilation": (2, 1)})
    },
    "MaskedConv2d": (
        lambda: sn.MaskedConv2d(4, 5, 3, sees_itself=False, seed=0),
        lambda x, w: F.conv2d(x, w["weight"] * before_the_centre(), w["bias"], padding=1),
    ),
    "MaxPool2d": (lambda: sn.MaxPool2d(3, stride=2, padding=1), lambda x, w: F.max_pool2d(x, 3, 2, 1)),
    "AvgPool2d": (lambda: sn.AvgPool2d((2, 3), padding=(1, 0)), lambda x, w: F.avg_pool2d(x, (2, 3), None, (1, 0))),
    "SumPool2d": (lambda: sn.SumPool2d(2), lambda x, w: 4 * F.avg_pool2d(x, 2)),
    "GlobalSumPool2d": (sn.GlobalSumPool2d, lambda x, w: x.sum((-1, -2))),
    "Flatten": (lambda: sn.Flatten(3), lambda x, w: x.flatten(1)),
    "BatchNorm2d": (
        lambda: scaled(sn.BatchNorm2d(4)),
        lambda x, w: F.batch_norm(x, w["running_mean"].detach(), w["running_var"].detach(), w["weight"], w["bias"]),
    ),
    "Patches": (lambda: sn.Patches(3), lambda x, w: F.unfold(x, 3, stride=3).transpose(1, 2)),
}
ROWS = {
    "Linear": (lambda: sn.Linear(8, 5, seed=0), lambda x, w: F.linear(x, w["weight"].T, w["bias"])),
    "RadialBasis": (
        lambda: sn.RadialBasis(8, 5, width=2.0, seed=0),
        lambda x, w: torch.exp(-0.5 * (x[..., None, :] - w["centres"]).square().sum(-1) / (2 * w["log_width"]).exp()),
    ),
    "QuaternionLinear": (
        lambda: scaled(sn.QuaternionLinear(2, 3, seed=0)),
        lambda x, w: hamilton(x.unflatten(-1, (4, 2)), w["weight"]).flatten(-2) + w["bias"],
    ),
    "LearntPositions": (lambda: sn.LearntPositions(3, 8, seed=0), lambda x, w: x + w["weight"]),
}


def without_bias(options):
    return {name: value for name, value in options.items() if name != "bias"}


def scaled(layer):
    """Weights that are not all 1 and 0, so that a gradient which forgets them is found."""
    for k, (name, p) in enumerate(layer.parameters().items()):
        drawn = np.random.default_rng(k).normal(size=p.shape)
        p.data[...] = np.abs(drawn) + 0.5 if name == "running_var" else drawn
    return layer


def before_the_centre():
    mask = torch.zeros(3, 3, dtype=torch.float64)
    mask[0], mask[1, 0] = 1, 1
    return mask


def hamilton(x, w):
    """x (..., 4, n) times w (4, n, m), summed over n, by i^2 = j^2 = k^2 = ijk = -1."""
    (a, b, c, d), (p, q, r, s) = x.unbind(-2), w.unbind(0)
    return torch.stack(
        [
            a @ p - b @ q - c @ r - d @ s,
            a @ q + b @ p + c @ s - d @ r,
            a @ r - b @ s + c @ p + d @ q,
            a @ s + b @ r - c @ q + d @ p,
        ],
        -2,
    )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", [*SIGNALS, *IMAGES, *ROWS])
def test_forward_and_gradient(name, dtype):
    make, function = (SIGNALS | IMAGES | ROWS)[name]
    shape = (3, 4, 11) if name in SIGNALS else (3, 4, 6, 9) if name in IMAGES else (5, 3, 8)
    compare(torch, make(), function, np.random.default_rng(2).normal(1, 2, shape), dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("n_axes", [1, 2])
def test_batch_norm_in_training(n_axes, dtype):
    layer = sn.cast(scaled({1: sn.BatchNorm1d, 2: sn.BatchNorm2d}[n_axes](4)), dtype)
    rng = np.random.default_rng(3)
    x, training = rng.normal(2, 3, (5, 4, 6, 7)[: 2 + n_axes]).astype(dtype), sn.Training(rng)
    w = {name: torch.tensor(p.data.astype(np.float64)) for name, p in layer.parameters().items()}
    for name in ("weight", "bias"):
        w[name].requires_grad = True
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x.astype(np.float64), requires_grad=True)
    y = layer(ours, training=training)
    expected = F.batch_norm(theirs, w["running_mean"], w["running_var"], w["weight"], w["bias"], training=True)
    g = rng.normal(size=y.shape)
    y.backward(g.astype(dtype))
    expected.backward(torch.tensor(g.astype(dtype).astype(np.float64)))
    close(y.data, expected.detach().numpy(), dtype, "output")
    close(ours.grad, theirs.grad.numpy(), dtype, "gradient of the input")
    for name in ("weight", "bias"):
        close(layer.parameters()[name].grad, w[name].grad.numpy(), dtype, name)
    for buffer, value in training.pending:
        close(value, w[buffer.name].numpy(), dtype, buffer.name)


class _Given:
    """A layer that takes a condition, with the condition given: as `compare` calls layers."""

    def __init__(self, layer, condition):
        self.layer, self.condition = layer, condition

    def __call__(self, x):
        return self.layer(x, self.condition.astype(x.dtype) if self.condition.dtype.kind == "f" else self.condition)

    def parameters(self):
        return self.layer.parameters()


def _conditional(name):
    """(layer, condition, the same in torch)."""
    rng = np.random.default_rng(5)
    if name == "ConditionalBatchNorm2d":
        labels = np.array([2, 0, 2])

        def batch_norm(x, w):
            y = F.batch_norm(x, w["running_mean"].detach(), w["running_var"].detach())
            return y * w["scale"][labels][..., None, None] + w["shift"][labels][..., None, None]

        return sn.ConditionalBatchNorm2d(4, 3), labels, batch_norm
    if name == "AdaIN":
        style = rng.normal(size=(3, 5)).astype(np.float32)

        def styled(x, w):
            a, b = (torch.tensor(style).double() @ w["style.weight"] + w["style.bias"]).chunk(2, -1)
            return F.instance_norm(x) * (1 + a[..., None, None]) + b[..., None, None]

        return sn.AdaIN(4, 5, seed=0), style, styled
    labels = rng.normal(size=(3, 2, 6, 9)).astype(np.float32)

    def by_map(x, w):
        seen = F.relu(F.conv2d(torch.tensor(labels).double(), w["shared.weight"], w["shared.bias"], padding=1))
        a, b = (F.conv2d(seen, w[f"{k}.weight"], w[f"{k}.bias"], padding=1) for k in ("scale", "shift"))
        return F.instance_norm(x) * (1 + a) + b

    return sn.SPADE(4, 2, hidden=3, seed=0), labels, by_map


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ["ConditionalBatchNorm2d", "AdaIN", "SPADE"])
def test_conditional_norms(name, dtype):
    layer, condition, function = _conditional(name)
    if name == "ConditionalBatchNorm2d":
        scaled(layer)
    x = np.random.default_rng(2).normal(1, 2, (3, 4, 6, 9))
    sn.cast(layer, dtype)
    compare(torch, _Given(layer, condition), function, x, dtype, as_it_is=True)
