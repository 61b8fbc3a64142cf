"""The text of the recurrent loops, with places for what a model's step and its adjoint come to.

A task is `group` batch rows. See `recurrent_loop` for the arrays.
"""

from __future__ import annotations

FORWARD = """
def recurrent_forward(task, {arguments}, group):
    batch, n = last.shape
    first, rows = task * group, min(group, batch - task * group)
    blocks = (n + BLOCK - 1) // BLOCK
    width = w.shape[0] * w.shape[2]
    room = np.zeros((2 * rows + 2, width), x.dtype)
    filled = np.zeros(rows, np.int64)
    spared = np.zeros((rows + 1, n), x.dtype)
    places = np.zeros((rows, n), np.uint16)
    n_places = np.zeros((rows, blocks), np.int32)
{bare}
    currents, sent, slope = unowned(room[:rows]), unowned(room[rows : 2 * rows]), unowned(room[2 * rows])
    factor = unowned(room[2 * rows + 1])
    spare, fired, n_fired = unowned(spared), unowned(places), unowned(n_places)
{views}
    for t in range(steps):
        fetch_rows(x, t + 1, first, rows)  # the next step is another page of memory: the processor does not foresee it
        given = x[t if x.shape[0] > 1 else 0]
        if t == 0:
            copy_rows(given, first, rows, currents)
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
{taped}
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
    keep(room)
    keep(spared)
    keep(places)
    keep(n_places)
"""

LISTING = """
for block in range(blocks):
    low, high = block * BLOCK, min(block * BLOCK + BLOCK, n)
    listed = fired[r, low:high]
    n_fired[r, block] = list_fired(output[low:high], listed)
    if counts.shape[0] > 0:
        counts[at, block] = n_fired[r, block]
        into = columns[at, low:high]
        for k in range(n_fired[r, block]):
            into[k] = listed[k]
    if n_wanted.shape[0] > 0:
        n_wanted[at, block] = list_fired(slope[low:high], wanted[at, low:high])
"""

SLOPES = """
for block in range(blocks):
    low = block * BLOCK
    listed, into = wanted[at, low:], tape[b, 0, filled[r] :]
    for k in range(n_wanted[at, block]):
        into[k] = factor[low + listed[k]]
    filled[r] += n_wanted[at, block]
"""

SPREAD = """
kept_0 = scratch[0, 0, r]
for j in range(n):
    kept_0[j] = 0
for block in range(blocks):
    low = block * BLOCK
    filled[r] -= n_wanted[at, block]
    listed, values = wanted[at, low:], tape[b, 0, filled[r] :]
    for i in range(n_wanted[at, block]):
        kept_0[low + listed[i]] = values[i]
"""

ADJOINT = """
def recurrent_adjoint(task, {arguments}, group):
    batch, n = last.shape
    first, rows = task * group, min(group, batch - task * group)
    width, m_out = w.shape[0] * w.shape[2], g_out.shape[2]
    segments, blocks = (steps + span - 1) // span, (n + BLOCK - 1) // BLOCK
    again = span if tape.shape[0] == 0 else 0
    filled = np.zeros(rows, np.int64)  # of each row's slopes, where they are listed
    for t in range(steps if n_wanted.shape[0] > 0 else 0):
        for r in range(rows):
            for block in range(blocks):
                filled[r] += n_wanted[t * batch + first + r, block]
    room = np.empty((again + 1, {n_kept} + 1, rows, n), x.dtype)
    states = np.empty((kept.shape[1] + 1, rows, n), x.dtype)
    inward = np.zeros((again + 1, rows, width), x.dtype)
    backward = np.zeros((rows, back.shape[0] * back.shape[2]), x.dtype)
    outward = np.zeros((rows, w_rows.shape[1]), x.dtype)
{bare}
    scratch, currents = unowned(room), unowned(inward)
    g_outputs, g_currents, spare = unowned(backward), unowned(outward), unowned(states[kept.shape[1]])
{views}
    for m in range(segments):
        segment = segments - 1 - m
        start = segment * span
        length = min(span, steps - start)
{again}
        for k in range(length - 1, -1, -1):
            t = start + k
            fetch_rows(g_out, t - 1, first, rows)
            given = g_out[t if g_out.shape[0] > 1 else 0]
            if m_out < n:  # the error comes through a narrow layer's weights: as that of so many more neurons
                for r in range(rows):
                    arrived, more, g_output = given[first + r], g_currents[r, n : n + m_out], g_outputs[r]
                    for c in range(m_out):
                        more[c] = arrived[c]
                    for j in range(n):
                        g_output[j] = 0
            else:
                copy_rows(given, first, rows, g_outputs)
            if t == steps - 1:
                for r in range(rows):
                    arrived, g_output = g_last[first + r], g_outputs[r]
                    for j in range(n):
                        g_output[j] += arrived[j]
            if n_wanted.shape[0] > 0:
                add_wanted(g_outputs, rows, w_rows, back, g_currents, wanted, t * batch + first, n_wanted)
            else:
                add_dense(g_outputs, rows, back, g_currents, 0)
            for r in range(rows):
                b = first + r
                at = t * batch + b
                g_output, g_current, into = g_outputs[r], g_currents[r], g_x[t, b]
{rows}
                for j in range(n):
{body}
    keep(room)
    keep(states)
    keep(inward)
    keep(backward)
    keep(outward)
"""

AGAIN = """
if tape.shape[0] == 0:
    for k in range(length):
        t = start + k
        fetch_rows(x, t + 1 if k + 1 < length else start - span, first, rows)
        given = x[t if x.shape[0] > 1 else 0]
        if t == 0:
            copy_rows(given, first, rows, currents[k])
            add_dense(currents[k], rows, w, last, first)
        else:
{recur}
        for r in range(rows):
            b = first + r
            current = currents[k, r]
{held}
            if k == 0:
{start}
{taped}
            for j in range(n):
{repeat}
"""
