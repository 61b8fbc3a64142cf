"""The compiled loops of event products, one task of each; see `event_products`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.by_source import AHEAD, FIRST_PLACES
from spikenet.kernels.events import BLOCK
from spikenet.kernels.room import room, zeroed
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.vector import copy_lanes, gather, scatter
from spikenet.kernels.vector_products import prefetch


@cache
def multiply_kernel(lanes: int, binary: bool, takes: bool, dtype: Any) -> Callable[..., None]:
    """takes: whether there are rows to take away, as around the usual; without, less is compiled."""
    add_rows, take_rows = gather(lanes, binary), gather(lanes, True, away=True)

    @compiled()
    def multiply_events(
        task: int, share: int, tiles_a_task: int, columns: Array, counts: Array, fewer: Array, x: Array, w: Array,
        packed: Array, first_packed: int, start: Array, y: Array,
    ) -> None:  # fmt: skip
        """w is (n * m,) as it is, packed its tiles from the one numbered `first_packed`, end to end.

        fewer: (rows or 0, blocks) how many columns behind the counted ones take their rows away
        """
        rows, m = y.shape
        n, blocks = columns.shape[1], counts.shape[1]
        tiles = (m + lanes - 1) // lanes
        parts = (tiles + tiles_a_task - 1) // tiles_a_task
        first = task // parts * share
        many = min(share, rows - first)
        first_tile = task % parts * tiles_a_task
        ends = np.zeros(2 * many + 1, np.int64)  # of the rows to add and of those to take away, by turns
        for r in range(many):
            ends[2 * r + 1] = ends[2 * r]
            for block in range(blocks):
                ends[2 * r + 1] += counts[first + r, block]
            ends[2 * r + 2] = ends[2 * r + 1]
            if takes:
                for block in range(blocks):
                    ends[2 * r + 2] += fewer[first + r, block]
        places = np.empty(ends[2 * many], np.uint32)  # end to end: in place they have a page of memory every few rows
        for r in range(many):
            at = ends[2 * r]
            prefetch(columns, (first + min(r + AHEAD, many - 1)) * n, FIRST_PLACES)
            for block in range(blocks):
                low = block * BLOCK
                for k in range(counts[first + r, block]):
                    places[at] = low + columns[first + r, low + k]
                    at += 1
            if takes:
                for block in range(blocks):
                    low = block * BLOCK
                    behind = low + counts[first + r, block]
                    for k in range(fewer[first + r, block]):
                        places[at] = low + columns[first + r, behind + k]
                        at += 1
        spare = zeroed(lanes, w)  # holds the sums of a tile that is not full
        for tile in range(first_tile, min(first_tile + tiles_a_task, tiles)):
            low = tile * lanes
            width = min(lanes, m - low)
            weights = packed if tile >= first_packed else w
            stride = lanes if tile >= first_packed else m
            tile_at = (tile - first_packed) * n * lanes if tile >= first_packed else low
            for k in range(many):
                r = first + k
                begun = start[r % start.shape[0]]
                added, taken, end = ends[2 * k], ends[2 * k + 1], ends[2 * k + 2]
                if width == lanes:
                    at = r * m + low
                    add_rows(begun, low, y, at, weights, tile_at, stride, places, added, taken - added, x, r * n, 1)
                    if takes and end > taken:
                        take_rows(y, at, y, at, weights, tile_at, stride, places, taken, end - taken, x, 0, 1)
                else:
                    for c in range(width):
                        spare[c] = begun[low + c]
                    add_rows(spare, 0, spare, 0, weights, tile_at, stride, places, added, taken - added, x, r * n, 1)
                    if takes:
                        take_rows(spare, 0, spare, 0, weights, tile_at, stride, places, taken, end - taken, x, 0, 1)
                    for c in range(width):
                        y[r, low + c] = spare[c]

    number, whole = functools.partial(array, dtype), functools.partial(array, read=True)
    lists = whole(np.uint16, 2), whole(np.int32, 2), whole(np.int32, 2)
    kinds = (*lists, number(2, read=True), number(1, read=True), number(1, read=True), numba.int64)
    return in_parallel(multiply_events, (numba.int64, numba.int64, *kinds, number(2, read=True), number(2, read=False)))


@cache
def transposed_kernel(lanes: int, binary: bool, takes: bool, dtype: Any) -> Callable[..., None]:
    """takes: as for `multiply_kernel`."""
    add_rows, sum_rows, copy = gather(lanes, binary), gather(lanes, True), copy_lanes(lanes)
    take_rows = gather(lanes, True, away=True)

    @compiled()
    def transposed_events(
        task: int, starts: Array, places: Array, less_starts: Array, less_places: Array, usual_starts: Array,
        usual_places: Array, x: Array, g: Array, rows_a_share: int, samples: int, parts: Array,
    ) -> None:  # fmt: skip
        """parts is (groups, tiles, n or n + 1, lanes): each group of shares has sums of its own, the last that of g.

        less_starts : (shares or 0, n + 1) events whose rows of g are taken away
        usual_starts: (1 or 0, n + 1) events among `samples` rows, those of g being summed over steps
        """
        rows, m = g.shape
        shares, n = starts.shape[0], starts.shape[1] - 1
        groups, tiles, n_sums = parts.shape[0], parts.shape[1], parts.shape[2]
        group = task // tiles
        tile = task % tiles
        low = tile * lanes
        width = min(lanes, m - low)
        into_at = task * n_sums * lanes
        for i in range(n_sums):
            for c in range(lanes):
                parts[group, tile, i, c] = 0
        block = room(rows_a_share * lanes, g)  # a tile of g end to end: in place it has a page a row
        everyone = np.arange(rows_a_share)
        over_steps = zeroed(samples * lanes, g)  # the tile of g
        flat = g.reshape(-1)
        for s in range(shares * group // groups, shares * (group + 1) // groups):
            first = s * rows_a_share
            many = min(rows_a_share, rows - first)
            for r in range(many):
                if width == lanes:
                    copy(flat, (first + r) * m + low, block, r * lanes)
                else:
                    for c in range(width):
                        block[r * lanes + c] = g[first + r, low + c]
                if takes:
                    at = (first + r) % samples * lanes
                    sum_rows(over_steps, at, over_steps, at, block, 0, lanes, everyone, r, 1, x, 0, 0)
            following = min(rows_a_share, rows - first - many)  # rows of the next share, asked for one by one meanwhile
            for j in range(n):
                if j < following:
                    prefetch(flat, (first + many + j) * m + low, width)
                at = starts[s, j]
                n_events = starts[s, j + 1] - at
                if n_events > 0:
                    part_at = into_at + j * lanes
                    add_rows(parts, part_at, parts, part_at, block, 0, lanes,
                             places, at, n_events, x, first * n + j, n)  # fmt: skip
                if takes:
                    at = less_starts[s, j]
                    n_events = less_starts[s, j + 1] - at
                    if n_events > 0:
                        part_at = into_at + j * lanes
                        take_rows(parts, part_at, parts, part_at, block, 0, lanes,
                                  less_places, at, n_events, x, 0, n)  # fmt: skip
            if n_sums > n:
                part_at = into_at + n * lanes
                sum_rows(parts, part_at, parts, part_at, block, 0, lanes, everyone, 0, many, x, 0, 0)
        if takes:
            for j in range(n):
                at, part_at = usual_starts[0, j], into_at + j * lanes
                n_events = usual_starts[0, j + 1] - at
                if n_events > 0:
                    sum_rows(parts, part_at, parts, part_at, over_steps, 0, lanes,
                             usual_places, at, n_events, x, 0, 0)  # fmt: skip

    number = functools.partial(array, dtype)
    lists = array(np.int64, 2, read=True), array(np.uint16, 1, read=True)
    kinds = (*lists * 3, number(2, read=True), number(2, read=True), *(numba.int64,) * 2, number(4, read=False))
    return in_parallel(transposed_events, kinds)


@cache
def scattered_kernel(lanes: int, binary: bool, dtype: Any) -> Callable[..., None]:
    """For few outputs: the events need no sorting, a row of g is added to every sum that the row's events name."""
    add_row, sum_rows = scatter(lanes, binary), gather(lanes, True)

    @compiled()
    def scattered_events(group: int, columns: Array, counts: Array, x: Array, g: Array, parts: Array) -> None:
        """parts is (groups, 1, n or n + 1, lanes): each group of rows has sums of its own, the last that of g."""
        rows, m = g.shape
        n, groups, n_sums = columns.shape[1], parts.shape[0], parts.shape[2]
        base = group * n_sums * lanes
        mine = parts[group, 0].reshape(-1)
        for i in range(mine.size):
            mine[i] = 0
        held = zeroed(2 * lanes, g)  # a row of g, filled up with zeros; and the sum of all
        nowhere = np.zeros(1, np.int64)
        for r in range(rows * group // groups, rows * (group + 1) // groups):
            prefetch(columns, min(r + AHEAD, rows - 1) * n, FIRST_PLACES)
            row = g[r]
            for c in range(m):
                held[c] = row[c]
            for block in range(counts.shape[1]):
                low = block * BLOCK
                add_row(held, 0, parts, base + low * lanes, columns, r * n + low, counts[r, block], x, r * n + low)
            if n_sums > n:
                sum_rows(held, lanes, held, lanes, held, 0, lanes, nowhere, 0, 1, x, 0, 0)
        if n_sums > n:
            for c in range(lanes):
                mine[n * lanes + c] = held[lanes + c]

    number = functools.partial(array, dtype)
    lists = array(np.uint16, 2, read=True), array(np.int32, 2, read=True)
    return in_parallel(scattered_events, (*lists, number(2, read=True), number(2, read=True), number(4, read=False)))
