"""Truncated backpropagation through time: errors travel back within a segment of steps, not across its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spikenet.errors import whole
from spikenet.graph import TensorLike
from spikenet.layers import Layer, Segmented, Training
from spikenet.learning.rule import Learnt, Loss, scalar, sequence


@dataclass(frozen=True)
class TruncatedBPTT:
    """BPTT with the state's gradient dropped every `steps` steps, >= 1, in the memory of one segment.

    Source: Williams & Peng 1990 (Neural Computation 2(4):490-501); `sn.Segmented(net, steps=..., truncate=True)` as a
    rule. With at least as many steps as the input has it is backpropagation through time.
    """

    steps: int

    def __post_init__(self) -> None:
        whole("TruncatedBPTT: steps", self.steps)

    def __call__(self, net: Layer, x: TensorLike, targets: Any, loss: Loss, training: Training | None = None) -> Learnt:
        """Adds its gradients of loss(y, targets), y (steps, batch, ...); returns the output and the loss."""
        given = sequence("TruncatedBPTT", net, x)
        y = Segmented(net, steps=self.steps, truncate=True)(given, training=training)
        value = scalar("TruncatedBPTT", loss(y, targets))
        value.backward()
        return Learnt(y.detach(), value.item())
