"""Ranges that hyperparameters share."""

from __future__ import annotations

from spikenet.errors import finite_number


def fraction(name: str, value: float) -> float:
    """`value` as a float in [0, 1), else ValueError."""
    number = finite_number(name, value)
    if not 0 <= number < 1:
        raise ValueError(f"{name}: expected a number in [0, 1), got {number}")
    return number


def not_negative(name: str, value: float) -> float:
    """`value` as a float >= 0, else ValueError."""
    number = finite_number(name, value)
    if number < 0:
        raise ValueError(f"{name}: expected a number >= 0, got {number}")
    return number
