"""One distribution drawn three ways: exactly, by Gibbs sampling, and by a handful of LIF neurons under noise.

A neuron that has just fired is refractory for a while: that is its unit being 1. In noise it fires with a sigmoidal
probability of its mean voltage, so coupled neurons sample a Boltzmann machine. And a restricted machine, trained on
digits by contrastive divergence, plain and persistent, mends digits a fifth of whose pixels have been spoilt. Two of
them, one upon the other, are a deep belief net: it dreams of digits, and its features say which digit was shown.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.models import (
    Sampler,
    boltzmann_machine,
    calibrate,
    dbn_features,
    dbn_sample,
    divergence,
    rbm,
    sample_machine,
    state_probabilities,
    train_dbn,
    train_rbm,
)

UNITS = 5


class Result(NamedTuple):
    """p: probabilities of all states, exact and by neurons; nats: divergences from exact; error: squared, of pixels.

    accuracy: of a linear readout of the deep belief net's features, and of pixels; pictures: the last row are dreams"""

    p: dict[str, np.ndarray]
    nats: dict[str, float]
    error: dict[str, float]
    accuracy: dict[str, float]
    pictures: np.ndarray


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Samples and trains; draws into the folder `out`. quick: fewer steps and epochs. seed: of all that is drawn."""
    rng = np.random.default_rng(seed)
    w = np.triu(rng.normal(0, 0.6, (UNITS, UNITS)), 1)
    machine = boltzmann_machine(w + w.T, rng.normal(0, 0.5, UNITS))
    sampler, steps = Sampler(), 200_000 if quick else 2_000_000
    states = sample_machine(machine, sampler, calibrate(sampler, rng), steps, rng)
    chains = machine.gibbs(np.zeros((5_000, UNITS)), 20, rng)
    p = {"exact": machine.probabilities(), "Gibbs": state_probabilities(chains), "neurons": state_probabilities(states)}
    nats = {name: divergence(p["exact"], q) for name, q in p.items() if name != "exact"}

    train, test = sn.data.digits(seed)
    spoilt = np.where(rng.random(test.inputs.shape) < 0.2, rng.random(test.inputs.shape), test.inputs).astype(
        np.float32
    )
    error, pictures = {}, [test.inputs[:8], spoilt[:8]]
    for name, persistent in (("CD-1", False), ("PCD", True)):
        start = rbm(64, 100, data=train.inputs, seed=seed)
        rate = 0.05 if persistent else 0.1
        trained, _ = train_rbm(
            start, train.inputs, epochs=30 if quick else 150, learning_rate=rate, persistent=persistent, seed=seed
        )
        again = trained.reconstruct(spoilt)
        error[f"{name}: spoilt"] = float(np.square(spoilt - test.inputs).mean())
        error[f"{name}: mended"] = float(np.square(again - test.inputs).mean())
        pictures.append(again[:8])
    stack = train_dbn(train.inputs, (100, 60), epochs=20 if quick else 60, seed=seed)
    pictures.append(dbn_sample(stack, test.inputs[:8], 50, rng))
    accuracy = {
        name: read_out(see(train.inputs), train.labels, see(test.inputs), test.labels)
        for name, see in (("pixels", np.asarray), ("features", partial(dbn_features, stack)))
    }
    result = Result(p, nats, error, accuracy, np.array(pictures))
    draw(result, out)
    return result


def read_out(x: np.ndarray, labels: np.ndarray, test_x: np.ndarray, test_labels: np.ndarray) -> float:
    """Test accuracy of least squares from x to the classes."""
    ones = [np.concatenate([part, np.ones((len(part), 1))], axis=1) for part in (x, test_x)]
    weight = np.linalg.lstsq(ones[0], np.eye(10)[labels], rcond=None)[0]
    return float(((ones[1] @ weight).argmax(axis=1) == test_labels).mean())


def draw(result: Result, out: Path) -> None:
    """All states' probabilities, and digits mended."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.2, 1), squeeze=False)[0]
    ax = left.subplots()
    k = np.arange(2**UNITS)
    ax.bar(k, result.p["exact"], color="0.8", label="exact")
    ax.plot(k, result.p["neurons"], "o", color="#D55E00", label=f"neurons ({result.nats['neurons']:.3f} nats)")
    ax.plot(k, result.p["Gibbs"], "x", color="#0072B2", label=f"Gibbs ({result.nats['Gibbs']:.3f} nats)")
    ax.set(xlabel="state", ylabel="probability")
    ax.legend(frameon=False)
    grid = right.subplots(len(result.pictures), 8)
    for row, (line, name) in enumerate(zip(grid, ("digit", "spoilt", "CD-1", "PCD", "dream"), strict=True)):
        for ax, image in zip(line, result.pictures[row], strict=True):
            ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, value in (result.nats | result.error | result.accuracy).items():
        print(f"{name:22} {value:.4f}")
