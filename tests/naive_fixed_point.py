"""Fixed-point numbers in Python's own integers, on which a neuron's step can be run as it is written.

The rules are those a twin states: exact arithmetic, then rounding to the work word's fraction, then its width. Written
from the rules, with no knowledge of how a twin is derived or emitted.
"""

from __future__ import annotations

import math
from fractions import Fraction


class Arithmetic:
    """A work word and how often it overflowed. rounding: "down", "zero", "nearest", "even"; wraps: or saturates."""

    def __init__(self, bits, fraction, rounding="down", wraps=False):
        self.bits, self.fraction, self.rounding, self.wraps, self.overflows = bits, fraction, rounding, wraps, 0

    def rounded(self, exact):
        """The integer that `exact` times 2^fraction is rounded to."""
        x = exact * Fraction(2) ** self.fraction
        if self.rounding == "down":
            return math.floor(x)
        if self.rounding == "zero":
            return math.trunc(x)
        if self.rounding == "nearest":
            return math.floor(x + Fraction(1, 2))
        return round(x)

    def within(self, n):
        half = 1 << (self.bits - 1)
        if -half <= n < half:
            return n
        self.overflows += 1
        return (n + half) % (2 * half) - half if self.wraps else half - 1 if n > 0 else -half

    def __call__(self, exact):
        """The exact value brought into the word."""
        return Number(self, Fraction(self.within(self.rounded(exact))) / Fraction(2) ** self.fraction)

    def constant(self, value):
        """As it is if bits - 1 binary digits hold it, else the nearest that they hold; none finer than can be added."""
        if value == 0:
            return Fraction(0)
        finest = self.fraction + 62 - self.bits
        digits = min(self.bits - 1 - math.frexp(abs(value))[1], finest)
        return Fraction(math.floor(Fraction(value) * Fraction(2) ** digits + Fraction(1, 2))) / Fraction(2) ** digits

    def table(self, function, value):
        try:
            exact = function(float(value))
        except (ValueError, ZeroDivisionError, OverflowError):
            exact = math.inf if function in (math.exp,) else math.nan if value < 0 else -math.inf
        if math.isnan(exact):
            self.overflows += 1
            return Number(self, Fraction(0))
        half = 1 << (self.bits - 1)
        n = half if exact == math.inf else -half - 1 if exact == -math.inf else self.rounded(Fraction(exact))
        if not -half <= n < half:
            self.overflows += 1
        return Number(self, Fraction(max(-half, min(half - 1, n))) / Fraction(2) ** self.fraction)


class Number:
    """An exact value, and the arithmetic that brings what is made of it into the work word."""

    __array_ufunc__ = None

    def __init__(self, arithmetic, value):
        self.arithmetic, self.value = arithmetic, value

    def of(self, other):
        return other.value if isinstance(other, Number) else self.arithmetic.constant(float(other))

    def __add__(self, other):
        return self.arithmetic(self.value + self.of(other))

    __radd__ = __add__

    def __sub__(self, other):
        return self.arithmetic(self.value - self.of(other))

    def __rsub__(self, other):
        return self.arithmetic(self.of(other) - self.value)

    def __mul__(self, other):
        return self.arithmetic(self.value * self.of(other))

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self.divided(self.value, self.of(other))

    def __rtruediv__(self, other):
        return self.divided(self.of(other), self.value)

    def divided(self, a, b):
        if b == 0:
            half = 1 << (self.arithmetic.bits - 1)
            self.arithmetic.overflows += 1
            n = 0 if a == 0 else half - 1 if a > 0 else -half
            return Number(self.arithmetic, Fraction(n) / Fraction(2) ** self.arithmetic.fraction)
        return self.arithmetic(Fraction(a) / Fraction(b))

    def __neg__(self):
        return self.arithmetic(-self.value)

    def __abs__(self):
        return self.arithmetic(abs(self.value))

    def __gt__(self, other):
        return self.value > self.of(other)

    def __ge__(self, other):
        return self.value >= self.of(other)

    def __lt__(self, other):
        return self.value < self.of(other)

    def __le__(self, other):
        return self.value <= self.of(other)

    def apply_primitive(self, name, operands):
        if name in ("greater", "greater_equal"):
            a, b = map(self.of, operands)
            return a > b if name == "greater" else a >= b
        if name == "where":
            condition, a, b = operands
            return Number(self.arithmetic, self.of(a if condition else b))
        (a,) = operands
        if name == "spike":
            return Number(self.arithmetic, Fraction(int(a.value > 0)))
        if name == "stop_gradient":
            return a
        if name == "absolute":
            return abs(a)
        return self.arithmetic.table(getattr(math, name), a.value)


def twelve_bit_lif(leak, threshold, x):
    """LIF with reset by subtraction, 16-bit words of 8 bits after the point, leak and v rounded down, by saturation.

    leak, threshold, x: integers of such words, leak of 12 bits after the point; (spikes, v after each step, overflows)
    """
    v, overflows, spikes, voltages = 0, 0, [], []
    low, high = -(1 << 15), (1 << 15) - 1
    for current in x:
        v = leak * v >> 12
        if not low <= v <= high:
            v, overflows = min(max(v, low), high), overflows + 1
        v += current
        if not low <= v <= high:
            v, overflows = min(max(v, low), high), overflows + 1
        above = v - threshold
        if not low <= above <= high:
            above, overflows = min(max(above, low), high), overflows + 1
        fired = above > 0
        v -= threshold if fired else 0
        if not low <= v <= high:
            v, overflows = min(max(v, low), high), overflows + 1
        spikes.append(int(fired))
        voltages.append(v)
    return spikes, voltages, overflows
