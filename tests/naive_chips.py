"""Plain-Python readings of the chips' integer neurons, one small function each, written from the equations.

Lists and Python integers only, no width but those written out: what `hw.neurons` is compared with.
"""

from __future__ import annotations


def clip(x, low, high):
    return low if x < low else high if x > high else x


def dash(x, k):
    d = x >> k
    return 1 if d == 0 and x > 0 else d


def sat16(x):
    return clip(x, -32768, 32767)


class Xylo:
    """One Xylo, stepped with a list of input counts; `params` has the arrays of hw.neurons.xylo.Params."""

    def __init__(self, params, first_core):
        self.p = {n: getattr(params, n).tolist() for n in (
            "w_in", "w_rec", "w_out", "dash_mem", "dash_syn", "threshold", "bias", "alias",
            "dash_mem_out", "dash_syn_out", "threshold_out", "bias_out")}  # fmt: skip
        shifts = params.shift_in, params.shift_rec, params.shift_out
        self.inputs, self.recurrent, self.outputs = (
            [[(j, s, w << shift) for j, pair in enumerate(row) for s, w in enumerate(pair) if w] for row in rows]
            for rows, shift in zip((self.p["w_in"], self.p["w_rec"], [[[w] for w in row] for row in self.p["w_out"]]),
                                   shifts, strict=True)
        )  # fmt: skip
        self.first_core, self.has_bias = first_core, params.has_bias
        n, m = len(self.p["dash_mem"]), len(self.p["dash_mem_out"])
        self.i, self.v = [[0, 0] for _ in range(n)], [0] * n
        self.i_out, self.v_out = [0] * m, [0] * m
        self.spikes, self.slept = [0] * n, False

    def step(self, events):
        p, events_seen, still = self.p, False, True
        for synapses, counts, most in ((self.inputs, events, 15), (self.recurrent, self.spikes, 31)):
            for source, n in enumerate(counts):
                events_seen |= n > 0
                for _ in range(min(n, most)):
                    for j, k, w in synapses[source]:
                        self.i[j][k] = sat16(self.i[j][k] + w)
        for source, n in enumerate(self.spikes):
            for _ in range(n):
                for j, _, w in self.outputs[source]:
                    self.i_out[j] = sat16(self.i_out[j] + w)
        self.spikes = [0] * len(self.v)
        for j in range(len(self.v)):
            for s in (0, 1):
                lost = dash(self.i[j][s], p["dash_syn"][j][s])
                still &= lost == 0
                self.i[j][s] -= lost
            self.v[j], idle = self.membrane(self.v[j], sum(self.i[j]), p["dash_mem"][j], p["bias"][j])
            still &= idle
            n = self.spikes[j]
            while self.v[j] >= p["threshold"][j] and n < 31:
                n += 1
                self.v[j] -= p["threshold"][j]
            self.spikes[j] = n
            if p["alias"][j] >= 0:
                self.spikes[p["alias"][j]] = min(31, self.spikes[p["alias"][j]] + n)
        out = []
        for j in range(len(self.v_out)):
            lost = dash(self.i_out[j], p["dash_syn_out"][j])
            still &= lost == 0
            self.i_out[j] -= lost
            self.v_out[j], idle = self.membrane(self.v_out[j], self.i_out[j], p["dash_mem_out"][j], p["bias_out"][j])
            still &= idle
            out.append(int(self.v_out[j] >= p["threshold_out"][j]))
            self.v_out[j] -= out[-1] * p["threshold_out"][j]
        still &= not events_seen
        sleeps = (self.slept and not events_seen) if self.has_bias else still
        self.slept = still
        return out, list(self.spikes), [list(pair) for pair in self.i], list(self.v), sleeps

    def membrane(self, v, inputs, k, bias):
        if self.first_core:
            return sat16(v - dash(v, k) + inputs), True
        loss = -dash(v, k)
        dv = sat16((loss if loss < 32768 else -32768) + inputs)  # an int16 holds no +32768
        dv = sat16(dv + bias)
        return sat16(v + dv), dv == 0
