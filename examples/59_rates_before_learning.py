"""A deep spiking net learns when its layers fire from the start: weights scaled on data before training begins.

Drawn by a rule that knows nothing of spikes, the weights of a net of six spiking layers let the last ones fall silent,
and hardly anything reaches the output. `match_rates` scales the weights of each layer on some digits until it fires as
often as asked for. The net as drawn learns, too, but begins late.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.layers.initialise import glorot_uniform, initialise

STEPS, LAYERS, WIDTH, WANTED = 12, 6, 80, 0.1


class Result(NamedTuple):
    """rates: spikes per neuron and step of each layer before training, by start; curves: test accuracy over epochs"""

    rates: dict[str, list[float]]
    curves: dict[str, list[float]]


def deep_net(seed: int) -> sn.Sequential:
    layers: list[sn.layers.Layer] = []
    for k in range(LAYERS):
        layers += [sn.Linear(WIDTH if k else 64, WIDTH), sn.LIF(tau_mem_s=3e-3)]
    return initialise(sn.Sequential(*layers, sn.Linear(WIDTH, 10), sn.LI(tau_mem_s=5e-3)), glorot_uniform, seed=seed)


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains both; draws into the folder `out`. quick: fewer epochs. seed: of split, weights and training."""
    train, test = sn.data.digits(seed)
    encode, epochs = sn.encode.Constant(STEPS), 2 if quick else 6
    some = encode(train.inputs[:200], index=np.arange(200), seed=seed)
    rates, curves = {}, {}
    for name in ("as drawn", "rates matched"):
        net = deep_net(seed)
        if name == "rates matched":
            sn.match_rates(net, some, WANTED)
        rates[name] = [float(one.output.mean()) for one in sn.record(net, some) if one.layer.kind == "LIF"]
        history = sn.fit(
            net, train, test, loss=sn.loss.mean_membrane_cross_entropy, optimiser=sn.optim.Adam(1e-3), epochs=epochs,
            batch_size=64, encode=encode, seed=seed, progress=False,
        )  # fmt: skip
        curves[name] = history.curves()["test accuracy"]
    result = Result(rates, curves)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """Rates by layer before training, accuracy over epochs."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, rates in result.rates.items():
        left.plot(range(1, LAYERS + 1), rates, "o-", label=name)
    left.axhline(WANTED, color="0.6", linewidth=1, label="asked for")
    left.set(xlabel="layer", ylabel="spikes per neuron and step", title="before training", xticks=range(1, LAYERS + 1))
    for name, curve in result.curves.items():
        right.plot(range(1, len(curve) + 1), curve, "o-", label=name)
    right.set(xlabel="epoch", ylabel="accuracy on the test set", ylim=(0, 1))
    for ax in (left, right):
        ax.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, rates in result.rates.items():
        print(f"{name:14} rates {', '.join(f'{r:.3f}' for r in rates)}; accuracy {result.curves[name][-1]:.1%}")
