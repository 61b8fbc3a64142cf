"""Pictures to files: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikenet.errors import positive
from spikenet.plot.style import figure_of
from spikenet.whole_file import whole_file


def save(picture: Figure | Axes | Sequence[Axes], path: str | os.PathLike[str], dpi: float = 150) -> Path:
    """Write the figure that `picture` is, or is on, trimmed to what is drawn; the path it went to.

    path : its ending names the format (.png, .svg, .pdf, ...); an older file there is replaced in one step, or kept
           when writing fails
    dpi  : dots per inch, > 0

    Raises ValueError for an ending matplotlib cannot write, FileNotFoundError when the folder is missing.
    """
    first = picture[0] if isinstance(picture, (Sequence, np.ndarray)) and len(picture) else picture
    if not isinstance(first, (Figure, Axes)):
        raise TypeError(f"save: expected a figure or axes, got {picture!r:.60}")
    target = Path(path)
    dots = positive("save: dpi", dpi)
    figure = figure_of(first) if isinstance(first, Axes) else first
    kinds = figure.canvas.get_supported_filetypes()
    kind = target.suffix.lstrip(".").lower()
    if kind not in kinds:
        raise ValueError(f"save: expected a path ending in one of {', '.join(sorted(kinds))}, got {str(target)!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"save: expected an existing folder, got {str(target.parent)!r}")
    with whole_file(target) as file:
        figure.savefig(file, format=kind, dpi=dots, bbox_inches="tight")
    return target
