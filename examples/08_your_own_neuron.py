"""Your own neuron in eight lines: an LIF neuron that tires, trained like any built-in one.

Every spike raises the neuron's threshold, and the rise fades slowly: spike-frequency adaptation. The function below
says so for one neuron and one step. The loop over time, its adjoint for training, the count of arithmetic for the
energy model and the trainable parameters are all derived from it.
Source: Bellec et al. 2018 (NeurIPS, arXiv:1803.09574), the adaptive neuron of their LSNN; here with a reset to zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

STEPS, DT_S, BATCH = 25, 1e-3, 64
TAU_MEM_S, TAU_ADAPT_S = 10e-3, 50e-3


def adaptive_lif(p: Any, v: Any, a: Any, current: Any) -> Any:
    """v: membrane, a: how far the threshold has risen; all are plain numbers as far as this function knows."""
    v = p.leak * v + current
    a = p.recover * a
    fired = sn.spike(v - (p.threshold + a))
    v = sn.reset.to_zero(p, v, fired)
    a = a + p.jump * fired
    return v, a, fired


class Result(NamedTuple):
    """What came of it.

    accuracy   : on the test set
    operations : arithmetic of one neuron and step, as derived
    jumps      : (n,) the learnt rise of the threshold by a spike, one a neuron; it started at 0.2
    intervals_s: between the spikes of a neuron under constant current, first to last
    """

    accuracy: float
    operations: dict[str, int]
    jumps: np.ndarray
    intervals_s: np.ndarray


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and examines; draws into the folder `out`. quick: few epochs. seed: of split, weights and training."""
    train, test = sn.data.digits(seed)
    encode = sn.encode.Constant(STEPS)
    rng = np.random.default_rng(seed)
    hidden = tired(np.full(256, 0.2), learn=("jump",))
    hidden.values["jump"].bounds = (0.0, np.inf)  # training shall not make the neurons lively instead
    net = sn.Sequential(
        sn.Dropout(0.1),
        sn.Linear(64, 256, seed=rng),
        hidden,
        sn.Dropout(0.3),
        sn.Linear(256, 10, seed=rng),
        sn.LIF(tau_mem_s=TAU_MEM_S, dt_s=DT_S),
    )
    epochs = 3 if quick else 20
    sn.fit(
        net,
        train,
        loss=sn.loss.count_cross_entropy,
        optimiser=sn.optim.Adam(5e-3),
        schedule=sn.optim.Cosine(epochs * -(-len(train) // BATCH)),
        epochs=epochs,
        batch_size=BATCH,
        encode=encode,
        seed=seed,
        progress=False,
    )
    accuracy = sn.evaluate(net, test, encode=encode)["accuracy"]
    alone = sn.record(sn.Sequential(tired(0.2)), np.full((150, 1, 1), 0.3))[0]  # one neuron under constant current
    intervals_s = np.diff(np.flatnonzero(alone.output[:, 0, 0])) * DT_S
    draw(alone, sn.record(net, encode(test.inputs[:1]))[2], int(test.labels[0]), out)
    return Result(accuracy, dict(hidden.model.operations), hidden.values["jump"].data.copy(), intervals_s)


def tired(jump: Any, learn: tuple[str, ...] = ()) -> sn.Spiking:
    """A layer of these neurons; `jump`: a number, or one a neuron."""
    leak, recover = np.exp(-DT_S / TAU_MEM_S), np.exp(-DT_S / TAU_ADAPT_S)
    return sn.Spiking(adaptive_lif, leak=leak, recover=recover, threshold=1.0, jump=jump, learn=learn)


def draw(alone: sn.LayerRecord, hidden: sn.LayerRecord, label: int, out: Path) -> None:
    """Above, one neuron that tires under constant current; below, the trained layer reading a digit."""
    above, below = Figure(figsize=(8, 6), layout="constrained").subplots(2, 1)
    v, a = (alone.states[name][:, 0, 0] for name in ("v", "a"))
    time_ms = np.arange(len(v)) * DT_S * 1e3
    fired_ms = time_ms[alone.output[:, 0, 0] == 1]
    sn.plot.traces(v, dt_s=DT_S, ax=above)
    above.lines[0].set_label("membrane v")
    above.plot(time_ms, 1.0 + a, "--", color="#6E6E6E", label="threshold + a")
    above.plot(fired_ms, np.full(len(fired_ms), 1.2 + a.max()), "k|", label="spikes")
    above.set_title("constant current: every spike raises the threshold")
    above.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    sn.plot.raster(hidden.output, dt_s=DT_S, ax=below)
    below.set_title(f"the trained layer reads a {label}")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(above, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    print(f"accuracy on the test set: {result.accuracy:.1%}")
    print(f"arithmetic of one neuron and step: {result.operations}")
    print(f"learnt jumps of the threshold: {result.jumps.min():.2f} to {result.jumps.max():.2f}, from 0.2")
    first_ms, last_ms = result.intervals_s[[0, -1]] * 1e3
    print(f"between spikes under constant current: {first_ms:.0f} ms at first, {last_ms:.0f} ms in the end")
