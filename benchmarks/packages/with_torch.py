"""The conventional nets in torch."""

from __future__ import annotations

import torch
from workloads import Given, Workload

from packages.torch_training import Watch, plain_layer, trainable
from packages.trainable import Trainable

VERSION = torch.__version__


def build(workload: Workload, given: Given, rate: float) -> Trainable:
    net = torch.nn.Sequential(*(plain_layer(layer, k, given) for k, layer in enumerate(workload.layers)))
    x = torch.tensor(given.x)

    def forward(watch: Watch | None = None) -> torch.Tensor:
        return net(x)

    return trainable(workload, given, rate, list(net.parameters()), forward)
