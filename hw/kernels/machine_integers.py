"""Integer operations that stay in the width of their operands, for compiled loops.

numba widens every sum of 32-bit integers to 64 bits, which halves the lanes of a vector and leaves it without a
multiplication; these do what they say in the width they are given, wrapping as the processor does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled


def _binary(name: str, build: Callable[[Any, Any, Any], Any]) -> Any:
    def operation(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            return build(builder, given[0], given[1])

        return (a(a, b) if a == b else None), generate

    operation.__name__ = f"integer_{name}"  # the disk cache tells them apart by name
    return intrinsic(operation)


def _compare(name: str, sign: str) -> Any:
    def operation(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            return builder.icmp_signed(sign, given[0], given[1])

        return (types.boolean(a, b) if a == b else None), generate

    operation.__name__ = f"integer_{name}"
    return intrinsic(operation)


def _choose(typing: Any, condition: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.select(given[0], given[1], given[2])

    return (a(types.boolean, a, b) if a == b else None), generate


def _of_type(typing: Any, x: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return context.cast(builder, given[1], signature.args[1], signature.args[0])

    return x(x, value), generate


def _type_bits(typing: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return context.get_constant(signature.args[0], signature.args[0].bitwidth)

    return x(x), generate


of_type: Any = intrinsic(_of_type)
"""of_type(x, value): value as an integer of the type of x."""
type_bits: Any = intrinsic(_type_bits)
"""type_bits(x): how many bits the type of x has, in that type."""
add = _binary("add", lambda builder, a, b: builder.add(a, b))
subtract = _binary("subtract", lambda builder, a, b: builder.sub(a, b))
multiply = _binary("multiply", lambda builder, a, b: builder.mul(a, b))
up = _binary("up", lambda builder, a, b: builder.shl(a, b))
down = _binary("down", lambda builder, a, b: builder.ashr(a, b))
"""down(a, b): a shifted right by b bits, toward minus infinity; `up` to the left. 0 <= b < width."""
bits = _binary("bits", lambda builder, a, b: builder.and_(a, b))
"""bits(a, mask): a & mask."""
either = _binary("either", lambda builder, a, b: builder.or_(a, b))
"""either(a, b): the bits of both."""
above = _compare("above", ">")
below = _compare("below", "<")
choose: Any = intrinsic(_choose)
"""choose(condition, a, b): a where it holds, else b; both are known."""


@compiled()
def clip(x: Any, low: Any, high: Any) -> Any:
    """`x` or the nearer of the two ends."""
    x = choose(below(x, low), low, x)
    return choose(above(x, high), high, x)


@compiled()
def size(x: Any) -> Any:
    """|x|; of the lowest number of its type that number itself."""
    nought = of_type(x, 0)
    return choose(below(x, nought), subtract(nought, x), x)


@compiled()
def unlike(a: Any, b: Any) -> Any:
    """1 where they differ, else 0, in their type."""
    return choose(a == b, of_type(a, 0), of_type(a, 1))


@compiled()
def kept_part(x: Any, part: Any) -> Any:
    """x * part / 4096 rounded toward zero, for 0 <= part <= 4096; exact for every x, in its own width."""
    twelve, rest = of_type(x, 12), of_type(x, 4095)
    up_to_zero = choose(below(x, of_type(x, 0)), rest, of_type(x, 0))  # makes the shift, which is downward, toward zero
    low = add(multiply(bits(x, rest), part), up_to_zero)
    return add(multiply(down(x, twelve), part), down(low, twelve))


@compiled()
def wrapped(x: Any, width: Any) -> Any:
    """The lowest `width` bits of `x` as a two's complement number."""
    unused = subtract(type_bits(x), of_type(x, width))
    return down(up(x, unused), unused)
