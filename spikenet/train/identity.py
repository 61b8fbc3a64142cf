"""What must be the same for a resumed run to equal one that never stopped, as text that can be compared."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.train.plan import Plan


def identity(plan: Plan) -> dict[str, str]:
    """Everything in a plan that decides a number, except the net, which a checkpoint describes itself.

    The number of epochs is left out: a run may go on for longer than was planned. The test set is in only with an
    early stop: otherwise it decides nothing.
    """
    watched = plan.test if plan.early_stop is not None else None
    return {
        "seed": str(plan.seed),
        "batch_size": str(plan.batch_size),
        "training inputs": _digest(plan.train.inputs),
        "training targets": _digest(plan.train.targets),
        "test data": "any" if watched is None else f"{_digest(watched.inputs)}, {_digest(watched.targets)}",
        "loss": described(plan.loss),
        "metrics": described(tuple(plan.metrics)),
        "optimiser": described(plan.optimiser),
        "encode": described(plan.encode),
        "regularise": described(plan.regularise),
        "schedule": described(plan.schedule),
        "clip_norm": described(plan.clip_norm),
        "segments": described(getattr(plan.runs, "steps", None)) if plan.runs is not plan.net else "none",
        "processes": str(1 if plan.communicator is None else plan.communicator.size),
        "rule": described(plan.rule),
        "early_stop": described(plan.early_stop),
    }


def described(thing: Any) -> str:
    """A function by its name, a record by its fields, anything plain by its value."""
    if is_dataclass(thing) and not isinstance(thing, type):
        told = [f.name for f in fields(thing) if f.compare]  # the rest is what it has gathered, and decides nothing
        inside = ", ".join(f"{name}={described(getattr(thing, name))}" for name in told)
        return f"{type(thing).__qualname__}({inside})"
    if isinstance(thing, partial):
        return f"partial({described(thing.func)}, {described(thing.args)}, {described(sorted(thing.keywords.items()))})"
    if isinstance(thing, Mapping):
        return f"{{{', '.join(f'{described(k)}: {described(v)}' for k, v in thing.items())}}}"
    if isinstance(thing, (tuple, list)):
        return f"({', '.join(map(described, thing))})"
    if isinstance(thing, np.ndarray):
        return _digest(thing)
    if thing is None or isinstance(thing, (bool, int, float, str, np.generic)):
        return repr(thing)
    return f"{thing.__module__}.{getattr(thing, '__qualname__', type(thing).__qualname__)}"


def _digest(values: Array) -> str:
    return f"{values.shape} {values.dtype} crc32 {zlib.crc32(np.ascontiguousarray(values).data):08x}"
