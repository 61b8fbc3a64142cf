"""Transposed convolution, global and adaptive pooling, upsampling."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet.graph import Tensor, check_gradient

TRANSPOSED = {
    "plain": {},
    "stride": {"stride": 2, "padding": 1, "output_padding": 1},
    "dilation": {"dilation": 2, "stride": (1, 2)},
    "groups": {"groups": 2, "bias": False},
}
RESIZED = {
    "GlobalAvgPool2d": sn.GlobalAvgPool2d,
    "GlobalMaxPool2d": sn.GlobalMaxPool2d,
    "GlobalSumPool2d": sn.GlobalSumPool2d,
    "AdaptiveAvgPool2d": lambda: sn.AdaptiveAvgPool2d((2, 3)),
    "AdaptiveMaxPool2d": lambda: sn.AdaptiveMaxPool2d((2, 3)),
    "Upsample2d": lambda: sn.Upsample2d((2, 3)),
    "BilinearUpsample2d": lambda: sn.BilinearUpsample2d(2),
}


@pytest.mark.parametrize("options", TRANSPOSED.values(), ids=TRANSPOSED)
def test_transposed_is_the_adjoint_of_the_convolution(options, rng):
    """<conv(a), b> = <a, transposed(b)> for all a and b."""
    up = sn.cast(sn.ConvTranspose2d(4, 6, 3, seed=0, **(options | {"bias": False})), np.float64)
    sizes = {k: v for k, v in options.items() if k not in ("bias", "output_padding")}
    down = sn.cast(sn.Conv2d(6, 4, 3, bias=False, **sizes), np.float64)
    down.weight.data = up.weight.data
    b = rng.normal(size=(2, 4, 5, 4))
    y = up(b).data
    a = rng.normal(size=y.shape)
    assert np.vdot(down(a).data, b) == pytest.approx(np.vdot(a, y), rel=1e-12)


@pytest.mark.parametrize("options", TRANSPOSED.values(), ids=TRANSPOSED)
def test_transposed_gradients(options, rng):
    layer = sn.cast(sn.ConvTranspose2d(2, 4, (3, 2), seed=0, **options), np.float64)
    names = list(layer.parameters())

    def f(x, *weights):
        for name, weight in zip(names, weights, strict=True):
            setattr(layer, name, weight)
        return layer(x)

    check_gradient(f, rng.normal(size=(2, 2, 3, 3)), *(p.data for p in layer.parameters().values()))


def test_transposed_on_lines_spreads_the_kernel():
    layer = sn.ConvTranspose1d(1, 1, 3, stride=2, bias=False)
    layer.weight.data[...] = np.array([1.0, 2.0, 3.0])
    y = layer(np.array([[1.0, 0.0, 10.0]], np.float32)).data
    assert y.tolist() == [[1, 2, 3, 0, 10, 20, 30]]


def test_transposed_held_input(rng):
    layer, x = sn.ConvTranspose2d(2, 3, 2, seed=0), rng.normal(size=(4, 2, 3, 3)).astype(np.float32)
    held = layer(np.broadcast_to(x, (5, *x.shape)))
    assert held.repeated is not None
    np.testing.assert_array_equal(held.data[3], layer(x).data)


def test_transposed_refuses():
    with pytest.raises(ValueError, match=r"ConvTranspose2d: expected input \(..., 2, height, width\), got \(3, 4, 4\)"):
        sn.ConvTranspose2d(2, 3, 2)(np.ones((3, 4, 4), np.float32))
    with pytest.raises(ValueError, match=r"ConvTranspose2d: output_padding: expected less than stride \(2, 2\)"):
        sn.ConvTranspose2d(2, 3, 2, stride=2, output_padding=2)
    with pytest.raises(ValueError, match="ConvTranspose1d: groups: expected a divisor"):
        sn.ConvTranspose1d(2, 3, 2, groups=2)
    with pytest.raises(ValueError, match=r"ConvTranspose1d: expected input that gives an output, .* would give \(0,\)"):
        sn.ConvTranspose1d(1, 1, 2, padding=1)(np.ones((1, 1), np.float32))


@pytest.mark.parametrize("name", RESIZED)
def test_resizing_gradients(name, rng):
    layer = RESIZED[name]()
    check_gradient(layer, rng.normal(size=(2, 2, 5, 4)))
    x = rng.normal(size=(2, 5, 4))
    held = layer(np.broadcast_to(x, (3, *x.shape)))
    assert held.repeated is not None
    np.testing.assert_allclose(held.data[1], layer(x).data)


@pytest.mark.parametrize("name", RESIZED)
def test_resizing_refuses_what_has_no_maps(name):
    with pytest.raises(
        ValueError, match=rf"{name}: expected input \(..., channels, height, width\), not empty, got \(4,\)"
    ):
        RESIZED[name]()(np.ones(4, np.float32))


def test_repetition():
    x = np.arange(6.0).reshape(1, 2, 3)
    np.testing.assert_array_equal(sn.Upsample2d(2)(x).data, np.kron(x[0], np.ones((2, 2)))[None])
    np.testing.assert_array_equal(sn.Upsample1d(3)(x).data, np.repeat(x, 3, axis=-1))


def test_max_goes_to_the_first_of_equal_numbers():
    x = Tensor(np.ones((1, 4, 4)), requires_grad=True)
    sn.AdaptiveMaxPool2d(2)(x).backward(np.ones((1, 2, 2)))
    assert x.grad[0].nonzero()[0].tolist() == [0, 0, 2, 2]
    assert x.grad[0].nonzero()[1].tolist() == [0, 2, 0, 2]
