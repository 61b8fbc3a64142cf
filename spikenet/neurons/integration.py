"""Methods that carry states through one step of an ordinary differential equation, whose slopes a model writes once.

A method is called `method(rises, states, known=(), peak=None)` and returns the states after the step.

rises : function of all states, then of one value for each of `known`: what every state gains in a step at its present
        slope, dt times the derivative; one value, or a tuple in the order of the states
known : what changes during the step in a known way, such as a decaying conductance: (its value at the begin, in the
        middle, at the end) each
peak  : of a first state that runs away: slopes are taken at `peak` wherever it is above. The neuron has fired by then;
        so exponentials and squares stay finite, and other states are not carried off by a voltage that nobody has

Each works on numbers, arrays and symbols alike, so the compiled loop, the adjoint, the operation count and the
fixed-point twin follow as for any step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.neurons.primitives import minimum

Rises = Callable[..., Any]
Known = tuple[tuple[Any, Any, Any], ...]
States = tuple[Any, ...]
Method = Callable[..., States]


def euler(rises: Rises, states: States, known: Known = (), peak: Any = None) -> States:
    """Along the slopes at the begin of the step, of order 1: what most papers print, and the cheapest."""
    return moved(states, slopes(rises, states, (begin for begin, _, _ in known), peak))


def runge_kutta_4(rises: Rises, states: States, known: Known = (), peak: Any = None) -> States:
    """The classical rule of order 4: four times the work of `euler`. Source: Kutta 1901, Z. Math. Phys. 46:435."""
    middle = [half for _, half, _ in known]
    k1 = slopes(rises, states, (begin for begin, _, _ in known), peak)
    k2 = slopes(rises, moved(states, (0.5 * k for k in k1)), middle, peak)
    k3 = slopes(rises, moved(states, (0.5 * k for k in k2)), middle, peak)
    k4 = slopes(rises, moved(states, k3), (end for _, _, end in known), peak)
    return moved(states, ((a + 2.0 * (b + c) + d) * (1.0 / 6.0) for a, b, c, d in zip(k1, k2, k3, k4, strict=True)))


def slopes(rises: Rises, states: States, known: Any = (), peak: Any = None) -> States:
    """What every state gains in a step, a tuple; the first one seen no higher than `peak`."""
    seen = states if peak is None else (minimum(states[0], peak), *states[1:])
    gained = rises(*seen, *known)
    gained = gained if isinstance(gained, tuple) else (gained,)
    if len(gained) != len(states):
        raise TypeError(f"rises: expected a value for each of {len(states)} states, got {len(gained)}")
    return gained


def moved(states: States, by: Any) -> States:
    return tuple(state + gain for state, gain in zip(states, by, strict=True))
