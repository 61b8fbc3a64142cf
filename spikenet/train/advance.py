"""Training as a sequence of standings: one after every step, and one after every epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

from spikenet.train import streams
from spikenet.train.diverged import TrainingDiverged
from spikenet.train.evaluation import mean_values, summed_values
from spikenet.train.history import EpochRecord
from spikenet.train.layerwise import first_not_finite_output
from spikenet.train.parallel import share, summed_together
from spikenet.train.plan import Plan
from spikenet.train.samples import Samples
from spikenet.train.standing import Standing, finished
from spikenet.train.step import rate_scale, take_step


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
        test = _tested(plan, plan.test)
        if not math.isfinite(test["loss"]):
            what, place = f"the test loss is {test['loss']}", _first_not_finite(plan, plan.test)
            epoch, step, kept = standing.epoch + 1, standing.step, plan.kept_checkpoint
            raise TrainingDiverged(what, epoch, step, place, kept, holds="from after this step")
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


def _tested(plan: Plan, test: Samples) -> dict[str, float]:
    arguments = (plan.runs, test, plan.loss, plan.metrics, plan.encode, plan.batch_size, plan.seed)
    if plan.communicator is None:
        return mean_values(*arguments)
    mine = share(test.n, plan.communicator)
    sums = summed_together(plan.communicator, lambda: summed_values(*arguments, mine))
    return {name: total / test.n for name, total in sums.items()}


def _first_not_finite(plan: Plan, chosen: Samples) -> str:
    for start in range(0, chosen.n, plan.batch_size):
        x, _ = chosen.batch(slice(start, min(start + plan.batch_size, chosen.n)), plan.encode, plan.seed)
        if (place := first_not_finite_output(plan.net, x, None)) is not None:
            return place
    return "the loss itself"
