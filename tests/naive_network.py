"""A network stepped the obvious way, from the papers: dictionaries of what arrives when, one neuron after the other."""

from __future__ import annotations

import math


def delta_network(n, synapses, outside, steps, *, leak, threshold, reset, rest_steps, push):
    """iaf_psc_delta neurons. synapses: (source, target, weight, delay in steps);
    outside(t, j): mV arriving in step t;
    push(j): mV a step that the constant current adds. Returns [(step, neuron)] and the last membranes."""
    v, rests = [0.0] * n, [0] * n
    arriving = {}
    spikes = []
    by_source = {}
    for source, target, weight, delay in synapses:
        by_source.setdefault(source, []).append((target, weight, delay))
    for t in range(steps):
        sums = arriving.pop(t, {})
        for j in range(n):
            if rests[j] > 0:
                rests[j] -= 1
                continue
            v[j] = leak * v[j] + push(j) + (sums.get(j, 0.0) + outside(t, j))
            if v[j] > threshold:
                v[j], rests[j] = reset, rest_steps
                spikes.append((t, j))
                for target, weight, delay in by_source.get(j, []):
                    row = arriving.setdefault(t + delay, {})
                    row[target] = row.get(target, 0.0) + weight
    return spikes, v


def exp_response(t_ms, weight_pa, tau_syn_ms, tau_mem_ms, capacitance_pf):
    """Membrane t_ms after an exponential current of peak weight began: the textbook's difference of exponentials."""
    if t_ms < 0:
        return 0.0
    if tau_syn_ms == tau_mem_ms:
        return weight_pa / capacitance_pf * t_ms * math.exp(-t_ms / tau_mem_ms)
    scale = weight_pa / capacitance_pf / (1 / tau_syn_ms - 1 / tau_mem_ms)
    return scale * (math.exp(-t_ms / tau_mem_ms) - math.exp(-t_ms / tau_syn_ms))


def alpha_response(t_ms, weight_pa, tau_syn_ms, tau_mem_ms, capacitance_pf):
    """Membrane t_ms after an alpha-shaped current of peak weight began."""
    if t_ms < 0:
        return 0.0
    a, b = 1 / tau_syn_ms, 1 / tau_mem_ms
    scale = weight_pa * math.e / tau_syn_ms / capacitance_pf
    if a == b:
        return scale * t_ms**2 / 2 * math.exp(-a * t_ms)
    return scale * (math.exp(-b * t_ms) - math.exp(-a * t_ms) * (1 + (a - b) * t_ms)) / (a - b) ** 2


def released(spikes_s, use, tau_recover_s, tau_facilitate_s):
    """u x at each spike of a Tsodyks-Markram synapse, by its differential equations solved in steps of 0.1 ms."""
    u, x, amounts, step = 0.0, 1.0, [], 0
    for spike_s in spikes_s:
        while step < round(spike_s / 1e-4):
            u *= math.exp(-1e-4 / tau_facilitate_s) if tau_facilitate_s else 0.0
            x = 1 - (1 - x) * math.exp(-1e-4 / tau_recover_s)
            step += 1
        u += use * (1 - u)
        amounts.append(u * x)
        x -= u * x
    return amounts


def rewarded_pairs(arrivals, firings, rewards, *, weight, up, down, tau_plus, tau_minus, tau_eligible, largest):
    """One synapse stepped: all pairs count; what they would change decays until rewarded.

    arrivals, firings: sets of steps; rewards: {step: amount}, at the begin of a step; times in steps
    """
    pre = post = eligible = 0.0
    for t in range(max(*arrivals, *firings, *rewards) + 1):
        if t in rewards:
            weight = min(max(weight + rewards[t] * eligible, 0.0), largest)
        change = (up * pre if t in firings else 0.0) - (down * post if t in arrivals else 0.0)
        eligible = eligible * math.exp(-1 / tau_eligible) + change  # both at the end of the step
        pre = (pre + (t in arrivals)) * math.exp(-1 / tau_plus)
        post = (post + (t in firings)) * math.exp(-1 / tau_minus)
    return weight
