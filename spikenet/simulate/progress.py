"""A bar of simulated time and of how much longer than that it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

FORM = "{percentage:3.0f}%|{bar}| {n:.3g}/{total:.3g} s simulated [{elapsed}<{remaining}{postfix}]"


@contextmanager
def shown(progress: Any, duration_s: float) -> Iterator[Callable[[float, float], None]]:
    """What to call with (simulated, wall) seconds: a bar's for True, `progress` itself when it is callable, else
    nothing's."""
    if progress is None or progress is False:
        yield lambda simulated_s, wall_s: None
    elif progress is not True:
        if not callable(progress):
            raise TypeError(f"simulate: progress: expected True or a function, got {progress!r:.60}")
        yield progress
    else:
        from tqdm import tqdm

        with tqdm(total=duration_s, bar_format=FORM, dynamic_ncols=True) as bar:

            def show(simulated_s: float, wall_s: float) -> None:
                bar.set_postfix_str(f"{wall_s / max(simulated_s, 1e-12):.3g} x real time", refresh=False)
                bar.update(simulated_s - bar.n)

            yield show
