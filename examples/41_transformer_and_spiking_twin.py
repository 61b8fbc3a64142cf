"""Digits in four by four patches: a small transformer, and one in which everything that is sent is a spike.

The spiking one has no softmax and multiplies no two numbers in its attention: queries and keys are spikes, a feature on
which enough of them meet lets the values' spikes through. Accuracy of both, and how often its neurons fire.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.models import image_transformer, spiking_transformer

STEPS, EPOCHS = 6, 30


class Result(NamedTuple):
    """curves: accuracy on the test set after each epoch, by net; rates: spikes per step and neuron, by layer."""

    curves: dict[str, list[float]]
    rates: dict[str, float]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains both; draws into the folder `out`. quick: few epochs. seed: of split, weights and training."""
    train, test = sn.data.digits(seed)
    epochs, encode = 4 if quick else EPOCHS, sn.encode.Constant(STEPS)
    shape, sizes = (1, 8, 8), {"patch": 2, "n": 32, "hidden": 64, "blocks": 1 if quick else 2}
    fit = partial(
        sn.fit, optimiser=sn.optim.Adam(4e-3), schedule=sn.optim.Cosine(epochs * 45), epochs=epochs, seed=seed,
        progress=False,
    )  # fmt: skip
    usual = image_transformer(shape, 10, heads=4, seed=seed, **sizes)
    spiking = spiking_transformer(shape, 10, neuron=partial(sn.LIF, tau_mem_s=4e-3, threshold=0.5), seed=seed, **sizes)
    first = fit(usual, train, test, loss=sn.loss.cross_entropy)
    second = fit(spiking, train, test, loss=sn.loss.count_cross_entropy, encode=encode)
    curves = {"transformer": first.curves()["test accuracy"], "spiking": second.curves()["test accuracy"]}
    result = Result(curves, firing(spiking, encode(test.inputs[:100])))
    draw(result, out)
    return result


def firing(net: sn.Sequential, x: np.ndarray) -> dict[str, float]:
    """Mean output of every layer that the blocks pass spikes through, by its place."""
    rates: dict[str, float] = {}

    def visit(place: str, layer: object, signal: sn.Tensor) -> sn.Tensor:
        if isinstance(layer, (sn.Sequential, sn.Residual)):
            y = signal
            for k, inner in enumerate(layer.layers):
                y = visit(f"{place}.{k}", inner, y)
            return signal + y if isinstance(layer, sn.Residual) else y
        y = layer(signal)  # type: ignore[operator]
        if layer.kind in ("LIF", "SpikeDrivenAttention"):  # type: ignore[attr-defined]
            rates[f"{place[1:]} {layer.kind}"] = float(y.data.mean())  # type: ignore[attr-defined]
        return y

    visit("", net, sn.Tensor(x))
    return rates


def draw(result: Result, out: Path) -> None:
    """Accuracy over training, and firing by layer."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, curve in result.curves.items():
        left.plot(range(1, len(curve) + 1), curve, label=name)
    left.set(xlabel="epoch", ylabel="accuracy on the test set")
    left.legend(frameon=False)
    right.barh(list(result.rates)[::-1], list(result.rates.values())[::-1], color="#D55E00")
    right.set(xlabel="spikes per step and neuron", title="how often the spiking one fires")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, curve in result.curves.items():
        print(f"{name:12} {curve[-1]:.1%}")
