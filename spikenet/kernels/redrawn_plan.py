"""The words that the operations of redrawn synapses find in the plan."""

from __future__ import annotations

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.pointers import array_at

SPIKES = 1 << 11  # of one projection that a thread draws for others in one window, at most
WORDS = 29  # of an entry of the plan, before the sources' lists
(
    KIND,  # and the other arguments of draw_partners
    N,
    OWN,
    PLACES_EACH,
    STREAM,
    SEED,
    SCALE,  # address of one float64
    STARTS,  # address of (sources + 1,) int64: number of each source's first synapse
    THREADS,
    THREAD,
    BOUNDS,  # address of (threads + 1,) int64: which thread owns a target
    FIRST,  # whether this is the first projection of the window, and arenas are empty
    ARENAS,  # address of (threads, ARENA) int64
    OWN_ARENA,  # address of (ARENA,) int64: one for a single spike, for the synapses of this thread
    INDICES,  # address of (threads,) int64: addresses of (1 + 2 * SPIKES,) int64: step of the window, then where in the
    # arena the synapses of each spike begin, and end; -1 for one that is not there
    WINDOW,  # steps
    COUNTED,  # whether spikes are counted first and then weighted, as bits are
    ROW,  # addresses of the rows of synapse_values
    NUMBER,
    SHORTEST,  # delay in steps
    INPUT,  # address of the row that is added to
    PORT,  # place of that row among the inputs of the thread
    RING,  # address of an entry of redrawn_ring
    WEIGHT,  # address of one number: the weight where it is one for all, signed
    SLOTS,  # steps that the lists of spikes go back, a power of two
    ROOM,  # synapses that an arena holds; 0 where there is one thread only
    SYNAPSES,  # PLAIN, VALUED or DELAYED
    DRAW,  # address of the code of draw_function
    SHARES,
) = range(WORDS)
COUNTS, PLACES, CAPACITY = range(3)
ARENA = 5  # words: addresses of (ROOM + 1,) uint32, floats, uint16; of what redrawn_draw needs besides; and of (2,)
# int64: how much of it is used, or for a single spike where it begins and ends
TARGETS, AMOUNTS, LATE, SCRATCH, USED = range(ARENA)
PLAIN, VALUED, DELAYED = range(3)  # synapses of one weight and delay, of drawn weights, of drawn delays

_ints = array_at("int32")


@compiled()
def fired(plan: Array, at: int, t: int) -> int:
    """How many spikes the sources have sent in step t."""
    slot, total = t & (plan[at + SLOTS] - 1), 0
    for k in range(plan[at + SHARES]):
        total += _ints(plan[at + WORDS + 3 * k + COUNTS], slot + 1)[slot]
    return total
