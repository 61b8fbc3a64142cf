"""Number formats, and which of them a net's weights, values, sums and neurons are held in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Format(Enum):
    """A number format; its value is the name printed in tables."""

    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    FP16 = "fp16"
    FP32 = "fp32"

    @property
    def bytes(self) -> int:
        return int(self.value.lstrip("intfp")) // 8


@dataclass(frozen=True)
class Arithmetic:
    """The formats of one way to run a net.

    weight  : as stored and as multiplied
    value   : activations between layers, and an input that is not 0/1
    sum     : what products and synaptic weights are added up in, and the bias
    neuron  : state and arithmetic of spiking and rate neurons
    rescale : whether every sum is scaled back to `value` (or to `neuron`) by a multiplier of its channel
    """

    name: str
    weight: Format
    value: Format
    sum: Format
    neuron: Format
    rescale: bool

    def in_words(self, *, with_neurons: bool) -> str:
        """Name for a table; a net whose neurons are in another format than its weights says both."""
        if not with_neurons or self.neuron is self.weight:
            return self.name
        return f"{self.name}, {self.neuron.value} neurons"


FLOAT32 = Arithmetic("float32", Format.FP32, Format.FP32, Format.FP32, Format.FP32, rescale=False)
INT8 = Arithmetic("int8", Format.INT8, Format.INT8, Format.INT32, Format.FP32, rescale=True)
