"""GatedLIF: each part of LIF is a mixture of two kinds, and training finds the mixture of each neuron.

With gates in [0, 1] and s the last spike,
    v <- (1 - decay_gate (1 - keep_leak)) v (1 - reset_gate s) - (1 - decay_gate) linear_decay
         - (1 - reset_gate) soft_reset s + (1 - input_gate (1 - conductance)) current
so decay is between exponential and linear, reset between to zero and by subtraction, in the step after the spike, and
input between plain and scaled. Source: Yao et al. 2022 (NeurIPS, arXiv:2210.13768), equations 6 to 9, with one
conductance for all steps.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values, positive_values
from spikenet.neurons.primitives import spike

GATES = ("decay_gate", "reset_gate", "input_gate")


def step(p: Any, v: Any, s: Any, current: Any) -> Any:
    kept = (1.0 - p.decay_gate * (1.0 - p.keep_leak)) * v
    lost = (1.0 - p.decay_gate) * p.linear_decay + s * (p.reset_gate * kept + (1.0 - p.reset_gate) * p.soft_reset)
    v = kept - lost + (1.0 - p.input_gate * (1.0 - p.conductance_gate)) * current
    fired = spike(v - p.threshold)
    return v, fired, fired


def parameters(
    keep: Any, linear_decay: Any, soft_reset: Any, conductance: Any, gates: dict[str, Any], threshold: Any
) -> dict[str, Array]:
    """keep, conductance, gates: in [0, 1]; linear_decay, soft_reset: in units of the membrane; threshold: > 0."""
    values = {
        "keep_leak": finite_values("GatedLIF: keep", keep),
        "linear_decay": finite_values("GatedLIF: linear_decay", linear_decay),
        "soft_reset": finite_values("GatedLIF: soft_reset", soft_reset),
        "conductance_gate": finite_values("GatedLIF: conductance", conductance),
        "threshold": positive_values("GatedLIF: threshold", threshold),
        **{name: finite_values(f"GatedLIF: {name}", gates[name]) for name in GATES},
    }
    for name in ("keep_leak", "conductance_gate", *GATES):
        if ((values[name] < 0) | (values[name] > 1)).any():
            raise ValueError(f"GatedLIF: {name}: expected values in [0, 1], got {values[name]}")
    return values
