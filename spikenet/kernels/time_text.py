"""The text of the loop over time and its adjoint, with places for what a model's step comes to; see `time_loop`."""

from __future__ import annotations

FORWARD = """
def forward(task, p, state, x, out, kept, columns, counts, wanted, n_wanted, slopes, steps, span):
    batch, n = state.shape[1], state.shape[2]
    blocks = (n + BLOCK - 1) // BLOCK
    b = task // blocks
    low = (task % blocks) * BLOCK
    high = min(low + BLOCK, n)
    width = high - low
    rows = np.empty((3, width), state.dtype)
    sent, slope, size = unowned(rows)[0], unowned(rows)[1], unowned(rows)[2]
    listed = 0
{views}
    for t in range(steps):
        if x.shape[0] > 1 and t + 1 < steps:  # another page of memory: the processor does not foresee it
            prefetch(x, ((t + 1) * batch + b) * n + low, width)
        current = x[t if x.shape[0] > 1 else 0, b, low:high]
        output = unowned(out[t, b, low:high]) if out.shape[0] > 0 else sent
        if kept.shape[0] > 0 and t % span == 0:
            segment = t // span
{keep}
        for j in range(width):
{body}
        if counts.shape[0] > 0:
            counts[t, b, task % blocks] = list_fired(output, columns[t, b, low:high])
        if n_wanted.shape[0] > 0:
            n_wanted[t, b, task % blocks] = list_fired(size, wanted[t, b, low:high])
        if slopes.shape[0] > 0:
            places, into = wanted[t, b, low:high], slopes[task]
            for k in range(n_wanted[t, b, task % blocks]):
                into[listed] = slope[places[k]]
                listed += 1
    keep(rows)
"""

ADJOINT = """
def adjoint(task, p, kept, x, g_out, w, wanted, n_wanted, slopes, g_state, g_x, g_p, steps, span):
    batch, n = g_state.shape[1], g_state.shape[2]
    blocks = (n + BLOCK - 1) // BLOCK
    segments = (steps + span - 1) // span
    b = task // blocks
    low = (task % blocks) * BLOCK
    high = min(low + BLOCK, n)
    width = high - low
    row = np.empty((1 + kept.shape[1], width), g_out.dtype)
    room = np.empty((1 if slopes.shape[0] > 0 else span, {n_kept}, width), kept.dtype)
    product, scratch = unowned(row)[0], unowned(room)
{views}
    listed = 0
    for t in range(n_wanted.shape[0]):
        listed += n_wanted[t, b, task % blocks]
    for m in range(segments):
        segment = segments - 1 - m
        first = segment * span
        length = min(span, steps - first)
{again}
        for k in range(length):
            t = first + length - 1 - k
{fetch}
            if g_x.shape[0] > 1 and k + 1 < length:
                prefetch_to_write(g_x, ((t - 1) * batch + b) * n + low, width)
{current}
            arrived = g_out[t if g_out.shape[0] > 1 else 0, b]
            if w.shape[0] > 0:
                multiply_row(arrived, w, low, product)
            g_output = product if w.shape[0] > 0 else unowned(arrived[low:high])
            g_current = g_x[t if g_x.shape[0] > 1 else 0, b, low:high]
{rows}
            for j in range(width):
{body}
    keep(row)
    keep(room)
"""

AGAIN = """
{start}
for k in range(length):
    if x.shape[0] > 1 and k + 1 < length:
        prefetch(x, ((first + k + 1) * batch + b) * n + low, width)
    if g_out.shape[0] > 1 and w.shape[0] == 0:  # for the way back
        prefetch(g_out, ((first + k) * batch + b) * n + low, width)
    current = x[first + k if x.shape[0] > 1 else 0, b, low:high]
{rows}
    for j in range(width):
{repeat}
"""

FETCH = """
if n_wanted.shape[0] > 0 and k + 1 < length:
    prefetch(wanted, ((t - 1) * batch + b) * n + low, min(width, FIRST_PLACES))
if g_out.shape[0] > 1 and w.shape[0] == 0 and k + 1 < length:
    prefetch(g_out, ((t - 1) * batch + b) * n + low, width)
"""

SLOPES = """
places, values = wanted[t, b, low:high], slopes[task]
kept_0 = scratch[0, 0]
for j in range(width):
    kept_0[j] = 0
listed -= n_wanted[t, b, task % blocks]
for i in range(n_wanted[t, b, task % blocks]):
    kept_0[places[i]] = values[listed + i]
"""
