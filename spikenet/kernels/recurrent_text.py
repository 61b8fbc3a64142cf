"""The text of the recurrent loops, with places for what a model's step and its adjoint come to.

`first` and `rows`: the batch rows this call takes. See `recurrent_loop` for the arrays.
"""

from __future__ import annotations

FORWARD = """
def recurrent_forward({arguments}, first, rows):
    batch, n = last.shape
    blocks = (n + BLOCK - 1) // BLOCK
    width = w.shape[0] * w.shape[2]
    currents = np.zeros((rows, width), x.dtype)
    sent = np.zeros((rows, n), x.dtype)
    spare = np.zeros((rows, n), x.dtype)
    slope = np.zeros(n, x.dtype)
    fired = np.zeros((rows, n), np.uint16)
    n_fired = np.zeros((rows, blocks), np.int32)
{views}
    for t in range(steps):
        fetch_rows(x, t + 1, first, rows)  # the next step is another page of memory: the processor does not foresee it
        for r in range(rows):
            current, given = currents[r], x[t if x.shape[0] > 1 else 0, first + r]
            for j in range(n):
                current[j] = given[j]
        if t == 0:
            add_dense(currents, rows, w, last, first)
        else:
            {recur}
        for r in range(rows):
            b = first + r
            at = t * batch + b
            current, output = currents[r], sent[r]
{held}
            if kept.shape[0] > 0 and t % span == 0:
                segment = t // span
{keep}
            for j in range(n):
{body}
            if out.shape[0] > 0:
                row = out[at]
                for j in range(n):
                    row[j] = output[j]
{listing}
    for r in range(rows):
        row, output = last[first + r], sent[r]
        for j in range(n):
            row[j] = output[j]
"""

LISTING = """
for block in range(blocks):
    low, high = block * BLOCK, min(block * BLOCK + BLOCK, n)
    places = fired[r, low:high]
    n_fired[r, block] = list_fired(output[low:high], places)
    if counts.shape[0] > 0:
        counts[at, block] = n_fired[r, block]
        into = columns[at, low:high]
        for k in range(n_fired[r, block]):
            into[k] = places[k]
    if n_wanted.shape[0] > 0:
        n_wanted[at, block] = list_fired(slope[low:high], wanted[at, low:high])
"""

ADJOINT = """
def recurrent_adjoint({arguments}, first, rows):
    batch, n = last.shape
    width = w.shape[0] * w.shape[2]
    segments = (steps + span - 1) // span
    scratch = np.empty((span, kept.shape[1], rows, n), x.dtype)
    currents = np.zeros((span, rows, width), x.dtype)
    spare = np.zeros((rows, n), x.dtype)
    g_outputs = np.zeros((rows, width), x.dtype)
    g_currents = np.zeros((rows, width), x.dtype)
{views}
    for m in range(segments):
        segment = segments - 1 - m
        start = segment * span
        length = min(span, steps - start)
        for k in range(length):
            t = start + k
            fetch_rows(x, t + 1 if k + 1 < length else start - span, first, rows)
            for r in range(rows):
                current, given = currents[k, r], x[t if x.shape[0] > 1 else 0, first + r]
                for j in range(n):
                    current[j] = given[j]
            if t == 0:
                add_dense(currents[k], rows, w, last, first)
            else:
                {recur}
            for r in range(rows):
                b = first + r
                if k == 0:
{start}
                else:
                    current = currents[k - 1, r]
{again}
                    for j in range(n):
{repeat}
        for k in range(length - 1, -1, -1):
            t = start + k
            fetch_rows(g_out, t - 1, first, rows)
            for r in range(rows):
                arrived, g_output = g_out[t if g_out.shape[0] > 1 else 0, first + r], g_outputs[r]
                for j in range(n):
                    g_output[j] = arrived[j]
            if t == steps - 1:
                for r in range(rows):
                    arrived, g_output = g_last[first + r], g_outputs[r]
                    for j in range(n):
                        g_output[j] += arrived[j]
            elif n_wanted.shape[0] > 0:
                add_wanted(g_outputs, rows, w_rows, back, g_currents, wanted, t * batch + first, n_wanted)
            else:
                add_dense(g_outputs, rows, back, g_currents, 0)
            for r in range(rows):
                b = first + r
                current, g_output, g_current, into = currents[k, r], g_outputs[r], g_currents[r], g_x[t, b]
{rows}
                for j in range(n):
{body}
"""

ALL_GROUPS = """
def {name}_groups(address, {arguments}, group):
    batch = last.shape[0]
    for index in numba.prange((batch + group - 1) // group):
        first = np.int64(index) * group  # numba's own index is unsigned
        call_at(address, ({arguments}, first, min(group, batch - first)))
"""
