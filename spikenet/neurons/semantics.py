"""The semantics of other packages by name: `sn.LIF(semantics=sn.semantics.snntorch_subtract)`.

What each package's LIF computes, step by step, as read from its source in the version named. Left out are what those
packages do by mistake. `spikenet` is our own, which a LIF without semantics has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikenet.errors import Array, names_of, positive_values
from spikenet.neurons import primitives as f
from spikenet.neurons.decay import leak, step_share
from spikenet.neurons.reset import detached_subtract, detached_to_value, no_reset, subtract, to_value, to_zero
from spikenet.neurons.semantics_record import (
    Semantics,
    charge_fire_reset,
    charge_reset_fire,
    counted,
    decayed_together,
    fire_charge_reset,
    fire_reset_charge,
    inclusively,
    kept_then_used,
    leaky,
    relaxing,
    reset_charge_fire,
    reset_twice,
    strictly,
    towards_reset_value,
    used_before_decay,
)

STEPS, SCALE = 4096.0, 64.0  # lava-dl keeps states in whole multiples of 1/4096 and thresholds in those of 1/64


def exact(name: str, tau_s: Any, dt_s: Any) -> Array:
    """exp(-dt / tau)."""
    return leak("semantics", name, tau_s, dt_s)


def euler(name: str, tau_s: Any, dt_s: Any) -> Array:
    """1 - dt / tau."""
    return 1 - step_share("semantics", name, tau_s, dt_s)


def twelve_bits(name: str, tau_s: Any, dt_s: Any) -> Array:
    """exp(-dt / tau) to the next 1/4096."""
    return np.round(4096 * exact(name, tau_s, dt_s)) / 4096


def plain(retention: Any, drive: Any) -> Any:
    """The input adds as it is."""
    return drive


def complement(retention: Any, drive: Any) -> Any:
    """A constant input is where the membrane settles."""
    return (1.0 - retention) * drive


def _whole(a: Any) -> Any:
    """`a` in whole multiples of 1/4096, towards 0, which the gradient does not see."""
    towards_zero = f.floor(STEPS * f.absolute(a)) / STEPS
    return f.straight_through(f.where(a >= 0.0, towards_zero, -towards_zero), a)


def _whole_charge(p: Any, v: Any, drive: Any) -> Any:
    return _whole(p.leak * v) + _whole(drive)


def _whole_synapse(p: Any, i: Any, current: Any) -> tuple[Any, Any]:
    i = _whole(p.syn_leak * i) + _whole(current)
    return i, i


def _above_whole_threshold(p: Any, v: Any) -> Any:
    return f.spike(v - f.straight_through(f.floor(SCALE * p.threshold) / SCALE, p.threshold))


def _unseen_to_zero(p: Any, v: Any, fired: Any) -> Any:
    """To zero, differentiated as if nothing had been reset."""
    return f.straight_through(v * (1.0 - fired), v)


def _named(
    name: str, source: str, retention: Any, gain: Any, fire: Any, reset: Any, order: Any = charge_fire_reset,
    synapse: Any = kept_then_used, charge: Any = leaky, cuba_order: Any = None,
) -> Semantics:  # fmt: skip
    return Semantics(name, retention, gain, fire, reset, order, synapse, source, charge, cuba_order)


_SNN, _SJ, _NORSE = "snnTorch 1.0 Leaky and Synaptic", "SpikingJelly 2.0 LIFNode", "Norse 1.1 "
spikenet = _named("spikenet", "this package", exact, plain, strictly, detached_subtract)

snntorch_subtract = _named("snntorch_subtract", _SNN, exact, plain, strictly, subtract, charge_reset_fire)
snntorch_zero = _named(
    "snntorch_zero", _SNN, exact, plain, strictly, to_zero, reset_charge_fire, cuba_order=charge_reset_fire
)
snntorch_none = _named("snntorch_none", _SNN, exact, plain, strictly, no_reset)
snntorch_subtract_now = _named(
    "snntorch_subtract_now", f"{_SNN} with reset_delay=False", exact, plain, strictly, subtract, reset_twice
)

spikingjelly_hard = _named(
    "spikingjelly_hard", _SJ, euler, complement, inclusively, to_value, charge=towards_reset_value
)
spikingjelly_hard_detach = _named(
    "spikingjelly_hard_detach", _SJ, euler, complement, inclusively, detached_to_value, charge=towards_reset_value
)
spikingjelly_soft = _named("spikingjelly_soft", _SJ, euler, complement, inclusively, subtract)
spikingjelly_soft_detach = _named("spikingjelly_soft_detach", _SJ, euler, complement, inclusively, detached_subtract)
spikingjelly_hard_undecayed = _named(
    "spikingjelly_hard_undecayed", f"{_SJ} with decay_input=False", euler, plain, inclusively, to_value,
    charge=towards_reset_value,
)  # fmt: skip
spikingjelly_soft_detach_undecayed = _named(
    "spikingjelly_soft_detach_undecayed", f"{_SJ} with decay_input=False", euler, plain, inclusively, detached_subtract
)

norse_lif = _named(
    "norse_lif", f"{_NORSE}LIFCell, feed-forward", euler, complement, strictly, to_value, synapse=used_before_decay
)
norse_lifbox = _named("norse_lifbox", f"{_NORSE}LIFBoxCell", euler, complement, strictly, to_value)
norse_lifbox_subtract = _named(
    "norse_lifbox_subtract", f"{_NORSE}LIFBoxCell with reset_subtract", euler, complement, strictly, subtract
)

sinabs = _named("sinabs", "Sinabs 3.1 LIF", exact, complement, counted, subtract, synapse=decayed_together)
sinabs_single = _named(
    "sinabs_single", "Sinabs 3.1 LIF with SingleSpike", exact, complement, inclusively, subtract,
    synapse=decayed_together,
)  # fmt: skip
rockpool = _named(
    "rockpool", "Rockpool 3.1 LIFTorch, no noise or bias", exact, plain, counted, subtract, synapse=decayed_together
)
lava_dl = _named(
    "lava_dl", "lava-dl slayer cuba, scale 64", twelve_bits, plain, _above_whole_threshold, _unseen_to_zero,
    synapse=_whole_synapse, charge=_whole_charge,
)  # fmt: skip
mlgenn = _named("mlgenn", "mlGeNN LeakyIntegrateFire, relative reset", exact, plain, inclusively, subtract)
spyx = _named(
    "spyx",
    "Spyx 1.0 LIF and CuBaLIF",
    exact,
    plain,
    strictly,
    subtract,
    fire_charge_reset,
    cuba_order=fire_reset_charge,
)
bindsnet = _named("bindsnet", "BindsNET LIFNodes, rest and reset 0", exact, plain, inclusively, to_value)
nir_euler = _named(
    "nir_euler", "NIR LIF and CubaLIF, r = 1, by Euler's method", euler, complement, strictly, to_value,
    synapse=relaxing,
)  # fmt: skip
nir_exact = _named(
    "nir_exact", "NIR LIF and CubaLIF, r = 1, input held over a step", exact, complement, strictly, to_value,
    synapse=relaxing,
)  # fmt: skip

ALL = (
    *(spikenet, snntorch_subtract, snntorch_zero, snntorch_none, snntorch_subtract_now),
    *(spikingjelly_hard, spikingjelly_hard_detach, spikingjelly_soft, spikingjelly_soft_detach),
    *(spikingjelly_hard_undecayed, spikingjelly_soft_detach_undecayed),
    *(norse_lif, norse_lifbox, norse_lifbox_subtract, sinabs, sinabs_single, rockpool, lava_dl, mlgenn, spyx, bindsnet),
    *(nir_euler, nir_exact),
)
if not TYPE_CHECKING:  # a type checker knows the names itself
    __getattr__ = names_of("sn.semantics", [s.name for s in ALL])


def parameters(s: Semantics, tau_mem_s: Any, tau_syn_s: Any, dt_s: Any, threshold: Any, model: str) -> dict[str, Array]:
    """What the steps of `s` read; tau_syn_s None for a LIF without synaptic current."""
    values = {"leak": s.retention("tau_mem_s", tau_mem_s, dt_s)}
    values["threshold"] = positive_values(f"{model}: threshold", threshold)
    return values if tau_syn_s is None else values | {"syn_leak": s.retention("tau_syn_s", tau_syn_s, dt_s)}
