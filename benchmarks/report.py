"""Tables of what was measured, ratios, and whether the packages did the same thing."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from measure import Measured, Spread
from workloads import Workload

# Relative. SpikingJelly fires at the threshold already: one spike in millions, and 2e-4 of a loss.
TOLERANCES = {"loss": 5e-4, "gradients": 1e-2, "densities": 1e-3}
OURS = "spikenet"


def machine() -> str:
    """Processor, cores, memory, Python."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{name}, {os.cpu_count()} cores, {memory_gb:.0f} GB, Python {platform.python_version()}"


def table(workload: Workload, results: Sequence[Measured], frozen: bool) -> str:
    """One workload: a line a package, ratios, agreement.

    frozen: whether the weights stayed as given, so that gradients and densities can be compared after many steps
    """
    steps = f", {workload.steps} steps" if workload.steps else ""
    head = f"{'':14}{'train ms':>10} {'quartiles':<17}{'infer ms':>9} {'quartiles':<17}"
    head += f"{'peak MB':>8}{'import':>8} s{'first':>7} s{'loss':>9}  densities"
    lines = [f"{workload.name}  {workload.text}{steps}, batch {workload.batch}, float32", head]
    for one in results:
        train, infer = one.train_ms, one.infer_ms
        shown = " ".join(f"{100 * d:.1f} %" for d in one.densities)
        lines.append(
            f"{one.package:14}{train.median:10.2f} {_range(train):<17}{infer.median:9.2f} {_range(infer):<17}"
            f"{one.peak_mb:8.0f}{one.import_s:8.2f}  {one.first_step_s:7.2f}{one.loss:11.5f}  {shown}"
        )
    return "\n".join([*lines, *_verdict(results, frozen)])


def ratios(results: Sequence[Measured]) -> dict[str, float]:
    """How many times faster than the fastest peer and than snnTorch spikenet is, and its share of the leanest's memory.

    Empty when spikenet or every peer is missing.
    """
    ours = next((one for one in results if one.package == OURS), None)
    peers = [one for one in results if one.package != OURS]
    if ours is None or not peers:
        return {}
    found = {
        "train_fastest": min(one.train_ms.median for one in peers) / ours.train_ms.median,
        "infer_fastest": min(one.infer_ms.median for one in peers) / ours.infer_ms.median,
        "memory_leanest": ours.peak_mb / min(one.peak_mb for one in peers),
    }
    for one in peers:
        if one.package == "snntorch":
            found["train_snntorch"] = one.train_ms.median / ours.train_ms.median
            found["infer_snntorch"] = one.infer_ms.median / ours.infer_ms.median
    return found


def geometric_means(found: Sequence[dict[str, float]]) -> str:
    """Of every ratio that two workloads or more have."""
    parts = []
    for name, text in {
        "train_fastest": "training against the fastest peer",
        "train_snntorch": "training against snnTorch",
        "infer_fastest": "inference against the fastest peer",
        "infer_snntorch": "inference against snnTorch",
    }.items():
        values = [ratio[name] for ratio in found if name in ratio]
        if len(values) > 1:
            mean = math.exp(sum(map(math.log, values)) / len(values))
            parts.append(f"{text} {mean:.1f} times ({len(values)} workloads)")
    return "geometric means: " + "; ".join(parts) if parts else ""


def _range(spread: Spread) -> str:
    return f"{spread.low:.2f} - {spread.high:.2f}"


def _verdict(results: Sequence[Measured], frozen: bool) -> list[str]:
    found, lines = ratios(results), []
    if found:
        peers = [one for one in results if one.package != OURS]
        text = []
        for work, word in (("train", "training"), ("infer", "inference")):
            fastest = peers[int(np.argmin([getattr(one, f"{work}_ms").median for one in peers]))]
            part = f"{word} {found[f'{work}_fastest']:.1f} times {fastest.package}"
            if fastest.package != "snntorch" and f"{work}_snntorch" in found:
                part += f", {found[f'{work}_snntorch']:.1f} times snntorch"
            text.append(part)
        leanest = min(peers, key=lambda one: one.peak_mb).package
        lines.append(f"speed of spikenet: {'; '.join(text)}; memory {found['memory_leanest']:.2f} of {leanest}'s")
    if len(results) > 1:
        lines.append(_agreement(results, frozen))
    return lines


def _agreement(results: Sequence[Measured], frozen: bool) -> str:
    """The largest relative difference to the first package, and a warning when it is none of rounding."""
    first, text = results[0], []
    for name, tolerance in list(TOLERANCES.items())[: None if frozen else 1]:
        worst, who = 0.0, ""
        for one in results[1:]:
            here = _difference(_listed(getattr(first, name)), _listed(getattr(one, name)))
            if here > worst:
                worst, who = here, one.package
        warning = f" ({who}: NOT THE SAME)" if worst > tolerance else ""
        text.append(f"{name} within {worst:.0e}{warning}")
    return "agreement: " + ", ".join(text)


def _listed(value: float | list[float]) -> list[float]:
    return value if isinstance(value, list) else [value]


def _difference(a: list[float], b: list[float]) -> float:
    if len(a) != len(b):
        return math.inf
    return max((abs(p - q) / max(abs(p), abs(q), 1e-30) for p, q in zip(a, b, strict=True)), default=0.0)
