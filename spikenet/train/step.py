"""One step of training: gradients of one minibatch, checked, and one update of the parameters."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor
from spikenet.kernels.finite import all_finite
from spikenet.layers import Training
from spikenet.layers.layer import BatchShare
from spikenet.train import streams
from spikenet.train.diverged import TrainingDiverged
from spikenet.train.evaluation import added, measured
from spikenet.train.gradients import clip_gradients, first_not_finite
from spikenet.train.layerwise import first_not_finite_output, spikes_inside
from spikenet.train.parallel import gradients_together, share
from spikenet.train.plan import Plan, Rule
from spikenet.train.ranges import not_negative
from spikenet.train.standing import Standing
from spikenet.train.targets import OutputsNotFinite

NOT_FINITE = "an output is not finite"


def take_step(plan: Plan, standing: Standing, rows: Array, encode_seed: int) -> Standing:
    """The standing after one update of the parameters (in place) from the samples numbered `rows`.

    Raises TrainingDiverged, before the update, when the loss or a gradient is NaN or infinite; after it, when a
    parameter is.
    """
    epoch, step = standing.epoch, standing.step
    scale = rate_scale(plan, epoch, step)
    training = _training(plan, standing)
    if plan.communicator is None:
        loss, values = _gradients(plan, standing, rows, encode_seed, training)
    else:
        mine = share(len(rows), plan.communicator)
        training = replace(training, share=BatchShare(mine.start, len(rows), int(plan.timed)))

        def of_mine() -> tuple[float, dict[str, float]]:
            return _gradients(plan, standing, rows[mine.start : mine.stop], encode_seed, training)

        loss, values = gradients_together(plan.communicator, plan.params, len(mine), len(rows), of_mine)
    if plan.clip_norm is not None:
        clip_gradients(plan.params, plan.clip_norm)
    state = plan.optimiser.step(plan.params, standing.optimiser, scale)
    training.settle()
    _forget_gradients(plan)  # so that nothing adds to them after training
    if (name := next((name for name, p in plan.params.items() if not all_finite(p.data)), None)) is not None:
        what, place, kept = "an update made a parameter NaN or infinite", f"parameter {name}", plan.kept_checkpoint
        raise TrainingDiverged(what, epoch + 1, step + 1, place, kept, holds="of that update, not finite")
    return replace(
        standing,
        optimiser=state,
        step=step + 1,
        sums=added(standing.sums, loss, values, len(rows)),
        samples=standing.samples + len(rows),
    )


def _gradients(
    plan: Plan, standing: Standing, rows: Array, encode_seed: int, training: Training
) -> tuple[float, dict[str, float]]:
    """(loss, metrics) of the samples numbered `rows`; the gradients are in the parameters then."""
    x, targets = plan.train.batch(rows, plan.encode, encode_seed)
    if plan.rule is not None:
        return _by_rule(plan, plan.rule, standing, x, targets, training)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # found below, and named
        try:
            y, loss, total = _forward(plan, training, x, targets)
        except OutputsNotFinite as error:
            raise _diverged(plan, standing, x, NOT_FINITE, None) from error
        if not math.isfinite(total.item()):
            raise _diverged(plan, standing, x, f"the loss is {total.item()}", None)
        _forget_gradients(plan)
        total.backward()
        if (name := first_not_finite(plan.params)) is not None:
            raise _diverged(plan, standing, x, "a gradient is not finite", f"the gradient of {name}")
    return loss.item(), measured(plan.metrics, y.data, targets)


def _by_rule(
    plan: Plan, rule: Rule, standing: Standing, x: Tensor, targets: Array, training: Training
) -> tuple[float, dict[str, float]]:
    _forget_gradients(plan)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            y, loss = rule(plan.net, x, targets, plan.loss, training)
        except OutputsNotFinite as error:
            raise _diverged(plan, standing, x, NOT_FINITE, None) from error
    if not math.isfinite(loss):
        raise _diverged(plan, standing, x, f"the loss is {loss}", None)
    if (name := first_not_finite(plan.params)) is not None:
        raise _diverged(plan, standing, x, "a gradient is not finite", f"the gradient of {name}")
    return loss, measured(plan.metrics, y.data, targets)


def rate_scale(plan: Plan, epoch: int, step: int) -> float:
    """The schedule's factor in a step, counted from 0 within its epoch; ValueError unless it is finite and >= 0."""
    if plan.schedule is None:
        return 1.0
    taken = epoch * plan.n_steps + step
    return not_negative(f"fit: schedule: factor after {taken} steps", plan.schedule(taken))


def _forward(plan: Plan, training: Training, x: Tensor, targets: Array) -> tuple[Tensor, Tensor, Tensor]:
    """(output, loss, loss with the regularisers' penalties)."""
    if not plan.regularise:
        y = plan.runs(x, training=training)
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
