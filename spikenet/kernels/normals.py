"""Normal numbers that are a function of what they belong to, so that neither order nor division of work matters."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.kernels.philox import philox
from spikenet.kernels.sampling import normal

Array = Any


@compiled()
def fill_normals(out: Array, first_row: Any, first_column: Any, step: Any, purpose: Any, seed: Any) -> None:
    """out (rows, columns) float32 of mean 0 and variance 1; the words of a counter are those of four columns."""
    words = np.zeros(4, np.uint32)
    for i in range(out.shape[0]):
        last = np.int64(-1)
        for j in range(out.shape[1]):
            column = np.int64(first_column + j)
            group = column >> 2
            if group != last:
                words[0], words[1], words[2], words[3] = philox(group, first_row + i, step, purpose, seed)
                last = group
            out[i, j] = normal(words[column & 3])
