"""What fits Loihi 1's words, by reading: every parameter checked before anything runs, and laid out for the loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from hw.neurons.words import Integers, integers

READINGS = ("lava", "nengo_loihi", "brian2_loihi")
THRESHOLD = (1 << 17) - 1
HIGHEST = (1 << 23) - 1  # of a voltage
MOST_REFRACTORY = {"lava": 1, "nengo_loihi": 63, "brian2_loihi": 64}
LOWESTS = (0, *(1 - (1 << e) for e in range(1, 24)))
HIGHESTS = tuple((1 << (9 + 2 * k)) - 1 for k in range(8))
_FOREIGN = {  # parameter: what it is where it does not exist, and the readings that have it
    "bias_mant": (0, ("lava", "nengo_loihi")),
    "bias_exp": (0, ("lava", "nengo_loihi")),
    "refractory": (1, ("nengo_loihi", "brian2_loihi")),
    "vmin": (None, ("nengo_loihi",)),
    "vmax": (None, ("nengo_loihi",)),
    "vth_low": (None, ("lava",)),
    "reset_interval": (None, ("lava",)),
    "reset_offset": (0, ("lava",)),
}


def decay_word(kept: Any) -> Any:
    """Of 4096 parts, how many are lost each step of what keeps this part."""
    return np.rint(4096 * (1 - kept))


def known_reading(where: str, reading: Any) -> str:
    """`reading` if it is one of the three."""
    if not isinstance(reading, str) or reading not in READINGS:
        raise ValueError(f"{where}: expected a reading of {', '.join(map(repr, READINGS))}, got {reading!r}")
    return reading


def checked(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of `loihi.Params` as int64 arrays and whole numbers; those that may be None stay so."""
    reading = known_reading("loihi.Params", given["reading"])
    for name, (absent, readings) in _FOREIGN.items():
        value = given[name]
        if reading not in readings and (value is not None if absent is None else np.any(np.asarray(value) != absent)):
            has = " and ".join(map(repr, readings))
            raise ValueError(
                f"loihi.Params: {name} = {value!r:.40} does not exist in the reading {reading!r}; "
                f"leave it out, or take {has}"
            )
    lava, brian2 = reading == "lava", reading == "brian2_loihi"
    ranges = {
        "du": (0, 4096 if brian2 else 4095),
        "dv": (0, 4095 if reading == "nengo_loihi" else 4096),
        "vth": (0, THRESHOLD),
        "bias_mant": (-4096 if lava else -4095, 4095),
        "bias_exp": (-7 if lava else 0, 7),
        "refractory": (1, MOST_REFRACTORY[reading]),
    }
    found: dict[str, Any] = {
        name: integers(f"loihi.Params: {name}", given[name], *ends) for name, ends in ranges.items()
    }
    for name, allowed in (("vmin", LOWESTS), ("vmax", HIGHESTS)):
        if given[name] is not None:
            found[name] = _one_of(f"loihi.Params: {name}", given[name], allowed)
    if given["vth_low"] is not None:
        found["vth_low"] = low = integers("loihi.Params: vth_low", given["vth_low"], -THRESHOLD - 1, THRESHOLD)
        if np.any(low > found["vth"]):
            raise ValueError("loihi.Params: expected vth_low <= vth everywhere; exchange the two")
    if given["reset_interval"] is not None:
        found["reset_interval"] = int(integers("loihi.Params: reset_interval", given["reset_interval"], 1, 1 << 31))
        found["reset_offset"] = int(integers("loihi.Params: reset_offset", given["reset_offset"], 0, 1 << 31))
    _one_shape(found)
    return found


def _one_of(name: str, values: Any, allowed: tuple[int, ...]) -> Integers:
    array = integers(name, values, min(allowed), max(allowed))
    if (wrong := ~np.isin(array, allowed)).any():
        value = int(array[wrong].flat[0])
        nearest = min(allowed, key=lambda word: abs(word - value))
        raise ValueError(f"{name}: {value} is none of the chip's {allowed}; the nearest is {nearest}")
    return array


def _one_shape(found: dict[str, Any]) -> tuple[int, ...]:
    shapes = {name: np.shape(values) for name, values in found.items()}
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        raise ValueError(
            f"loihi.Params: shapes do not fit together: {shapes}; give one value or one a neuron"
        ) from None


def words_of(p: Any) -> Integers:
    """The (8, ...) words of `loihi_loops` of checked parameters, in the shape they have together."""
    one = 0 if p.reading == "brian2_loihi" else 1  # the hidden one of u's decay
    bias = np.where(
        p.bias_exp >= 0, p.bias_mant << np.maximum(p.bias_exp, 0), p.bias_mant >> np.maximum(-p.bias_exp, 0)
    )
    low = np.int64(-(1 << 30)) if p.vth_low is None else p.vth_low << 6  # a voltage never comes there
    vmin = np.int64(0) if p.vmin is None else p.vmin
    vmax = np.int64(HIGHEST) if p.vmax is None else p.vmax
    words = (4096 - (p.du + one), 4096 - p.dv, p.vth << 6, low, bias, vmin, vmax, p.refractory)
    return np.stack(np.broadcast_arrays(*words))
