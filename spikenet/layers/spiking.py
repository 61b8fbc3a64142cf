"""Spiking: a population of neurons of any model as a layer, one neuron for every value of the input.

The model is a plain step function; everything else (time loop, adjoint, operation count) is derived from it.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spikenet.derive.operations import SPIKES
from spikenet.derive.refractory import PARAMETER, refractory
from spikenet.derive.trace import Step, Trace, arguments, smoothed, surrogate_name, trace, undetached
from spikenet.errors import Array, finite_values, single_values
from spikenet.graph import Tensor, TensorLike, repeat
from spikenet.layers.layer import State, Training, as_input, looked_at, refuse_state, state_parts
from spikenet.layers.over_time import over_time
from spikenet.layers.plain import plain, shown
from spikenet.layers.resting import at_rest, checked
from spikenet.neurons.integration import runge_kutta_4
from spikenet.neurons.reset import detached_subtract, subtract
from spikenet.neurons.surrogate import Surrogate, atan

RETENTION = (0.0, 1.0)
"""What optimisers keep a learnt `leak`, `..._leak` or `..._gate` within: a retention outside [0, 1] is no decay."""
_USUAL = (detached_subtract, atan, runge_kutta_4)  # functions that a repr leaves out


class Spiking:
    """Neurons of the model `step`, each value of the input the current of one.

    step      : step(p, *states, current, *, ...functions) -> (*states after, output), a function of scalars built from
                + - * / and spikenet.neurons.primitives
    surrogate : what stands for the derivative of a spike
    learn     : names of the parameters to train
    rest      : value of a state before the first step, by name, a number or an array over neurons; 0 where not given
    refractory_steps: steps after a spike in which the neuron stands still, >= 0; None for a model without this state
    holds     : the states that keep their values meanwhile; the others go on
    smooth    : put the surrogate's smooth twin in place of every spike, for gradient checks
    kind, describe: the name and arguments under which a checkpoint makes the layer again
    model, runs: the step as read, and the model that runs (its smooth twin when `smooth`)
    values    : every parameter the step asks for, a number or an array that broadcasts to the neurons' shape; and the
                functions it takes (reset=, method=, activation=)

    Input is (steps, batch, neurons...); a model without states is pointwise and takes any (..., neurons).
    The state is one tensor (batch, neurons...) for each name in `states`.

    Raises TypeError for a step that cannot be read and for missing or unknown parameters, ValueError for parameters
    that are not finite.
    """

    def __init__(
        self,
        step: Step,
        *,
        surrogate: Surrogate = atan,
        learn: tuple[str, ...] = (),
        rest: Mapping[str, Any] | None = None,
        refractory_steps: Any = None,
        holds: tuple[str, ...] = ("v",),
        smooth: bool = False,
        kind: str = "Spiking",
        describe: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> None:
        if not isinstance(surrogate, Surrogate):
            raise TypeError(f"{kind}: surrogate: expected one of sn.surrogate, such as atan, got {surrogate!r}")
        self.kind, self.surrogate, self.smooth = kind, surrogate, smooth
        self._describe = dict(describe or {})
        functions, numbers = _sorted_values(kind, step, values)
        self.model = _read(kind, step, functions)
        self._is_detached = functions.get("reset") == detached_subtract
        self.states = self.model.states
        if taken := [n for n in self.model.parameters if n in _ARGUMENTS]:
            raise TypeError(
                f"{self.name}: the step's parameters {taken} are arguments of Spiking; give them other names"
            )
        if refractory_steps is not None:
            self.model = refractory(self.model, holds)
            numbers[PARAMETER] = _whole_steps(f"{self.name}: {PARAMETER}", refractory_steps)
            self.states = self.model.states
        self.rest = checked(self.name, rest, self.states)
        if any(e.operation in SPIKES for e in self.model.order()):
            numbers[surrogate_name(surrogate)] = surrogate.value
        wanted = [*self.model.parameters, *(n for n in numbers if n == surrogate_name(surrogate))]
        self._check_names(wanted, numbers, learn)
        self.values = {n: _parameter(f"{self.name}: {n}", numbers[n], n, n in learn) for n in wanted}
        self.learn = tuple(n for n in wanted if n in learn)
        self.runs = smoothed(self.model, surrogate) if smooth else self.model

    @property
    def name(self) -> str:
        """What messages and pictures call the layer."""
        return self.kind if self.kind != "Spiking" else self.model.name

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(output in the shape of x, the states after the last step)."""
        looked_at(self.name, self.values, x, state)
        x = as_input(self.name, x)
        if x.dtype not in (np.float32, np.float64):
            raise TypeError(f"{self.name}: expected float32 or float64, got {x.dtype}")
        if not self.states:
            return self._pointwise(x, state)
        if x.ndim < 3 or not x.size:
            raise ValueError(
                f"{self.name}: expected input (steps, batch, neurons...) without empty axes, got {x.shape}; "
                "a missing batch axis is added with x[:, None]"
            )
        before = self._before(x, state, training)
        out, *after = over_time(self.runs, self.surrogate, self.learn, x, before, self._spread(x))
        return out, tuple(after)

    def through_reset(self) -> Spiking:
        """These neurons, sharing their parameters, with a subtracting reset that is differentiated; themselves if it is
        or if their reset is another."""
        if not self._is_detached:
            return self
        made = copy.copy(self)
        made._is_detached, made.model = False, undetached(self.model)
        made.runs = smoothed(made.model, made.surrogate) if made.smooth else made.model
        if "reset" in made._describe:
            made._describe = made._describe | {"reset": subtract}
        return made

    def parameters(self) -> dict[str, Tensor]:
        return {name: self.values[name] for name in self.learn}

    def config(self) -> dict[str, Any]:
        return {name: plain(value) for name, value in self._describe.items()}

    def __repr__(self) -> str:
        numbers = self._describe or {name: value.data for name, value in self.values.items()}
        told = {name: v for name, v in numbers.items() if np.size(v) and v is not None}
        given = [f"{name}={shown(v)}" for name, v in told.items() if not (callable(v) and v in _USUAL)]
        return f"{self.name}({', '.join(given)})"

    def _pointwise(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        refuse_state(self.name, state)
        if x.repeated is not None and x.ndim > 1:
            return repeat(self._pointwise(x.repeated, None)[0], len(x)), ()
        rows = x.reshape((1, math.prod(x.shape[:-1]), x.shape[-1] if x.ndim else 1))
        (out,) = over_time(self.runs, self.surrogate, self.learn, rows, (), self._spread(rows))
        return out.reshape(x.shape), ()

    def _before(self, x: Tensor, state: State | None, training: Training | None = None) -> tuple[Tensor, ...]:
        shape = x.shape[1:]
        state = state_parts(self.name, state, self.states)
        if state is None:
            return tuple(map(Tensor, at_rest(self.name, self.rest, shape, x.dtype, training)))
        before = tuple(as_input(f"{self.name}: state", part, x.dtype) for part in state)
        for name, part in zip(self.states, before, strict=True):
            if part.shape != shape:
                raise ValueError(
                    f"{self.name}: expected state {name!r} of shape {shape} (batch, neurons...), got {part.shape}; "
                    "a state belongs to one batch: start the next with state=None"
                )
        return before

    def _spread(self, x: Tensor) -> dict[str, Tensor]:
        shape = x.shape[2:]
        for name, value in self.values.items():
            try:
                fits = np.broadcast_shapes(value.shape, shape) == shape
            except ValueError:
                fits = False
            if not fits:
                raise ValueError(f"{self.name}: {name} of shape {value.shape} does not broadcast to neurons {shape}")
        return self.values

    def _check_names(self, wanted: list[str], given: Mapping[str, Any], learn: tuple[str, ...]) -> None:
        if not isinstance(learn, (tuple, list)):
            raise TypeError(f'{self.name}: learn: expected a tuple of names such as ("leak",), got {learn!r}')
        if missing := [n for n in wanted if n not in given]:
            raise TypeError(f"{self.name}: missing parameters {missing}")
        if unknown := [n for n in given if n not in wanted]:
            raise TypeError(f"{self.name}: unknown parameters {unknown}; the step asks for {wanted}")
        useful = [n for n in wanted if n != PARAMETER and (self.smooth or n != surrogate_name(self.surrogate))]
        if unknown := [n for n in learn if n not in useful]:
            raise ValueError(
                f"{self.name}: learn: {unknown} cannot be learnt; {useful} can (a surrogate's width changes no output)"
            )


def _read(kind: str, step: Step, functions: Mapping[str, Callable[..., Any]]) -> Trace:
    """The trace of the step; a TypeError that a function handed to it may be to blame for names that function."""
    try:
        return trace(step, functions)
    except TypeError as error:
        if functions:
            given = ", ".join(f"{name}={function!r:.60}" for name, function in functions.items())
            raise TypeError(
                f"{kind}: expected functions built from those of sn.primitives, got {given}: {error}"
            ) from error
        raise


def _sorted_values(
    kind: str, step: Step, values: Mapping[str, Any]
) -> tuple[dict[str, Callable[..., Any]], dict[str, Any]]:
    """(values that are functions the step takes as keywords, values of its parameters)."""
    named = {a.name for a in arguments(step) if a.kind is a.KEYWORD_ONLY}
    for name in named & values.keys():
        if not callable(values[name]):
            raise TypeError(f"{kind}: {name}: expected a function, got {values[name]!r}")
    functions = {name: values[name] for name in values if name in named}
    return functions, {name: values[name] for name in values if name not in named}


def _whole_steps(label: str, steps: Any) -> Array:
    array = finite_values(label, steps)
    if (array < 0).any() or (array != np.round(array)).any():
        raise ValueError(f"{label}: expected whole numbers >= 0, got {array[(array < 0) | (array % 1 != 0)].flat[0]:g}")
    return array


def _parameter(label: str, value: Any, name: str, learnt: bool) -> Tensor:
    given, is_leak = value.data if isinstance(value, Tensor) else value, name.endswith(("leak", "_gate"))
    array: Array = finite_values(label, given) if is_leak else single_values(label, given)  # a leak may underflow
    if array.dtype.kind == "c":
        raise TypeError(f"{label}: expected real numbers, got {array.dtype}")
    if not array.size:
        raise ValueError(f"{label}: expected a number or one for each neuron, got an empty array")
    data = array.astype(np.float64 if array.dtype == np.float64 and not learnt else np.float32)
    return Tensor(data, requires_grad=learnt, name=name, bounds=RETENTION if is_leak and learnt else None)


_ARGUMENTS = frozenset(inspect.signature(Spiking.__init__).parameters) - {"values"}
