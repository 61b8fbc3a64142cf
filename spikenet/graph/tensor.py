"""The node of the computational graph: an array, where it came from, and how gradients go back.

A `Tensor` that an operation returns remembers its parents and its vjp (vector-Jacobian product): a function from the
gradient of a loss in this tensor to the gradients in its parents. Nothing here knows any operation; operators and
methods are attached by `operators.py`, so that no import runs in a circle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spikenet.errors import Array
from spikenet.graph.floats import FLOATS, floats
from spikenet.graph.late import Late, given_back
from spikenet.graph.recording import is_recording

Vjp: TypeAlias = Callable[[Any], Sequence[Any]]
TensorLike: TypeAlias = "Tensor | Array | np.generic | complex | Sequence[Any]"
Axis: TypeAlias = int | tuple[int, ...] | None


class Tensor:
    """An array that can be differentiated.

    data         : float32, float64 or complex array, shared and not copied when it already is one. Anything else
                   (Python numbers, lists, integers, booleans) becomes float32. `Late` data are made when asked for.
    parents, vjp : the operands it was computed from, and g -> one gradient (or None) per parent. Both are dropped when
                   no parent requires a gradient, and under `no_grad`. A vjp must neither change g nor keep what it
                   returns; returning g itself or a view of it is fine.
    requires_grad: for a leaf, whether `backward` shall fill `grad`; for a result, whether any parent requires it
    grad         : gradient of the losses `backward` was called on, summed; leaves only; replace it, don't write in it
    name         : what a drawing and an error message call it
    operation    : what computed it, for drawings; "" for a leaf
    bounds       : (low, high) the optimiser keeps a parameter within, or None
    events       : where data is not 0, when whoever computed it listed that anyway, or None; opaque to the graph
    wanted       : where a gradient in this tensor has any effect, so that a vjp may leave it 0 elsewhere; None for
                   everywhere; opaque to the graph
    takes_factors: whether the vjp can use a gradient given as a `Factored` product
    spent        : whether the operation that read data last can go back without them, so that whoever alone holds this
                   tensor may `give_back`

    Comparisons (==, <, ...) give boolean arrays; a tensor as a key of a dictionary stands for itself, not its values.

    Raises TypeError when data are not numbers.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_late",
        "_repeated",
        "bounds",
        "events",
        "grad",
        "name",
        "operation",
        "parents",
        "requires_grad",
        "spent",
        "takes_factors",
        "vjp",
        "wanted",
    )
    __array_ufunc__ = None  # so that ndarray + Tensor is left to the Tensor

    def __init__(
        self,
        data: TensorLike | Late,
        parents: tuple[Tensor, ...] = (),
        vjp: Vjp | None = None,
        *,
        requires_grad: bool = False,
        name: str | None = None,
        operation: str = "",
        bounds: tuple[float, float] | None = None,
    ) -> None:
        self._late: Late | None = None
        self._data: Array | None = None
        if type(data) is np.ndarray and data.dtype in FLOATS:
            self._data = data
        elif isinstance(data, Late):
            self._late = data
        else:
            if isinstance(data, Tensor):
                raise TypeError("Tensor: got a Tensor; use it as it is, or x.detach() for a constant with its data")
            self._data = floats(data)
        self.grad: Array | None = None
        self.name = name
        self.operation = operation
        self.bounds = bounds
        self.events: Any = None
        self.wanted: Any = None
        self.takes_factors = False
        self.spent = False
        self.parents: tuple[Tensor, ...] = ()
        self.vjp: Vjp | None = None
        self.requires_grad: bool = requires_grad
        self._repeated: Tensor | None = None
        if vjp is not None and is_recording():
            for parent in parents:
                if parent.requires_grad:
                    self.parents, self.vjp, self.requires_grad = parents, vjp, True
                    break

    @property
    def data(self) -> Array:
        """The array; late data are made when first asked for, and read-only: whoever listed them knows no change."""
        if self._late is not None:
            self._data, self._late = self._late.make(), None
            self._data.flags.writeable = False
        assert self._data is not None
        return self._data

    @data.setter
    def data(self, array: Array) -> None:
        self._data, self._late, self.events, self.wanted = array, None, None, None  # listed was other data

    def give_back(self) -> None:
        """Lets go of data that nobody will ask for: a training step holds them for every layer otherwise."""
        self._late, self._data = given_back(self.shape, self.dtype), None

    def __getstate__(self) -> Any:
        self._data = self.data  # how late data are made cannot be kept
        return object.__getstate__(self)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape if self._late is None else self._late.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype if self._late is None else self._late.dtype

    @property
    def repeated(self) -> Tensor | None:
        """The tensor this one repeats along axis 0 (time), or None when it may change with time.

        Set by `repeat`; a constant whose data has stride 0 along time (np.broadcast_to) is recognised too.
        """
        if self._late is not None:
            return None
        data = self.data
        if self._repeated is None and not self.requires_grad and data.ndim and not data.strides[0] and len(data) > 1:
            self._repeated = Tensor(data[0])
        return self._repeated

    def item(self) -> float:
        """The value of a tensor of size 1 as a Python number; ValueError for any other size."""
        if self.data.size != 1:
            raise ValueError(f"item: expected a tensor of size 1, got shape {self.shape}")
        return self.data.item()  # type: ignore[no-any-return]

    def detach(self) -> Tensor:
        """The same data without its history: a constant."""
        constant = Tensor(self.data, name=self.name)
        constant._repeated = None if self._repeated is None else self._repeated.detach()
        return constant

    def __len__(self) -> int:
        return len(self.data) if self._late is None else self.shape[0]

    def __float__(self) -> float:
        return float(self.item())

    def __bool__(self) -> bool:
        return bool(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.data, dtype=dtype) if copy else np.asarray(self.data, dtype=dtype)

    def __repr__(self) -> str:
        values = np.array2string(self.data, threshold=50, edgeitems=2, separator=", ", prefix="Tensor(")
        facts = [str(self.dtype)] + [f"{key}={value!r}" for key, value in self._facts() if value]
        return f"Tensor({values}, {', '.join(facts)})"

    def _facts(self) -> tuple[tuple[str, object], ...]:
        leaf = self.vjp is None and self.requires_grad
        return ("name", self.name), ("operation", self.operation), ("requires_grad", leaf)

    __hash__ = object.__hash__

    if TYPE_CHECKING:  # attached by operators.py

        def backward(self, g: TensorLike | None = None) -> None: ...
        def __add__(self, b: TensorLike) -> Tensor: ...
        def __radd__(self, b: TensorLike) -> Tensor: ...
        def __sub__(self, b: TensorLike) -> Tensor: ...
        def __rsub__(self, b: TensorLike) -> Tensor: ...
        def __mul__(self, b: TensorLike) -> Tensor: ...
        def __rmul__(self, b: TensorLike) -> Tensor: ...
        def __truediv__(self, b: TensorLike) -> Tensor: ...
        def __rtruediv__(self, b: TensorLike) -> Tensor: ...
        def __pow__(self, b: TensorLike) -> Tensor: ...
        def __rpow__(self, b: TensorLike) -> Tensor: ...
        def __matmul__(self, b: TensorLike) -> Tensor: ...
        def __rmatmul__(self, b: TensorLike) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __iter__(self) -> Iterator[Tensor]: ...
        def __eq__(self, b: object) -> Array: ...  # type: ignore[override]
        def __ne__(self, b: object) -> Array: ...  # type: ignore[override]
        def __lt__(self, b: TensorLike) -> Array: ...
        def __le__(self, b: TensorLike) -> Array: ...
        def __gt__(self, b: TensorLike) -> Array: ...
        def __ge__(self, b: TensorLike) -> Array: ...
        def exp(self) -> Tensor: ...
        def log(self) -> Tensor: ...
        def sqrt(self) -> Tensor: ...
        def square(self) -> Tensor: ...
        def abs(self) -> Tensor: ...
        def tanh(self) -> Tensor: ...
        def sigmoid(self) -> Tensor: ...
        def relu(self) -> Tensor: ...
        def clip(self, low: float | Array | None = None, high: float | Array | None = None) -> Tensor: ...
        def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
        def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
        def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
        def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
        def prod(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
        def var(self, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor: ...
        def std(self, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor: ...
        def cumsum(self, axis: int) -> Tensor: ...
        def softmax(self, axis: int = -1) -> Tensor: ...
        def log_softmax(self, axis: int = -1) -> Tensor: ...
        def reshape(self, *shape: int | tuple[int, ...]) -> Tensor: ...
        def transpose(self, *axes: int | tuple[int, ...]) -> Tensor: ...
        def swapaxes(self, first: int, second: int) -> Tensor: ...
        def squeeze(self, axis: Axis = None) -> Tensor: ...
        @property
        def T(self) -> Tensor: ...
