"""Progressive growing: a net learns small images first; larger layers are then faded in.

Source: Karras et al. 2017 (arXiv:1710.10196), figure 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spikenet.errors import whole, within
from spikenet.graph import Tensor, TensorLike
from spikenet.layers import Layer, Training, Upsample2d
from spikenet.layers.layer import check_training


class Growing:
    """Stages one behind the other, each with a reader that makes an image of what it gives.

    stages : layers, each giving maps twice as large as the one before
    readers: for each stage a layer from its maps to an image, such as Conv2d(n, 1, 1)

    `net(z, stage=k, share=a)` is a times the image of stage k plus 1 - a times that of stage k - 1, enlarged. `share`
    goes from 0 to 1 as stage k is faded in.
    """

    kind = "Growing"

    def __init__(self, stages: Sequence[Layer], readers: Sequence[Layer]) -> None:
        if not stages or len(stages) != len(readers):
            raise ValueError(f"Growing: expected a reader for each of {len(stages)} stages, got {len(readers)}")
        self.stages, self.readers = tuple(stages), tuple(readers)

    def __call__(self, z: TensorLike, *, stage: int, share: float = 1.0, training: Training | None = None) -> Tensor:
        k = whole("Growing: stage", stage, least=0)
        if k >= len(self.stages):
            raise ValueError(f"Growing: stage: expected one of {len(self.stages)}, counted from 0, got {k}")
        check_training("Growing", training)
        weight = within("Growing: share", share, 0, 1)
        x = self.stages[0](z, training=training)
        before = x
        for layer in self.stages[1 : k + 1]:
            before, x = x, layer(x, training=training)
        image = self.readers[k](x, training=training)
        if k == 0 or weight == 1:
            return image
        coarse = Upsample2d(2)(self.readers[k - 1](before, training=training))
        if coarse.shape != image.shape:
            raise ValueError(
                f"Growing: stage {k} must double the image of the one before, {coarse.shape} by now, got {image.shape}"
            )
        return image * weight + coarse * (1 - weight)

    def parameters(self, stage: int | None = None) -> dict[str, Tensor]:
        """Of all stages, or of those up to `stage` and the readers used there."""
        n = len(self.stages) if stage is None else stage + 1
        named = [(f"stages.{k}", layer) for k, layer in enumerate(self.stages[:n])]
        named += [(f"readers.{k}", layer) for k, layer in enumerate(self.readers[:n])]
        return {f"{name}.{key}": p for name, layer in named for key, p in layer.parameters().items()}

    @property
    def layers(self) -> tuple[Layer, ...]:
        return (*self.stages, *self.readers)

    @classmethod
    def of_layers(cls, *layers: Layer) -> Growing:
        """All stages, then all readers: as `layers` gives them."""
        half = len(layers) // 2
        return cls(layers[:half], layers[half:])

    def config(self) -> dict[str, Any]:
        return {}
