"""A shopping basket as a computational graph: what it costs, and what every number in it contributes to the total.

Five apples at 100 yen and three oranges at 80 yen, plus 8 % tax, make 799.2 yen. One pass back through the graph
gives the gradient of the total in each of the five numbers: an apple dearer by 1 yen makes the basket dearer by
5.4 yen, one apple more by 108 yen.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

import spikenet as sn


class Result(NamedTuple):
    """total: yen; gradients: of the total, by the name of the leaf, in yen per unit of that leaf."""

    total: float
    gradients: dict[str, float]


def main(quick: bool = False, out: Path = Path("example-figures")) -> Result:
    """Total and gradients; draws the graph into the folder `out`. There is nothing to shorten when `quick`."""
    apples = leaf(5, "apples")
    apple_price = leaf(100, "apple price (yen)")
    oranges = leaf(3, "oranges")
    orange_price = leaf(80, "orange price (yen)")
    tax = leaf(1.08, "tax factor")

    # Written like any formula; each operator remembers its operands and its own derivative.
    total = (apples * apple_price + oranges * orange_price) * tax
    total.name = "total (yen)"
    total.backward()

    leaves = (apples, apple_price, oranges, orange_price, tax)
    gradients = {str(x.name): float(x.grad) for x in leaves if x.grad is not None}

    ax = sn.plot.graph(total)
    ax.set_title("Forward: values. Backward: gradients of the total (yen per unit of the value).", fontsize="medium")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(ax, out / f"{Path(__file__).stem}.png")
    return Result(total.item(), gradients)


def leaf(value: float, name: str) -> sn.Tensor:
    """A number whose gradient is wanted, in float64 so that yen come out exact."""
    return sn.Tensor(np.float64(value), requires_grad=True, name=name)


if __name__ == "__main__":
    result = main()
    print(f"total: {result.total:.1f} yen")
    for name, gradient in result.gradients.items():
        print(f"d total / d {name}: {gradient:g}")
