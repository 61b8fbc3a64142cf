"""Libraries that only some formats need: imported when first used, and named when they are missing."""

from __future__ import annotations

import importlib
from typing import Any


def library(name: str, user: str, extra: str) -> Any:
    """The module `name`; ImportError that says who needs it and how it is installed.

    extra: of this package, which brings the library
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{user}: needs {name}, which is not installed: pip install 'spikenet-hw[{extra}]'"
        ) from error
