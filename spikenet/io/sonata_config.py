"""SONATA's configuration files: JSON with variables for folders, a circuit's and a simulation's.

Source: Dai et al. 2020, PLoS Comput. Biol. 16:e1007696, and the format's developer guide.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any, NamedTuple


class Config(NamedTuple):
    """values: of the file, its variables put in; folder: which relative paths begin at."""

    file: Path
    values: dict[str, Any]

    def path(self, text: str) -> Path:
        """A path of this file; FileNotFoundError when nothing is there."""
        found = self.file.parent / text
        if not found.exists():
            raise FileNotFoundError(f"{self.file}: there is no {found}")
        return found


def read_config(path: str | os.PathLike[str]) -> Config:
    """One file, with the variables of its "manifest" put in wherever they stand."""
    file = Path(path)
    values = read_json(file)
    folders = {f"${name.strip('${}')}": str(text) for name, text in values.pop("manifest", {}).items()}
    folders.setdefault("$configdir", str(file.parent.resolve()))
    for _ in folders:  # a variable may stand in another one's text
        folders = {name: _put_in(text, folders) for name, text in folders.items()}
    return Config(file, _put_in(values, folders))


def circuit_and_simulation(path: str | os.PathLike[str]) -> tuple[Config, Config | None]:
    """The circuit's configuration and the simulation's, given either of them or the file that names both."""
    config = read_config(path)
    if "networks" in config.values:
        return config, None
    if "network" not in config.values:
        raise ValueError(f'{config.file}: expected "networks", or a "network" that names the circuit\'s file')
    simulation = read_config(config.path(config.values["simulation"])) if "simulation" in config.values else config
    return read_config(config.path(config.values["network"])), simulation


def read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no JSON: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(values).__name__}")
    return values


def read_types(path: Path, key: str) -> dict[int, dict[str, str]]:
    """Rows of a table of node or edge types, by the number in column `key`; empty and NULL values are left out."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file, delimiter=" ", skipinitialspace=True))
    if not rows or key not in rows[0]:
        raise ValueError(f"{path}: expected a table with a column {key}, separated by blanks")
    return {
        int(row[key]): {name: text for name, text in row.items() if name and text and text != "NULL"} for row in rows
    }


def _put_in(values: Any, folders: dict[str, str]) -> Any:
    if isinstance(values, dict):
        return {name: _put_in(value, folders) for name, value in values.items()}
    if isinstance(values, list):
        return [_put_in(value, folders) for value in values]
    if isinstance(values, str) and "$" in values:
        for name in sorted(folders, key=len, reverse=True):  # $OUTPUT_DIR before $OUTPUT
            values = values.replace(f"${{{name[1:]}}}", folders[name]).replace(name, folders[name])
    return values
