"""Memory used again: never while anyone can still see it, and otherwise an ordinary array."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections import OrderedDict

import numpy as np
import pytest

from spikenet.kernels import memory
from spikenet.kernels.memory import LINE, SMALL

LARGE = SMALL // 4  # float32 values that are just enough to come from the shelf


@pytest.fixture
def shelf(monkeypatch):
    """An empty shelf of the test's own."""
    gc.collect()  # what earlier tests left must not go back to this one
    own = memory._Shelf()
    monkeypatch.setattr(memory, "_SHELF", own)
    return own


def address(array):
    return array.__array_interface__["data"][0]


def lying(shelf):
    """Bytes on the shelf, counted buffer by buffer."""
    return sum(size * len(buffers) for (size, _), buffers in shelf._idle.items())


def test_memory_of_an_array_that_is_gone_is_used_again(shelf):
    array = memory.empty((LARGE,), np.float32)
    before = address(array)
    del array
    assert address(memory.empty((LARGE,), np.float32)) == before


@pytest.mark.parametrize(
    "look",
    [
        lambda a: a,
        lambda a: a[3:7],
        lambda a: a[::-2, 5],
        lambda a: a.reshape(-1),
        lambda a: a.reshape(2, -1)[1:].reshape(-1)[2:5],
        lambda a: a.T,
        lambda a: a.view(np.uint8)[:, 4:12],
        lambda a: np.broadcast_to(a, (3, *a.shape)),
        lambda a: np.asarray(memoryview(a)),
        lambda a: np.lib.stride_tricks.as_strided(a, (4,), (4,)),
        lambda a: np.nditer(a),
        lambda a: {"inside": [a.flat]},
    ],
    ids=["itself", "slice", "steps", "reshape", "chain", "T", "bytes", "broadcast", "memoryview", "strides", "iterator",
         "nested"],
)  # fmt: skip
def test_memory_that_anything_looks_at_is_left_alone(look, shelf):
    """However little of it is looked at; only when the last view is gone does the next request get it."""
    array = memory.empty((8, LARGE // 8), np.float32)
    array.fill(7)
    before = address(array)
    view = look(array)
    del array
    others = [memory.zeros((8, LARGE // 8), np.float32) for _ in range(3)]
    assert before not in [address(other) for other in others]
    if isinstance(view, np.ndarray):
        assert (view.view(np.float32) == 7).all()
    assert not lying(shelf)
    del view
    assert lying(shelf) == SMALL
    assert address(memory.empty((8, LARGE // 8), np.float32)) == before


def test_a_copy_keeps_nothing_back(shelf):
    array = memory.zeros((LARGE,), np.float32)
    copies = array.copy(), array[::2].astype(np.float64), array + 1
    del array
    assert lying(shelf) == SMALL
    memory.empty((LARGE,), np.float32).fill(9)
    assert not copies[0].any()
    assert not copies[1].any()
    assert (copies[2] == 1).all()


@pytest.mark.parametrize("dtype", ["f4", "f8", "c16", "i8", "u2", "u1", "?", ">f4", np.float32, float])
@pytest.mark.parametrize("shape", [(0,), (3, 0, 5), (), (1,), (7, 3), (33_000, 3), (3, 1, 40_000)])
def test_any_shape_and_type(shape, dtype):
    """Exactly as asked for, C-contiguous and writable, on the shelf's side of SMALL and on the system's."""
    array, zeros = memory.empty(shape, dtype), memory.zeros(shape, dtype)
    for one in (array, zeros):
        assert type(one) is np.ndarray
        assert one.shape == shape
        assert one.dtype == np.dtype(dtype)
        assert one.flags.c_contiguous
        assert one.flags.aligned
        assert one.flags.writeable
    assert not zeros.any()
    array.fill(1)
    assert array.all()
    assert not zeros.any()


def test_zeros_are_zero_in_memory_used_before(shelf):
    memory.empty((LARGE,), np.float32).fill(np.nan)
    assert not memory.zeros((LARGE,), np.float32).any()


@pytest.mark.parametrize("size", [SMALL, SMALL + 1, 3 * SMALL - 1, 3 * SMALL, 1_000_003])
def test_a_large_array_begins_at_a_cache_line(size):
    """Whatever the system's allocator gave; new arrays and used ones; every byte belongs to it."""
    for _ in range(2):
        arrays = [memory.empty((size,), np.uint8) for _ in range(3)]
        assert [address(a) % LINE for a in arrays] == [0, 0, 0]
        for k, array in enumerate(arrays):
            array.fill(k)
        assert all((array == k).all() for k, array in enumerate(arrays))


def test_sizes_that_round_to_the_same_share_memory(shelf):
    array = memory.empty((SMALL + 1,), np.uint8)
    before = address(array)
    del array
    again = memory.empty((2, LARGE), np.float32)
    assert address(again) == before
    again.fill(1)
    assert again.sum() == 2 * LARGE


def test_small_arrays_are_the_systems(shelf):
    """They begin at a cache line too, but are given back."""
    array = memory.empty((SMALL - 1,), np.uint8)
    assert address(array) % LINE == 0
    del array
    assert not lying(shelf)


def test_an_aligned_copy(shelf):
    given = np.arange(memory.TINY, dtype=np.float32)
    copy = memory.aligned(given)
    assert address(copy) % LINE == 0
    given[0] = 9
    np.testing.assert_array_equal(copy, np.arange(memory.TINY))


def test_what_lies_idle_is_limited_and_the_oldest_goes_first(shelf, monkeypatch):
    """In units of SMALL, at most 10: sizes 4, 3, 2 lie there, then 2 more arrive and the 4 must go."""
    monkeypatch.setattr(memory, "IDLE_LIMIT", 10 * SMALL)
    for units in (4, 3, 2):
        memory.empty((units * SMALL,), np.uint8)
    assert lying(shelf) == shelf._idle_bytes == 9 * SMALL
    two = [memory.empty((2 * SMALL,), np.uint8) for _ in range(2)]  # one of them from the shelf
    assert lying(shelf) == shelf._idle_bytes == 7 * SMALL
    del two
    assert {size // SMALL: len(buffers) for (size, _), buffers in shelf._idle.items()} == {3: 1, 2: 2}
    assert shelf._idle_bytes == 7 * SMALL


def test_a_size_asked_for_again_is_no_longer_the_oldest(shelf, monkeypatch):
    monkeypatch.setattr(memory, "IDLE_LIMIT", 6 * SMALL)
    for units in (3, 2, 3):
        memory.empty((units * SMALL,), np.uint8)
    memory.empty((4 * SMALL,), np.uint8)
    assert (2 * SMALL, False) not in shelf._idle
    assert lying(shelf) == shelf._idle_bytes <= 6 * SMALL


def test_an_array_beyond_the_limit_is_not_kept(shelf, monkeypatch):
    monkeypatch.setattr(memory, "IDLE_LIMIT", 2 * SMALL)
    memory.empty((2 * SMALL,), np.uint8)
    memory.empty((3 * SMALL,), np.uint8)
    assert lying(shelf) == shelf._idle_bytes == 0


def test_memory_that_cannot_be_had_is_an_ordinary_error(shelf):
    """No half-made owner is left behind to complain when it is cleared away (warnings are errors here)."""
    with pytest.raises(MemoryError):
        memory.empty((1 << 55,), np.uint8)
    gc.collect()
    assert address(memory.empty((LARGE,), np.float32)) % LINE == 0
    assert lying(shelf) == SMALL


def test_threads_never_get_the_same_memory(shelf):
    """Four threads take, fill, check and drop arrays of few sizes at once, some handed to another thread to drop."""
    wrong, handed = [], []

    def work(name):
        rng = np.random.default_rng(name)
        held = []
        for _ in range(400):
            array = memory.empty((int(rng.integers(1, 4)) * SMALL // 8,), np.int64)
            mark = int(rng.integers(1 << 40))
            array[:: SMALL // 64] = mark
            held.append((array, mark))
            if len(held) > 5:
                array, mark = held.pop(int(rng.integers(len(held))))
                if (array[:: SMALL // 64] != mark).any():
                    wrong.append(name)
                handed.append(array[1:3])
            if len(handed) > 4:
                handed.pop()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    handed.clear()
    addresses = [address(buffer) for buffers in shelf._idle.values() for buffer in buffers]
    assert len(set(addresses)) == len(addresses) > 0
    assert shelf._idle_bytes == lying(shelf)


class Slow(list):
    """Buffers of one size that let other threads run while they are being counted."""

    def __len__(self):
        n = super().__len__()
        time.sleep(1e-4)
        return n


def test_one_thread_at_a_time_uses_the_shelf(shelf):
    """Without the lock, two find the last buffer there, and both take it."""
    shelf._idle[SMALL, False] = Slow()
    memory.empty((LARGE,), np.float32)
    failed = []

    def work():
        try:
            for _ in range(20):
                array = memory.empty((LARGE,), np.float32)
                time.sleep(1e-4)
                del array
        except IndexError as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert 0 < lying(shelf) == shelf._idle_bytes <= 4 * SMALL


class Collecting(OrderedDict):
    """A shelf on which garbage is collected while it is in use, as may happen at any time."""

    def get(self, key):
        gc.collect()
        return super().get(key)


def test_garbage_may_be_collected_while_the_shelf_is_in_use(shelf):
    """Collecting an array puts its buffer back, in the thread that holds the lock already."""
    shelf._idle = Collecting()
    cycle = [memory.empty((LARGE,), np.float32)]
    cycle.append(cycle)
    before, taken = address(cycle[0]), []
    del cycle
    thread = threading.Thread(target=lambda: taken.append(memory.empty((LARGE,), np.float32)), daemon=True)
    thread.start()
    thread.join(20)
    assert [address(array) for array in taken] == [before]


def test_arrays_in_cycles_come_back_whenever_garbage_is_collected(shelf):
    """Collected as often as possible, also while the shelf is at work."""
    before = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(300):
            cycle = [memory.empty((LARGE,), np.float32)]
            cycle.append(cycle)
            del cycle
            memory.empty((LARGE,), np.float32)
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert shelf._idle_bytes == lying(shelf)
    assert lying(shelf) < 50 * SMALL  # 600 were asked for


def test_the_process_ends_in_silence():
    """Arrays that live until the interpreter takes itself apart complain about nothing."""
    code = (
        "from spikenet.kernels import memory\n"
        "import builtins, sys\n"
        "array = builtins.kept = memory.zeros((50000,), 'f4')\n"
        "sys.cycle = [array]; sys.cycle.append(sys.cycle)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_arrays_that_outlive_the_program_end_quietly():
    code = "from spikenet.kernels import memory\nimport sys, numpy as np\n"
    code += "sys.held = memory.empty((1 << 20,), np.float32)\nheld = memory.empty((1 << 20,), np.float32)\n"
    code += "class Late:\n    array = memory.empty((1 << 20,), np.float32)\n"
    code += "    def __del__(self): del Late.array\nlate = Late()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
