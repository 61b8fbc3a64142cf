"""A spiking net reads digits: from pixels to spikes, through two layers of LIF neurons, to the class that fires most.

Each pixel fires at random, the more often the darker it is (25 steps of 1 ms); each neuron adds what arrives to a leaky
membrane and fires above its threshold. A spike has no derivative, so training uses a surrogate in its place. The
picture follows one digit through all layers.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

STEPS, DT_S, TAU_MEM_S = 25, 1e-3, 10e-3
BATCH = 64


class Result(NamedTuple):
    """accuracy: on the test set; curves: per epoch; spikes: of one test digit, (steps, n) by layer; label: its own."""

    accuracy: float
    curves: dict[str, list[float]]
    spikes: dict[str, np.ndarray]
    label: int


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains, examines and follows a digit; draws it into the folder `out`. quick: few epochs. seed: of everything."""
    train, test = sn.data.digits(seed)
    encode = sn.encode.Rate(STEPS)
    rng = np.random.default_rng(seed)
    net = sn.Sequential(
        sn.Linear(64, 256, seed=rng),
        sn.LIF(tau_mem_s=TAU_MEM_S, dt_s=DT_S),
        sn.Dropout(0.3),
        sn.Linear(256, 128, seed=rng),
        sn.LIF(tau_mem_s=TAU_MEM_S, dt_s=DT_S),
        sn.Dropout(0.3),
        sn.Linear(128, 10, seed=rng),
        sn.LIF(tau_mem_s=TAU_MEM_S, dt_s=DT_S),
    )
    epochs = 3 if quick else 25
    history = sn.fit(
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
    spikes = follow(net, encode(test.inputs[:1]))
    result = Result(accuracy, history.curves(), spikes, int(test.labels[0]))
    draw(result, test.inputs[0], out)
    return result


def follow(net: sn.Sequential, x: np.ndarray) -> dict[str, np.ndarray]:
    """The spikes of the input and of every spiking layer, (steps, n) each, for x (steps, 1, pixels)."""
    firing = [r for r in sn.record(net, x) if isinstance(r.layer, sn.Spiking)]
    names = [f"LIF layer {k}" for k in range(1, len(firing))] + ["output: one neuron a class"]
    return {"input: one neuron a pixel": x[:, 0]} | {n: r.output[:, 0] for n, r in zip(names, firing, strict=True)}


def draw(result: Result, pixels: np.ndarray, out: Path) -> None:
    """The digit, its raster layer by layer, and the count that decides."""
    figure = Figure(figsize=(10, 7), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 2.6), squeeze=False)[0]
    image, count = left.subplots(2, 1)
    image.imshow(pixels.reshape(8, 8), cmap="gray_r")
    image.set(title=f"a test digit: {result.label}", xticks=[], yticks=[])
    last = list(result.spikes.values())[-1].sum(axis=0)
    count.barh(range(10), last)
    count.set(xlabel=f"output spikes in {STEPS * DT_S * 1e3:.0f} ms", ylabel="class", yticks=range(10))
    axes = right.subplots(len(result.spikes), 1, sharex=True, height_ratios=(1.2, 2, 1.5, 0.8))
    for ax, (name, spikes) in zip(axes, result.spikes.items(), strict=True):
        sn.plot.raster(spikes, dt_s=DT_S, ax=ax)
        ax.set_title(f"{name}, {int(spikes.sum())} spikes", loc="left", fontsize="medium")
        ax.label_outer()
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    print(f"accuracy on the test set: {result.accuracy:.1%}")
    for name, spikes in result.spikes.items():
        print(f"{name}: {int(spikes.sum())} spikes of {spikes.shape[1]} neurons in {STEPS} steps")
