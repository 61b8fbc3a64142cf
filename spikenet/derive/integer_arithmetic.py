"""The two operations of a fixed-point twin that need more than one line."""

from __future__ import annotations

import math
from typing import Any

from spikenet.derive.compile import compiled

DOWN, TOWARD_ZERO, NEAREST, NEAREST_EVEN = range(4)  # in the order of `fixed_point.Rounding`


@compiled()
def quotient(a: Any, b: Any, rounding: Any, lowest: Any, highest: Any) -> Any:
    """a / b rounded; by 0 the end of the word of a's sign, and 0 for 0 / 0."""
    if b == 0:
        return highest if a > 0 else lowest if a < 0 else 0
    if b < 0:
        a, b = -a, -b
    down = a // b
    left = a - down * b
    if rounding == TOWARD_ZERO:
        return down + (1 if down < 0 and left > 0 else 0)
    if rounding == NEAREST:
        return down + (1 if left >= b - left else 0)
    if rounding == NEAREST_EVEN:
        return down + (1 if left > b - left or (left == b - left and down % 2 != 0) else 0)
    return down


@compiled()
def table_entry(value: Any, scale: Any, rounding: Any, lowest: Any, highest: Any) -> Any:
    """(the integer that value * scale is rounded to, cut at the ends; whether it was cut or is none)."""
    x = value * scale
    if math.isnan(x):
        return 0, 1
    if x >= highest + 1.0:
        return highest, 1
    if x <= lowest - 1.0:
        return lowest, 1
    down = math.floor(x)
    left = x - down
    if rounding == TOWARD_ZERO:
        down += 1 if left > 0 and x < 0 else 0
    elif rounding == NEAREST:
        down += 1 if left >= 0.5 else 0
    elif rounding == NEAREST_EVEN:
        down += 1 if left > 0.5 or (left == 0.5 and down % 2 != 0) else 0
    if down > highest:
        return highest, 1
    if down < lowest:
        return lowest, 1
    return down, 0
