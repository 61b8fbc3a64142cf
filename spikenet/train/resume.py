"""A training run in a checkpoint: written between two steps, read to go on as if it had never stopped."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from spikenet.errors import Array
from spikenet.train.checkpoint import (
    arrays_of,
    check_same_net,
    describe,
    fitting,
    held_masks,
    hold,
    named,
    network_in,
    values,
)
from spikenet.train.checkpoint_file import read_checkpoint, write_checkpoint
from spikenet.train.early_stop import Best
from spikenet.train.history import EpochRecord
from spikenet.train.parameters import OptimiserState
from spikenet.train.plan import Plan
from spikenet.train.standing import Standing


def write_run(path: str | os.PathLike[str], plan: Plan, same: dict[str, str], standing: Standing) -> None:
    """Writes net, optimiser and standing to `path`; `same` is the plan's identity."""
    best = standing.best
    run = {
        "identity": same,
        "epochs": plan.epochs,
        "step": standing.step,
        "sums": standing.sums,
        "samples": standing.samples,
        "records": [asdict(record) for record in standing.records],
        "best": None if best is None else {"value": best.value, "epoch": best.epoch},
    }
    arrays = arrays_of(plan.net)
    for moment, of_parameters in standing.optimiser.items():
        arrays |= named(f"optimiser/{moment}", of_parameters)
    if best is not None:
        arrays |= named("best", best.weights)
    write_checkpoint(path, {"network": describe(plan.net), "training": run}, arrays)


def read_run(path: str | os.PathLike[str], plan: Plan, same: dict[str, str]) -> Standing:
    """The standing in a checkpoint; its weights are put into the plan's net, and held at 0 where they were.

    Raises ValueError naming the file and what differs when it is damaged, holds no training run, or was written by
    another net, optimiser, seed, data set or other argument that decides a number. The net is unchanged then.
    """
    header, arrays = read_checkpoint(path)
    name = os.fspath(path)
    check_same_net(path, network_in(path, header), plan.net)
    if (run := header.get("training")) is None:
        raise ValueError(f"{name}: expected a checkpoint written by fit(checkpoint=...), got one written by save")
    for what, value in same.items():
        if run["identity"].get(what) != value:
            raise ValueError(f"{name}: resume: expected {what} {run['identity'].get(what)}, got {value}")
    if len(run["records"]) > plan.epochs:
        raise ValueError(f"{name}: resume: expected epochs >= the {len(run['records'])} done, got {plan.epochs}")
    weights, masks = fitting(path, "weights", arrays, values(plan.net)), held_masks(path, arrays, plan.net)
    standing = Standing(
        optimiser=_optimiser_state(path, arrays, plan),
        records=tuple(EpochRecord(**record) for record in run["records"]),
        best=_best(path, arrays, run["best"], plan),
        step=run["step"],
        sums=run["sums"],
        samples=run["samples"],
    )
    for parameter, p in plan.net.parameters().items():
        p.data[...] = weights[parameter]
    hold(plan.net, masks)
    return standing


def _optimiser_state(path: str | os.PathLike[str], arrays: dict[str, Array], plan: Plan) -> OptimiserState:
    fresh = plan.optimiser.start(plan.params)
    return {moment: fitting(path, f"optimiser/{moment}", arrays, wanted) for moment, wanted in fresh.items()}


def _best(
    path: str | os.PathLike[str], arrays: dict[str, Array], best: dict[str, Any] | None, plan: Plan
) -> Best | None:
    if best is None:
        return None
    wanted = {name: p.data for name, p in plan.params.items()}
    return Best(best["value"], best["epoch"], fitting(path, "best", arrays, wanted))
