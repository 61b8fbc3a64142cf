"""Loihi 2's neurons as Lava 0.10 has them (proc/sdn, proc/rf, proc/rf_iz, proc/graded), one neuron at a time in
Python's own integers, with no knowledge of `hw`. Each returns rows (sent, *states) and how often a state was cut or
beyond its word.
"""

from __future__ import annotations

LIMIT = 2**23 - 1


def beyond(*states):
    return int(any(abs(x) > LIMIT for x in states))


class Encoder:
    def __init__(self, p):
        self.vth, self.state_exp, self.cum_error = (
            p["vth"] << p["spike_exp"] + p["state_exp"],
            p["state_exp"],
            p["cum_error"],
        )
        self.act = self.residue = self.error = 0

    def __call__(self, act):
        delta = act - self.act + self.residue
        if self.cum_error:
            self.error += delta
            sent = delta if abs(self.error) >= self.vth else 0
            self.error *= 1 - (abs(sent) > 0)
        else:
            sent = delta if abs(delta) >= self.vth else 0
        self.residue, self.act = delta - sent, act
        return sent >> self.state_exp


def delta(p, arriving):
    encode, rows, lost = Encoder(p), [], 0
    for a in arriving:
        sent = encode(a << p["spike_exp"] + p["state_exp"])
        rows.append((sent, encode.act, encode.residue, encode.error))
        lost += beyond(*rows[-1][1:])
    return rows, lost


def sigma_delta(p, arriving):
    encode, rows, lost, sigma = Encoder(p), [], 0, 0
    bias = p["bias"] << p["spike_exp"] + p["state_exp"]
    for a in arriving:
        sigma += a
        act = sigma + bias
        sent = encode(max(act, 0) if p["rectifies"] else act)
        rows.append((sent, sigma, encode.act, encode.residue, encode.error))
        lost += beyond(*rows[-1][1:])
    return rows, lost


def resonator(p, arriving, izhikevich):
    def scaled(x):
        return (abs(x) >> p["decay_bits"]) * (1 if x >= 0 else -1)

    vth = p["vth"] << p["state_exp"]
    re = im = lost = 0
    rows = []
    for a_re, a_im in arriving:
        x = scaled(p["cosine"] * re) - scaled(p["sine"] * im) + (a_re << p["state_exp"])
        y = scaled(p["sine"] * re) + scaled(p["cosine"] * im) + (a_im << p["state_exp"])
        lost += beyond(x, y)
        x, y = (max(-LIMIT, min(LIMIT, z)) for z in (x, y))
        if izhikevich:
            fired = y >= vth
            re, im = (0, vth - 1) if fired else (x, y)
        else:
            fired = x >= vth and y >= 0 and im < 0
            re, im = x, y
        rows.append((int(fired), re, im))
    return rows, lost


def graded(p, arriving):
    sent = [a if (a if p["rectifies"] else abs(a)) > p["vth"] else 0 for a in arriving]
    return [(s,) for s in sent], sum(map(beyond, arriving))
