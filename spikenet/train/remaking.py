"""A saved net made again from its description: layers, and what models and convert make of them."""

from __future__ import annotations

from typing import Any

from spikenet.convert.qdq import link_norms
from spikenet.layers import build

_ELSEWHERE = {  # room and file: the kinds it makes besides layers of one input; loaded when asked for
    "convert.qdq": "QdqConnection QdqActivation",
    "layers.conditional": "ConditionalBatchNorm2d AdaIN SPADE",
    "models.attention_blocks": "EncoderBlock DecoderBlock",
    "models.autoencoders": "VariationalAutoencoder VectorQuantiser VqAutoencoder",
    "models.autoregressive": "WaveNet",
    "models.couplings": "AdditiveCoupling AffineCoupling Scaling InvertibleConv1x1 ConvCoupling",
    "models.flows": "Flow Squeeze Unsqueezed",
    "models.growing": "Growing",
    "models.transformer": "Transformer",
}
_MODULES = {kind: f"spikenet.{file}" for file, kinds in _ELSEWHERE.items() for kind in kinds.split()}


def made_again(described: dict[str, Any]) -> Any:
    """The net that `spikenet.train.checkpoint.describe` described, with weights of its own.

    Raises ValueError for a kind that is not built in.
    """
    net = _made(described)
    link_norms(net)
    return net


def _made(described: dict[str, Any]) -> Any:
    inner = [_made(one) for one in described["layers"]]
    return build(described["kind"], described["config"], inner, elsewhere=_MODULES)
