"""Sleep until somebody wakes, inside compiled code: the system's mutex and condition, on the cache lines of `words`.

On Windows, where they go by other names, whoever sleeps looks every millisecond instead.
"""

from __future__ import annotations

import os
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.lanes import element
from spikenet.kernels.meeting import LINE, add_to, load, nap

SLEEPERS, MUTEX, CONDITION = range(0, 3 * LINE, LINE)  # behind the place that is given
WORDS = 3 * LINE
POSIX = os.name == "posix"
LOOK_US = 1000

_function: Any = cgutils.get_or_insert_function
_null: Any = cgutils.get_null_value


def _of_system(name: str, places: int, nulls: int = 0) -> Any:
    """The intrinsic f(words, at...) that calls the system's int `name`(address of each place, NULL...)."""

    def call(typing: Any, words: Any, first: Any, second: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            byte = ir.IntType(8).as_pointer()
            if POSIX:
                callee = _function(
                    builder.module, ir.FunctionType(ir.IntType(32), [byte] * (places + nulls)), f"pthread_{name}"
                )
                at = [element(context, builder, signature.args[0], given[0], one) for one in given[1 : 1 + places]]
                builder.call(callee, [*(builder.bitcast(one, byte) for one in at), *[_null(byte)] * nulls])
            return context.get_dummy_value()

        return types.void(words, types.int64, types.int64), generate

    call.__name__ = f"pthread_{name}"  # the disk cache tells them apart by name
    return intrinsic(call)


_make_mutex, _make_condition = _of_system("mutex_init", 1, 1), _of_system("cond_init", 1, 1)
_lock, _unlock = _of_system("mutex_lock", 1), _of_system("mutex_unlock", 1)
_wait, _broadcast = _of_system("cond_wait", 2), _of_system("cond_broadcast", 1)


@compiled()
def prepare(words: Array, at: int) -> None:
    """Makes what sleeping takes, in WORDS words from `at`."""
    _make_mutex(words, at + MUTEX, 0)
    _make_condition(words, at + CONDITION, 0)


@compiled()
def sleep_while(words: Array, place: int, value: int, at: int) -> None:
    """Sleeps while words[place] is `value`; whoever changes it calls `wake_all` then."""
    if not POSIX:
        while load(words, place) == value:
            nap(LOOK_US)
        return
    _lock(words, at + MUTEX, 0)
    add_to(words, at + SLEEPERS, 1)
    while load(words, place) == value:
        _wait(words, at + CONDITION, at + MUTEX)
    add_to(words, at + SLEEPERS, -1)
    _unlock(words, at + MUTEX, 0)


@compiled()
def wake_all(words: Array, at: int) -> None:
    if load(words, at + SLEEPERS) > 0:
        _lock(words, at + MUTEX, 0)
        _broadcast(words, at + CONDITION, 0)
        _unlock(words, at + MUTEX, 0)
