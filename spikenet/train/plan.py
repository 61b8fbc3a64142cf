"""All that a training run was asked to do, checked: what every step of it reads and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from spikenet.errors import all_within, positive, whole
from spikenet.graph import Tensor, no_grad
from spikenet.layers import Layer, Segmented
from spikenet.layers.segmented import needs_whole_batch
from spikenet.train import streams
from spikenet.train.adam import Adam, AdamW
from spikenet.train.checkpoint_file import check_writable
from spikenet.train.checks import check_each, check_functions, check_loss_takes, check_net, metrics_by_name
from spikenet.train.early_stop import EarlyStop
from spikenet.train.evaluation import Loss, Metric, measured
from spikenet.train.history import EpochRecord
from spikenet.train.layerwise import has_spikes, spikes_inside
from spikenet.train.memory import segment_steps
from spikenet.train.parallel import Communicator, checked_communicator
from spikenet.train.rmsprop import RMSprop
from spikenet.train.samples import Encoder, Samples, samples
from spikenet.train.sgd import SGD

Optimiser: TypeAlias = SGD | RMSprop | Adam | AdamW
Schedule: TypeAlias = Callable[[int], float]
Regulariser: TypeAlias = Callable[[Tensor], Tensor]
Callback: TypeAlias = Callable[[EpochRecord], object]
Runs: TypeAlias = Callable[..., Tensor]
Rule: TypeAlias = Callable[..., tuple[Tensor, float]]
"""rule(net, x, targets, loss, training) -> (output, loss), the gradients being in the parameters: sn.learning."""


@dataclass(frozen=True)
class Plan:
    """The arguments of `fit` in the form in which training uses them; made by `plan`.

    runs        : the net, or the net in segments where memory is bounded, or as a rule reads it out
    communicator: None in a process on its own
    """

    net: Layer
    runs: Runs
    params: dict[str, Tensor]
    train: Samples
    test: Samples | None
    loss: Loss
    optimiser: Optimiser
    epochs: int
    batch_size: int
    encode: Encoder | None
    seed: int
    metrics: dict[str, Metric]
    regularise: tuple[Regulariser, ...]
    schedule: Schedule | None
    clip_norm: float | None
    rule: Rule | None
    early_stop: EarlyStop | None
    callbacks: tuple[Callback, ...]
    checkpoint: Path | None
    communicator: Communicator | None

    @property
    def n_steps(self) -> int:
        """Steps in an epoch; the last one may have fewer samples."""
        return -(-self.train.n // self.batch_size)

    @property
    def timed(self) -> bool:
        """Whether the net's input is (steps, batch, ...): as encoders make it."""
        return self.encode is not None

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes and shows: the only one, or the first of several."""
        return self.communicator is None or self.communicator.rank == 0

    @property
    def kept_checkpoint(self) -> str | None:
        """The checkpoint, when it has been written."""
        return None if self.checkpoint is None or not self.checkpoint.exists() else str(self.checkpoint)


def plan(
    net: Layer,
    train: Any,
    test: Any,
    *,
    loss: Loss,
    optimiser: Optimiser,
    epochs: int,
    batch_size: int,
    encode: Encoder | None,
    seed: int,
    metrics: Sequence[Metric] | None,
    regularise: Sequence[Regulariser],
    schedule: Schedule | None,
    clip_norm: float | None,
    rule: Rule | None,
    early_stop: EarlyStop | None,
    callbacks: Sequence[Callback],
    checkpoint: Any,
    memory_bytes: int | None,
    communicator: Any,
) -> Plan:
    """The plan for the arguments of `fit`; TypeError or ValueError for whatever cannot work, before any work."""
    dtype = check_net("fit", net)
    params = {name: p for name, p in net.parameters().items() if p.requires_grad}
    if not params:
        raise ValueError("fit: net: expected at least one parameter to train, got a net without any")
    check_functions("fit", loss=loss, encode=encode, schedule=schedule, rule=rule)
    if loss is None:
        raise TypeError("fit: loss: expected a function such as sn.loss.cross_entropy, got None")
    if isinstance(optimiser, type) or not (hasattr(optimiser, "start") and hasattr(optimiser, "step")):
        raise TypeError(f"fit: optimiser: expected a record such as sn.optim.Adam(1e-3), got {optimiser!r:.60}")
    if early_stop is not None and not isinstance(early_stop, EarlyStop):
        raise TypeError(f"fit: early_stop: expected sn.EarlyStop(...), got {early_stop!r:.60}")
    if early_stop is not None and test is None:
        raise ValueError("fit: early_stop: expected a test set to watch, got test=None")
    learnt = samples("fit: train", train, dtype)
    made = Plan(
        net=net,
        runs=_as_run(net, rule),
        params=params,
        train=learnt,
        test=None if test is None else samples("fit: test", test, dtype),
        loss=loss,
        optimiser=optimiser,
        epochs=whole("fit: epochs", epochs),
        batch_size=whole("fit: batch_size", batch_size),
        encode=encode,
        seed=whole("fit: seed", seed, least=0),
        metrics=metrics_by_name("fit", metrics, learnt.targets),
        regularise=check_each("fit", "regularise", regularise),
        schedule=schedule,
        clip_norm=None if clip_norm is None else positive("fit: clip_norm", clip_norm),
        rule=rule,
        early_stop=early_stop,
        callbacks=check_each("fit", "callbacks", callbacks),
        checkpoint=None if checkpoint is None else check_writable(checkpoint),
        communicator=checked_communicator("fit", communicator),
    )
    if made.batch_size > learnt.n:
        raise ValueError(f"fit: batch_size: expected at most the {learnt.n} samples of train, got {made.batch_size}")
    if made.regularise and not has_spikes(net):
        raise ValueError("fit: regularise: expected a net with a layer whose neurons fire, found none")
    if made.regularise and made.communicator is not None:
        raise ValueError(
            "fit: regularise: rates are those of a whole batch, which no process has; leave one of them out"
        )
    if made.communicator is not None and needs_whole_batch(net):
        raise ValueError(
            "fit: communicator: batch normalisation takes statistics of a whole batch, which no process has"
        )
    if rule is not None and (made.regularise or memory_bytes is not None):
        raise ValueError("fit: rule: a rule runs the net its own way; leave out regularise and memory_bytes")
    if memory_bytes is not None:
        made = _within(made, whole("fit: memory_bytes", memory_bytes))
    if made.regularise and _is_segmented(made.runs):
        raise ValueError(
            "fit: regularise: a net in segments keeps no spikes of the whole sequence; leave one of them out"
        )
    domain = getattr(encode, "domain", None)
    for where, chosen in (("fit: train", made.train), ("fit: test", made.test)):
        if domain is not None and chosen is not None:
            all_within(f"{where}: {type(encode).__name__}: expected inputs", chosen.inputs, *domain)
    trained = _rehearse(made, "fit: train", learnt)
    if made.test is not None:
        tested = _rehearse(made, "fit: test", made.test)
        if early_stop is not None:
            early_stop.watched(EpochRecord(1, trained, tested, rate_scale=1.0, seconds=0.0))
    return made


def _as_run(net: Layer, rule: Rule | None) -> Runs:
    """What is evaluated: the net, or what a rule with an output of its own makes of it."""
    runs: Callable[[Layer], Runs] | None = getattr(rule, "runs", None)
    return net if runs is None else runs(net)


def _within(made: Plan, memory_bytes: int) -> Plan:
    """The plan with its net in segments as long as the budget allows; MemoryError when none is short enough."""
    one = made.train.batch(slice(0, 1), made.encode, streams.encode_seed(made.seed, 0))[0].data
    axis = 1 if made.encode is not None and one.ndim >= 3 else 0
    size = made.batch_size
    if made.communicator is not None:
        size = -(-size // made.communicator.size)
    shape = (*one.shape[:axis], size, *one.shape[axis + 1 :])
    steps = segment_steps(made.net, np.broadcast_to(one, shape), memory_bytes, optimiser=made.optimiser)
    if axis == 0 or steps >= shape[0]:
        return made
    return replace(made, runs=Segmented(made.net, steps=steps))


def _is_segmented(layer: Any) -> bool:
    return isinstance(layer, Segmented) or any(_is_segmented(inner) for inner in getattr(layer, "layers", ()))


def _rehearse(made: Plan, where: str, chosen: Samples) -> dict[str, float]:
    """Loss and metrics of one batch in evaluation: everything that will be called is, so that mistakes show now."""
    try:
        return _evaluated(made, where, chosen)
    except (TypeError, ValueError) as error:
        if type(error) not in (TypeError, ValueError) or str(error).startswith("fit"):
            raise
        raise type(error)(f"{where}: {error}") from error


def _evaluated(made: Plan, where: str, chosen: Samples) -> dict[str, float]:
    rows = slice(0, min(made.batch_size, chosen.n))
    with no_grad(), np.errstate(all="ignore"):
        x, targets = chosen.batch(rows, made.encode, streams.encode_seed(made.seed, 0))
        if made.regularise:
            y, spikes = spikes_inside(made.net, x, None)
            for penalty in made.regularise:
                penalty(spikes[0])
        else:
            y = made.runs(x)
        check_loss_takes(where, made.loss, y.data, chosen.targets, timed=made.encode is not None)
        return {"loss": made.loss(y, targets).item(), **measured(made.metrics, y.data, targets)}
