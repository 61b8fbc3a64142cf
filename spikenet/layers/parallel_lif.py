"""Spiking neurons without reset, whose whole time is computed at once.

ParallelLIF runs the leaky membrane as a prefix scan over long sequences of few neurons, and in the usual loop over time
where neurons are enough to share between threads; ParallelSpiking learns what every step sees of every other;
SlidingSpiking learns what a step sees of the last few. Source: Fang et al. 2023 (NeurIPS, arXiv:2304.12760), PSN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike, outputs, unbroadcast
from spikenet.layers.fire import checked, fire
from spikenet.layers.firing import DT_S
from spikenet.layers.layer import State, Training, as_input, state_parts
from spikenet.layers.plain import plain
from spikenet.layers.spiking import Spiking
from spikenet.neurons import lif
from spikenet.neurons.reset import no_reset
from spikenet.neurons.surrogate import Surrogate, atan

FEW = 3  # neurons, over the batch, below which a scan over time takes no more time than the loop


class ParallelLIF:
    """LIF without reset: v <- leak v + current by a prefix scan over time; a spike where v > threshold.

    tau_mem_s, dt_s: > 0, seconds; threshold: > 0; each a number or one a neuron
    learn    : names among "leak", "threshold"

    Input is (steps, batch, neurons...); the state is the membrane, (batch, neurons...). The scan reads and writes what
    it computes twice, so it is used only where neurons times batch are below 3, too few to fill a core's lanes; there
    alone does where time is split change results, by rounding, as the scan's blocks do. Choose this layer for what it
    computes, a neuron without reset, not for speed: elsewhere it takes the time of `LIF`.
    """

    kind = "ParallelLIF"
    states = ("v",)

    def __init__(
        self, *, tau_mem_s: Any = 20e-3, dt_s: float = DT_S, threshold: Any = 1.0, surrogate: Surrogate = atan,
        learn: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        checked(self.kind, 1.0, no_reset, surrogate)
        values = lif.parameters(tau_mem_s, dt_s, threshold, self.kind)
        if not isinstance(learn, (tuple, list)) or not set(learn) <= values.keys():
            raise ValueError(f"{self.kind}: learn: expected names among {list(values)}, got {learn!r:.60}")
        self._config = {"tau_mem_s": tau_mem_s, "dt_s": dt_s, "threshold": threshold, "surrogate": surrogate}
        self._config["learn"] = learn
        self.surrogate, self.smooth = surrogate, False
        numbers: dict[str, Any] = dict(values)
        self._loop = Spiking(
            lif.step, surrogate=surrogate, learn=tuple(learn), kind=self.kind, reset=no_reset, **numbers
        )
        self.values = self._loop.values

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        """(spikes in the shape of x, (membrane after the last step,))."""
        x = as_input(self.kind, x)
        if x.ndim < 3 or not x.size or x.dtype not in (np.float32, np.float64):
            raise ValueError(
                f"{self.kind}: expected float input (steps, batch, neurons...) without empty axes, got {x.shape} of "
                f"{x.dtype}; a missing batch axis is added with x[:, None]"
            )
        parts = state_parts(self.kind, state, self.states)
        before = Tensor(np.zeros(x.shape[1:], x.dtype)) if parts is None else as_input(self.kind, parts[0], x.dtype)
        if before.shape != x.shape[1:]:
            raise ValueError(f"{self.kind}: expected state 'v' of shape {x.shape[1:]}, got {before.shape}")
        if x.size // len(x) >= FEW and not self.smooth:
            return self._loop.run(x, (before,))
        v = scanned(x, self.values["leak"], before)
        threshold = self.values["threshold"]
        u = v - (threshold if threshold.requires_grad else Tensor(threshold.data.astype(x.dtype)))
        return fire(u, self.surrogate, smooth=self.smooth), (v[-1],)

    def parameters(self) -> dict[str, Tensor]:
        return {name: value for name, value in self.values.items() if value.requires_grad}

    def config(self) -> dict[str, Any]:
        return {name: plain(value) for name, value in self._config.items()}

    def __repr__(self) -> str:
        return f"{self.kind}(tau_mem_s={self._config['tau_mem_s']}, threshold={self._config['threshold']})"


def scanned(x: Tensor, leak: Tensor, before: Tensor) -> Tensor:
    """v with v[t] = leak v[t - 1] + x[t] over axis 0; its gradient is a scan from the end."""
    from spikenet.kernels.prefix_scan import scan  # when first used

    rest = x.shape[1:]
    spread: Array = np.broadcast_to(leak.data.astype(x.dtype), rest).reshape(-1)
    flat = (len(x), spread.size)
    v = scan(x.data.reshape(flat), spread, before.data.reshape(-1))

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g = np.zeros(flat, x.dtype) if arrived[0] is None else np.asarray(arrived[0]).reshape(flat)
        g_x = scan(g, spread, np.zeros_like(spread), backward=True)
        past = np.concatenate([before.data.reshape(1, -1), v[:-1]])
        g_leak = unbroadcast(np.einsum("tm,tm->m", g_x, past).reshape(rest), leak.shape)
        return [g_x.reshape(x.shape), g_leak if leak.requires_grad else None, (spread * g_x[0]).reshape(rest)]

    return outputs([v.reshape(x.shape)], (x, leak, before), vjp, operation="scan")[0]
