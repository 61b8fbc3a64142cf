"""An all-in energy of a placed program: what its chips draw, times how long a sample keeps them.

Legitimate only where both are published. A chip at real time is kept for its steps whatever it does; what it draws with
nothing to do is drawn then, so idle power gives a lower bound, and what the net's own work adds stays unknown.
Where only the power of another load is known, it stands for the net's, and the assumptions say so.
"""

from __future__ import annotations

from collections.abc import Iterable

from hw.energy.total import Energy, Term
from hw.execution.times import StepTimes
from hw.records.architecture import Architecture
from hw.records.chip import Chip
from hw.records.energies import Level
from hw.records.fact import unknown
from hw.records.si import how_many

BY_POWER = "power x time"  # tells it from an all-in energy of events
ON = "all-in energy is the whole chip's power times the time of a sample: nothing may be added to it"
ANOTHER = "the power is that of another load on the whole chip, not of this net: {}"
REAL_TIME = "the chip runs in real time: a step of the net lasts {:g} ms of the chip's"
FASTER = "the chip runs {:g} times faster than its time constants: a step of {:g} ms lasts {:g} us of the chip's"


def power_energy(chip: Chip, n_chips: int, n_steps: int, times: StepTimes, step_s: float | None) -> Energy | None:
    """Power times time of a sample on `n_chips`; None where the power, or the time, is not known.

    step_s: what a step of the net stands for, in seconds; where the chip's clock follows it, it decides the time
    """
    if chip.power is None:
        return None
    found = _seconds(chip, n_steps, times, step_s)
    if found is None:
        return None
    seconds, missing, said = found
    idle, active = chip.power.idle, chip.power.active
    terms = []
    if idle.value is not None:
        terms.append(Term("power with nothing to do", n_chips * seconds, "s", idle))
        where = f"for other loads the whole chip draws {active}" if active.value is not None else active.source
        terms.append(Term("what the net's work adds", n_chips * seconds, "s", unknown("W", where)))
    elif active.value is not None:
        terms.append(Term("power of the chip", n_chips * seconds, "s", active))
        said = (*said, ANOTHER.format(active.source))
    else:
        return None
    terms += [Term(name, 1.0, "sample", unknown("uJ", "how long it takes is not published")) for name in missing]
    known = ", ".join(kind.value for kind in times.evidence)
    took = f"{how_many(n_chips, 'chip')} for {seconds:.4g} s a sample{f' (times: {known})' if known else ''}"
    return Energy(f"{chip.name}, {BY_POWER}", Level.ALL_IN, tuple(terms), (ON, took, *said, *chip.notes))


def _seconds(
    chip: Chip, n_steps: int, times: StepTimes, step_s: float | None
) -> tuple[float, Iterable[str], tuple[str, ...]] | None:
    """(time of a sample, what it leaves out, assumptions)."""
    if times.inference_s is not None:
        return times.inference_s, times.unknown, (f"time: {times.model}",)
    follows = chip.architecture in (Architecture.SINGLE_CORE, Architecture.ANALOGUE)
    if step_s is None or not follows:
        return None
    if chip.architecture is Architecture.SINGLE_CORE:
        return n_steps * step_s, (), (REAL_TIME.format(1e3 * step_s),)
    faster = chip.limit("speed_up")
    if faster is None:
        return None
    said = FASTER.format(faster, 1e3 * step_s, 1e6 * step_s / faster)
    return n_steps * step_s / faster, ("loading spikes and reading them out",), (said,)
