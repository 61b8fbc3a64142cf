"""Which published description of Loihi 1 a net is compiled in, and what its words are there.

The three have the same mantissas, thresholds and decays; they differ in what lies around them (`hw.neurons.loihi`):
`lava` has no refractory period, `brian2_loihi` no bias and no hidden 1 in the decay of u, and only in `lava` does an
exponent act on sums: in the others on every weight. A program is in one of them as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.part import Part, values_of, with_values
from hw.neurons import loihi
from hw.neurons.loihi_words import HIGHEST, MOST_REFRACTORY, decay_word, known_reading
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip

Array = npt.NDArray[Any]
LAVA, NENGO, BRIAN2 = "lava", "nengo_loihi", "brian2_loihi"
EXPONENTS = {LAVA: range(7, -9, -1), NENGO: range(7, -8, -1), BRIAN2: range(7, -9, -1)}
UNIT = 6  # of what arrives in `nengo_loihi` and `brian2_loihi`, whose weights are multiples of 2^6


def reading_of(given: str | None, parts: tuple[Part, ...], chip: Chip) -> str:
    """The reading of a net: `given`, or where None `lava`, `nengo_loihi` for nets with a refractory period.

    Raises ValueError for what is none, DoesNotFit where the net has what the reading lacks.
    """
    waits = any(part.numbers.model.waits for part in parts)
    reading = (NENGO if waits else LAVA) if given is None else known_reading("compile", given)
    if breaches := [breach for part in parts for breach in _lacking(part, reading, chip)]:
        raise DoesNotFit(breaches)
    return reading


def _lacking(part: Part, reading: str, chip: Chip) -> Iterator[Breach]:
    steps, most = int(part.numbers.refractory.max(initial=0)), MOST_REFRACTORY[reading] - 1
    if steps > most:
        what = f"a refractory period of {steps} steps in the reading {reading}, which has "
        others = [name for name, word in MOST_REFRACTORY.items() if steps < word]
        change = f"take {' or '.join(f'reading={name!r}' for name in others)}" if others else f"shorten it to {most}"
        yield Breach(chip.name, f"{what}{most or 'none'}", part.name, None, None, "", change)
    if reading == BRIAN2 and np.any(part.bias):
        change = f"train with bias=False, or take reading={LAVA!r} or {NENGO!r}"
        yield Breach(chip.name, f"a bias in the reading {reading}, which has none", part.name, None, None, "", change)


def params(part: Part, reading: str, vth: Array, mant: Array, exp: Array) -> loihi.Params:
    """The words of the neurons; voltages may be as low as they may be high."""
    hidden, numbers = int(reading != BRIAN2), part.numbers
    dv = np.clip(decay_word(numbers.leak), 0, 4095)
    du = np.clip(decay_word(numbers.syn_leak) - hidden, 0, 4096 - hidden)
    own: dict[str, Any] = {}
    if reading == NENGO:
        own = {"bias_mant": mant, "bias_exp": exp, "refractory": numbers.refractory + 1, "vmin": -HIGHEST}
    elif reading == LAVA:
        own = {"bias_mant": mant, "bias_exp": exp}
    else:
        own = {"refractory": numbers.refractory + 1}
    return loihi.Params(du, dv, vth, reading=reading, **own)


def sent_weights(mantissas: Any, exponent: int, reading: str) -> tuple[Any, int, Array]:
    """(integers that spikes bring, exponent of their sums, what they come to in integers of u) of mantissas.

    mantissas: an array or a csr_array; the last are in the order of `values_of`
    """
    values = values_of(mantissas)
    if reading == LAVA:
        return mantissas, exponent, values * 2.0 ** (UNIT + exponent)
    each = loihi.loihi_weights(values, exponent=exponent, reading=reading)
    return with_values(mantissas, each >> UNIT), UNIT, each.astype(np.float64)
