"""What other packages' LIF does in a step, one number at a time, as their sources say; current-based and not.

lif[name](p, v, x) and cuba[name](p, i, v, x) -> states after and output; p: leak, syn_leak, threshold (1), reset at 0.
"""

from __future__ import annotations

import math


def immediate(inclusive, charge, after):
    """Charge, compare, reset in one step."""

    def lif(p, v, x):
        v = charge(p["leak"], v, x)
        fired = v >= p["threshold"] if inclusive else v > p["threshold"]
        return (after(v, p["threshold"]) if fired else v), float(fired)

    return lif


def plain(leak, v, x):
    return leak * v + x


def scaled(leak, v, x):
    return leak * v + (1 - leak) * x


def subtract(v, threshold):
    return v - threshold


def zero(v, threshold):
    return 0.0


def delayed(kind):
    """snnTorch: the spike of the last membrane resets this one."""

    def lif(p, v, x):
        pending = v > p["threshold"]
        if kind == "zero" and pending:
            v = 0.0
        v = p["leak"] * v + x
        if kind == "subtract" and pending:
            v = v - p["threshold"]
        return v, float(v > p["threshold"])

    return lif


def delayed_zero_cuba(p, v, x):
    """snnTorch's Synaptic wipes the new membrane, this step's current included."""
    pending = v > p["threshold"]
    v = 0.0 if pending else p["leak"] * v + x
    return v, float(v > p["threshold"])


def delayed_now(p, v, x):
    pending = float(v > p["threshold"])
    v = p["leak"] * v + x - pending * p["threshold"]
    fired = float(v > p["threshold"])
    return v - (fired - pending) * p["threshold"], fired


def many(charge):
    def lif(p, v, x):
        v = charge(p["leak"], v, x)
        n = math.floor(v / p["threshold"]) if v >= p["threshold"] else 0
        return v - n * p["threshold"], float(n)

    return lif


def towards_zero(value, unit=4096):
    return math.trunc(value * unit) / unit


def lava(p, v, x):
    """lava-dl's cuba: whole multiples of 1/4096, and the threshold one of 1/64."""
    v = towards_zero(p["leak"] * v) + towards_zero(x)
    fired = round(v * 4096) > 64 * math.floor(p["threshold"] * 64)
    return (0.0 if fired else v), float(fired)


def spyx(p, v, x):
    fired = float(v > p["threshold"])
    return p["leak"] * v + x - fired * p["threshold"], fired


def spyx_cuba(p, v, x):
    """Its CuBaLIF subtracts before it decays."""
    fired = float(v > p["threshold"])
    return p["leak"] * (v - fired * p["threshold"]) + x, fired


LIF = {
    "spikenet": immediate(False, plain, subtract),
    "snntorch_subtract": delayed("subtract"),
    "snntorch_zero": delayed("zero"),
    "snntorch_none": immediate(False, plain, lambda v, threshold: v),
    "snntorch_subtract_now": delayed_now,
    "spikingjelly_hard": immediate(True, scaled, zero),
    "spikingjelly_hard_detach": immediate(True, scaled, zero),
    "spikingjelly_soft": immediate(True, scaled, subtract),
    "spikingjelly_soft_detach": immediate(True, scaled, subtract),
    "spikingjelly_hard_undecayed": immediate(True, plain, zero),
    "spikingjelly_soft_detach_undecayed": immediate(True, plain, subtract),
    "norse_lif": immediate(False, scaled, zero),
    "norse_lifbox": immediate(False, scaled, zero),
    "norse_lifbox_subtract": immediate(False, scaled, subtract),
    "sinabs": many(scaled),
    "sinabs_single": immediate(True, scaled, subtract),
    "rockpool": many(plain),
    "lava_dl": lava,
    "mlgenn": immediate(True, plain, subtract),
    "spyx": spyx,
    "bindsnet": immediate(True, plain, zero),
    "nir_euler": immediate(False, scaled, zero),
    "nir_exact": immediate(False, scaled, zero),
}


def kept_then_used(beta, i, x):
    return beta * i + x, beta * i + x


def decayed_together(beta, i, x):
    return beta * (i + x), beta * (i + x)


def used_before_decay(beta, i, x):
    return i + x, beta * (i + x)


def relaxing(beta, i, x):
    return (beta * i + (1 - beta) * x,) * 2


def lava_synapse(beta, i, x):
    return (towards_zero(beta * i) + towards_zero(x),) * 2


SYNAPSES = dict.fromkeys(LIF, kept_then_used) | dict.fromkeys(("sinabs", "sinabs_single", "rockpool"), decayed_together)
SYNAPSES |= {"norse_lif": used_before_decay, "lava_dl": lava_synapse, "nir_euler": relaxing, "nir_exact": relaxing}


def step(name, cuba):
    """As `naive.run` takes it."""
    membrane = {"snntorch_zero": delayed_zero_cuba, "spyx": spyx_cuba}.get(name, LIF[name]) if cuba else LIF[name]

    def lif(p, states, x):
        v, fired = membrane(p, states[0], x)
        return (v,), fired

    def cuba_lif(p, states, x):
        used, kept = SYNAPSES[name](p["syn_leak"], states[0], x)
        v, fired = membrane(p, states[1], used)
        return (kept, v), fired

    return cuba_lif if cuba else lif
