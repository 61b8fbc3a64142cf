"""`spikenet info`: versions, threads and cache, as one needs them in a bug report."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
from collections.abc import Callable
from typing import Any


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "info", help="versions, threads, cache", description="Versions, threads and the cache of compiled code."
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    for name, value in facts().items():
        print(f"{name:18}{value}")


def facts() -> dict[str, str]:
    """Everything `spikenet info` prints, by name."""
    import numba

    import spikenet
    from spikenet.derive import cache

    versions = {"spikenet": spikenet.__version__, "python": platform.python_version()}
    for package in ("numpy", "numba", "llvmlite", "scipy", "matplotlib", "scikit-learn", "tqdm"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    folder = cache.folder()
    entries = list(folder.glob("*.bin")) if folder.is_dir() else []
    size_mb = sum(entry.stat().st_size for entry in entries) / 1e6
    return versions | {
        "platform": platform.platform(),
        "processor": _processor(),
        "threads": f"{numba.get_num_threads()} of {os.cpu_count()} cores (numba.set_num_threads)",
        "threading layer": _threading_layer(),
        "cache": f"{folder} ({len(entries)} functions, {size_mb:.1f} MB)",
    }


def _processor() -> str:
    import llvmlite.binding as llvm

    name: str = llvm.get_host_cpu_name()
    return f"{platform.machine()} ({name})"


def _threading_layer() -> str:
    """The pool numba takes: it only tells after a parallel loop has run."""
    import numpy as np
    from numba.np.ufunc import parallel

    from spikenet.kernels import blas

    ones = np.ones((1, 1), np.float32)
    blas.multiply(ones, ones)
    chosen: Callable[[], str] = parallel.threading_layer
    return chosen()
