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


def truenorth_tick(p, v, axons):
    """One tick of one core; p: the arrays of hw.neurons.truenorth.Params as lists. Returns spikes; v is changed."""
    low, high = -(1 << 19), (1 << 19) - 1

    def leaked(x, j):
        sign = (x > 0) - (x < 0) if p["leak_reversal"][j] else 1
        return clip(x + sign * p["leak"][j], low, high)

    spikes = []
    for j in range(len(v)):
        x = leaked(v[j], j) if p["leak_first"] else v[j]
        for a in axons:
            if p["crossbar"][a][j]:
                x = clip(x + p["weights"][j][p["axon_types"][a]], low, high)
        x = x if p["leak_first"] else leaked(x, j)
        theta, beta, mode = p["threshold"][j], p["negative_threshold"][j], p["reset"][j]
        fired = x >= theta
        if fired:
            x = [p["reset_value"][j], x - theta, x, theta][mode]
        elif x < -beta or (p["negative_inclusive"] and x == -beta):
            x = -beta if p["negative_saturates"][j] else [p["negative_reset"][j], x + beta, x, -beta][mode]
        v[j] = x
        spikes.append(int(fired))
    return spikes


def word32(x):
    x &= 0xFFFFFFFF
    return x - (1 << 32) if x >= 1 << 31 else x


def spinnaker_step(p, v, i_exc, i_inh, timer, exc, inh):
    """One neuron, one step; p: its words by name. Returns (fired, v, i_exc, i_inh, timer)."""

    def mul(a, b):
        return word32((a * b + (1 << 14)) >> 15)

    i_exc = word32(i_exc + ((word32(min(exc, 65535) << p["shift_exc"]) * p["init_exc"]) >> 32))
    i_inh = word32(i_inh + ((word32(min(inh, 65535) << p["shift_inh"]) * p["init_inh"]) >> 32))
    if timer <= 0:
        current = word32(word32(i_exc - i_inh) + p["i_offset"])
        alpha = word32(mul(current, p["r"]) + p["v_rest"])
        v = word32(alpha - mul(p["e"], word32(alpha - v)))
    else:
        timer -= 1
    fired = v >= p["v_thresh"]
    if fired:
        v, timer = p["v_reset"], p["t_refract"]
    return int(fired), v, (i_exc * p["decay_exc"]) >> 32, (i_inh * p["decay_inh"]) >> 32, timer


def ring_buffers(spikes, weights, delays):
    """A ring of 16 slots for each sign and neuron, as the chip has it; returns what leaves at each step."""
    n = len(weights[0])
    ring = [[[0] * n for _ in range(16)] for _ in range(2)]
    out = [[], []]
    for t, row in enumerate(spikes):
        for sign in (0, 1):
            out[sign].append(ring[sign][t % 16])
            ring[sign][t % 16] = [0] * n
        for source, fired in enumerate(row):
            for j in range(n) if fired else ():
                w = weights[source][j]
                slots = ring[w < 0][(t + delays[source][j]) % 16]
                slots[j] = min(slots[j] + abs(w), 65535)
    return out


def akida_v1(p, threshold, sixteenths, act_bits):
    """One activation of the first generation from its potential; the step is given in sixteenths, rounded down."""
    if act_bits is None:
        return p
    step = sixteenths << (4 - act_bits)
    y, rest = divmod((p - threshold) * 16, step)
    return clip(y + (rest > 0), 0, (1 << act_bits) - 1)


def signed(bits):
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def akida_v2(p, relu, bias, top, scale, shift, output_bits, buffer_bits):
    """One output of the second generation from its whole sum; bias and top already shifted."""
    p = clip(p, *signed(buffer_bits)) + bias
    if relu:
        p = clip(p, 0, top)
    q = clip(p * scale, *signed(32))
    q = (q + (1 << (-shift - 1))) >> -shift if shift < 0 else q << shift
    return clip(q, *((0, (1 << output_bits) - 1) if output_bits <= 4 else signed(output_bits)))


def true_convolution(x, kernel, stride, same):
    """sum over places of x[c][i - a][j - b] * kernel[f][c][a][b] around the window's middle, zeros outside."""
    height, width, kh, kw = len(x[0]), len(x[0][0]), len(kernel[0][0]), len(kernel[0][0][0])
    if same:
        rows, columns = -(-height // stride), -(-width // stride)
        top = max((rows - 1) * stride + kh - height, 0) // 2
        left = max((columns - 1) * stride + kw - width, 0) // 2
    else:
        rows, columns, top, left = (height - kh) // stride + 1, (width - kw) // stride + 1, 0, 0
    out = []
    for f in kernel:
        out.append([[0] * columns for _ in range(rows)])
        for i in range(rows):
            for j in range(columns):
                for c, plane in enumerate(f):
                    for a in range(kh):
                        for b in range(kw):
                            y, z = i * stride - top + a, j * stride - left + b
                            if 0 <= y < height and 0 <= z < width:
                                out[-1][i][j] += x[c][y][z] * plane[kh - 1 - a][kw - 1 - b]
    return out


def max_pool(p, size, stride, same):
    """Largest of each window of one map; with `same` windows begin at the corner and may hang over the far ends."""
    height, width = len(p), len(p[0])
    if same:
        rows, columns = -(-height // stride), -(-width // stride)
        top = max((rows - 1) * stride + size - height, 0) // 2
        left = max((columns - 1) * stride + size - width, 0) // 2
    else:
        rows, columns, top, left = (height - size) // stride + 1, (width - size) // stride + 1, 0, 0
    return [
        [
            max(
                p[y][z]
                for y in range(max(i * stride - top, 0), min(i * stride - top + size, height))
                for z in range(max(j * stride - left, 0), min(j * stride - left + size, width))
            )
            for j in range(columns)
        ]
        for i in range(rows)
    ]


def speck_spikes(v, p):
    """(spikes, state) of one neuron after its sum v; p: threshold, v_min, reset_to_zero."""
    v = sat16(v)
    n = v // p["threshold"] if v > 0 else 0
    v = 0 if p["reset_to_zero"] and n else v - n * p["threshold"]
    return n, max(v, p["v_min"])


def speck_reached(p, shape, channel, y, x):
    """(filter, row, column, weight) of the neurons an event reaches, in the order they are visited."""
    side, stride, padding = len(p["weights"][0][0]), p["stride"], p["padding"]
    for i in range(shape[1]):
        a = y + padding - i * stride
        for j in range(shape[2]) if 0 <= a < side else ():
            b = x + padding - j * stride
            for f in range(shape[0]) if 0 <= b < side else ():
                yield f, i, j, p["weights"][f][channel][a][b]


def speck_step(p, shape, v, maps):
    """One clocked step; v: nested lists, changed; maps: counts of the step's events. Returns pooled counts."""
    total = [[[p["bias"][f]] * shape[2] for _ in range(shape[1])] for f in range(shape[0])]
    for channel, plane in enumerate(maps):
        for y, row in enumerate(plane):
            for x, count in enumerate(row):
                if count:
                    for f, i, j, w in speck_reached(p, shape, channel, y, x):
                        total[f][i][j] += count * w
    pool = p["pool"]
    out = [[[0] * (shape[2] // pool) for _ in range(shape[1] // pool)] for _ in range(shape[0])]
    for f in range(shape[0]):
        for i in range(shape[1]):
            for j in range(shape[2]):
                n, v[f][i][j] = speck_spikes(v[f][i][j] + total[f][i][j], p)
                if n and i // pool < len(out[f]) and j // pool < len(out[f][0]):
                    out[f][i // pool][j // pool] += n
    return out


def speck_by_event(p, shape, v, events, period, until):
    """All events one by one with ticks of the leak clock between; returns the events sent."""
    sent = []
    tick = period
    pool = p["pool"]

    def touch(time, f, i, j, w):
        n, v[f][i][j] = speck_spikes(v[f][i][j] + w, p)
        if i // pool < shape[1] // pool and j // pool < shape[2] // pool:
            sent.extend([[time, f, i // pool, j // pool]] * n)

    def all_ticks(time):
        nonlocal tick
        while period and tick <= time:
            for i in range(shape[1]):
                for j in range(shape[2]):
                    for f in range(shape[0]):
                        touch(tick, f, i, j, p["bias"][f])
            tick += period

    for time, channel, y, x in events:
        all_ticks(time)
        for f, i, j, w in speck_reached(p, shape, channel, y, x):
            touch(time, f, i, j, w)
    all_ticks(max(until, events[-1][0] if events else 0))
    return sent
