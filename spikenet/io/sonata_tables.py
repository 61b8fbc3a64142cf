"""Tables of SONATA's nodes and edges: what the HDF5 file says of each one, and where it is silent, its type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from spikenet.errors import Array


class Table:
    """Nodes or edges of one population.

    types: by number, rows of the CSV file; own: (n,) which type each one is of
    """

    def __init__(self, file: Path, name: str, group: Any, types: dict[int, dict[str, str]], kind: str) -> None:
        self.label = f"{file}: {name}"
        self.types = types
        self.own: Array = self._column(group, f"{kind}_type_id")
        self.n = int(self.own.size)
        if unknown := set(np.unique(self.own).tolist()) - set(types):
            raise ValueError(f"{self.label}: {kind}_type_id {sorted(unknown)}: not among the types {sorted(types)}")
        self._groups = group
        self._group_id: Array = self._column(group, f"{kind}_group_id")
        self._group_index: Array = self._column(group, f"{kind}_group_index").astype(np.int64)

    def text(self, name: str, default: str | None = None) -> list[tuple[str | None, Array]]:
        """(value of a column of the types, (n,) who has it) for each value."""
        found: dict[str | None, Array] = {}
        for number, row in self.types.items():
            mine = self.own == number
            if mine.any():
                value = row.get(name, default)
                found[value] = found.get(value, np.zeros(self.n, bool)) | mine
        return list(found.items())

    def numbers(self, name: str, default: float | None = None) -> Array:
        """(n,) float64 of an attribute, of the HDF5 file before the types' ; ValueError where neither has it."""
        values = self.typed(lambda row: row.get(name))
        own = self.each(name)
        values = np.where(np.isnan(own), values, own)
        if default is not None:
            values = np.where(np.isnan(values), default, values)
        if np.isnan(values).any():
            raise ValueError(f"{self.label}: no {name} of number {int(np.argmax(np.isnan(values)))}")
        return values

    def typed(self, value: Callable[[dict[str, str]], Any]) -> Array:
        """(n,) float64 of what a type's row gives; NaN where it gives None."""
        values = np.full(self.n, np.nan)
        for number, row in self.types.items():
            given = value(row)
            if given is not None:
                values[self.own == number] = float(given)
        return values

    def each(self, name: str) -> Array:
        """(n,) float64 of what the HDF5 file holds for each one, a path below its group; NaN where it holds nothing."""
        values = np.full(self.n, np.nan)
        for number in np.unique(self._group_id):
            group = self._groups.get(str(number))
            if group is not None and name in group:
                mine = self._group_id == number
                values[mine] = np.asarray(group[name], np.float64)[self._group_index[mine]]
        return values

    def names(self, folder: str) -> set[str]:
        """What the HDF5 file holds for each one below `folder`."""
        groups = (self._groups.get(str(number)) for number in np.unique(self._group_id))
        return {name for group in groups if group is not None and folder in group for name in group[folder]}

    def _column(self, group: Any, name: str) -> Array:
        if name not in group:
            raise ValueError(f"{self.label}: no {name}")
        return np.asarray(group[name])
