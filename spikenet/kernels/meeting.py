"""Threads that meet inside compiled code: some hundred nanoseconds where leaving and entering a parallel loop takes ten
microseconds.

Whoever waits looks at a word in memory, at first without pause to others, later giving its core away each time, so that
a machine with more to do loses little. The words lie on a cache line each.
"""

from __future__ import annotations

import os
import platform
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.lanes import element

LINE = 8  # words of a cache line
JOINED, BEGUN, ARRIVED, TURN, VERDICT, REACHED = range(0, 6 * LINE, LINE)
WORDS = 6 * LINE
GIVEN_UP = 1 << 32  # of JOINED, when not all came
EAGER = 1 << 11  # looks before a core is given away: some 30 us
PATIENCE = 1000  # times that a core is given away before those who have come begin without the others: some 2 ms

_function: Any = cgutils.get_or_insert_function
_REST = {"x86_64": "llvm.x86.sse2.pause", "AMD64": "llvm.x86.sse2.pause"}.get(platform.machine(), "")


def _add(typing: Any, words: Any, at: Any, amount: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.atomic_rmw(
            "add", element(context, builder, signature.args[0], given[0], given[1]), given[2], "seq_cst"
        )

    return types.int64(words, types.int64, types.int64), generate


def _exchange(typing: Any, words: Any, at: Any, old: Any, new: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = element(context, builder, signature.args[0], given[0], given[1])
        return builder.extract_value(builder.cmpxchg(place, given[2], given[3], "seq_cst", "seq_cst"), 1)

    return types.boolean(words, types.int64, types.int64, types.int64), generate


def _load(typing: Any, words: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.load_atomic(element(context, builder, signature.args[0], given[0], given[1]), "seq_cst", 8)

    return types.int64(words, types.int64), generate


def _store(typing: Any, words: Any, at: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = element(context, builder, signature.args[0], given[0], given[1])
        builder.store_atomic(given[2], place, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(words, types.int64, types.int64), generate


def _rest(typing: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        if _REST:
            builder.call(_function(builder.module, ir.FunctionType(ir.VoidType(), []), _REST), [])
        return context.get_dummy_value()

    return types.void(), generate


def _give_way(typing: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        if os.name == "posix":
            builder.call(_function(builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), generate


def _nap(typing: Any, time_us: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        i32 = ir.IntType(32)
        kind, name, unit_us = (i32, "usleep", 1) if os.name == "posix" else (ir.VoidType(), "Sleep", 1000)
        pause = _function(builder.module, ir.FunctionType(kind, [i32]), name)
        time = builder.trunc(builder.sdiv(given[0], ir.Constant(given[0].type, unit_us)), i32)
        builder.call(pause, [time])
        return context.get_dummy_value()

    return types.void(types.int64), generate


add_to, exchange, load, store = (intrinsic(f) for f in (_add, _exchange, _load, _store))
rest, give_way, nap = intrinsic(_rest), intrinsic(_give_way), intrinsic(_nap)


def words() -> Array:
    """Those of one parallel loop, all 0 before it begins."""
    return memory.zeros((WORDS,), np.int64)


@compiled()
def all_here(words: Array, workers: int) -> Any:
    """Whether all workers have entered the loop; if one is long in coming, nobody works, and False is told to all."""
    came = add_to(words, JOINED, 1) + 1
    if came == workers:
        store(words, BEGUN, 1)
    looks = 0
    while load(words, BEGUN) == 0:
        joined = load(words, JOINED)
        if joined >= GIVEN_UP:
            return False
        if looks < EAGER:
            rest()
        elif looks < EAGER + PATIENCE or joined == workers:
            give_way()
        elif exchange(words, JOINED, joined, GIVEN_UP):
            return False
        looks += 1
    return True


@compiled()
def is_last(words: Array, workers: int, turn: Any) -> Any:
    """Arrive at the meeting `turn`, counted from 1: whether all others are there. Then `let_go` them."""
    return add_to(words, ARRIVED, 1) + 1 == workers * turn


@compiled()
def let_go(words: Array, turn: Any) -> None:
    store(words, TURN, turn)


@compiled()
def wait(words: Array, turn: Any) -> None:
    """Until the last one lets all go."""
    looks = 0
    while load(words, TURN) < turn:
        if looks < EAGER:
            rest()
        else:
            give_way()
        looks += 1
