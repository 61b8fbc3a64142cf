"""Rate coding: at each step an input spikes with a probability proportional to its value.

The random numbers come from the counter-based generator Philox-4x64 (Salmon et al. 2011, SC'11), whose key is the pair
(seed, sample index) and whose counter is the place (step, pixel) in the sample. No draw depends on another, so neither
do a sample's spikes on the batch it is in; and more steps continue a spike train without changing it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import UNIT, sample_numbers, seed_number, unit_batch
from spikenet.errors import Array, positive, whole

_LEVELS = 2**16
_COARSE, _FINE = 0, 1  # the generator's topmost counter word: two streams that never meet


@dataclass(frozen=True)
class Rate:
    """Bernoulli spikes: at each step 1 with probability min(gain * x, 1), else 0, all draws independent.

    steps: number of steps, >= 1
    gain : spikes per step at x = 1, > 0; at 1, x = 1 fires at every step. x = 0 never fires

    snnTorch's spikegen.rate without offset.
    """

    steps: int
    gain: float = 1.0

    domain = UNIT

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("Rate: steps", self.steps))
        object.__setattr__(self, "gain", positive("Rate: gain", self.gain))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ...) of 0 and 1 in x's float type, for x (batch, ...) in [0, 1].

        index: (batch,) number of each sample in its data set; with `seed` it alone decides the sample's draws
        """
        values = unit_batch("Rate", x)
        numbers = sample_numbers("Rate", index, len(values))
        key = seed_number("Rate", seed)
        probability = np.minimum(self.gain * values.reshape(len(values), -1).astype(np.float64), 1.0)
        fired = bernoulli(probability, self.steps, numbers, key)
        return fired.astype(values.dtype).reshape(self.steps, *values.shape)

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)


def bernoulli(probability: Array, steps: int, index: Array, seed: int) -> Array:
    """(steps, batch, n) bool, True with probability (batch, n) in [0, 1].

    A uniform number u fires when u < p. Its first 16 binary digits settle that, except in one draw of 65,536 where
    they equal p's: only there the other 53 are drawn. So the probability is exact at the cost of 16 bits, and
    p = 0 (digits never below) and p = 1 (a tie always below) need no special case.
    """
    n_batch, n = probability.shape
    scaled = probability * _LEVELS
    whole_part = np.minimum(np.floor(scaled), _LEVELS - 1)
    rest = scaled - whole_part
    first_digits = whole_part.astype(np.uint16)
    drawn = np.empty((steps, n_batch, n), np.uint16)
    generator = np.random.Philox(key=0)
    for b in range(n_batch):
        words = random_words(generator, -(-steps * n // 4), seed, index[b], 0, _COARSE)
        drawn[:, b] = words.astype("<u8", copy=False).view("<u2")[: steps * n].reshape(steps, n)
    fired: Array = drawn < first_digits
    ties = np.flatnonzero(drawn == first_digits)
    for t, b, k in zip(*np.unravel_index(ties, drawn.shape), strict=True):
        word = random_words(generator, 1, seed, index[b], t * n + k, _FINE)[0]
        fired[t, b, k] = int(word >> np.uint64(11)) * 2.0**-53 < rest[b, k]
    return fired


def random_words(generator: np.random.Philox, n: int, seed: int, index: int, start: int, stream: int) -> Array:
    """n raw 64-bit words of the (seed, index) sequence from counter `start` on.

    Raw words, because numpy promises never to change them, unlike the methods of Generator (NEP 19); and a state set
    into one generator, because constructing one for each sample costs ten times as much.
    """
    generator.state = {
        "bit_generator": "Philox",
        "state": {
            "counter": np.array([start, 0, 0, stream], np.uint64),
            "key": np.array([seed, index], np.uint64),
        },
        "buffer": np.zeros(4, np.uint64),
        "buffer_pos": 4,  # nothing buffered
        "has_uint32": 0,
        "uinteger": 0,
    }
    words: Array = generator.random_raw(n)
    return words
