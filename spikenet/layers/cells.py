"""One step of the conventional recurrent units, forward and backward, on plain arrays.

Each cell is a pair of functions. `pre` is what comes from outside (input product and bias), `from_h` the product of the
last output with the recurrent weight, both (batch, gates * n); states and `kept` are tuples of (batch, n) arrays.
The adjoint gives the gradients of pre, of from_h, and of the states before except for what goes through from_h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from spikenet.errors import Array

Arrays = tuple[Array, ...]


class Cell(NamedTuple):
    """gates: blocks of n columns in the weights; states: names; inner_bias: whether from_h has a bias of its own."""

    gates: int
    states: tuple[str, ...]
    inner_bias: bool
    forward: Callable[[Array, Array, Arrays], tuple[Arrays, Arrays]]
    adjoint: Callable[[Arrays, Arrays, Arrays, Arrays], tuple[Array, Array, Arrays]]


def tanh_forward(pre: Array, from_h: Array, before: Arrays) -> tuple[Arrays, Arrays]:
    """h = tanh(pre + from_h). Source: Elman 1990, Cognitive Science 14:179-211."""
    return (np.tanh(pre + from_h),), ()


def tanh_adjoint(g: Arrays, before: Arrays, after: Arrays, kept: Arrays) -> tuple[Array, Array, Arrays]:
    g_z = g[0] * (1 - after[0] * after[0])
    return g_z, g_z, (np.zeros_like(g_z),)


def relu_forward(pre: Array, from_h: Array, before: Arrays) -> tuple[Arrays, Arrays]:
    """h = max(pre + from_h, 0). Source: Le, Jaitly & Hinton 2015 (arXiv:1504.00941)."""
    return (np.maximum(pre + from_h, 0),), ()


def relu_adjoint(g: Arrays, before: Arrays, after: Arrays, kept: Arrays) -> tuple[Array, Array, Arrays]:
    g_z = g[0] * (after[0] > 0)
    return g_z, g_z, (np.zeros_like(g_z),)


def lstm_forward(pre: Array, from_h: Array, before: Arrays) -> tuple[Arrays, Arrays]:
    """Gates in the order input, forget, output, candidate; states h, c.

    c = forget c + input candidate;  h = output tanh(c).
    Source: Hochreiter & Schmidhuber 1997, Neural Computation 9:1735-1780; forget gate: Gers et al. 2000, 12:2451-2471.
    """
    n = pre.shape[1] // 4
    gates = pre + from_h
    _to_sigmoid(gates[:, : 3 * n])
    np.tanh(gates[:, 3 * n :], out=gates[:, 3 * n :])
    c = gates[:, n : 2 * n] * before[1]
    c += gates[:, :n] * gates[:, 3 * n :]
    bent = np.tanh(c)
    return (gates[:, 2 * n : 3 * n] * bent, c), (gates, bent)


def lstm_adjoint(g: Arrays, before: Arrays, after: Arrays, kept: Arrays) -> tuple[Array, Array, Arrays]:
    g_h, g_c = g
    gates, bent = kept
    n = gates.shape[1] // 4
    into, forget, out, candidate = (gates[:, k * n : (k + 1) * n] for k in range(4))
    g_c = g_c + g_h * out * (1 - bent * bent)
    g_z = np.empty_like(gates)
    np.multiply(g_c, candidate, out=g_z[:, :n])
    np.multiply(g_c, before[1], out=g_z[:, n : 2 * n])
    np.multiply(g_h, bent, out=g_z[:, 2 * n : 3 * n])
    sigmoids = gates[:, : 3 * n]
    g_z[:, : 3 * n] *= sigmoids * (1 - sigmoids)
    np.multiply(g_c * into, 1 - candidate * candidate, out=g_z[:, 3 * n :])
    return g_z, g_z, (np.zeros_like(g_h), g_c * forget)


def gru_forward(pre: Array, from_h: Array, before: Arrays) -> tuple[Arrays, Arrays]:
    """Gates in the order reset, update, candidate; state h.

    candidate = tanh(pre + reset from_h);  h = (1 - update) candidate + update h.
    Source: Cho et al. 2014 (arXiv:1406.1078), the reset behind the product as in Chung et al. 2014 (arXiv:1412.3555)
    and torch.
    """
    n = pre.shape[1] // 3
    gates = pre + from_h
    _to_sigmoid(gates[:, : 2 * n])
    reset, update = gates[:, :n], gates[:, n : 2 * n]
    inner = from_h[:, 2 * n :]
    candidate = gates[:, 2 * n :]
    np.tanh(pre[:, 2 * n :] + reset * inner, out=candidate)
    return (candidate + update * (before[0] - candidate),), (gates, inner)


def gru_adjoint(g: Arrays, before: Arrays, after: Arrays, kept: Arrays) -> tuple[Array, Array, Arrays]:
    (g_h,), (gates, inner) = g, kept
    n = inner.shape[1]
    reset, update, candidate = (gates[:, k * n : (k + 1) * n] for k in range(3))
    g_pre = np.empty_like(gates)
    g_candidate = g_h * (1 - update) * (1 - candidate * candidate)
    g_pre[:, :n] = g_candidate * inner * reset * (1 - reset)
    g_pre[:, n : 2 * n] = g_h * (before[0] - candidate) * update * (1 - update)
    g_pre[:, 2 * n :] = g_candidate
    g_from_h = g_pre.copy()
    g_from_h[:, 2 * n :] *= reset
    return g_pre, g_from_h, (g_h * update,)


def _to_sigmoid(z: Array) -> None:
    """1 / (1 + exp(-z)) in place, as (1 + tanh(z / 2)) / 2: one vectorised function, no overflow."""
    z *= 0.5
    np.tanh(z, out=z)
    z += 1
    z *= 0.5


TANH = Cell(1, ("h",), False, tanh_forward, tanh_adjoint)
RELU = Cell(1, ("h",), False, relu_forward, relu_adjoint)
LSTM_CELL = Cell(4, ("h", "c"), False, lstm_forward, lstm_adjoint)
GRU_CELL = Cell(3, ("h",), True, gru_forward, gru_adjoint)
