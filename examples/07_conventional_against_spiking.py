"""A conventional net against its spiking twin: accuracy, energy, and the spike rate at which spiking stops paying.

Both nets have the same layers and start from the same weights; only the units differ, rectifiers in one, LIF neurons
in the other. Energies are counted events times published costs (45 nm CMOS, the conventional net also in int8, really
computed in integers; Loihi 1 per event). A spiking net wins only as long as it is quiet: its energy grows with every
spike, that of the conventional net is fixed, and where the lines cross it has lost.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

import hw
import spikenet as sn

SIZES = (64, 256, 256, 10)
STEPS, TAU_MEM_S = 10, 10e-3
BATCH = 64


class Result(NamedTuple):
    """accuracy: by net, float32; table: rows, energies and break-even rates; text: all of it."""

    accuracy: dict[str, float]
    table: hw.Comparison
    text: str


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and compares; draws into the folder `out`. quick: few epochs. seed: of split, weights and training."""
    train, test = sn.data.digits(seed)
    encode = sn.encode.Constant(STEPS)
    ann = sn.models.mlp(SIZES, input_dropout=0.1, dropout=0.3, seed=seed)
    lif = partial(sn.LIF, tau_mem_s=TAU_MEM_S)
    snn = sn.models.spiking_mlp(SIZES, neuron=lif, input_dropout=0.1, dropout=0.3, seed=seed)

    epochs = 6 if quick else 30
    fit = partial(
        sn.fit,
        optimiser=sn.optim.Adam(5e-3),
        schedule=sn.optim.Cosine(epochs * -(-len(train) // BATCH)),
        epochs=epochs,
        batch_size=BATCH,
        seed=seed,
        progress=False,
    )
    fit(ann, train, loss=sn.loss.cross_entropy)
    fit(snn, train, loss=sn.loss.count_cross_entropy, encode=encode)

    table = hw.compare({"ANN": ann, "SNN": (snn, encode)}, test, calibrate=train)
    accuracy = {row.net: row.accuracy for row in table.rows if row.number_format == "float32"}
    result = Result(accuracy, table, hw.report.text(table))
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """Accuracy against energy; and energy against spike rate, in int8 with memory traffic."""
    *scatter, lines = Figure(figsize=(18, 4.8), layout="constrained").subplots(1, 3)
    table = result.table
    sn.plot.accuracy_energy_levels(table.points, at_least=table.bounds, not_run=table.not_run, axes=scatter)

    crossing = next(c for c in table.crossings if c.number_format == "int8" and c.with_memory)
    found = crossing.result
    assert found.measured is not None  # a net that sends no spikes has no rate; this one does
    per_rate = (found.spiking_j - found.fixed_j) / found.measured
    end = 1.6 * max(found.measured, found.rate or 0.0)
    ann, snn = "#0072B2", "#D55E00"  # as in the scatter
    lines.axhline(found.conventional_j, color=ann, label="ANN")
    lines.plot([0, end], [found.fixed_j, found.fixed_j + per_rate * end], color=snn, label="SNN")
    lines.plot(found.measured, found.spiking_j, "s", markersize=8, color=snn, label=f"measured: {found.measured:.3f}")
    if found.rate is not None:
        lines.plot(found.rate, found.conventional_j, "kX", markersize=8, label=f"break-even: {found.rate:.3f}")
    lines.set(xlim=(0, end), ylim=(0, None), title=f"{crossing.device}, int8, memory traffic included")
    lines.set(xlabel="spikes per step and neuron that feeds a connection (no unit)", ylabel="energy per inference (J)")
    lines.yaxis.set_major_formatter(EngFormatter(unit="J"))
    lines.tick_params(pad=7)  # the two zeros shall not touch
    lines.legend(frameon=False, loc="lower right")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(scatter, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    print(main().text)
