"""Constructor arguments as plain JSON values and back: what a checkpoint keeps of a layer besides its weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikenet.graph import Tensor
from spikenet.layers import delay_taps, integrate, joins
from spikenet.neurons import (
    graded_lif,
    izhikevich,
    multi_level_lif,
    primitives,
    reset,
    semantics,
    stochastic_lif,
    surrogate,
)
from spikenet.neurons.semantics_record import Semantics
from spikenet.neurons.surrogate import Surrogate

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        *(reset.subtract, reset.to_zero, reset.to_value, reset.no_reset),
        *joins.ALL,
        delay_taps.between,
        *(*integrate.ALL, izhikevich.as_published),
        *(primitives.tanh, primitives.sigmoid, primitives.softplus, primitives.relu),
        *(primitives.identity, primitives.stop_gradient, graded_lif.membrane),
        *(multi_level_lif.Levels, multi_level_lif.StraightLevels),
        *(stochastic_lif.straight_through, stochastic_lif.by_score),
    )
}
_SEMANTICS = {s.name: s for s in semantics.ALL}
_SURROGATES = {s.name: s for s in surrogate.ALL}


def plain(value: Any) -> Any:
    """`value` of a layer's argument as numbers, strings, lists and dictionaries."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Surrogate):
        return {"surrogate": value.name, "value": value.value}
    if isinstance(value, delay_taps.Gaussian):
        return {"gaussian_steps": value.sigma_steps}
    if isinstance(value, Semantics):
        return {"semantics" if _SEMANTICS.get(value.name) is value else "own semantics": value.name}
    if isinstance(value, (np.ndarray, np.generic, Tensor)):
        return np.asarray(value).tolist()
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if callable(value):
        if (inner := getattr(value, "detaches", None)) is not None:
            return {"detached": plain(inner)}
        name = getattr(value, "__name__", type(value).__name__)
        return {"function": name} if _FUNCTIONS.get(name) is value else {"own function": name}
    raise TypeError(f"checkpoint: cannot keep an argument of type {type(value).__name__}: {value!r:.60}")


def revived(value: Any) -> Any:
    """The argument that `plain` described.

    Raises ValueError for a user's own function: code is not kept in a checkpoint.
    """
    if isinstance(value, list):
        return tuple(revived(v) for v in value)
    if not isinstance(value, dict):
        return value
    if "surrogate" in value and value["surrogate"] in _SURROGATES:
        return _SURROGATES[value["surrogate"]](value["value"])
    if "gaussian_steps" in value:
        return delay_taps.Gaussian(value["gaussian_steps"])
    if value.get("semantics") in _SEMANTICS:
        return _SEMANTICS[value["semantics"]]
    if "detached" in value:
        return reset.detached(revived(value["detached"]))
    if value.get("function") in _FUNCTIONS:
        return _FUNCTIONS[value["function"]]
    raise ValueError(
        f"checkpoint: {value} is no function of this package; build the net in code and read its weights with "
        "sn.restore(path, net)"
    )


def shown(value: Any) -> str:
    """The argument as a layer's repr has it, short."""
    if isinstance(value, Semantics):
        return value.name
    if isinstance(value, izhikevich.Kind) and not any(map(np.ndim, value)):
        return f"({', '.join(f'{name}={v:g}' for name, v in value._asdict().items())})"
    if isinstance(value, (tuple, list)) and all(isinstance(one, str) for one in value):
        return f"{tuple(value)}"
    if callable(value):
        return getattr(value, "__name__", repr(value))
    return f"{float(value):.4g}" if np.ndim(value) == 0 and not isinstance(value, str) else f"<{np.shape(value)}>"
