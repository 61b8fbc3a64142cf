"""The densities at which events and BLAS are equally fast: those of a usual machine, or of this one once measured.

Time by events grows linearly with their density, time by BLAS does not depend on it; two densities and one dense
product give where they meet. Timed is one thread's own time on the processor, which other load does not lengthen.
`spikenet warm` measures and puts the result beside the compiled code, under the processor and the digest of the kernels
that were timed. Nothing is measured while a net runs: the routes differ in rounding, and a training that is repeated or
resumed must take the same ones.
"""

from __future__ import annotations

import contextlib
import json
import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from spikenet.derive.cache import folder, sources_digest
from spikenet.kernels import blas, event_products, wanted_products
from spikenet.kernels.events import Events, found
from spikenet.kernels.threads import one_thread
from spikenet.whole_file import whole_file

ROWS, N_IN, WIDE, NARROW = 1024, 768, 512, 10  # a product of some 0.8 GFLOP: long against what starting it costs
DENSITIES = (0.04, 0.2)
ROUNDS = 6
CAUTION = 0.9  # events are taken up to this part of where they meet: their time also depends on where they lie


@dataclass(frozen=True)
class Crossovers:
    """Densities in 0..1 up to which products are taken by events; above 1 always, below 0 never.

    forward: x @ w by the events of x
    weights: x.T @ g by the events of x
    error  : g @ w.T at the wanted places
    """

    forward: float
    weights: float
    error: float


USUAL = (Crossovers(0.40, 0.30, 0.02), Crossovers(0.40, 0.27, 0.27))  # Zen 3, two cores: NARROW, WIDE outputs


@cache
def crossovers(n_out: int) -> Crossovers:
    """Those for products with `n_out` outputs.

    An event costs a fixed time and a time for each output, a dense product only the latter: so the reciprocal of the
    density at which they meet is linear in 1 / n_out, and two sizes are measured.
    """
    narrow, wide = remembered(_file()) or USUAL
    part = (1 / n_out - 1 / WIDE) / (1 / NARROW - 1 / WIDE)

    def between(few: float, many: float) -> float:
        few, many = max(few, 1e-3), max(many, 1e-3)
        return min(1.0, 1 / max(part / few + (1 - part) / many, 1e-3))

    return Crossovers(*map(between, astuple(narrow), astuple(wide)))


def remember() -> bool:
    """Measure this machine, if it is not yet; whether it was. From the next process on it counts."""
    file = _file()
    if remembered(file) is not None:
        return False
    measured = [asdict(measure(n_out)) for n_out in (NARROW, WIDE)]
    with contextlib.suppress(OSError):  # where nothing can be kept, the usual densities stay
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as out:
            out.write(json.dumps({**_read(file), _key(): measured}, indent=1).encode())
    return True


def remembered(file: Path) -> tuple[Crossovers, Crossovers] | None:
    """What was measured for NARROW and WIDE outputs, or None."""
    try:
        narrow, wide = (Crossovers(**{k: _density(v) for k, v in one.items()}) for one in _read(file)[_key()])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    return narrow, wide


def _density(value: Any) -> float:
    if not isinstance(value, float) or not 0 <= value <= 1:
        raise ValueError(f"expected a density, got {value!r}")
    return value


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _file() -> Path:
    return folder().parent / "crossovers.json"


@cache
def _key() -> str:
    kernels = [Path(module.__file__ or "") for module in (blas, event_products, wanted_products)]
    return f"{_processor()}, {sources_digest(*kernels).hex()[:16]}"


def measure(n_out: int) -> Crossovers:
    """Time all three products both ways, by turns, and say where they meet."""
    rng = np.random.default_rng(0)
    x, w = np.zeros((ROWS, N_IN), np.float32), rng.standard_normal((N_IN, n_out), np.float32)
    g = rng.standard_normal((ROWS, n_out), np.float32)
    size = 1 if n_out == NARROW else 2  # the kernels that a net of two layers needs anyway: a wide one for its input,
    few, many = (found((rng.random(x.shape) < density) * np.float32(size)) for density in DENSITIES)  # then for spikes

    def meeting(dense: Callable[[], object], by_events: Callable[[Events], object]) -> float:
        works: tuple[Callable[[], object], ...] = (dense, lambda: by_events(few), lambda: by_events(many))
        least = [math.inf] * 3
        for _ in range(ROUNDS):
            for k, work in enumerate(works):
                started = time.thread_time()
                work()
                least[k] = min(least[k], time.thread_time() - started)
        per_density = max((least[2] - least[1]) / (DENSITIES[1] - DENSITIES[0]), 1e-9)
        return max(0.0, min(1.0, DENSITIES[0] + CAUTION * (least[0] - least[1]) / per_density))

    with one_thread():
        return Crossovers(
            forward=meeting(lambda: blas.multiply(x, w), lambda e: event_products.multiply(lambda: x, e, w)),
            weights=meeting(
                lambda: blas.transposed_multiply(x, g), lambda e: event_products.transposed_multiply(lambda: x, e, g)
            ),
            error=meeting(
                lambda: blas.multiply_transposed(g, w), lambda e: wanted_products.multiply_transposed(g, w, e)
            ),
        )


def _processor() -> str:
    """The processor's name as far as the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
