"""Records as plain values beside named arrays, and back, to the last bit and with the types they had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import FunctionType
from typing import Any

import numpy as np
from scipy import sparse

from hw.saving.kinds import kind_named, name_of
from spikenet.derive import written
from spikenet.derive.trace import Trace
from spikenet.errors import Array


class Writer:
    """Collects the arrays of what it is given, each once, under names that begin with a prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self.arrays = prefix, dict[str, Array]()
        self._names = dict[int, str]()

    def plain(self, value: Any) -> Any:
        """`value` as JSON; TypeError for what is no record of `hw.saving.kinds`, array, number or text, nor of such."""
        if isinstance(value, np.generic):
            return {"scalar": [value.dtype.str, value.item()]}
        if value is None or isinstance(value, bool | float | str) or type(value) is int:
            return value
        if isinstance(value, np.ndarray):
            return {"array": self._named(value)}
        if isinstance(value, sparse.csr_array):
            parts = [self._named(part) for part in (value.data, value.indices, value.indptr)]
            return {"csr": parts, "shape": list(value.shape)}
        if isinstance(value, Enum):
            return {"enum": name_of(type(value)), "value": value.name}
        if isinstance(value, Trace):
            return {"model": written.written(value)}
        if isinstance(value, FunctionType):
            return {"function": name_of(value)}
        if is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in fields(value) if field.init]
            return {"record": name_of(type(value)), "fields": {n: self.plain(getattr(value, n)) for n in names}}
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            of_fields = {name: self.plain(one) for name, one in value._asdict().items()}
            return {"record": name_of(type(value)), "fields": of_fields}
        if isinstance(value, tuple | list):
            return {type(value).__name__: [self.plain(one) for one in value]}
        if isinstance(value, Mapping):
            return {"mapping": [[self.plain(key), self.plain(one)] for key, one in value.items()]}
        raise TypeError(f"save: a file of a program has no {type(value).__name__}, got {value!r:.60}")

    def _named(self, array: Array) -> str:
        if array.dtype.kind not in "biuf":
            raise TypeError(f"save: expected arrays of numbers, got one of {array.dtype}")
        name = self._names.setdefault(id(array), f"{self._prefix}/{len(self.arrays)}")
        self.arrays[name] = array  # held, so that its id stays its own
        return name


def read(given: Any, arrays: Mapping[str, Array]) -> Any:
    """What `Writer.plain` was given. Records check themselves as they do when anybody makes them.

    Raises ValueError, TypeError or KeyError for what no writer has written.
    """
    if not isinstance(given, dict):
        return given
    kind = next(iter(given), None)
    if kind not in _READERS:
        raise ValueError(f"expected one of {', '.join(_READERS)}, got {given!r:.60}")
    return _READERS[kind](given, arrays)


def _scalar(given: Any, arrays: Mapping[str, Array]) -> Any:
    kind, value = given["scalar"]
    return np.dtype(kind).type(value)


def _csr(given: Any, arrays: Mapping[str, Array]) -> Any:
    data, indices, indptr = (arrays[name] for name in given["csr"])
    found = sparse.csr_array((data, indices, indptr), shape=tuple(given["shape"]))
    found.check_format(full_check=True)
    return found


def _enum(given: Any, arrays: Mapping[str, Array]) -> Any:
    kind: Any = kind_named(given["enum"])
    return kind[given["value"]]


def _record(given: Any, arrays: Mapping[str, Array]) -> Any:
    return kind_named(given["record"])(**{name: read(one, arrays) for name, one in given["fields"].items()})


_READERS: dict[str, Callable[[Any, Mapping[str, Array]], Any]] = {
    "scalar": _scalar,
    "array": lambda given, arrays: arrays[given["array"]],
    "csr": _csr,
    "enum": _enum,
    "model": lambda given, arrays: written.read(given["model"]),
    "function": lambda given, arrays: kind_named(given["function"]),
    "record": _record,
    "tuple": lambda given, arrays: tuple(read(one, arrays) for one in given["tuple"]),
    "list": lambda given, arrays: [read(one, arrays) for one in given["list"]],
    "mapping": lambda given, arrays: {read(key, arrays): read(one, arrays) for key, one in given["mapping"]},
}
