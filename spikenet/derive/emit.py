"""Expressions written as lines of compiled Python.

Every constant becomes a module-level constant of the emitted float type: a bare 0.5 would turn a float32 loop into a
float64 one, several times slower.
"""

from __future__ import annotations

from collections.abc import Mapping

from spikenet.derive.expression import Expression, ordered
from spikenet.derive.operations import OPERATIONS, PASSED_ON


class Emitter:
    """Gathers the constants of one module while expressions are written out."""

    def __init__(self) -> None:
        self.constants: dict[str, float] = {"zero": 0.0, "one": 1.0}

    def statements(self, roots: tuple[Expression, ...], names: Mapping[str, str]) -> tuple[list[str], tuple[str, ...]]:
        """(lines that compute the roots, the name each root then has). `names` maps symbols to variables."""
        known: dict[int, str] = {}
        lines: list[str] = []
        for e in ordered(roots):
            if e.operation == "symbol":
                # Read into a local first: a store may overwrite the array element before its last use.
                lines.append(f"e{len(lines)} = {names[str(e.value)]}")
                known[id(e)] = f"e{len(lines) - 1}"
            elif e.operation == "constant":
                assert isinstance(e.value, float)
                known[id(e)] = self._constant(e.value)
            elif e.operation in PASSED_ON:
                known[id(e)] = known[id(e.operands[0])]  # detached or not, the forward loop is the same code
            else:
                name = f"e{len(lines)}"
                lines.append(f"{name} = " + OPERATIONS[e.operation].code.format(*(known[id(a)] for a in e.operands)))
                known[id(e)] = name
        return lines, tuple(known[id(root)] for root in roots)

    def _constant(self, value: float) -> str:
        for name, known in self.constants.items():
            if repr(known) == repr(value):
                return name
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def header(self, dtype: str) -> str:
        """The lines that define the constants, in numpy's `dtype` ("float32" or "float64")."""
        return "\n".join(f"{name} = np.{dtype}({str(value)!r})" for name, value in self.constants.items())
