"""Deep nets learn when their input can pass by: residual nets and spike-element-wise ones, with and without shortcuts.

The same convolutional nets of a few and of many layers, once with a shortcut past every two convolutions, once without.
The spiking ones send spikes alone: their shortcuts let spikes of the input through where the path stays silent.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

import spikenet as sn
from spikenet.layers.joins import added
from spikenet.models import resnet, spiking_resnet

WIDTHS, STEPS = (8, 16), 4


class Result(NamedTuple):
    """accuracy: on test digits, by net and by convolutions on the way; curves: over epochs, of the deepest nets"""

    accuracy: dict[str, dict[int, float]]
    curves: dict[str, list[float]]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains all; draws into the folder `out`. quick: one depth, few epochs. seed: of split, weights and training."""
    train, test = sn.data.digits(seed)
    epochs = 2 if quick else 5
    fit = partial(
        sn.fit, optimiser=sn.optim.Adam(5e-3), schedule=sn.optim.Cosine(epochs * 23), epochs=epochs, batch_size=64,
        seed=seed, progress=False,
    )  # fmt: skip
    neuron = partial(sn.LIF, tau_mem_s=2e-3, threshold=0.5)
    accuracy: dict[str, dict[int, float]] = {}
    curves = {}
    for units in (1,) if quick else (1, 3):
        usual = partial(resnet, (1, 8, 8), 10, widths=WIDTHS, units=units, seed=seed)
        spiking = partial(spiking_resnet, (1, 8, 8), 10, widths=WIDTHS, units=units, neuron=neuron, seed=seed)
        for name, net in (
            ("ResNet", usual()),
            ("without shortcuts", without_shortcuts(usual())),
            ("spiking ResNet", spiking(join=added)),
            ("spiking, without", without_shortcuts(spiking(join=added))),
        ):
            timed = name.startswith("spiking")
            history = fit(
                net, train, test, loss=sn.loss.count_cross_entropy if timed else sn.loss.cross_entropy,
                encode=sn.encode.Constant(STEPS) if timed else None,
            )  # fmt: skip
            curves[name] = history.curves()["test accuracy"]
            accuracy.setdefault(name, {})[1 + 2 * len(WIDTHS) * units] = curves[name][-1]
    result = Result(accuracy, curves)
    draw(result, out)
    return result


def without_shortcuts(net: sn.Sequential) -> sn.Sequential:
    """The net with the path of every Parallel in its place."""
    layers = []
    for layer in net.layers:
        if isinstance(layer, sn.Parallel):
            layers.append(layer.layers[0])
        else:
            layers.append(without_shortcuts(layer) if isinstance(layer, sn.Sequential) else layer)
    return sn.Sequential(*layers)


def draw(result: Result, out: Path) -> None:
    """Accuracy against depth, and over the epochs of the deepest."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, found in result.accuracy.items():
        style = {
            "color": "#D55E00" if name.startswith("spiking") else "#0072B2",
            "linestyle": "--" if "without" in name else "-",
        }
        left.plot(list(found), list(found.values()), marker="o", label=name, **style)
        right.plot(range(1, len(result.curves[name]) + 1), result.curves[name], label=name, **style)
    left.set(xlabel="convolutions one behind the other", ylabel="accuracy on the test set")
    left.legend(frameon=False)
    deepest = max(next(iter(result.accuracy.values())))
    right.set(xlabel="epoch", ylabel="accuracy on the test set", title=f"{deepest} convolutions")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    for name, found in main().accuracy.items():
        print(f"{name:18} " + ", ".join(f"{depth} convolutions {a:.1%}" for depth, a in found.items()))
