"""The tensors inside a net's state: what has to be kept, differentiated or picked from, however deep it is nested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.layers.layer import State


def leaves(state: State | None) -> list[Any]:
    """Everything in a state that is no tuple, in order; none of rest (None)."""
    if state is None:
        return []
    return [leaf for part in state for leaf in (leaves(part) if _is_nested(part) else [part])]


def with_leaves(state: State | None, change: Callable[[Any], Any]) -> State | None:
    """A state nested alike, `change(leaf)` in place of each leaf."""
    if state is None:
        return None
    return tuple(with_leaves(part, change) if _is_nested(part) else change(part) for part in state)


def _is_nested(part: Any) -> bool:
    return part is None or isinstance(part, (tuple, list))
