"""Symbolic scalars: calling a step on them yields its expression graph.

An `Expression` is an operation on expressions, a named symbol or a constant. Equal expressions are one object (each is
looked up before it is made), so common work is shared for free and a graph can be compared by identity. Nothing is
simplified here: what a step computes is what it says, rounding included.
"""

from __future__ import annotations

from numbers import Real
from typing import Any, NoReturn

COMPARISONS = ("greater", "greater_equal")


class Expression:
    """One node: `operation` applied to `operands`, or a "symbol" / "constant" whose `value` is its name / number."""

    __slots__ = ("operands", "operation", "value")
    __array_ufunc__ = None  # a numpy scalar on the left must leave the operation to us

    def __init__(self, operation: str, operands: tuple[Expression, ...], value: str | float | None) -> None:
        self.operation, self.operands, self.value = operation, operands, value

    def __reduce__(self) -> tuple[Any, ...]:
        return _known, (self.operation, self.operands, self.value)  # a copy (of a layer, say) is the same object

    def apply_primitive(self, name: str, operands: tuple[Any, ...]) -> Expression:
        return apply(name, *operands)

    def __add__(self, other: Any) -> Expression:
        return apply("add", self, other)

    def __radd__(self, other: Any) -> Expression:
        return apply("add", other, self)

    def __sub__(self, other: Any) -> Expression:
        return apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Expression:
        return apply("subtract", other, self)

    def __mul__(self, other: Any) -> Expression:
        return apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Expression:
        return apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Expression:
        return apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Expression:
        return apply("divide", other, self)

    def __neg__(self) -> Expression:
        return apply("negate", self)

    def __pos__(self) -> Expression:
        return self

    def __pow__(self, exponent: Any) -> Expression:
        if not isinstance(exponent, int) or not 1 <= exponent <= 8:
            raise TypeError(
                f"step: a power needs a whole exponent from 1 to 8, got {exponent!r}; write exp(b * log(a))"
            )
        product = self
        for _ in range(exponent - 1):
            product = product * self
        return product

    def __abs__(self) -> Expression:
        return apply("absolute", self)

    def __gt__(self, other: Any) -> Expression:
        return apply("greater", self, other)

    def __lt__(self, other: Any) -> Expression:
        return apply("greater", other, self)

    def __ge__(self, other: Any) -> Expression:
        return apply("greater_equal", self, other)

    def __le__(self, other: Any) -> Expression:
        return apply("greater_equal", other, self)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("step: == and != on floats are chance; compare with > or >=")

    __ne__ = __eq__
    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        raise TypeError("step: a symbolic value has no truth; write where(condition, a, b) instead of if or and/or")

    def __float__(self) -> NoReturn:
        raise TypeError(
            "step: a symbolic value is no number; use the functions of spikenet.neurons.primitives, not math or numpy"
        )

    def __repr__(self) -> str:
        if self.operation in ("symbol", "constant"):
            return str(self.value)
        return f"{self.operation}({', '.join(map(repr, self.operands))})"


# Every expression ever made, by its own description: equal expressions are one object. Models are few and small.
_KNOWN: dict[tuple[Any, ...], Expression] = {}


def _known(operation: str, operands: tuple[Expression, ...], value: str | float | None) -> Expression:
    key = (operation, tuple(map(id, operands)), repr(value))  # repr: 0.0 and -0.0 are two constants
    return _KNOWN.setdefault(key, Expression(operation, operands, value))


def constant(value: Any) -> Expression:
    if not isinstance(value, Real):
        raise TypeError(
            f"step: expected a symbolic value or a number, got {value!r:.60} of type {type(value).__name__}; "
            "an array belongs into a parameter, p.name"
        )
    return _known("constant", (), float(value))


def symbol(name: str) -> Expression:
    return _known("symbol", (), name)


def apply(operation: str, *operands: Any) -> Expression:
    """The expression of `operation` on operands; plain numbers become constants.

    A comparison used as a number counts as 0 or 1, a number used as a condition as "is not 0".
    """
    parts = [_condition(a) if operation == "where" and k == 0 else number(a) for k, a in enumerate(operands)]
    return _known(operation, tuple(parts), None)


def number(value: Any) -> Expression:
    """`value` as an expression of a number: a comparison counts as 0 or 1."""
    e = value if isinstance(value, Expression) else constant(value)
    return apply("where", e, 1.0, 0.0) if e.operation in COMPARISONS else e


def _condition(value: Any) -> Expression:
    e = value if isinstance(value, Expression) else constant(value)
    return e if e.operation in COMPARISONS else apply("greater", apply("absolute", e), 0.0)


def ordered(roots: tuple[Expression, ...]) -> list[Expression]:
    """All expressions the roots depend on, roots included, operands first."""
    order: list[Expression] = []
    seen: set[int] = set()
    stack: list[tuple[Expression, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, operands_done = stack.pop()
        if operands_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(node.operands))
    return order
