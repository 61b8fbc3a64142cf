"""A step written as lines of integer arithmetic: the fixed-point twin of `derive.fixed_point`, ready for a loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spikenet.derive.expression import Expression, ordered
from spikenet.derive.fixed_point import Overflow, Rounding, Word, Words
from spikenet.derive.integer_arithmetic import quotient, table_entry
from spikenet.derive.operations import OPERATIONS
from spikenet.derive.trace import Trace

WIDEST = 62  # 2^62 is the largest intermediate integer
PASSED = ("stop_gradient", "straight_through")  # the first operand, whatever the gradient does
TABLES = ("exp", "log", "log1p", "sqrt", "sin", "cos", "tanh", "atan", "erf")
SPIKES = {"spike": ">", "spike_inclusive": ">="}
WITHOUT_INTEGERS = ("uniform",)
"""Operations that no twin has: it draws no random numbers."""
FUNCTIONS = (("quotient", quotient), ("table_entry", table_entry))
"""What the lines call, by the name under which they do."""


@dataclass(frozen=True)
class IntegerStep:
    """Lines of Python that are one step of a twin, and what they leave each state and the output in.

    counted: what is counted, in the order of the counters: overflows of `work`, of each state, of the output
    """

    lines: tuple[str, ...]
    after: tuple[str, ...]
    output: str
    counted: tuple[str, ...]


@dataclass(frozen=True)
class _Value:
    """A name in the lines; the integer it holds has `fraction` bits after the point and is at most 2^bits in size."""

    name: str
    fraction: int
    bits: int


def integer_step(model: Trace, words: Words, names: Mapping[str, str], counter: Callable[[int], str]) -> IntegerStep:
    """The step of `model` in integers.

    names  : what each symbol is called in the lines: `current`, `s_<state>`, `p_<parameter>`
    counter: what the k-th counter is called

    Raises ValueError for words too wide for 64-bit arithmetic, or of states or parameters that the model does not
    have; TypeError for an operation that has no integers.
    """
    kinds = (("state", words.states, model.states), ("parameter", words.parameters, model.parameters))
    for what, given, known in kinds:
        if unknown := sorted(given.keys() - set(known)):
            raise ValueError(f"{model.name}: has no {what} {unknown}; its {what}s are {list(known)}")
    writer = _Writer(model.name, words, names, counter)
    for e in ordered((*model.after, model.output)):
        writer.write(e)
    targets = [*(words.of_symbol(f"s_{state}") for state in model.states), words.sent(model)]
    roots = (*model.after, model.output)
    results = [
        writer.brought(writer.known[id(e)], word, k).name
        for k, (e, word) in enumerate(zip(roots, targets, strict=True), 1)
    ]
    return IntegerStep(tuple(writer.lines), tuple(results[:-1]), results[-1], ("work", *model.states, "output"))


class _Writer:
    """Writes one expression after the other, operands first."""

    def __init__(self, model: str, words: Words, names: Mapping[str, str], counter: Callable[[int], str]) -> None:
        self.model, self.words, self.names, self.counter = model, words, names, counter
        self.work = words.work
        self.lines: list[str] = []
        self.known: dict[int, _Value] = {}

    def write(self, e: Expression) -> None:
        operands = [self.known[id(a)] for a in e.operands]
        self.known[id(e)] = self._value(e, operands)

    def _value(self, e: Expression, operands: list[_Value]) -> _Value:
        if e.operation == "symbol":
            word = self.words.of_symbol(str(e.value))
            return self._line(self.names[str(e.value)], word.fraction, word.bits - 1)
        if e.operation == "constant":
            assert isinstance(e.value, float)
            return self._constant(e.value)
        if e.operation in PASSED:
            return operands[0]
        if e.operation in TABLES:
            return self._table(e.operation, operands[0])
        if e.operation in SPIKES:
            return self._line(f"(1 if {operands[0].name} {SPIKES[e.operation]} 0 else 0)", 0, 0)
        if e.operation == "divide":
            return self._divided(*operands)
        if e.operation == "multiply":
            a, b = operands
            return self._exact(f"({a.name} * {b.name})", a.fraction + b.fraction, a.bits + b.bits)
        if e.operation in ("negate", "absolute"):
            (a,) = operands
            return self._exact(f"(-{a.name})" if e.operation == "negate" else f"abs({a.name})", a.fraction, a.bits)
        if e.operation == "floor":
            (a,) = operands
            down = min(max(a.fraction, 0), 63)
            return self._line(f"({a.name} >> {down})", min(a.fraction, 0), max(a.bits - down, 0))
        if e.operation == "where":
            a, b = self._aligned(operands[1], operands[2])
            return self._line(f"({a.name} if {operands[0].name} else {b.name})", a.fraction, max(a.bits, b.bits))
        signs = {"add": "+", "subtract": "-", "greater": ">", "greater_equal": ">="}
        if e.operation in WITHOUT_INTEGERS:
            raise TypeError(f"{self.model}: {e.operation} has no fixed-point form")
        a, b = self._aligned(*operands)
        text = f"({a.name} {signs[e.operation]} {b.name})"
        if e.operation.startswith("greater"):
            return self._line(text, 0, 0)
        return self._exact(text, a.fraction, max(a.bits, b.bits) + 1)

    def brought(self, value: _Value, word: Word, counter: int) -> _Value:
        """`value` in `word`: rounded to its fraction, then within its width, overflows counted."""
        drop = value.fraction - word.fraction
        if drop > 0:
            value = self._line(_shifted(value, drop, word.rounding), word.fraction, max(value.bits - drop, 0) + 1)
        elif drop < 0:
            value = self._raised(value, word.fraction)
        if value.bits <= word.bits - 2:  # 2^bits fits
            return value
        half = 1 << (word.bits - 1)
        if word.overflow is Overflow.SATURATE:
            held = self._line(f"min(max({value.name}, {-half}), {half - 1})", word.fraction, word.bits - 1)
        else:
            held = self._line(f"((({value.name} + {half}) & {2 * half - 1}) - {half})", word.fraction, word.bits - 1)
        self.lines.append(f"{self.counter(counter)} += {held.name} != {value.name}")
        return held

    def _line(self, text: str, fraction: int, bits: int) -> _Value:
        if bits > WIDEST:
            raise ValueError(
                f"{self.model}: {text} may need {bits} bits besides its sign, more than {WIDEST}; "
                "take narrower words, or fractions nearer to each other"
            )
        name = f"z{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return _Value(name, fraction, bits)

    def _exact(self, text: str, fraction: int, bits: int) -> _Value:
        """A result of arithmetic: exact, then in `work`."""
        return self.brought(self._line(text, fraction, bits), self.work, 0)

    def _raised(self, value: _Value, fraction: int) -> _Value:
        up = fraction - value.fraction
        return self._line(f"({value.name} << {up})", fraction, value.bits + up) if up else value

    def _aligned(self, a: _Value, b: _Value) -> tuple[_Value, _Value]:
        finer = max(a.fraction, b.fraction)
        return self._raised(a, finer), self._raised(b, finer)

    def _constant(self, value: float) -> _Value:
        if value == 0:
            return _Value("0", 0, 0)
        room = self.work.fraction + WIDEST - self.work.bits  # a finer one could not be added to a value of `work`
        fraction = min(self.work.bits - 1 - math.frexp(abs(value))[1], room)
        mantissa = math.floor(math.ldexp(value, fraction) + 0.5)
        if mantissa == 0:
            return _Value("0", 0, 0)
        while mantissa % 2 == 0:
            mantissa, fraction = mantissa // 2, fraction - 1
        return _Value(f"({mantissa})", fraction, max(abs(mantissa) - 1, 0).bit_length())

    def _divided(self, a: _Value, b: _Value) -> _Value:
        up = self.work.fraction + b.fraction - a.fraction
        if up < 0:
            b = self._line(f"({b.name} << {-up})", b.fraction - up, b.bits - up)
            up = 0
        a = self._line(f"({a.name} << {up})", a.fraction + up, a.bits + up)
        # the quotient is no larger than `a`, since the divisor is a whole number; by 0 it is the end of the word
        kind = list(Rounding).index(self.work.rounding)
        text = f"quotient({a.name}, {b.name}, {kind}, {self.work.lowest}, {self.work.highest})"
        self.lines.append(f"{self.counter(0)} += {b.name} == 0")
        return self._exact(text, self.work.fraction, max(a.bits, self.work.bits))

    def _table(self, operation: str, a: _Value) -> _Value:
        real = OPERATIONS[operation].code.format(f"({a.name} * {2.0**-a.fraction!r})")
        kind = list(Rounding).index(self.work.rounding)
        scale, work = 2.0**self.work.fraction, self.work
        both = self._line(f"table_entry({real}, {scale!r}, {kind}, {work.lowest}, {work.highest})", 0, 0).name
        self.lines.append(f"{self.counter(0)} += {both}[1]")
        return self._line(f"{both}[0]", work.fraction, work.bits - 1)


def _shifted(value: _Value, drop: int, rounding: Rounding) -> str:
    """`value` without its last `drop` bits."""
    x = value.name
    if drop > min(value.bits + 1, WIDEST):  # less than half of the last bit kept
        return f"({x} >> 63)" if rounding is Rounding.DOWN else "0"
    if rounding is Rounding.DOWN:
        return f"({x} >> {drop})"
    if rounding is Rounding.TOWARD_ZERO:
        return f"(({x} + (({x} >> 63) & {(1 << drop) - 1})) >> {drop})"
    half = 1 << (drop - 1)
    if rounding is Rounding.NEAREST:
        return f"(({x} + {half}) >> {drop})"
    return f"(({x} + {half - 1} + (({x} >> {drop}) & 1)) >> {drop})"
