"""Loihi 2's neurons in whole numbers, as Lava's fixed-point models have them.

Loihi 2 runs programs; these are the ones Lava ships. Any other model runs as its fixed-point twin, `hw.neurons.twin`.
LIF is Loihi 1's, `hw.neurons.loihi` in the reading "lava". tz(x, d) is x / 2^d rounded toward zero; e and s are the
exponents of spikes and states.

Delta        new = a << (e + s);  d = new - act + residue;  fires where |d| >= vth << (e + s), or with cum_error where
             the sum of all d since it fired last does;  sent = d where it fires;  residue = d - sent;  act = new; what
             leaves the neuron is sent >> s
SigmaDelta   sigma <- sigma + a, not shifted;  new = sigma + (bias << (e + s)), without its negative part unless told
             otherwise;  then as Delta
Resonate     re' = tz(c re, d) - tz(s im, d) + (a_re << s), im' = tz(s re, d) + tz(c im, d) + (a_im << s), both cut at
             +-(2^23 - 1);  fires where re' >= vth << s and im' >= 0 > im       (c, s of a product: cosine and sine)
ResonateIzhikevich   the same re' and im';  fires where im' >= vth << s, then re = 0 and im = (vth << s) - 1
Graded       sends a where |a| > vth, or, rectifying, where a > vth, else 0; no state

Lava's Delta and SigmaDelta do not limit their states; here they are as wide as they get, and how often one leaves 24
bits is counted. The test is >= as in Lava's code (its docstring has >). Source: Lava 0.10, proc/sdn, proc/rf,
proc/rf_iz, proc/graded, traces of which these equations reproduce.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hw.kernels import loihi2_steps
from hw.neurons.words import Integers, integers
from spikenet.errors import Array, array_of, finite_values
from spikenet.kernels import integer_loop

LIMIT = (1 << 23) - 1
ARRIVING = (1 << 31) - 1
_RANGES = {
    "vth": (0, LIMIT),
    "bias": (-(1 << 15), (1 << 15) - 1),
    "spike_exp": (0, 7),
    "state_exp": (0, 7),
    "cum_error": (0, 1),
    "rectifies": (0, 1),
    "cosine": (-4096, 4096),
    "sine": (-4096, 4096),
    "decay_bits": (0, 12),
}


def _checked(params: Any) -> None:
    """Every field a whole number or an array of them, within its word."""
    for field in fields(params):
        name = f"loihi2.{type(params).__name__}: {field.name}"
        object.__setattr__(params, field.name, integers(name, getattr(params, field.name), *_RANGES[field.name]))


@dataclass(frozen=True, eq=False)
class Delta:
    """vth: 0..2^23 - 1; spike_exp, state_exp: 0..7; cum_error: whether differences are summed up for the test."""

    vth: Any
    spike_exp: Any = 0
    state_exp: Any = 0
    cum_error: Any = False

    def __post_init__(self) -> None:
        _checked(self)


@dataclass(frozen=True, eq=False)
class SigmaDelta:
    """As Delta; bias: 16 bits signed; rectifies: whether what is encoded has no negative part (Lava's ReLU)."""

    vth: Any
    bias: Any = 0
    rectifies: Any = True
    spike_exp: Any = 0
    state_exp: Any = 0
    cum_error: Any = False

    def __post_init__(self) -> None:
        _checked(self)


@dataclass(frozen=True, eq=False)
class Resonate:
    """cosine, sine: decay and rotation of a step times 2^decay_bits, at most 4096 in size; see `rotation`."""

    cosine: Any
    sine: Any
    vth: Any
    state_exp: Any = 0
    decay_bits: Any = 12

    def __post_init__(self) -> None:
        _checked(self)


@dataclass(frozen=True, eq=False)
class ResonateIzhikevich:
    """The resonator that is set back when it fires; parameters of `Resonate`."""

    cosine: Any
    sine: Any
    vth: Any
    state_exp: Any = 0
    decay_bits: Any = 12

    def __post_init__(self) -> None:
        _checked(self)


@dataclass(frozen=True, eq=False)
class Graded:
    """vth: 0..2^23 - 1; rectifies: whether only what is above vth is sent (GradedReluVec), or below -vth as well."""

    vth: Any
    rectifies: Any = False

    def __post_init__(self) -> None:
        _checked(self)


Params = Delta | SigmaDelta | Resonate | ResonateIzhikevich | Graded


@dataclass(frozen=True, eq=False)
class Record:
    """What a run gives, whole numbers.

    sent     : (steps, ...) what leaves each neuron
    states   : of every step by name, each like `sent`; None unless asked for
    after    : of the last step by name
    overflows: how often a step cut a state (resonators), or left one beyond 24 bits (the others)
    """

    sent: Array
    states: Mapping[str, Array] | None
    after: Mapping[str, Array]
    overflows: int


def rotation(period_steps: Any, alpha: Any, decay_bits: int = 12) -> tuple[Integers, Integers]:
    """(cosine, sine) of a resonator of this period that loses a share `alpha` a step, rounded as Lava does."""
    period, loss = finite_values("rotation: period_steps", period_steps), finite_values("rotation: alpha", alpha)
    if (period <= 0).any() or (loss < 0).any() or (loss > 1).any():
        raise ValueError(f"rotation: expected period_steps > 0 and alpha in [0, 1], got {period_steps} and {alpha}")
    turn = 2 * np.pi / period
    both = ((1 - loss) * f(turn) * (1 << decay_bits) for f in (np.cos, np.sin))
    cosine, sine = (np.trunc(part).astype(np.int64) for part in both)
    return cosine, sine


def run(
    params: Params,
    arriving: Any,
    before: Mapping[str, Array] | None = None,
    *,
    imaginary: Any = None,
    states: bool = True,
) -> Record:
    """The population driven by `arriving`, from 0 or from `before`.

    arriving : (steps, ..., n) whole numbers of 32 bits; for resonators the real part
    before   : `record.after` of the steps before
    imaginary: for resonators, the imaginary part of what arrives; None for 0
    states   : whether those of every step are kept

    Widths: thresholds, states and what is sent 24 bits, exponents 0..7. Order: the state is brought up to date,
    then the test, then what is sent leaves it. Rounding: products of resonators toward zero, others are exact, what
    is sent is shifted down. Overflow: resonators are cut at 24 bits; Delta and SigmaDelta go on, as Lava's; both
    are counted. Equations of each: `hw.neurons.loihi2`. Source: Lava 0.10, proc/sdn, rf, rf_iz, graded.

    Raises ValueError for shapes that do not fit and numbers beyond their words.
    """
    if not isinstance(params, Params):
        raise TypeError(f"loihi2.run: expected Delta, SigmaDelta, Resonate, ... of loihi2, got {type(params).__name__}")
    step, words, names = _model(params)
    x = [_whole("arriving", arriving)]
    if isinstance(params, Resonate | ResonateIzhikevich):
        x.append(np.zeros_like(x[0]) if imaginary is None else _whole("imaginary", imaginary))
    elif imaginary is not None:
        raise ValueError(f"loihi2.run: {type(params).__name__} takes no imaginary part")
    shape = x[0].shape[1:]
    try:
        table = np.stack(np.broadcast_arrays(*words))
        np.broadcast_to(table[0], shape)
        together = np.stack(x)
    except ValueError:
        raise ValueError(
            f"loihi2.run: parameters of shapes {[np.shape(w) for w in words]} do not fit arriving {x[0].shape}"
            + (f" and imaginary {x[1].shape}" if len(x) > 1 else "")
        ) from None
    loop = _loop(step, len(words), len(names), len(x))
    out, after, every, counts = integer_loop.run(loop, table, _before(names, before, shape), together, 1, states=states)
    kept = {name: every[k] for k, name in enumerate(names)} if states else None
    return Record(out, kept, {name: after[k] for k, name in enumerate(names)}, int(counts[0]))


def _model(p: Params) -> tuple[Any, tuple[Integers, ...], tuple[str, ...]]:
    """(the step, its parameters in order, its states)."""
    if isinstance(p, Graded):
        return loihi2_steps.graded, (p.vth, p.rectifies), ()
    if isinstance(p, Delta | SigmaDelta):
        shift = p.spike_exp + p.state_exp
        encoder = ("act", "residue", "error")
        if isinstance(p, Delta):
            return loihi2_steps.delta, (p.vth << shift, shift, p.state_exp, p.cum_error), encoder
        words = (p.vth << shift, p.bias << shift, p.rectifies, p.state_exp, p.cum_error)
        return loihi2_steps.sigma_delta, words, ("sigma", *encoder)
    step = loihi2_steps.resonate if isinstance(p, Resonate) else loihi2_steps.resonate_izhikevich
    return step, (p.cosine, p.sine, p.decay_bits, p.state_exp, p.vth << p.state_exp), ("re", "im")


def _loop(step: Any, parameters: int, states: int, inputs: int) -> Any:
    """The compiled loop around a step."""
    places = [integer_loop.state(k, parameters) for k in range(states)]
    given = [integer_loop.parameter(k) for k in range(parameters)] + places
    given += [integer_loop.arrived(k) for k in range(inputs)]
    results = [f"after_{k}" for k in range(states)]
    lines = [f"{', '.join([*results, 'result', 'beyond'])} = step({', '.join(given)})"]
    lines += [f"{place} = {result}" for place, result in zip(places, results, strict=True)]
    lines += [f"{integer_loop.SENT} = result", f"{integer_loop.counter(0)} += beyond"]
    return integer_loop.integer_loop(step.__name__, tuple(lines), inputs, 1, (("step", step),))


def _whole(name: str, values: Any) -> Integers:
    x = array_of(f"loihi2.run: {name}", values)
    if x.ndim < 2:
        raise ValueError(f"loihi2.run: expected {name} (steps, ..., n), got shape {x.shape}")
    return integers(f"loihi2.run: {name}", x, -ARRIVING, ARRIVING)


def _before(names: tuple[str, ...], given: Mapping[str, Array] | None, shape: tuple[int, ...]) -> Integers:
    start = np.zeros((len(names), *shape), np.int64)
    for k, name in enumerate(names if given is not None else ()):
        if given is None or name not in given or np.shape(given[name]) != shape:
            raise ValueError(f"loihi2.run: expected before with {list(names)}, of shape {shape}; take record.after")
        start[k] = integers(f"loihi2.run: before {name!r}", given[name], -(1 << 62), 1 << 62, "take record.after")
    return start
