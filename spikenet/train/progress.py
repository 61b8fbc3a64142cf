"""The progress bar: one tick a step, the last epoch's numbers beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from spikenet.train.plan import Plan
from spikenet.train.standing import Standing


@contextmanager
def progress_bar(plan: Plan, standing: Standing, visible: bool) -> Iterator[Callable[[Standing], None]]:
    """A function that shows a new standing; it does nothing, and tqdm is not imported, unless visible."""
    if not visible:
        yield lambda standing: None
        return
    from tqdm import tqdm

    done = standing.epoch * plan.n_steps + standing.step
    with tqdm(total=plan.epochs * plan.n_steps, initial=done, unit="step", dynamic_ncols=True) as bar:

        def show(now: Standing) -> None:
            if now.step:
                bar.update()
                return
            record = now.records[-1]
            bar.set_description(f"epoch {record.epoch}/{plan.epochs}", refresh=False)
            test = {f"test {name}": value for name, value in record.test.items()}
            bar.set_postfix({name: f"{value:.4g}" for name, value in (record.train | test).items()})

        yield show
