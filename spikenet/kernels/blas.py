"""Dense products by BLAS, called from inside compiled loops.

A threaded BLAS leaves its workers spinning after a call, and the next compiled loop then waits milliseconds for a core.
So the package's own threads share the rows, and each calls scipy's BLAS, held to one thread meanwhile, for its share.
Shares have a fixed size, whatever the number of threads: the result does not depend on it.

Arrays are row-major and contiguous, all of one type, float32 or float64.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import get_cython_function_address, intrinsic

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.tasks import shared
from spikenet.kernels.threads import enough_threads

NS_PER_MULTIPLY_ADD = 0.03  # one core, float32, about what it takes here
SHARE = 64  # least rows of a share: below it the packing of the other factor, done once a share, dominates


def _gemm_call(
    typing: Any, address: Any, ta: Any, tb: Any, m: Any, n: Any, k: Any,
    alpha: Any, a: Any, lda: Any, b: Any, ldb: Any, beta: Any, c: Any, ldc: Any,
) -> Any:  # fmt: skip
    """Fortran ?gemm at `address`; a, b, c are addresses; ta, tb are ord("N") or ord("T"); sizes as int64."""

    on_stack: Any = cgutils.alloca_once_value

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        char_p, int_p, data_p = ir.IntType(8).as_pointer(), ir.IntType(32).as_pointer(), ir.IntType(8).as_pointer()
        scalar_p = context.get_value_type(signature.args[6]).as_pointer()
        kinds = "ccnnnsanansan"  # as ?gemm takes them: char, int, scalar or array
        pointers = {"c": char_p, "n": int_p, "s": scalar_p, "a": data_p}
        function = builder.inttoptr(
            values[0], ir.FunctionType(ir.VoidType(), [pointers[kind] for kind in kinds]).as_pointer()
        )
        arguments = []
        for kind, value in zip(kinds, values[1:], strict=True):
            if kind == "a":
                arguments.append(builder.inttoptr(value, data_p))
            elif kind == "s":
                arguments.append(on_stack(builder, value))
            else:
                narrow = builder.trunc(value, ir.IntType(8 if kind == "c" else 32))
                arguments.append(on_stack(builder, narrow))
        builder.call(function, arguments)
        return context.get_dummy_value()

    return types.void(address, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc), generate


gemm: Any = intrinsic(_gemm_call)


@shared
def _rows(
    task: int, blas: int, x: Array, w: Array, y: Array, transposed: bool, one: Any, keep: Any, share: int
) -> None:
    """y = keep * y + x @ w, or x @ w.T when `transposed`; keep is 0 or 1; threads share the rows of x."""
    rows, k = x.shape
    m = y.shape[1]
    low = task * share
    n = min(share, rows - low)
    gemm(blas, 84 if transposed else 78, 78, m, n, k, one,
         w.ctypes.data, w.shape[1], x.ctypes.data + low * k * x.itemsize, k,
         keep, y.ctypes.data + low * m * y.itemsize, m)  # fmt: skip


@shared
def _columns(task: int, blas: int, x: Array, g: Array, w: Array, one: Any, zero: Any, share: int, of_g: bool) -> None:
    """w = x.T @ g; threads share the columns of x, or `of_g`, so each owns rows or columns of w and their sums."""
    rows, k = x.shape
    m = g.shape[1]
    size = x.itemsize
    low = task * share
    if of_g:
        gemm(blas, 78, 84, min(share, m - low), k, rows, one, g.ctypes.data + low * size, m,
             x.ctypes.data, k, zero, w.ctypes.data + low * size, m)  # fmt: skip
    else:
        gemm(blas, 78, 84, m, min(share, k - low), rows, one, g.ctypes.data, m,
             x.ctypes.data + low * size, k, zero, w.ctypes.data + low * m * size, m)  # fmt: skip


def gemm_address(x: Array) -> int:
    """What `gemm` is to be called with for arrays of the type of x."""
    return _address("s" if x.dtype == np.float32 else "d")


@cache
def _address(letter: str) -> int:
    return int(get_cython_function_address("scipy.linalg.cython_blas", f"{letter}gemm"))


@cache
def _pools() -> Any:
    from threadpoolctl import ThreadpoolController

    _address("s")  # loads scipy's BLAS, so that the controller finds it
    return ThreadpoolController().select(user_api="blas")


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Inside, every BLAS call runs on the thread that makes it."""
    with _pools().limit(limits=1):
        yield


def _share(rows: int) -> int:
    """Rows of a share: eight shares where there is work for them, never under SHARE."""
    return max(SHARE, -(-rows // 8))


def multiply(x: Array, w: Array, start: Array | None = None) -> Array:
    """x @ w + start for x (rows, k), w (k, m), start broadcast to (rows, m) or None."""
    return _multiply(x, w, start, w.shape[1], False)


def multiply_transposed(x: Array, w: Array) -> Array:
    """x @ w.T for x (rows, k), w (m, k)."""
    return _multiply(x, w, None, w.shape[0], True)


def _multiply(x: Array, w: Array, start: Array | None, m: int, transposed: bool) -> Array:
    y = memory.empty((x.shape[0], m), x.dtype)
    if start is not None or not x.shape[1]:
        y[...] = 0 if start is None else start
    if y.size and x.shape[1]:
        keep = x.dtype.type(start is not None)
        with one_blas_thread(), enough_threads(x.size * m * NS_PER_MULTIPLY_ADD):
            share = _share(x.shape[0])
            _rows(
                -(-x.shape[0] // share),
                gemm_address(x),
                x,
                w,
                y,
                transposed,
                x.dtype.type(1),
                keep,
                share,
            )
    return y


def transposed_multiply(x: Array, g: Array) -> Array:
    """x.T @ g for x (rows, k), g (rows, m)."""
    w = memory.empty((x.shape[1], g.shape[1]), x.dtype)
    if not x.shape[0]:
        return np.zeros_like(w)
    if w.size:
        one, zero = x.dtype.type(1), x.dtype.type(0)
        of_g = x.shape[1] < 2 * SHARE <= g.shape[1]  # too few columns of x for two shares
        share = 2 * _share(g.shape[1]) if of_g else _share(x.shape[1])
        with one_blas_thread(), enough_threads(x.size * g.shape[1] * NS_PER_MULTIPLY_ADD):
            tasks = -(-(g if of_g else x).shape[1] // share)
            _columns(tasks, gemm_address(x), x, g, w, one, zero, share, of_g)
    return w
