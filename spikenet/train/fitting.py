"""Training a net on a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from spikenet.graph.held import held
from spikenet.layers import Layer
from spikenet.train.advance import advance
from spikenet.train.early_stop import EarlyStop, put_weights
from spikenet.train.evaluation import Loss, Metric
from spikenet.train.history import History
from spikenet.train.identity import identity
from spikenet.train.interrupt import Deferred, deferred_interrupt
from spikenet.train.parallel import anywhere, begin_together, follow_first
from spikenet.train.plan import Callback, Optimiser, Plan, Regulariser, Rule, Schedule, plan
from spikenet.train.progress import progress_bar
from spikenet.train.resume import read_run, write_run
from spikenet.train.samples import Encoder
from spikenet.train.standing import Standing, history


def fit(
    net: Layer,
    train: Any,
    test: Any = None,
    *,
    loss: Loss,
    optimiser: Optimiser,
    epochs: int,
    batch_size: int = 32,
    encode: Encoder | None = None,
    seed: int = 0,
    metrics: Sequence[Metric] | None = None,
    regularise: Sequence[Regulariser] = (),
    schedule: Schedule | None = None,
    clip_norm: float | None = None,
    rule: Rule | None = None,
    early_stop: EarlyStop | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    memory_bytes: int | None = None,
    communicator: Any = None,
    progress: bool = True,
) -> History:
    """Trains `net` in place by minibatches and returns what happened, epoch by epoch.

    train, test: sn.data.Arrays, or pairs (inputs (N, ...), targets (N, ...)); test is evaluated after every epoch
    loss       : of sn.loss, or f(y, targets) -> Tensor of shape ()
    optimiser  : of sn.optim
    epochs     : passes over the training set, counting those of a resumed run
    batch_size : samples a step, at most all; the last step of an epoch takes what is left
    encode     : of sn.encode, called as encode(x, index=sample numbers, seed=one for each epoch); a fixed seed for test
    seed       : decides order, encoding and dropout; initial weights are the layers' own
    metrics    : functions of (output array, targets) -> float, as in sn.metrics; accuracy for class labels if left out
    regularise : of sn.regularise, called with the spikes of each layer that fires; their values are added to the loss
    schedule   : of sn.optim, called with the number of steps taken, gives the factor of the learning rate
    clip_norm  : largest norm of all gradients together
    rule       : of sn.learning, such as sn.learning.OTTT(): where gradients come from, in place of backpropagation
    early_stop : sn.EarlyStop(...), needs a test set
    callbacks  : called with the EpochRecord after each epoch; if they change the net, the checkpoint is written anew
    checkpoint : file to write after every epoch and on Ctrl-C; replaced only when the new one is whole
    resume     : checkpoint to go on from, also in the middle of an epoch: weights and history become, bit for bit,
                 those of a run that never stopped. It must have been written with the same arguments, except epochs,
                 callbacks, checkpoint and progress

    memory_bytes: what a training step may take, see sn.memory_estimate; a sequence that takes more is run in segments
                 (sn.Segmented) as long as fit. The data set, and Python itself, are not counted
    communicator: MPI.COMM_WORLD of mpi4py (extra `mpi`) under `mpiexec -n N python script.py`: each process takes its
                 share of every minibatch. Weights start as those of process 0. The result is that of one process with
                 the same batch_size, to rounding, and bit for bit the same for the same N; spikes of encoders and
                 dropout do not depend on N. The loss must be a mean over the batch, as those of sn.loss are.
                 Process 0 alone writes checkpoints, shows progress and calls callbacks; what they change of the net
                 changes in all. Threads are numba's: with N processes on one machine give each its part with
                 numba.set_num_threads

    Ctrl-C takes effect after the step under way. With a checkpoint the run is saved and the history so far returned,
    `.interrupted` being True; without one KeyboardInterrupt is raised. A second Ctrl-C is not waited for and saves
    nothing.

    Raises TypeError or ValueError before any work for arguments that cannot work: data that are empty or not finite,
    targets the loss does not take, a batch larger than the data, a folder that cannot be written, a resumed run that
    differs. Raises TrainingDiverged, a ValueError, naming epoch, step and layer, when the loss, a gradient, a
    weight or the test loss becomes NaN or infinite; the checkpoint stays as it was. Raises MemoryError naming the
    figures when not even one step fits memory_bytes.
    """
    made = plan(
        net, train, test, loss=loss, optimiser=optimiser, epochs=epochs, batch_size=batch_size, encode=encode,
        seed=seed, metrics=metrics, regularise=regularise, schedule=schedule, clip_norm=clip_norm,
        rule=rule, early_stop=early_stop, callbacks=callbacks, checkpoint=checkpoint, memory_bytes=memory_bytes,
        communicator=communicator,
    )  # fmt: skip
    same = identity(made) if checkpoint is not None or resume is not None or made.communicator is not None else {}
    if made.communicator is not None:
        begin_together(made.communicator, made.params, same)
    fresh = Standing(made.optimiser.start(made.params))
    standing = fresh if resume is None else read_run(resume, made, same)
    return _trained(made, same, standing, progress)


def _trained(made: Plan, same: dict[str, str], standing: Standing, progress: bool) -> History:
    with deferred_interrupt() as ctrl_c, progress_bar(made, standing, progress and made.is_first) as show:
        try:
            for standing in advance(made, standing):  # noqa: B020  (the newest one is what an interruption saves)
                show(standing)
                if standing.step == 0:
                    _finish_epoch(made, same, standing)
                _deliver(made, ctrl_c)
        except KeyboardInterrupt:
            if made.checkpoint is None or ctrl_c.forced:
                raise
            if made.is_first:
                write_run(made.checkpoint, made, same, standing)
            return history(made, standing, interrupted=True)
    if standing.best is not None:
        put_weights(made.params, standing.best.weights)
    return history(made, standing, interrupted=False)


def _finish_epoch(made: Plan, same: dict[str, str], standing: Standing) -> None:
    """What is done in the only or first process; what it changes of the net, changes in all."""
    if made.communicator is None:
        _write_and_call(made, same, standing)
    else:
        params = made.net.parameters()
        follow_first(made.communicator, params, lambda: _write_and_call(made, same, standing))


def _write_and_call(made: Plan, same: dict[str, str], standing: Standing) -> set[str]:
    """Writes the checkpoint, calls the callbacks, and writes it again if they changed the net, as pruning does.

    Returns the names of the parameters that they changed, if anybody has to know.
    """
    if made.checkpoint is not None:
        write_run(made.checkpoint, made, same, standing)
    if not made.callbacks:
        return set()
    matters = made.checkpoint is not None or made.communicator is not None
    before = {name: (p.data.copy(), held(p)) for name, p in made.net.parameters().items()} if matters else {}
    for callback in made.callbacks:
        callback(standing.records[-1])
    now = made.net.parameters()
    changed = {
        name
        for name, (values, mask) in before.items()
        if not (np.array_equal(values, now[name].data) and np.array_equal(mask, held(now[name])))
    }
    if made.checkpoint is not None and changed:
        write_run(made.checkpoint, made, same, standing)
    return changed


def _deliver(made: Plan, ctrl_c: Deferred) -> None:
    """Lets a waiting Ctrl-C take effect, in all processes after the same step, wherever it came."""
    if made.communicator is None:
        ctrl_c.deliver()
    elif anywhere(made.communicator, ctrl_c.waiting):
        ctrl_c.deliver()
        raise KeyboardInterrupt
