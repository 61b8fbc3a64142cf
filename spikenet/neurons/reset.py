"""What happens to the membrane after a spike: small functions handed to a model, `reset(p, v, fired)` -> v after.

As written the gradient passes through `fired`, by the surrogate. `detached(reset)` is the same reset with the spike
seen as a constant; it is the default of the built-in models, as it is snnTorch's and, in its own examples,
SpikingJelly's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spikenet.neurons.primitives import stop_gradient

Reset = Callable[[Any, Any, Any], Any]


def subtract(p: Any, v: Any, fired: Any) -> Any:
    """The membrane loses one threshold; what exceeded it stays."""
    return v - p.threshold * fired


def to_zero(p: Any, v: Any, fired: Any) -> Any:
    """The membrane returns to 0."""
    return v * (1.0 - fired)


def to_value(p: Any, v: Any, fired: Any) -> Any:
    """The membrane is set to the parameter `reset_value`."""
    return v * (1.0 - fired) + p.reset_value * fired  # v + (reset_value - v) * fired would round


def no_reset(p: Any, v: Any, fired: Any) -> Any:
    """The membrane goes on as if nothing had happened."""
    return v


@dataclass(frozen=True)
class Detached:
    """A reset that sees the spike as a constant; a record, so that a net can be copied and pickled."""

    detaches: Reset

    def __call__(self, p: Any, v: Any, fired: Any) -> Any:
        return self.detaches(p, v, stop_gradient(fired))

    def __repr__(self) -> str:
        return f"detached({getattr(self.detaches, '__name__', self.detaches)})"


def detached(reset: Reset) -> Reset:
    """`reset` with no gradient through the spike that triggers it."""
    if not callable(reset):
        raise TypeError(f"detached: expected a reset such as sn.reset.subtract, got {reset!r}")
    return Detached(reset)


detached_subtract = detached(subtract)
"""The built-in models' default."""
detached_to_value = detached(to_value)
"""The default of models whose membrane runs away when they fire."""
