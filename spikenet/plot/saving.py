"""Pictures to files: whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikenet.errors import positive
from spikenet.plot.style import figure_of


def save(picture: Figure | Axes | Sequence[Axes], path: str | os.PathLike[str], dpi: float = 150) -> Path:
    """Write the figure that `picture` is, or is on, trimmed to what is drawn; the path it went to.

    path : its ending names the format (.png, .svg, .pdf, ...); an older file there is replaced in one step, or kept
           when writing fails
    dpi  : dots per inch, > 0

    Raises ValueError for an ending matplotlib cannot write, FileNotFoundError when the folder is missing.
    """
    target = Path(path)
    dots = positive("save: dpi", dpi)
    first = picture if isinstance(picture, (Figure, Axes)) else picture[0]
    figure = figure_of(first) if isinstance(first, Axes) else first
    kinds = figure.canvas.get_supported_filetypes()
    kind = target.suffix.lstrip(".").lower()
    if kind not in kinds:
        raise ValueError(f"save: expected a path ending in one of {', '.join(sorted(kinds))}, got {str(target)!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"save: expected an existing folder, got {str(target.parent)!r}")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")  # not tempfile: that one only its owner may read
    try:
        with open(draft, "xb") as file:
            figure.savefig(file, format=kind, dpi=dots, bbox_inches="tight")
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)  # same folder, so one atomic step
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return target
