"""What every layer is: a function of time-major input and of a state that is passed in and returned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike

State = tuple[Any, ...]
"""The state of a layer: tensors, or the states of the layers inside; empty for a layer without memory."""


@dataclass(frozen=True)
class Training:
    """Handed to a layer while training, so that what is random then (dropout) is active.

    rng      : where random numbers come from
    over_time: whether axis 0 of the input is time; a Sequential with a layer that has memory sets it
    """

    rng: np.random.Generator
    over_time: bool = False

    def with_time(self) -> Training:
        return replace(self, over_time=True)


@runtime_checkable
class Layer(Protocol):
    """`y = layer(x)` starts from rest; `y, state = layer.run(x, state)` carries the state on.

    kind: the name under which `spikenet.layers` makes such a layer, with `config()` as keyword arguments
    """

    @property
    def kind(self) -> str: ...

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor: ...

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]: ...

    def parameters(self) -> dict[str, Tensor]: ...

    def config(self) -> dict[str, Any]: ...


def as_input(name: str, x: TensorLike, dtype: np.dtype[Any] | None = None) -> Tensor:
    """`x` as a tensor; an array is checked (finite numbers) and taken in `dtype`, a Tensor is trusted.

    dtype: None keeps float32, float64 and complex arrays as they are and makes float32 of the rest (lists, integers);
           complex stays complex
    A view with stride 0 over axis 0 (input that does not change over time) stays one.

    Raises TypeError when x holds no numbers, ValueError when it is NaN or infinite.
    """
    if isinstance(x, Tensor):
        return x
    try:
        array = np.asarray(x)
    except (TypeError, ValueError):  # a ragged list
        array = np.empty(0, object)
    kind = array.dtype.kind
    if kind not in "biufc":
        raise TypeError(f"{name}: expected an array of numbers, got {x!r:.60} of type {type(x).__name__}")
    is_double = isinstance(x, (np.ndarray, np.generic)) and kind in "fc" and array.real.dtype.itemsize >= 8
    wanted = dtype or np.dtype(np.float64 if is_double else np.float32)
    if kind == "c":
        wanted = np.result_type(wanted, np.complex64)
    if array.ndim and array.strides[0] == 0 and len(array) > 1:
        return Tensor(np.broadcast_to(_checked(name, array[0].astype(wanted, copy=False)), array.shape))
    return Tensor(_checked(name, array.astype(wanted, copy=False)))


def _checked(name: str, array: Array) -> Array:
    good = np.isfinite(array)
    if not good.all():
        where = tuple(int(k) for k in np.argwhere(~good)[0])
        raise ValueError(f"{name}: expected finite input, got {array[where]} at index {where}")
    return array


def dtype_of(parameters: dict[str, Tensor]) -> np.dtype[Any] | None:
    """The float type of a layer's parameters, None for a layer without any."""
    return next((p.dtype for p in parameters.values()), None)


def cast(layer: Layer, dtype: Any) -> Layer:
    """`layer` with its parameters in `dtype` (float32 or float64), changed in place and returned."""
    wanted = np.dtype(dtype)
    if wanted not in (np.float32, np.float64):
        raise ValueError(f"cast: expected float32 or float64, got {wanted}")
    for parameter in layer.parameters().values():
        parameter.data = parameter.data.astype(wanted)
    return layer


def state_parts(name: str, state: State | None, parts: tuple[str, ...]) -> State | None:
    """`state` when it has the `parts` named; None when there is none or it is empty, which means rest.

    Raises TypeError when it is no tuple, ValueError when the number of parts is another.
    """
    if state is None:
        return None
    if not isinstance(state, (tuple, list)):
        raise TypeError(f"{name}: expected a state as run() returns it, a tuple, got {type(state).__name__}")
    if state and len(state) != len(parts):
        wanted = f"a state of {len(parts)} parts ({', '.join(parts)})" if parts else "no state, None or ()"
        raise ValueError(f"{name}: expected {wanted}, got {len(state)} parts")
    return tuple(state) or None


def refuse_state(name: str, state: State | None) -> State:
    """The state of a layer without memory: always empty."""
    state_parts(name, state, ())
    return ()
