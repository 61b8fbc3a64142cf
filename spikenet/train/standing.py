"""Where a training run stands between two steps: all it needs, beside the plan and the weights, to go on."""

from __future__ import annotations

from dataclasses import dataclass, field

from spikenet.train.early_stop import Best
from spikenet.train.history import EpochRecord, History
from spikenet.train.parameters import OptimiserState
from spikenet.train.plan import Plan


@dataclass(frozen=True)
class Standing:
    """After `step` steps of the epoch that follows `len(records)` whole ones.

    sums   : loss and metrics of this epoch's batches, each times its number of samples
    samples: samples seen in this epoch
    """

    optimiser: OptimiserState
    records: tuple[EpochRecord, ...] = ()
    best: Best | None = None
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    samples: int = 0

    @property
    def epoch(self) -> int:
        """Whole epochs done."""
        return len(self.records)


def stopped_early(plan: Plan, standing: Standing) -> bool:
    """Whether the early stop has ended the run."""
    return plan.early_stop is not None and plan.early_stop.ends(standing.best, standing.epoch)


def finished(plan: Plan, standing: Standing) -> bool:
    """Whether nothing is left to do."""
    return standing.epoch >= plan.epochs or stopped_early(plan, standing)


def history(plan: Plan, standing: Standing, *, interrupted: bool) -> History:
    """What `fit` returns from here."""
    best = None if standing.best is None or interrupted else standing.best.epoch
    return History(standing.records, interrupted, not interrupted and stopped_early(plan, standing), best)
