"""A digit net made smaller: fewer bits for each weight, fewer weights, fewer of both.

Calibrated on training digits, eight bits lose next to nothing and products are of integers; at two bits only training
under rounding helps. Pruned while it learns, the net does with a fifth of its weights, and loses with a tenth: more or
less, by whether they are chosen by their size, by where training moves them, or rewired throughout by Deep R; half of
the units can go at once. When few weights also save time is measured: the share below which a sparse product is faster.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet import convert

SIZES = (64, 128, 64, 10)
BITS, SHARES = (8, 6, 4, 3, 2), (0.5, 0.8, 0.9, 0.95)


class Result(NamedTuple):
    """float32: accuracy; bits: accuracy by bits, rounded after training; trained: the same trained under rounding;
    pruned: accuracy by share of weights taken out; stored: bytes of weights by format; ways: accuracy with a tenth of
    the weights (half of the units) by how chosen; crossover: share of weights below which a format is faster"""

    float32: float
    bits: dict[int, float]
    trained: dict[int, float]
    pruned: dict[float, float]
    stored: dict[str, int]
    ways: dict[str, float]
    crossover: dict[str, float]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and shrinks; draws into the folder `out`. quick: few epochs. seed: of split, weights and training."""
    train, test = sn.data.digits(seed)
    epochs = 5 if quick else 20

    def fit(net: sn.Sequential, rate: float, n: int = epochs, callbacks: tuple = (), by: Any = None) -> sn.Sequential:
        sn.fit(net, train, loss=sn.loss.cross_entropy, optimiser=by or sn.optim.Adam(rate), epochs=n, batch_size=64,
               seed=seed, callbacks=callbacks, progress=False)  # fmt: skip
        return net

    def accuracy(net: object) -> float:
        return float((np.asarray(net(test.inputs)).argmax(axis=1) == test.labels).mean())  # type: ignore[operator]

    net = fit(sn.models.mlp(SIZES, seed=seed), 3e-3)
    whole = accuracy(lambda x: net(x).data)
    integer = {n: convert.quantise(net, train.inputs, weight_bits=n) for n in BITS}
    trained, pruned = {}, {}
    for n in BITS[-2:]:
        again = fit(sn.models.mlp(SIZES, seed=seed), 3e-3)
        fit(convert.with_qdq(again, weight_bits=n), 1e-3)
        trained[n] = accuracy(convert.quantise(again, train.inputs, weight_bits=n))
    for share in SHARES:
        last = fit(sn.models.mlp(SIZES, seed=seed), 3e-3)
        fit(last, 2e-3, epochs, (convert.Gradually(last, convert.cubic(share, epochs // 2)),))
        pruned[share] = accuracy(lambda x, small=last: small(x).data)
    stored = {"float32": 4 * sum(p.size for p in net.parameters().values())}
    stored |= {f"int{n}": integer[n].weight_bytes for n in (8, 4)}
    stored["5 % as CSR"] = sum(convert.csr(layer).stored_bytes for layer in last.layers if layer.kind == "Linear")
    tenth = convert.cubic(0.9, epochs // 2)
    moved, narrow = (fit(sn.models.mlp(SIZES, seed=seed), 3e-3) for _ in range(2))
    movement = convert.Movement(sn.optim.Adam(2e-3))
    fit(moved, 2e-3, epochs, (convert.Gradually(moved, tenth, lambda: movement.scores),), movement)
    wired = fit(sn.models.mlp(SIZES, seed=seed), 0, 3 * epochs, (), convert.DeepR(0.5, density=0.1, seed=seed))
    convert.prune_channels(narrow, 0.5)
    fit(narrow, 2e-3)
    ways = {"by size": pruned[0.9]}
    for name, one in (("by movement", moved), ("Deep R", wired), ("half of the units", narrow)):
        ways[name] = accuracy(lambda x, one=one: one(x).data)
    blocks = convert.crossover(784, 1000, 128, form=convert.blocks, block=8)
    crossover = {"CSR": convert.crossover(784, 1000, 128), "blocks of 8 x 8": blocks}
    result = Result(whole, {n: accuracy(q) for n, q in integer.items()}, trained, pruned, stored, ways, crossover)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """Accuracy against bits and against weights left, and bytes."""
    figure = Figure(figsize=(12, 7.5), layout="constrained")
    (bits, weights, size), (ways, faster, empty) = figure.subplots(2, 3)
    empty.set_axis_off()
    ways.bar(list(result.ways), list(result.ways.values()), color="#0072B2")
    ways.axhline(result.float32, color="0.6", label="float32, all weights")
    ways.tick_params(axis="x", rotation=20)
    ways.set(ylabel="accuracy on the test set", ylim=(0.8, 1), title="a tenth of the weights, or half of the units")
    faster.bar(list(result.crossover), [100 * share for share in result.crossover.values()], color="#009E73")
    faster.set(ylabel="faster below so many % of the weights", title="784 x 1000, batch 128, on this machine")
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
    for what, found in result.ways.items():
        print(f"a tenth {what}: {found:.1%}" if "half" not in what else f"{what}: {found:.1%}")
    for what, share in result.crossover.items():
        print(f"{what} faster than dense below {share:.1%} of the weights")
