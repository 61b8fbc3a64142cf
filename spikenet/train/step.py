"""One step of training: gradients of one minibatch, checked, and one update of the parameters."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor
from spikenet.layers import Training
from spikenet.train import streams
from spikenet.train.diverged import TrainingDiverged
from spikenet.train.evaluation import added, measured
from spikenet.train.gradients import clip_gradients, first_not_finite, is_finite
from spikenet.train.layerwise import first_not_finite_output, spikes_inside
from spikenet.train.plan import Plan
from spikenet.train.ranges import not_negative
from spikenet.train.standing import Standing


def take_step(plan: Plan, standing: Standing, rows: Array, encode_seed: int) -> Standing:
    """The standing after one update of the parameters (in place) from the samples numbered `rows`.

    Raises TrainingDiverged, before the update, when the loss or a gradient is NaN or infinite; after it, when a
    parameter is.
    """
    epoch, step = standing.epoch, standing.step
    scale = rate_scale(plan, epoch, step)
    x, targets = plan.train.batch(rows, plan.encode, encode_seed)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # found below, and named
        y, loss, total = _forward(plan, standing, x, targets)
        if not math.isfinite(total.item()):
            raise _diverged(plan, standing, x, f"the loss is {total.item()}", None)
        _forget_gradients(plan)
        total.backward()
        if (name := first_not_finite(plan.params)) is not None:
            raise _diverged(plan, standing, x, "a gradient is not finite", f"the gradient of {name}")
    values = measured(plan.metrics, y.data, targets)
    if plan.clip_norm is not None:
        clip_gradients(plan.params, plan.clip_norm)
    state = plan.optimiser.step(plan.params, standing.optimiser, scale)
    _forget_gradients(plan)  # so that nothing adds to them after training
    if (name := next((name for name, p in plan.params.items() if not is_finite(p.data)), None)) is not None:
        what, place, kept = "an update made a parameter NaN or infinite", f"parameter {name}", plan.kept_checkpoint
        raise TrainingDiverged(what, epoch + 1, step + 1, place, kept, holds="of that update, not finite")
    return replace(
        standing,
        optimiser=state,
        step=step + 1,
        sums=added(standing.sums, loss.item(), values, len(rows)),
        samples=standing.samples + len(rows),
    )


def rate_scale(plan: Plan, epoch: int, step: int) -> float:
    """The schedule's factor in a step, counted from 0 within its epoch; ValueError unless it is finite and >= 0."""
    if plan.schedule is None:
        return 1.0
    taken = epoch * plan.n_steps + step
    return not_negative(f"fit: schedule: factor after {taken} steps", plan.schedule(taken))


def _forward(plan: Plan, standing: Standing, x: Tensor, targets: Array) -> tuple[Tensor, Tensor, Tensor]:
    """(output, loss, loss with the regularisers' penalties)."""
    training = _training(plan, standing)
    if not plan.regularise:
        y = plan.net(x, training=training)
        loss = plan.loss(y, targets)
        return y, loss, loss
    y, spikes = spikes_inside(plan.net, x, training)
    loss = total = plan.loss(y, targets)
    for penalty in plan.regularise:
        for fired in spikes:
            total = total + penalty(fired)
    return y, loss, total


def _forget_gradients(plan: Plan) -> None:
    for p in plan.params.values():
        p.grad = None


def _training(plan: Plan, standing: Standing) -> Training:
    return Training(streams.layer_rng(plan.seed, standing.epoch, standing.step))


def _diverged(plan: Plan, standing: Standing, x: Tensor, what: str, otherwise: str | None) -> TrainingDiverged:
    place = first_not_finite_output(plan.net, x, _training(plan, standing)) or otherwise or "the loss itself"
    return TrainingDiverged(what, standing.epoch + 1, standing.step + 1, place, plan.kept_checkpoint)
