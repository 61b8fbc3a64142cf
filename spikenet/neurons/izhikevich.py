"""Izhikevich: two equations that make most firing patterns of cortex, and the published parameter sets by name.

dv/dt = 0.04 v^2 + 5 v + 140 - u + current, du/dt = a (b v - u), v in mV and time in ms; where v > 30 mV a spike:
v <- c, u <- u + d. Source: Izhikevich 2003, IEEE Trans. Neural Networks 14(6):1569-1572, equations 1 to 3; the sets are
those of its figure 2. Its program only roughly solves these equations: `as_published` steps as it does.

NIR: none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from spikenet.errors import Array, finite_values, positive
from spikenet.neurons.integration import Known, Method, Rises, States, runge_kutta_4, slopes
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_to_value

PEAK_MV, START_MV = 30.0, -65.0  # Izhikevich 2003, equation 3 and the program of its figure 1
LONGEST_S = 1e-3  # the paper's own step; a spike of this model lasts 1 to 2 ms


class Kind(NamedTuple):
    """a: how fast u recovers, per ms; b: how it follows v; c: v after a spike, mV; d: what a spike adds to u."""

    a: Any
    b: Any
    c: Any
    d: Any


regular_spiking = Kind(0.02, 0.2, -65.0, 8.0)
intrinsically_bursting = Kind(0.02, 0.2, -55.0, 4.0)
chattering = Kind(0.02, 0.2, -50.0, 2.0)
fast_spiking = Kind(0.1, 0.2, -65.0, 2.0)
low_threshold_spiking = Kind(0.02, 0.25, -65.0, 2.0)
thalamo_cortical = Kind(0.02, 0.25, -65.0, 0.05)
resonator = Kind(0.1, 0.26, -65.0, 2.0)


def as_published(rises: Rises, states: States, known: Known = (), peak: Any = None) -> States:
    """The membrane by two half steps of Euler's method, then the other state by a whole one from where it ended.

    Of order 1 in the membrane, and stable up to the spike at dt_s = 1e-3. As the program of figure 1 has it, slopes are
    taken above the peak, too, so that u takes up more from a spike the longer the step is.
    Raises TypeError unless there are two states, and for known ones.
    """
    if len(states) != 2 or known:
        raise TypeError(f"as_published: expected the states v and u and nothing else, got {len(states) + len(known)}")
    v, u = states
    for _ in range(2):
        v = v + 0.5 * slopes(rises, (v, u))[0]
    return v, u + slopes(rises, (v, u))[1]


def step(
    p: Any, v: Any, u: Any, current: Any, *, method: Method = runge_kutta_4, reset: Reset = detached_to_value
) -> Any:
    def rises(v: Any, u: Any) -> Any:
        return (
            p.dt_ms * ((0.04 * v + 5.0) * v + 140.0 - u + current),
            p.dt_ms * p.recovery * (p.coupling * v - u),
        )

    v, u = method(rises, (v, u), peak=p.threshold)
    fired = spike(v - p.threshold)
    return reset(p, v, fired), u + p.jump * fired, fired


def parameters(a: Any, b: Any, c: Any, d: Any, dt_s: Any) -> dict[str, Array]:
    """a, b, c, d: as of `Kind`, numbers or one a neuron; dt_s: in (0, 1e-3], seconds."""
    if (step_s := positive("Izhikevich: dt_s", dt_s)) > LONGEST_S:
        raise ValueError(f"Izhikevich: dt_s: expected at most {LONGEST_S:g} s, got {step_s:g}; take shorter steps")
    return {
        "dt_ms": finite_values("Izhikevich: dt_s", step_s * 1e3),
        "recovery": finite_values("Izhikevich: a", a),
        "coupling": finite_values("Izhikevich: b", b),
        "reset_value": finite_values("Izhikevich: c", c),
        "jump": finite_values("Izhikevich: d", d),
        "threshold": finite_values("Izhikevich: threshold", PEAK_MV),
    }
