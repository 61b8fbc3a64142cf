"""A layer of ours beside one of torch's: same input and weights, outputs and all gradients compared."""

from __future__ import annotations

import numpy as np

from spikenet.graph import Tensor
from spikenet.layers import cast

TOLERANCE = {"float32": 1e-5, "float64": 1e-9}  # of the largest entry


def close(ours, theirs, dtype, what):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, (what, ours.shape, theirs.shape)
    scale = max(float(np.abs(theirs).max(initial=0)), 1e-6)
    worst = float(np.abs(ours - theirs).max(initial=0)) / scale
    assert worst <= TOLERANCE[dtype], f"{what}: {worst:.2e} of the largest entry"


def compare(torch, layer, function, x, dtype, *, as_it_is=False, **given):
    """function(x tensor, weights by name as tensors) -> output, in torch; weights are those of `layer`.

    The loss is a weighted sum of the outputs. float32 is compared with torch's float64: to the same digits or better.
    x may be complex; as_it_is: `layer` is not cast;  given: further arguments of `layer`
    """
    layer = layer if as_it_is else cast(layer, dtype)
    rng = np.random.default_rng(4)
    ours_x = Tensor(x.astype(np.result_type(dtype, np.complex64) if np.iscomplexobj(x) else dtype), requires_grad=True)
    y = layer(ours_x, **given)
    g = rng.normal(size=y.shape)
    g = (g + 1j * rng.normal(size=y.shape) if np.iscomplexobj(y.data) else g).astype(y.dtype)
    y.backward(g)

    weights = {n: torch.tensor(p.data.astype(np.float64), requires_grad=True) for n, p in layer.parameters().items()}
    theirs_x = torch.tensor(ours_x.data.astype(_double(x)), requires_grad=True)
    expected = function(theirs_x, weights)
    expected.backward(torch.tensor(g.astype(_double(g))))

    close(y.data, expected.detach().numpy(), dtype, "output")
    close(ours_x.grad, theirs_x.grad.numpy(), dtype, "gradient of the input")
    for name, p in layer.parameters().items():
        if p.requires_grad:
            assert weights[name].grad is not None, name
            close(p.grad, weights[name].grad.numpy(), dtype, f"gradient of {name}")


def _double(array):
    return np.complex128 if np.iscomplexobj(array) else np.float64
