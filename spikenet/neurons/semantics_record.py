"""What a package means by "a LIF neuron": a record of small functions, and the steps they make.

Packages differ in how a time constant becomes a retention, in how the input is scaled, in whether the threshold itself
fires, in when and how the membrane is reset, and in what the gradient sees of the reset. Each of these is one field, so
that the step is the description and the description the step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spikenet.errors import Array
from spikenet.neurons import primitives as f
from spikenet.neurons.reset import Reset

Fire = Callable[[Any, Any], Any]
Synapse = Callable[[Any, Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Semantics:
    """retention: (name, tau_s, dt_s) -> part of a quantity left after a step
    gain     : (retention, input) -> what of the input arrives at the membrane
    fire     : (p, v) -> the output, 0 or 1 or a count
    reset    : (p, v, fired) -> the membrane after a spike
    order    : when what happens within a step: order(self, p, v, drive) -> (membrane, output)
    synapse  : (p, i, input) -> (current the membrane receives, current kept), of a CubaLIF
    charge   : (p, v, what arrives) -> the membrane before it is compared
    cuba_order: `order` of a CubaLIF where it is another
    source   : the class or paper that says so
    """

    name: str
    retention: Callable[[str, Any, Any], Array]
    gain: Callable[[Any, Any], Any]
    fire: Fire
    reset: Reset
    order: Callable[[Semantics, Any, Any, Any], tuple[Any, Any]]
    synapse: Synapse
    source: str
    charge: Callable[[Any, Any, Any], Any]
    cuba_order: Callable[[Semantics, Any, Any, Any], tuple[Any, Any]] | None = None

    def lif(self) -> Callable[..., Any]:
        """The step of a LIF neuron."""

        def step(p: Any, v: Any, current: Any) -> Any:
            return self.order(self, p, v, self.gain(p.leak, current))

        return step

    def cuba_lif(self) -> Callable[..., Any]:
        """The step of a LIF neuron behind a decaying synaptic current."""

        def step(p: Any, i: Any, v: Any, current: Any) -> Any:
            used, kept = self.synapse(p, i, current)
            v, fired = (self.cuba_order or self.order)(self, p, v, self.gain(p.leak, used))
            return kept, v, fired

        return step


# When: orders of what happens within a step.


def charge_fire_reset(s: Semantics, p: Any, v: Any, drive: Any) -> tuple[Any, Any]:
    """Decay and input, comparison, reset, all in one step."""
    v = s.charge(p, v, drive)
    fired = s.fire(p, v)
    return s.reset(p, v, fired), fired


def charge_reset_fire(s: Semantics, p: Any, v: Any, drive: Any) -> tuple[Any, Any]:
    """The reset for a spike of the step before, which the gradient does not see, after decay and input."""
    v = s.reset(p, s.charge(p, v, drive), f.stop_gradient(s.fire(p, v)))
    return v, s.fire(p, v)


def reset_charge_fire(s: Semantics, p: Any, v: Any, drive: Any) -> tuple[Any, Any]:
    """The reset for a spike of the step before, which the gradient does not see, ahead of decay and input."""
    v = s.charge(p, s.reset(p, v, f.stop_gradient(s.fire(p, v))), drive)
    return v, s.fire(p, v)


def reset_twice(s: Semantics, p: Any, v: Any, drive: Any) -> tuple[Any, Any]:
    """As charge_reset_fire, and the reset of this step's own spike at once, less what was reset already."""
    pending = f.stop_gradient(s.fire(p, v))
    v = s.reset(p, s.charge(p, v, drive), pending)
    fired = s.fire(p, v)
    return s.reset(p, v, fired - pending), fired


def fire_charge_reset(s: Semantics, p: Any, v: Any, drive: Any) -> tuple[Any, Any]:
    """The spike of the membrane as the step before left it, sent on in this one."""
    fired = s.fire(p, v)
    return s.reset(p, s.charge(p, v, drive), fired), fired


def fire_reset_charge(s: Semantics, p: Any, v: Any, drive: Any) -> tuple[Any, Any]:
    """The spike of the membrane as the step before left it; the reset decays with the rest."""
    fired = s.fire(p, v)
    return s.charge(p, s.reset(p, v, fired), drive), fired


# How the input arrives.


def leaky(p: Any, v: Any, drive: Any) -> Any:
    return p.leak * v + drive


def towards_reset_value(p: Any, v: Any, drive: Any) -> Any:
    """The membrane decays to where a spike sets it."""
    return p.leak * v + drive + (1.0 - p.leak) * p.reset_value


def kept_then_used(p: Any, i: Any, current: Any) -> tuple[Any, Any]:
    """i <- syn_leak i + input, and the membrane receives that."""
    i = p.syn_leak * i + current
    return i, i


def decayed_together(p: Any, i: Any, current: Any) -> tuple[Any, Any]:
    """i <- syn_leak (i + input), and the membrane receives that."""
    i = p.syn_leak * (i + current)
    return i, i


def used_before_decay(p: Any, i: Any, current: Any) -> tuple[Any, Any]:
    """The membrane receives i + input, of which syn_leak is kept."""
    i = i + current
    return i, p.syn_leak * i


def relaxing(p: Any, i: Any, current: Any) -> tuple[Any, Any]:
    """i goes towards the input: i <- syn_leak i + (1 - syn_leak) input."""
    i = p.syn_leak * i + (1.0 - p.syn_leak) * current
    return i, i


# What fires.


def strictly(p: Any, v: Any) -> Any:
    return f.spike(v - p.threshold)


def inclusively(p: Any, v: Any) -> Any:
    return f.spike_inclusive(v - p.threshold)


def counted(p: Any, v: Any) -> Any:
    """How many whole thresholds v holds, none below 0; differentiated as one spike."""
    whole = f.floor(v / p.threshold)
    return f.straight_through(f.where(whole > 0.0, whole, 0.0), f.spike_inclusive(v - p.threshold))
