"""From a time constant to what one step does: the part of a quantity that is left, the length of the step in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, positive, positive_values


def leak(model: str, name: str, tau_s: Any, dt_s: Any) -> Array:
    """exp(-dt_s / tau_s), the exact solution of tau dv/dt = -v over one step; ValueError unless both are > 0.

    model, name: for messages, such as "LIF" and "tau_mem_s"
    """
    tau = positive_values(f"{model}: {name}", tau_s).astype(np.float64)  # a float32 tau and its number give one leak
    return np.exp(-positive(f"{model}: dt_s", dt_s) / tau)


def step_share(model: str, name: str, tau_s: Any, dt_s: Any) -> Array:
    """dt_s / tau_s, the length of a step in time constants; ValueError where it is more than 1."""
    tau = positive_values(f"{model}: {name}", tau_s).astype(np.float64)
    share = positive(f"{model}: dt_s", dt_s) / tau
    if (share > 1).any():
        raise ValueError(f"{model}: dt_s: expected at most {name} = {tau.min():g} s, got {dt_s:g}; take shorter steps")
    return share
