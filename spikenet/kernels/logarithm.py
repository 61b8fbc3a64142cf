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


def _recast(typing: Any, value: Any) -> Any:
    result = types.uint64 if value == types.float64 else types.float64

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.bitcast(given[0], context.get_value_type(result))

    return result(value), generate


_recast_bits: Any = intrinsic(_recast)


@compiled()
def logarithm(x: Any) -> Any:
    """ln(x) to 1e-12 for positive normal float64: ln(2^e m) = e ln 2 + 2 artanh((m - 1) / (m + 1))."""
    bits = np.uint64(_recast_bits(x))
    e = (bits + _ABOVE_ROOT_HALF) >> _EXPONENT
    m = _recast_bits(np.uint64(bits - ((e - _RAISED) << _EXPONENT)))
    whole = _recast_bits(np.uint64(e | _TWO_TO_52)) - _TO_WHOLE  # as a float, those bits are 2^52 + e
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    series = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13))))))
    return whole * _LN2 + 2.0 * s * series
