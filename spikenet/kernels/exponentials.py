"""expm1, tanh and the sigmoid of one number as a few multiplications, so that loops over them are vectorised.

The C library's functions are called number by number, ten times slower than eight at once. x = k ln 2 + r with
|r| <= ln 2 / 2; exp(r) - 1 is a Taylor sum, 2^k is made of its bits. Relative errors are a few units of rounding
everywhere, near 0 too. NaN stays NaN. All three come from expm1, whose smallness near 0 tanh needs:
tanh(x) = e / (e + 2) with e = expm1(2 x);  sigmoid(x) = 1 / (2 + expm1(-x)).
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

_function: Any = cgutils.get_or_insert_function

# Bits of the mantissa, bias of the exponent, terms of the sum (the next is below rounding at ln 2 / 2), ln 2 in parts
# (the product of the first with k is exact), largest |x|: beyond it sigmoid and tanh stay what they are
_KINDS = {
    "float": (23, 127, 7, 0.693359375, -2.1219444005469058e-4, 87.0),
    "double": (52, 1023, 13, 0.6931471803691238, 1.9082149292705877e-10, 700.0),
}


def _expm1(builder: Any, x: Any) -> Any:
    """exp(x) - 1 for |x| up to the limit, that of the limit beyond."""
    mantissa, bias, terms, high, low, limit = _KINDS[str(x.type)]
    kind, whole = x.type, ir.IntType(32 if mantissa == 23 else 64)

    def number(value: float) -> Any:
        return ir.Constant(kind, value)

    def fma(a: Any, b: Any, c: Any) -> Any:
        name = f"llvm.fmuladd.{'f32' if mantissa == 23 else 'f64'}"
        return builder.call(_function(builder.module, ir.FunctionType(kind, [kind] * 3), name), [a, b, c])

    x = builder.select(builder.fcmp_ordered(">", x, number(limit)), number(limit), x)  # so NaN is kept
    x = builder.select(builder.fcmp_ordered("<", x, number(-limit)), number(-limit), x)
    shift = number(1.5 * 2**mantissa)  # adding it leaves the nearest whole number in the lowest bits
    shifted = fma(x, number(1 / math.log(2)), shift)
    k = builder.fsub(shifted, shift)
    r = fma(k, number(-high), x)
    r = fma(k, number(-low), r)
    total = number(1 / math.factorial(terms))
    for n in range(terms - 1, 0, -1):
        total = fma(total, r, number(1 / math.factorial(n)))
    total = builder.fmul(total, r)
    bits = builder.add(builder.bitcast(shifted, whole), ir.Constant(whole, bias))
    power = builder.bitcast(builder.shl(bits, ir.Constant(whole, mantissa)), kind)
    return fma(power, total, builder.fsub(power, number(1.0)))


def _tanh(builder: Any, x: Any) -> Any:
    e = _expm1(builder, builder.fadd(x, x))
    return builder.fdiv(e, builder.fadd(e, ir.Constant(x.type, 2.0)))


def _sigmoid(builder: Any, x: Any) -> Any:
    e = _expm1(builder, builder.fneg(x))
    return builder.fdiv(ir.Constant(x.type, 1.0), builder.fadd(e, ir.Constant(x.type, 2.0)))


def _of_one(name: str, rule: Any) -> Any:
    def call(typing: Any, x: Any) -> Any:
        return x(x), lambda context, builder, signature, given: rule(builder, given[0])

    call.__name__ = f"fast_{name}"  # the disk cache tells them apart by name
    return intrinsic(call)


expm1: Any = _of_one("expm1", _expm1)
tanh: Any = _of_one("tanh", _tanh)
sigmoid: Any = _of_one("sigmoid", _sigmoid)
