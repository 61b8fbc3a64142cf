"""One training function over many settings and seeds, several at a time, each in a process of its own."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spikenet.errors import whole


@dataclass(frozen=True)
class SweepRecord:
    """One run of a sweep.

    setting, seed: what it was called with
    result       : what it returned; None when it failed
    error        : None, or the traceback of its failure, as text
    seconds      : wall time of the run
    """

    setting: dict[str, Any]
    seed: int
    result: Any
    error: str | None
    seconds: float


def sweep(
    train: Callable[..., Any],
    settings: Iterable[Mapping[str, Any]],
    seeds: Iterable[int] = (0,),
    *,
    jobs: int = 1,
    progress: bool = True,
) -> list[SweepRecord]:
    """A record of train(**setting, seed=seed) for every setting with every seed, in that order.

    train   : anything that can be called; what it returns must be small enough to be sent between processes: numbers,
              a History, arrays of weights rather than data sets
    settings: dictionaries of its arguments, as [{"hidden": n, "rate": r} for n in (100, 200) for r in (1e-3, 1e-2)]
    seeds   : one run for each
    jobs    : runs at once, each in a process that computes with one thread; 1 runs all of them here, with all threads.
              Results do not depend on it

    A run that raises does not end the sweep: its record keeps the traceback, and a warning at the end tells how many
    failed and the first of them. Should a process die (out of memory), the runs not finished count as failed. Ctrl-C
    ends the sweep.

    Raises TypeError or ValueError before any run for arguments that cannot work.
    """
    if not callable(train):
        raise TypeError(f"sweep: train: expected a function, got {train!r:.60}")
    chosen = _settings(settings)
    numbers = _seeds(seeds)
    tasks = [(setting, seed) for setting in chosen for seed in numbers]
    at_once = min(whole("sweep: jobs", jobs), len(tasks))
    records = list(_shown(_run_all(train, tasks, at_once), len(tasks), progress))
    failed = [record for record in records if record.error is not None]
    if failed:
        first = failed[0]
        assert first.error is not None
        warnings.warn(
            f"sweep: {len(failed)} of {len(records)} runs failed; the first with {first.setting}, seed {first.seed}: "
            f"{first.error.strip().splitlines()[-1]}",
            RuntimeWarning,
            stacklevel=2,
        )
    return records


def _run_all(
    train: Callable[..., Any], tasks: Sequence[tuple[dict[str, Any], int]], jobs: int
) -> Iterator[SweepRecord]:
    if jobs == 1:
        yield from (_run(train, setting, seed) for setting, seed in tasks)
        return
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    calls = [joblib.delayed(_run)(train, setting, seed) for setting, seed in tasks]
    done = 0
    try:
        with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
            for record in joblib.Parallel(n_jobs=jobs, return_as="generator", batch_size=1)(calls):
                done += 1
                yield record
    except TerminatedWorkerError as error:  # out of memory, or a crash: what was done so far is not lost
        text = f"a process of the sweep died, in this run or in one beside it: {error}".splitlines()[0]
        yield from (SweepRecord(setting, seed, None, text, 0.0) for setting, seed in tasks[done:])


def _run(train: Callable[..., Any], setting: dict[str, Any], seed: int) -> SweepRecord:
    started_s = time.perf_counter()
    result, error = None, None
    try:
        result = train(**setting, seed=seed)
    except Exception:  # whatever went wrong, the other runs go on
        error = traceback.format_exc()
    return SweepRecord(setting, seed, result, error, time.perf_counter() - started_s)


def _shown(records: Iterable[SweepRecord], total: int, visible: bool) -> Iterator[SweepRecord]:
    if not visible:
        yield from records
        return
    from tqdm import tqdm

    failed = 0
    with tqdm(total=total, unit="run", dynamic_ncols=True) as bar:
        for record in records:
            failed += record.error is not None
            if failed:
                bar.set_postfix(failed=failed, refresh=False)
            bar.update()
            yield record


def _settings(settings: Any) -> list[dict[str, Any]]:
    if isinstance(settings, (str, Mapping)) or not isinstance(settings, Iterable):
        raise TypeError(f"sweep: settings: expected a list of dictionaries, got {settings!r:.60}; write [setting]")
    chosen = list(settings)
    for k, setting in enumerate(chosen):
        if not isinstance(setting, Mapping) or not all(isinstance(name, str) for name in setting):
            raise TypeError(f"sweep: settings[{k}]: expected a dictionary of arguments by name, got {setting!r:.60}")
        if "seed" in setting:
            raise ValueError(f"sweep: settings[{k}]: seed comes from seeds, got one in {dict(setting)!r:.60}")
    if not chosen:
        raise ValueError("sweep: settings: expected at least one, got none; [{}] runs the function as it is")
    return [dict(setting) for setting in chosen]


def _seeds(seeds: Any) -> list[int]:
    if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
        raise TypeError(f"sweep: seeds: expected whole numbers such as range(5), got {seeds!r:.60}")
    numbers = [whole(f"sweep: seeds[{k}]", seed, least=0) for k, seed in enumerate(seeds)]
    if not numbers:
        raise ValueError("sweep: seeds: expected at least one, got none")
    return numbers
