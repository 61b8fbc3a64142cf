"""A digit net made smaller: fewer bits for each weight, fewer weights, fewer of both.

Calibrated on training digits, eight bits lose next to nothing and products are of integers; at two bits only training
under rounding helps. Pruned bit by bit while it learns, the net does with a tenth of its weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet import convert

SIZES = (64, 128, 64, 10)
BITS, SHARES = (8, 6, 4, 3, 2), (0.5, 0.8, 0.9, 0.95)


class Result(NamedTuple):
    """float32: accuracy; bits: accuracy by bits, rounded after training; trained: the same trained under rounding;
    pruned: accuracy by share of weights taken out; stored: bytes of weights by format."""

    float32: float
    bits: dict[int, float]
    trained: dict[int, float]
    pruned: dict[float, float]
    stored: dict[str, int]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and shrinks; draws into the folder `out`. quick: few epochs. seed: of split, weights and training."""
    train, test = sn.data.digits(seed)
    epochs = 5 if quick else 20

    def fit(net: sn.Sequential, rate: float, n: int = epochs, callbacks: tuple = ()) -> sn.Sequential:
        sn.fit(
            net, train, loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(rate), epochs=n, batch_size=64, seed=seed,
            callbacks=callbacks, progress=False,
        )  # fmt: skip
        return net

    def accuracy(net: object) -> float:
        return float((np.asarray(net(test.inputs)).argmax(axis=1) == test.labels).mean())  # type: ignore[operator]

    net = fit(sn.models.mlp(SIZES, seed=seed), 3e-3)
    whole = accuracy(lambda x: net(x).data)
    integer = {n: convert.quantise(net, train.inputs, weight_bits=n) for n in BITS}
    trained = {}
    for n in BITS[-2:]:
        again = fit(sn.models.mlp(SIZES, seed=seed), 3e-3)
        fit(convert.with_qdq(again, weight_bits=n), 1e-3)
        trained[n] = accuracy(convert.quantise(again, train.inputs, weight_bits=n))
    pruned, last = {}, net
    for share in SHARES:
        last = fit(sn.models.mlp(SIZES, seed=seed), 3e-3)
        fit(last, 2e-3, epochs, (convert.Gradually(last, convert.cubic(share, epochs // 2)),))
        pruned[share] = accuracy(lambda x, small=last: small(x).data)
    stored = {"float32": 4 * sum(p.size for p in net.parameters().values())}
    stored |= {f"int{n}": integer[n].weight_bytes for n in (8, 4)}
    stored["5 % as CSR"] = sum(convert.csr(layer).stored_bytes for layer in last.layers if layer.kind == "Linear")
    result = Result(whole, {n: accuracy(q) for n, q in integer.items()}, trained, pruned, stored)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """Accuracy against bits and against weights left, and bytes."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    bits, weights, size = figure.subplots(1, 3)
    bits.plot(list(result.bits), list(result.bits.values()), "o-", label="rounded after training")
    bits.plot(list(result.trained), list(result.trained.values()), "s-", label="trained under rounding")
    bits.set(xlabel="bits of a weight", ylabel="accuracy on the test set")
    left = [1 - share for share in result.pruned]
    weights.semilogx(left, list(result.pruned.values()), "o-", label="pruned while learning")
    weights.set_xticks(left, [f"{share:.0%}" for share in left], minor=False)
    weights.set_xticks([], minor=True)
    weights.set(xlabel="share of weights left", ylabel="accuracy on the test set")
    for ax in (bits, weights):
        ax.axhline(result.float32, color="0.6", label="float32, all weights")
        ax.legend(frameon=False)
    size.bar(list(result.stored), [n / 1024 for n in result.stored.values()], color="#0072B2")
    size.set(ylabel="weights and biases (KiB)")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    print(f"float32: {result.float32:.1%}")
    for what, table in (("bits", result.bits), ("bits, trained so", result.trained), ("pruned", result.pruned)):
        for key, accuracy in table.items():
            print(f"{key:>5} {what}: {accuracy:.1%}")
