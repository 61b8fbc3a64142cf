"""Training as a sequence of standings: one after every step, and one after every epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

from spikenet.train import streams
from spikenet.train.diverged import TrainingDiverged
from spikenet.train.evaluation import summed_values
from spikenet.train.history import EpochRecord
from spikenet.train.layerwise import first_not_finite_output
from spikenet.train.parallel import share, summed_together
from spikenet.train.plan import Plan
from spikenet.train.samples import Samples
from spikenet.train.standing import Standing, finished
from spikenet.train.step import rate_scale, take_step
from spikenet.train.targets import OutputsNotFinite


def advance(plan: Plan, standing: Standing) -> Iterator[Standing]:
    """Trains from `standing` to the end; each standing that is yielded belongs to the weights at that moment.

    A standing with step 0 has just finished an epoch. One that is not finite is not yielded:
    TrainingDiverged is raised.
    """
    while not finished(plan, standing):
        started_s = time.perf_counter()
        visit = streams.order(plan.seed, standing.epoch, plan.train.n)
        encode_seed = streams.encode_seed(plan.seed, standing.epoch)
        for start in range(standing.step * plan.batch_size, plan.train.n, plan.batch_size):
            standing = take_step(plan, standing, visit[start : start + plan.batch_size], encode_seed)
            yield standing
        standing = _epoch_finished(plan, standing, started_s)
        yield standing


def _epoch_finished(plan: Plan, standing: Standing, started_s: float) -> Standing:
    test = {}
    if plan.test is not None:
        test = _tested(plan, standing, plan.test)
        if not math.isfinite(test["loss"]):
            raise _diverged(plan, standing, plan.test, f"the test loss is {test['loss']}")
    record = EpochRecord(
        epoch=standing.epoch + 1,
        train={name: total / standing.samples for name, total in standing.sums.items()},
        test=test,
        rate_scale=rate_scale(plan, standing.epoch, plan.n_steps - 1),
        seconds=time.perf_counter() - started_s,
    )
    best = None if plan.early_stop is None else plan.early_stop.better(standing.best, record, plan.params)
    records = (*standing.records, record)
    return replace(standing, records=records, best=best, step=0, sums={}, samples=0)


def _tested(plan: Plan, standing: Standing, test: Samples) -> dict[str, float]:
    arguments = (plan.runs, test, plan.loss, plan.metrics, plan.encode, plan.batch_size, plan.seed)

    def sums_of(which: range) -> dict[str, float]:
        try:
            return summed_values(*arguments, which)
        except OutputsNotFinite as error:
            raise _diverged(plan, standing, test, "a test output is not finite") from error

    if plan.communicator is None:
        sums = sums_of(range(test.n))
    else:
        mine = share(test.n, plan.communicator)
        sums = summed_together(plan.communicator, lambda: sums_of(mine))
    return {name: total / test.n for name, total in sums.items()}


def _diverged(plan: Plan, standing: Standing, test: Samples, what: str) -> TrainingDiverged:
    place, epoch, kept = _first_not_finite(plan, test), standing.epoch + 1, plan.kept_checkpoint
    return TrainingDiverged(what, epoch, standing.step, place, kept, holds="from after this step")


def _first_not_finite(plan: Plan, chosen: Samples) -> str:
    for start in range(0, chosen.n, plan.batch_size):
        x, _ = chosen.batch(slice(start, min(start + plan.batch_size, chosen.n)), plan.encode, plan.seed)
        if (place := first_not_finite_output(plan.net, x, None)) is not None:
            return place
    return "the loss itself"
