"""The natural logarithm without a call, so that loops take it in vectors, the same bits on every machine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled

_EXPONENT, _RAISED, _TWO_TO_52 = np.uint64(52), np.uint64(1200), np.uint64((1023 + 52) << 52)
_ABOVE_ROOT_HALF = np.uint64((1200 << 52) - int(np.float64(math.sqrt(0.5)).view(np.int64)))
_TO_WHOLE = 2.0**52 + 1200
_LN2 = math.log(2.0)
_MANTISSA, _ROOT_HALF = np.int32(23), np.float32(math.sqrt(0.5)).view(np.int32)
_ONE, _TWO, _THIRD, _FIFTH, _SEVENTH, _NINTH, _LN2_SINGLE = (
    np.float32(x) for x in (1, 2, 1 / 3, 1 / 5, 1 / 7, 1 / 9, _LN2)
)


_RECAST = {
    types.float64: types.uint64,
    types.uint64: types.float64,
    types.float32: types.int32,
    types.int32: types.float32,
}


def _recast(typing: Any, value: Any) -> Any:
    result = _RECAST[value]

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.bitcast(given[0], context.get_value_type(result))

    return result(value), generate


recast_bits: Any = intrinsic(_recast)
"""recast_bits(x): the bits of a float as a whole number of its size, or back."""


@compiled()
def logarithm(x: Any) -> Any:
    """ln(x) to 1e-12 for positive normal float64: ln(2^e m) = e ln 2 + 2 artanh((m - 1) / (m + 1))."""
    bits = np.uint64(recast_bits(x))
    e = (bits + _ABOVE_ROOT_HALF) >> _EXPONENT
    m = recast_bits(np.uint64(bits - ((e - _RAISED) << _EXPONENT)))
    whole = recast_bits(np.uint64(e | _TWO_TO_52)) - _TO_WHOLE  # as a float, those bits are 2^52 + e
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    series = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13))))))
    return whole * _LN2 + 2.0 * s * series


@compiled()
def logarithm_single(x: Any) -> Any:
    """ln(x) of a positive normal float32, as one, to its precision."""
    bits = recast_bits(np.float32(x))
    e = np.int32(np.int32(bits - _ROOT_HALF) >> _MANTISSA)
    m = recast_bits(np.int32(bits - np.int32(e << _MANTISSA)))
    s = (m - _ONE) / (m + _ONE)
    q = s * s
    return np.float32(e) * _LN2_SINGLE + _TWO * s * (_ONE + q * (_THIRD + q * (_FIFTH + q * (_SEVENTH + q * _NINTH))))
