"""Energies and numbers of things as text."""

from __future__ import annotations

PREFIXES = ((1.0, "J"), (1e-3, "mJ"), (1e-6, "uJ"), (1e-9, "nJ"), (1e-12, "pJ"))


def joules(value: float | None, is_lower_bound: bool = False) -> str:
    """Three digits and a fitting unit; "unknown" for None, ">= " in front of a lower bound."""
    if value is None:
        return "unknown"
    if value == 0:
        return "0 J"
    rounded = float(f"{value:.3g}")  # so that 999.9 pJ becomes 1 nJ
    scale, unit = next((p for p in PREFIXES if abs(rounded) >= 0.9999 * p[0]), PREFIXES[-1])
    return f"{'>= ' if is_lower_bound else ''}{rounded / scale:.3g} {unit}"


def how_many(n: int, what: str) -> str:
    """ "1 core", "2 cores"."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"
