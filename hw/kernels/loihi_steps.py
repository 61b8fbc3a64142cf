"""One step of Loihi's neuron as each of three simulators reads it; equations and words in `hw.neurons.loihi`.

All take what arrives, the state and the words of one neuron, of one integer type, and give

    u, v, waiting, spike,   sums, wraps, highs, lows

the latter 1 where what arrived, u (or u + bias) or v left its word, or v met its floor, else 0.
"""

from __future__ import annotations

from typing import Any

from hw.kernels.machine_integers import (
    above,
    add,
    below,
    choose,
    clip,
    either,
    kept_part,
    of_type,
    size,
    subtract,
    unlike,
    up,
    wrapped,
)  # fmt: skip
from spikenet.derive.compile import compiled


@compiled()
def lava(
    a: Any, u: Any, v: Any, waiting: Any,
    keep_u: Any, keep_v: Any, threshold: Any, low: Any, bias: Any, vmin: Any, vmax: Any, silence: Any,
) -> Any:  # fmt: skip
    nought, one = of_type(a, 0), of_type(a, 1)
    top, turn, limit = of_type(a, 1 << 23), of_type(a, 1 << 24), of_type(a, (1 << 23) - 1)
    current = add(kept_part(u, keep_u), up(a, of_type(a, 6)))
    turned = choose(above(current, top), subtract(current, turn), current)
    turned = choose(above(turned, subtract(nought, top)), turned, add(current, turn))
    sum_v = add(add(kept_part(v, keep_v), turned), bias)
    voltage = clip(sum_v, subtract(nought, limit), limit)
    spike = choose(above(voltage, threshold), one, nought)
    deep = choose(below(voltage, low), one, nought)
    sent = subtract(spike, deep)
    after = choose(either(spike, deep) == nought, voltage, nought)
    return turned, after, waiting, sent, nought, unlike(turned, current), unlike(voltage, sum_v), nought


@compiled()
def lava_within_words(a: Any, u: Any, v: Any, keep_u: Any, keep_v: Any, threshold: Any, bias: Any) -> Any:
    """(u, v, spike, bits): `lava` without a low threshold as it is as long as nothing leaves its word.

    |u| and |v| stay below 2^23 where none of their bits from the 24th on is set, and u turns at most once where none of
    |a| is from the 19th on. `bits` has those of |u| and |v|, so that one look at all the bits there were replaces the
    wrap, the cut and the counting of both, a third of the instructions.
    """
    nought = of_type(a, 0)
    current = add(kept_part(u, keep_u), up(a, of_type(a, 6)))
    voltage = add(add(kept_part(v, keep_v), current), bias)
    spike = above(voltage, threshold)
    bits = either(size(current), size(voltage))
    return current, choose(spike, nought, voltage), choose(spike, of_type(a, 1), nought), bits


@compiled()
def nengo_loihi(
    a: Any, u: Any, v: Any, waiting: Any,
    keep_u: Any, keep_v: Any, threshold: Any, low: Any, bias: Any, vmin: Any, vmax: Any, silence: Any,
) -> Any:  # fmt: skip
    nought, one = of_type(a, 0), of_type(a, 1)
    q = wrapped(a, 22)
    current = add(kept_part(u, keep_u), q)
    turned = wrapped(current, 24)
    drive = add(turned, bias)
    turned_drive = wrapped(drive, 24)
    wraps = either(unlike(turned, current), unlike(turned_drive, drive))
    sum_v = add(kept_part(v, keep_v), turned_drive)
    voltage = choose(above(waiting, nought), nought, clip(sum_v, vmin, vmax))
    highs, lows = choose(above(sum_v, vmax), one, nought), choose(below(sum_v, vmin), one, nought)
    fired = above(voltage, threshold)
    left = choose(fired, silence, waiting)
    left = choose(above(left, nought), subtract(left, one), nought)
    return (
        turned, choose(fired, nought, voltage), left, choose(fired, one, nought), unlike(q, a), wraps, highs, lows
    )  # fmt: skip


@compiled()
def brian2_loihi(
    a: Any, u: Any, v: Any, waiting: Any,
    keep_u: Any, keep_v: Any, threshold: Any, low: Any, bias: Any, vmin: Any, vmax: Any, silence: Any,
) -> Any:  # fmt: skip
    nought, one = of_type(a, 0), of_type(a, 1)
    current = add(kept_part(u, keep_u), a)
    silent = above(waiting, nought)
    voltage = choose(silent, v, add(kept_part(v, keep_v), current))
    spike = choose(silent, nought, choose(above(voltage, threshold), one, nought))
    fired = above(spike, nought)
    left = choose(fired, subtract(silence, one), choose(silent, subtract(waiting, one), nought))
    return current, choose(fired, nought, voltage), left, spike, nought, nought, nought, nought
