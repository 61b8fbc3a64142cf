"""From a time constant to the part of a quantity that is left after one step."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, positive, positive_values


def leak(name: str, tau_s: Any, dt_s: Any) -> Array:
    """exp(-dt_s / tau_s), the exact solution of tau dv/dt = -v over one step; ValueError unless both are > 0."""
    return np.exp(-positive(f"{name}: dt_s", dt_s) / positive_values(name, tau_s))
