"""What every layer is: a function of time-major input and of a state that is passed in and returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from spikenet.errors import Array, finite_values, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.kernels import memory
from spikenet.kernels.events import sampled_density, searched
from spikenet.kernels.finite import LARGE, all_finite

State = tuple[Any, ...]

SPARSE = 0.3  # share of entries that are not 0, above which nobody will use the events of an input
"""The state of a layer: tensors, or the states of the layers inside; empty for a layer without memory."""


@dataclass(frozen=True)
class BatchShare:
    """Which samples of a batch this process has when several share it.

    start: number of the first one;  n: samples of the whole batch;  axis: of the net's input that counts samples
    """

    start: int
    n: int
    axis: int


@dataclass(frozen=True)
class Training:
    """Handed to a layer while training, so that what is random then (dropout) is active.

    rng      : where random numbers come from
    over_time: whether axis 0 of the input is time; a Sequential with a layer that has memory sets it
    share    : set when several processes share a batch, whose random numbers must not depend on how many
    pending  : (tensor, its next value) of what training moves without a gradient (running statistics); a forward pass
               only adds to it
    """

    rng: np.random.Generator
    over_time: bool = False
    share: BatchShare | None = None
    pending: list[tuple[Tensor, Array]] = field(default_factory=list)

    def with_time(self) -> Training:
        return replace(self, over_time=True)

    def settle(self) -> None:
        """Puts what is pending in place: once after each step, however often the net ran in it."""
        for tensor, value in self.pending:
            tensor.data[...] = value
        self.pending.clear()

    def uniform(self, shape: tuple[int, ...]) -> Array:
        """Random float32 numbers in [0, 1), one for each value of a layer's input; without time if that is an axis.

        All numbers of a shared batch are drawn, and those of one's own samples taken.
        """
        if self.share is None:
            return self.rng.random(shape, dtype=np.float32)
        axis = 0 if self.over_time else self.share.axis
        whole = self.rng.random((*shape[:axis], self.share.n, *shape[axis + 1 :]), dtype=np.float32)
        first = self.share.start
        return whole[(slice(None),) * axis + (slice(first, first + shape[axis]),)]


@runtime_checkable
class Described(Protocol):
    """What can be saved and made again, whatever it is called with: layers, flows, nets with two inputs.

    kind, config(): as of a Layer. What is built from others has them in `layers`, in the order of its arguments, or
    `makes_layers = True` when its constructor makes them by itself
    """

    @property
    def kind(self) -> str: ...

    def parameters(self) -> dict[str, Tensor]: ...

    def config(self) -> dict[str, Any]: ...


AnyNet = TypeVar("AnyNet", bound=Described)


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
    return _looked_through(name, array.astype(wanted, copy=False))


def entering(layer: Described, x: TensorLike, state: State | None = None, *, name: str | None = None) -> Tensor:
    """`x` as a net takes it: `as_input` in the float type of its parameters, which are checked as well.

    They are checked where a run begins with an array, as input from outside is. A Tensor comes from code that has
    looked at them: training does so before it starts and after each update.

    name: what messages begin with; the layer's kind unless given
    """
    where, parameters = name or layer.kind, layer.parameters()
    looked_at(where, parameters, x, state)
    return as_input(where, x, dtype_of(parameters))


def looked_at(where: str, parameters: Mapping[str, Tensor], x: TensorLike, state: State | None) -> None:
    """ValueError for a parameter that is not finite, where a run begins with an array: see `entering`."""
    if not isinstance(x, Tensor) and state is None:
        for name, p in parameters.items():
            if not all_finite(p.data):
                finite_values(f"{where}: parameter {name}", p.data)


def _looked_through(name: str, array: Array) -> Tensor:
    """The array as a tensor, checked; where a large one is mostly 0, its events come out of the same look."""
    if array.ndim in (2, 3) and array.size >= LARGE and array.flags.c_contiguous and array.dtype.kind == "f":
        rows = array.reshape(-1, array.shape[-1])
        if sampled_density(rows) < SPARSE:
            events, is_finite = searched(rows)
            if is_finite:
                x = Tensor(array)
                x.events = events
                return x
    return Tensor(_checked(name, array))


def _checked(name: str, array: Array) -> Array:
    if not all_finite(array):
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name}: expected finite input, got {array[where]} at index {where}")
    return array


def dtype_of(parameters: dict[str, Tensor]) -> np.dtype[Any] | None:
    """The float type of a layer's parameters, None for a layer without any."""
    return next((p.dtype for p in parameters.values()), None)


def cast(layer: AnyNet, dtype: Any) -> AnyNet:
    """`layer` with its parameters in `dtype` (float32 or float64), changed in place and returned."""
    if isinstance(layer, type) or not isinstance(layer, Described):
        raise TypeError(f"cast: expected a layer such as sn.Sequential(...), got {layer!r:.60}")
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"cast: expected float32 or float64, got {dtype!r:.60}") from None
    if wanted not in (np.float32, np.float64):
        raise ValueError(f"cast: expected float32 or float64, got {wanted}")
    for parameter in layer.parameters().values():
        parameter.data = memory.aligned(parameter.data.astype(wanted))
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


def check_training(name: str, training: Training | None) -> None:
    """TypeError when `training` is neither a Training nor None, but True, say."""
    if training is not None and not isinstance(training, Training):
        raise TypeError(
            f"{name}: training: expected sn.Training(rng), which says where random numbers come from, or None, "
            f"got {training!r:.60}"
        )


def generator(name: str, seed: int | np.random.Generator | None) -> np.random.Generator:
    """The random generator that `seed` is or starts; TypeError or ValueError for what is no seed."""
    if seed is None or isinstance(seed, np.random.Generator):
        return np.random.default_rng(seed)
    return np.random.default_rng(whole(f"{name}: seed (or a numpy Generator, or None)", seed, least=0))
