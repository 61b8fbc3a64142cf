"""The inner loops of event-driven convolution: all windows that one input pixel lies in.

A pixel meets an output at a place of its window: a pair (output, place) of `Table`. At each meeting as many filters as
a vector has lanes are treated at once. Arrays are C-contiguous; `..._at` is a flat index.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.errors import Array
from spikenet.kernels.lanes import element, load_vector, multiply_add, splat, store_vector
from spikenet.kernels.window import Window

_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value


class Table(NamedTuple):
    """The meetings of every pixel of a map.

    pairs : (pixels, 2 * places) int32: output and place of each, of which the first counts[pixel] pairs are meant
    counts: (pixels,) int32
    """

    pairs: Array
    counts: Array


@cache
def table(window: Window) -> Table:
    """All meetings; those of a pixel are listed by rising place, row by row of the window."""
    pairs = np.zeros((window.n_in, window.n_taps, 2), np.int32)
    counts = np.zeros(window.n_in, np.int32)
    for place, (i, j) in enumerate(np.ndindex(window.kernel)):
        pixels, outputs = _under(window, i, j)
        pairs[pixels, counts[pixels], 0], pairs[pixels, counts[pixels], 1] = outputs, place
        counts[pixels] += 1
    return Table(pairs.reshape(window.n_in, -1), counts)


def _under(window: Window, i: int, j: int) -> tuple[Array, Array]:
    """(the pixels that lie under the place (i, j) of a window, the outputs of those windows)."""
    y, x = np.mgrid[: window.out[0], : window.out[1]]
    y_in = y * window.stride[0] - window.padding[0] + i * window.dilation[0]
    x_in = x * window.stride[1] - window.padding[1] + j * window.dilation[1]
    inside = (y_in >= 0) & (y_in < window.size[0]) & (x_in >= 0) & (x_in < window.size[1])
    return (y_in * window.size[1] + x_in)[inside], (y * window.out[1] + x)[inside]


def _over_meetings(
    context: Any, builder: Any, signature: Any, given: Any, lanes: int, body: Callable[[Any, Any], None]
) -> None:
    """body(address of an output's lanes, of a place's lanes) for arguments that begin as those of `add_to_outputs`."""
    wide = given[1].type

    def at(k: int, index: Any) -> Any:
        return element(context, builder, signature.args[k], given[k], index)

    outputs, places = at(0, given[1]), at(2, given[3])
    with _for_range(builder, given[6]) as meeting:
        pair = builder.add(given[5], builder.shl(meeting.index, ir.Constant(wide, 1)))
        output = builder.sext(builder.load(at(4, pair)), wide)
        place = builder.sext(builder.load(at(4, builder.add(pair, ir.Constant(wide, 1)))), wide)
        step = ir.Constant(wide, lanes)
        body(builder.gep(outputs, [builder.mul(output, step)]), builder.gep(places, [builder.mul(place, step)]))


def _adder(name: str, lanes: int, to_outputs: bool) -> Any:
    def call(
        typing: Any, outputs: Any, outputs_at: Any, places: Any, places_at: Any, pairs: Any, pairs_at: Any,
        n_pairs: Any, value: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            value = splat(builder, given[7], lanes)

            def add(output: Any, place: Any) -> None:
                into, read = (output, place) if to_outputs else (place, output)
                total = multiply_add(
                    builder, load_vector(builder, read, lanes), value, load_vector(builder, into, lanes)
                )
                store_vector(builder, total, into)

            _over_meetings(context, builder, signature, given, lanes, add)
            return context.get_dummy_value()

        whole = types.int64
        return types.void(outputs, whole, places, whole, pairs, whole, whole, outputs.dtype), generate

    call.__name__ = f"{name}_{lanes}"  # the disk cache tells them apart by name
    return intrinsic(call)


@cache
def add_to_outputs(lanes: int) -> Any:
    """f(outputs, outputs_at, places, places_at, pairs, pairs_at, n_pairs, value): outputs += value * places."""
    return _adder("add_to_outputs", lanes, True)


@cache
def add_to_places(lanes: int) -> Any:
    """f(outputs, outputs_at, places, places_at, pairs, pairs_at, n_pairs, value): places += value * outputs."""
    return _adder("add_to_places", lanes, False)


@cache
def multiply_meetings(lanes: int) -> Any:
    """f(outputs, outputs_at, places, places_at, pairs, pairs_at, n_pairs): the sum of outputs * places."""

    def call(
        typing: Any, outputs: Any, outputs_at: Any, places: Any, places_at: Any, pairs: Any, pairs_at: Any, n_pairs: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            number = context.get_value_type(signature.return_type)
            vector = ir.VectorType(number, lanes)
            sums = _alloca(builder, ir.Constant(vector, [0.0] * lanes))
            builder.store(ir.Constant(vector, [0.0] * lanes), sums)

            def add(output: Any, place: Any) -> None:
                a, b = load_vector(builder, output, lanes), load_vector(builder, place, lanes)
                builder.store(multiply_add(builder, a, b, builder.load(sums)), sums)

            _over_meetings(context, builder, signature, given, lanes, add)
            total, half = builder.load(sums), lanes // 2
            while half:  # the upper half on the lower one, always in this order
                mask = ir.VectorType(ir.IntType(32), half)
                low = builder.shuffle_vector(total, total, ir.Constant(mask, list(range(half))))
                high = builder.shuffle_vector(total, total, ir.Constant(mask, list(range(half, 2 * half))))
                total, half = builder.fadd(low, high), half // 2
            return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

        whole = types.int64
        return outputs.dtype(outputs, whole, places, whole, pairs, whole, whole), generate

    call.__name__ = f"multiply_meetings_{lanes}"
    return intrinsic(call)
