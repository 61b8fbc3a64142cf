"""At which spike rate does a spiking net stop costing less than a conventional one?

With the net, its steps and its data fixed, the energy is linear in the number of spikes:

    energy(rate) = fixed + (energy(measured) - fixed) * rate / measured

where `fixed` is what remains without a single spike (neuron updates, states, an analogue first layer) and rates are
mean spikes per neuron and step, of input and hidden neurons scaled together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hw.counting.counts import Counts
from hw.energy.total import Energy
from hw.records.si import joules


@dataclass(frozen=True)
class BreakEven:
    """The rate at which both nets cost the same; below it the spiking net costs less.

    rate     : mean spikes per neuron and step; None when there is no such rate, for the `reason`
    measured : the rate it was counted at; None when nothing in the net sends spikes
    fixed_j  : energy of the spiking net without a spike; like the other energies None when nothing of it is known
    """

    rate: float | None
    reason: str
    measured: float | None
    fixed_j: float | None
    spiking_j: float | None
    conventional_j: float | None


def break_even(spiking: Counts, conventional: Energy, price: Callable[[Counts], Energy]) -> BreakEven:
    """Break-even rate of a counted spiking net against the energy of a conventional one.

    price: energy of counts, on the device and level of `conventional`

    Raises ValueError when devices or levels differ: such a comparison would mean nothing; TypeError for another kind of
    thing in place of counts, energy or pricing.
    """
    if not isinstance(spiking, Counts):
        raise TypeError(f"break_even: spiking: expected what hw.count returns, got {spiking!r:.60}")
    if not isinstance(conventional, Energy):
        raise TypeError(
            f"break_even: conventional: expected an energy, as hw.technology_energy returns, got {conventional!r:.60}"
        )
    if not callable(price):
        raise TypeError(f"break_even: price: expected a function from counts to their energy, got {price!r:.60}")
    now, silent = price(spiking), price(spiking.scaled(0.0))
    if not isinstance(now, Energy):
        raise TypeError(f"break_even: price: expected a function that returns an energy, it returned {now!r:.60}")
    if (now.device, now.level) != (conventional.device, conventional.level):
        raise ValueError(
            f"break_even: {now.device} ({now.level.value}) cannot be compared with "
            f"{conventional.device} ({conventional.level.value})"
        )
    measured, fixed_j, spiking_j, budget_j = spiking.rate, silent.joules, now.joules, conventional.joules

    def result(rate: float | None, reason: str) -> BreakEven:
        return BreakEven(rate, reason, measured, fixed_j, spiking_j, budget_j)

    unknown = tuple(dict.fromkeys((*now.unknown, *conventional.unknown)))
    if unknown or fixed_j is None or spiking_j is None or budget_j is None:
        return result(None, f"not decided: unknown cost of {', '.join(unknown)}")
    if fixed_j >= budget_j:
        return result(None, f"never wins: {joules(fixed_j)} when silent, against {joules(budget_j)}")
    if not measured:
        return result(None, "not decided: no spike was counted, so what one costs is not known")
    per_rate_j = (spiking_j - fixed_j) / measured
    if fixed_j + per_rate_j < budget_j:
        return result(None, "always wins: even one spike per neuron and step costs less")
    rate = (budget_j - fixed_j) / per_rate_j
    return result(rate, "wins at the measured rate" if measured < rate else "loses at the measured rate")
