"""What a training run leaves behind: one record an epoch, and how the run ended."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class EpochRecord:
    """One epoch.

    epoch     : 1 for the first
    train     : "loss" and the metrics by name, means over the samples as they were trained on: during the epoch, with
                dropout, without the regularisers' penalties
    test      : the same after the epoch, in evaluation; empty without a test set
    rate_scale: the schedule's factor of the learning rate in the last step
    seconds   : wall time of the part run in this process; not compared by ==
    """

    epoch: int
    train: dict[str, float]
    test: dict[str, float]
    rate_scale: float
    seconds: float = field(compare=False)


@dataclass(frozen=True)
class History:
    """All epochs of a run, also those before it was resumed.

    interrupted  : Ctrl-C stopped it; the checkpoint continues it
    stopped_early: the early stop ended it
    best_epoch   : epoch whose weights the net holds, when an early stop restored them
    """

    epochs: tuple[EpochRecord, ...]
    interrupted: bool = False
    stopped_early: bool = False
    best_epoch: int | None = None

    def curves(self) -> dict[str, list[float]]:
        """Every quantity over the epochs, {"loss": [...], "accuracy": [...], "test loss": [...], ...}, for plotting."""
        if not self.epochs:
            return {}
        train = {name: [record.train[name] for record in self.epochs] for name in self.epochs[0].train}
        test = {f"test {name}": [record.test[name] for record in self.epochs] for name in self.epochs[0].test}
        return train | test

    def __str__(self) -> str:
        """A line an epoch."""
        curves = self.curves()
        lines = ["epoch  " + "  ".join(f"{name:>14}" for name in (*curves, "seconds"))]
        for k, record in enumerate(self.epochs):
            numbers = (*(f"{values[k]:.4g}" for values in curves.values()), f"{record.seconds:.1f}")
            lines.append(f"{record.epoch:5d}  " + "  ".join(f"{number:>14}" for number in numbers))
        ends = {"interrupted": self.interrupted, "stopped early": self.stopped_early}
        best = [f"weights of epoch {self.best_epoch}"] if self.best_epoch is not None else []
        said = ", ".join([*(text for text, holds in ends.items() if holds), *best])
        return "\n".join([*lines, said] if said else lines)
