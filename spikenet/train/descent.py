"""One update by hand, for training that `fit` does not know: two nets against each other, a loss of one's own."""

from __future__ import annotations

from spikenet.graph import Tensor
from spikenet.layers import Training
from spikenet.train.gradients import clip_gradients
from spikenet.train.parameters import OptimiserState, Parameters
from spikenet.train.plan import Optimiser


def descend(
    loss: Tensor,
    params: Parameters,
    optimiser: Optimiser,
    state: OptimiserState | None = None,
    *,
    training: Training | None = None,
    clip_norm: float | None = None,
) -> OptimiserState:
    """The optimiser's state after one step of `params` down the gradient of `loss`; gradients are forgotten after.

    params   : by name, as net.parameters(); others that the loss depends on get no step
    state    : what the last call returned; None at the first
    training : the one the nets were run with, if any, whose running statistics then take effect
    clip_norm: largest norm of all gradients together

    Raises ValueError when the loss is not finite or does not depend on anything that is learnt.
    """
    if not abs(loss.item()) < float("inf"):
        raise ValueError(f"descend: the loss is {loss.item()}; lower the learning rate, or look at the data")
    for p in params.values():
        p.grad = None
    loss.backward()
    if clip_norm is not None:
        clip_gradients(params, clip_norm)
    after = optimiser.step(params, optimiser.start(params) if state is None else state)
    for p in params.values():
        p.grad = None
    if training is not None:
        training.settle()
    return after
