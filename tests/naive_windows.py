"""Convolution and pooling as written in any textbook: one window after the other."""

from __future__ import annotations

import numpy as np


def windows(size, kernel, stride, padding, dilation):
    """(output index, [(place, input index), ...] of those on the map) for every window; pairs for height and width."""
    out = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]
    for a, b in np.ndindex(*out):
        met = []
        for i, j in np.ndindex(*kernel):
            y, x = a * stride[0] - padding[0] + i * dilation[0], b * stride[1] - padding[1] + j * dilation[1]
            if 0 <= y < size[0] and 0 <= x < size[1]:
                met.append(((i, j), (y, x)))
        yield (a, b), met


def out_size(*geometry):
    return tuple(n + 1 for n in max(place for place, _ in windows(*geometry)))


def convolution(x, w, bias, geometry, groups):
    """(rows, filters, ...) for x (rows, channels, h, w), w (filters, channels / groups, kh, kw), in float64."""
    x, w = np.asarray(x, np.float64), np.asarray(w, np.float64)
    y = np.zeros((len(x), len(w), *out_size(*geometry)))
    channels, filters = w.shape[1], len(w) // groups
    for place, met in windows(*geometry):
        for o in range(len(w)):
            first = o // filters * channels
            for (i, j), (a, b) in met:
                y[(slice(None), o, *place)] += x[:, first : first + channels, a, b] @ w[o, :, i, j]
    return y + np.asarray(bias, np.float64)[:, None, None]


def convolution_gradients(x, w, g, geometry, groups):
    """(of x, of w, of the bias) of sum(g * convolution)."""
    x, w, g = (np.asarray(a, np.float64) for a in (x, w, g))
    g_x, g_w = np.zeros_like(x), np.zeros_like(w)
    channels, filters = w.shape[1], len(w) // groups
    for place, met in windows(*geometry):
        for o in range(len(w)):
            seen = slice(o // filters * channels, (o // filters + 1) * channels)
            here = g[(slice(None), o, *place)]
            for (i, j), (a, b) in met:
                g_x[:, seen, a, b] += np.outer(here, w[o, :, i, j])
                g_w[o, :, i, j] += here @ x[:, seen, a, b]
    return g_x, g_w, g.sum(axis=(0, 2, 3))


def max_pool(x, g, geometry):
    """(largest numbers, gradient of x for the gradient g, to the first of the largest)."""
    y, g_x = np.zeros((*x.shape[:2], *out_size(*geometry)), x.dtype), np.zeros_like(x)
    for place, met in windows(*geometry):
        for row in np.ndindex(*x.shape[:2]):
            values = [x[row][at] for _, at in met]
            k = int(np.argmax(values))
            y[(*row, *place)] = values[k]
            g_x[row][met[k][1]] += g[(*row, *place)]
    return y, g_x


def sum_pool(x, g, geometry):
    """(sums, gradient of x)."""
    y, g_x = np.zeros((*x.shape[:2], *out_size(*geometry)), x.dtype), np.zeros_like(x)
    for place, met in windows(*geometry):
        for _, at in met:
            y[(..., *place)] += x[(..., *at)]
            g_x[(..., *at)] += g[(..., *place)]
    return y, g_x
