"""Rules by which synapses change while the network runs, one record for all that are built from traces of spikes.

A spike leaves traces that decay: r1 and r2 of the source when its spike arrives, o1 and o2 of the target when it fires.
Each trace grows by 1, or is set to 1 where only the nearest spikes count. With their values before the spike,

    at an arrival  w <- w + on_arrival + arrival_by_o1 o1 + arrival_by_o1_r2 o1 r2
    at a firing    w <- w + firing_by_r1 r1 + firing_by_r1_o2 r1 o2

where w is the size of the weight, kept between 0 and `largest`; what raises it is multiplied by
(1 - w / largest)^power, what lowers it by (w / largest)^power. Delays are axonal: a spike counts for the rule when it
arrives. An arrival and a firing in one step do not see each other.

A rule of one of these shapes can be `rewarded`: then changes gather in an eligibility and a reward lets them act; and
a spike can find its synapse more or less able to send than at rest: `short_term`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from spikenet.errors import finite_number, positive, within


@dataclass(frozen=True)
class Plasticity:
    """tau_*_s: of the traces; the five amounts as above; nearest: traces are set, not raised; eligibility_s: of what
    waits for a reward, 0 where changes act at once; use, tau_recover_s, tau_facilitate_s: as in `short_term`, use 0
    for none."""

    tau_r1_s: float
    tau_r2_s: float
    tau_o1_s: float
    tau_o2_s: float
    on_arrival: float
    arrival_by_o1: float
    arrival_by_o1_r2: float
    firing_by_r1: float
    firing_by_r1_o2: float
    largest: float
    power: float
    nearest: bool
    eligibility_s: float = 0.0
    use: float = 0.0
    tau_recover_s: float = 0.0
    tau_facilitate_s: float = 0.0

    @property
    def learns(self) -> bool:
        """Whether weights ever change."""
        firing = (self.firing_by_r1, self.firing_by_r1_o2)
        return any((self.on_arrival, self.arrival_by_o1, self.arrival_by_o1_r2, *firing))


def stdp(
    *,
    tau_plus_s: float = 20e-3,
    tau_minus_s: float = 20e-3,
    a_plus: float,
    a_minus: float,
    largest: float,
    power: float = 0.0,
    nearest: bool = False,
) -> Plasticity:
    """Pairs of spikes: source before target adds a_plus exp(-dt / tau_plus), the reverse takes
    a_minus exp(-dt / tau_minus).

    largest: weight, > 0; power: 0 additive, 1 multiplicative; nearest: of all pairs, only those of nearest neighbours
    Source: Song, Miller & Abbott 2000, Nature Neurosci. 3:919; Morrison, Diesmann & Gerstner 2008, Biol. Cybern.
    98:459.
    """
    plus, minus = positive("stdp: tau_plus_s", tau_plus_s), positive("stdp: tau_minus_s", tau_minus_s)
    up, down = finite_number("stdp: a_plus", a_plus), finite_number("stdp: a_minus", a_minus)
    high, bend = positive("stdp: largest", largest), within("stdp: power", power, 0.0, 10.0)
    return Plasticity(plus, plus, minus, minus, 0.0, -down, 0.0, up, 0.0, high, bend, bool(nearest))


def triplet(
    *,
    tau_plus_s: float = 16.8e-3,
    tau_x_s: float = 101e-3,
    tau_minus_s: float = 33.7e-3,
    tau_y_s: float = 125e-3,
    a2_plus: float,
    a3_plus: float,
    a2_minus: float,
    a3_minus: float,
    largest: float,
    nearest: bool = False,
) -> Plasticity:
    """Triplets of spikes; the times are those fitted to visual cortex. Source: Pfister & Gerstner 2006, J. Neurosci.
    26:9673-9682, equations 3 and 4."""
    fast_r, slow_r = positive("triplet: tau_plus_s", tau_plus_s), positive("triplet: tau_x_s", tau_x_s)
    fast_o, slow_o = positive("triplet: tau_minus_s", tau_minus_s), positive("triplet: tau_y_s", tau_y_s)
    up2, up3, down2, down3 = (finite_number("triplet", a) for a in (a2_plus, a3_plus, a2_minus, a3_minus))
    high = positive("triplet: largest", largest)
    return Plasticity(fast_r, slow_r, fast_o, slow_o, 0.0, -down2, -down3, up2, up3, high, 0.0, bool(nearest))


def inhibitory(*, tau_s: float = 20e-3, rate: float, target_hz: float, largest: float) -> Plasticity:
    """Homeostasis by inhibition: a pair adds `rate` whatever its order, an arrival takes rate * 2 target_hz tau_s.

    Drives the target to target_hz. Source: Vogels et al. 2011, Science 334:1569-1573.
    """
    tau = positive("inhibitory: tau_s", tau_s)
    eta, wanted = positive("inhibitory: rate", rate), positive("inhibitory: target_hz", target_hz)
    high = positive("inhibitory: largest", largest)
    return Plasticity(tau, tau, tau, tau, -2 * wanted * tau * eta, eta, 0.0, eta, 0.0, high, 0.0, False)


def rewarded(rule: Plasticity, *, tau_s: float) -> Plasticity:
    """What the rule would change gathers in an eligibility of each synapse that decays with tau_s, > 0;
    `Simulation.reward` adds it, times the reward, to the weights.

    Source: Izhikevich 2007, Cerebral Cortex 17:2443-2452; Fremaux & Gerstner 2016, Front. Neural Circuits 9:85.
    """
    if not isinstance(rule, Plasticity):
        raise TypeError(f"plasticity.rewarded: expected a rule of sn.plasticity, got {rule!r:.60}")
    return replace(rule, eligibility_s=positive("plasticity.rewarded: tau_s", tau_s))


def short_term(
    *, use: float, tau_recover_s: float, tau_facilitate_s: float = 0.0, rule: Plasticity | None = None
) -> Plasticity:
    """Depression and facilitation: a spike sends its weight times u x, u taken after it and x before:

        u decays with tau_facilitate_s and a spike adds use (1 - u); x recovers to 1 with tau_recover_s and loses u x

    use, in (0, 1]: u of a spike after a long pause; rule: by which the weights change besides, or None. As NEST's
    tsodyks2_synapse from a rested synapse; the layer ShortTermPlasticity has a u that decays to `use` instead of 0.
    Source: Tsodyks, Pawelzik & Markram 1998, Neural Computation 10:821-835.
    """
    part = within("plasticity.short_term: use", positive("plasticity.short_term: use", use), 0.0, 1.0)
    recover = positive("plasticity.short_term: tau_recover_s", tau_recover_s)
    facilitate = within("plasticity.short_term: tau_facilitate_s", tau_facilitate_s, 0.0, 1e6)
    if rule is not None and not isinstance(rule, Plasticity):
        raise TypeError(f"plasticity.short_term: rule: expected a rule of sn.plasticity, got {rule!r:.60}")
    still = Plasticity(1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, math.inf, 0.0, False)
    return replace(rule or still, use=part, tau_recover_s=recover, tau_facilitate_s=facilitate)
