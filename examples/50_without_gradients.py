"""Four ways to learn without backpropagation, on the same small problems as with it.

A readout of random features is solved for at once (extreme learning machine); single units find principal components
from activity alone (Hebb, Oja, Sanger); evolution (CMA-ES), annealing and random perturbations (SPSA) only ask how good
a guess is. Backpropagation is there for comparison.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.train import (
    as_vector,
    cma_es,
    descend,
    hebbian_components,
    perturbed_gradients,
    put_vector,
    simulated_annealing,
    solve_readout,
)

FEATURES = 6


class Result(NamedTuple):
    """accuracy: on test digits, by way; curves: (runs of the net, best loss) of the searches; kept: share of the
    variance in the Hebbian components, and in the best there are."""

    accuracy: dict[str, float]
    curves: dict[str, tuple[np.ndarray, np.ndarray]]
    kept: tuple[float, float]
    components: np.ndarray


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Learns in all ways; draws into the folder `out`. quick: less search. seed: of all that is drawn."""
    train, test = sn.data.digits(seed)
    centre, rng = train.inputs.mean(axis=0), np.random.default_rng(seed)
    x = train.inputs - centre
    w = hebbian_components(x, FEATURES, epochs=3 if quick else 20, learning_rate=0.02, seed=seed)
    size = np.linalg.svd(x, compute_uv=False)
    q, _ = np.linalg.qr(w)
    kept = (
        float(np.square(x @ q).sum() / np.square(x).sum()),
        float(np.square(size[:FEATURES]).sum() / np.square(size).sum()),
    )

    random = sn.Sequential(sn.Linear(64, 400, seed=seed), sn.Tanh(), sn.Linear(400, 10, seed=seed))
    random.layers[0].weight.data *= 3
    found = {"random features, solved": sn.evaluate(solve_readout(random, train), test)["accuracy"]}

    few, few_test = (np.float32((part.inputs - centre) @ w) for part in (train, test))
    curves, budget = {}, 1_000 if quick else 30_000
    for name in ("backpropagation", "SPSA", "CMA-ES", "annealing"):
        net = sn.Linear(FEATURES, 10, seed=seed)
        params, seen = net.parameters(), list[float]()

        def loss(v: np.ndarray | None = None, net=net, seen=seen, params=params) -> sn.Tensor:  # type: ignore[no-untyped-def]
            if v is not None:
                put_vector(params, v)
            value = sn.loss.cross_entropy(net(few[:500]), train.labels[:500])
            seen.append(value.item())
            return value

        start = as_vector(params)
        if name == "CMA-ES":
            evolved = cma_es(lambda v: loss(v).item(), start, sigma=0.3, generations=budget // 16, seed=seed)
            put_vector(params, evolved.x)
        elif name == "annealing":
            heat = (0.1, 1e-4)
            cold = simulated_annealing(lambda v: loss(v).item(), start, steps=budget, temperature=heat, seed=seed)
            put_vector(params, cold.x)
        else:
            adam = sn.optim.Adam(0.05)
            state = adam.start(params)
            for _ in range(budget // (10 if name == "backpropagation" else 2)):
                if name == "SPSA":
                    perturbed_gradients(loss, params, rng, step=0.05)
                    state = adam.step(params, state, 0.3)
                else:
                    state = descend(loss(), params, adam, state)
        curves[name] = np.arange(1, len(seen) + 1), np.minimum.accumulate(seen)
        found[name] = float((net(few_test).data.argmax(axis=1) == test.labels).mean())
    result = Result(found, curves, kept, w)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """Best loss against runs of the net, and the components that Hebbian units find."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.4, 1), squeeze=False)[0]
    ax = left.subplots()
    for name, (runs, best) in result.curves.items():
        ax.semilogx(runs, best, label=f"{name}: {result.accuracy[name]:.0%} right")
    ax.set(xlabel="runs of the net", ylabel="best loss so far (nats)")
    ax.legend(frameon=False)
    right.suptitle(f"Hebbian units keep {result.kept[0]:.1%} of the variance,\nthe best there are {result.kept[1]:.1%}")
    for ax, weights in zip(right.subplots(2, FEATURES // 2).flat, result.components.T, strict=True):
        ax.imshow(weights.reshape(8, 8), cmap="RdBu")
        ax.set(xticks=[], yticks=[])
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    for name, accuracy in main().accuracy.items():
        print(f"{name:24} {accuracy:.1%}")
