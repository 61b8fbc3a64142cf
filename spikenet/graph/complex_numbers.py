"""Complex numbers taken apart and put together, each operation beside its vjp.

The gradient of a real loss in z = u + iv is dL/du + i dL/dv: twice the Wirtinger derivative in conj(z), the direction
of steepest ascent, as torch has it. Source: Kreutz-Delgado 2009 (arXiv:0906.4835).
"""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph.broadcast import unbroadcast
from spikenet.graph.operands import as_tensor, operands
from spikenet.graph.tensor import Tensor, TensorLike


def as_complex(real: TensorLike, imag: TensorLike) -> Tensor:
    """real + i imag of two real tensors that broadcast.

    Raises TypeError when one is complex already.
    """
    u, v = operands(real, imag)
    if u.dtype.kind == "c" or v.dtype.kind == "c":
        raise TypeError(f"as_complex: expected two real tensors, got {u.dtype} and {v.dtype}")
    z = np.empty(np.broadcast_shapes(u.shape, v.shape), np.result_type(u.dtype, v.dtype, np.complex64))
    z.real, z.imag = u.data, v.data

    def vjp(g: Array) -> tuple[Array, Array]:
        return unbroadcast(g.real, u.shape), unbroadcast(g.imag, v.shape)

    return Tensor(z, (u, v), vjp, operation="as_complex")


def real(a: TensorLike) -> Tensor:
    """The real part; of a real tensor the tensor itself."""
    a = as_tensor(a)
    if a.dtype.kind != "c":
        return a
    return Tensor(a.data.real.copy(), (a,), lambda g: (g.astype(a.dtype),), operation="real")


def imag(a: TensorLike) -> Tensor:
    """The imaginary part; 0 of a real tensor."""
    a = as_tensor(a)
    if a.dtype.kind != "c":
        return Tensor(np.zeros(a.shape, a.dtype))
    return Tensor(a.data.imag.copy(), (a,), lambda g: ((1j * g).astype(a.dtype),), operation="imag")


def conj(a: TensorLike) -> Tensor:
    """u - iv of u + iv."""
    a = as_tensor(a)
    return Tensor(a.data.conj(), (a,), lambda g: (g.conj(),), operation="conj")


def angle(a: TensorLike) -> Tensor:
    """The phase in (-pi, pi]; the gradient at 0 is 0."""
    a = as_tensor(a)
    z = a.data
    size = np.square(np.abs(z))

    def vjp(g: Array) -> tuple[Array]:
        return (np.where(size > 0, 1j * z / np.where(size > 0, size, 1), 0) * g,)

    return Tensor(np.angle(z), (a,), vjp, operation="angle")
