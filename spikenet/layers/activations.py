"""More activations: the kin of ReLU and Sigmoid, pointwise, without parameters to learn."""

from __future__ import annotations

from functools import partial
from typing import Any

from spikenet import graph
from spikenet.errors import finite_number, positive
from spikenet.graph import Tensor
from spikenet.layers.pointwise import Pointwise


def LeakyReLU(slope: float = 0.01) -> Pointwise:
    """x above 0, slope * x elsewhere. Source: Maas et al. 2013, ICML workshop."""
    slope = finite_number("LeakyReLU: slope", slope)
    return Pointwise("LeakyReLU", partial(graph.leaky_relu, slope=slope), {"slope": slope})


def ELU(alpha: float = 1.0) -> Pointwise:
    """x above 0, alpha (exp(x) - 1) elsewhere; alpha > 0. Source: Clevert et al. 2015 (arXiv:1511.07289)."""
    return _with_alpha("ELU", graph.elu, alpha)


def CELU(alpha: float = 1.0) -> Pointwise:
    """x above 0, alpha (exp(x / alpha) - 1) elsewhere; alpha > 0. Source: Barron 2017 (arXiv:1704.07483)."""
    return _with_alpha("CELU", graph.celu, alpha)


def SELU() -> Pointwise:
    """ELU scaled so that mean 0 and variance 1 are kept. Source: Klambauer et al. 2017 (arXiv:1706.02515)."""
    return Pointwise("SELU", graph.selu)


def ReLU6() -> Pointwise:
    """x kept within [0, 6]."""
    return Pointwise("ReLU6", graph.relu6)


def HardTanh() -> Pointwise:
    """x kept within [-1, 1]."""
    return Pointwise("HardTanh", graph.hard_tanh)


def HardSigmoid() -> Pointwise:
    """x / 6 + 1/2 kept within [0, 1]."""
    return Pointwise("HardSigmoid", graph.hard_sigmoid)


def HardSwish() -> Pointwise:
    """x times HardSigmoid of x. Source: Howard et al. 2019 (arXiv:1905.02244)."""
    return Pointwise("HardSwish", graph.hard_swish)


def SiLU() -> Pointwise:
    """x times Sigmoid of x: Swish with beta = 1. Source: Elfwing et al. 2017 (arXiv:1702.03118)."""
    return Pointwise("SiLU", graph.silu)


def Mish() -> Pointwise:
    """x tanh(softplus(x)). Source: Misra 2019 (arXiv:1908.08681)."""
    return Pointwise("Mish", graph.mish)


def Softsign() -> Pointwise:
    """x / (1 + |x|)."""
    return Pointwise("Softsign", graph.softsign)


def LogSigmoid() -> Pointwise:
    """Logarithm of Sigmoid, exact in both tails."""
    return Pointwise("LogSigmoid", graph.log_sigmoid)


def LogSoftmax() -> Pointwise:
    """Logarithm of Softmax over the last axis."""
    return Pointwise("LogSoftmax", partial(graph.log_softmax, axis=-1))


def GLU() -> Pointwise:
    """The first half of the last axis times the sigmoid of the second. Source: Dauphin 2016 (arXiv:1612.08083)."""
    return Pointwise("GLU", graph.glu, keeps_shape=False)


def _with_alpha(kind: str, function: Any, alpha: float) -> Pointwise:
    alpha = positive(f"{kind}: alpha", alpha)
    applied: Any = partial(function, alpha=alpha)
    return Pointwise(kind, applied, {"alpha": alpha})


def identity(x: Tensor) -> Tensor:
    """x itself."""
    return x


def Identity() -> Pointwise:
    """x itself: the place of a layer that is left out."""
    return Pointwise("Identity", identity)
