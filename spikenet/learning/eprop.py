"""e-prop: an eligibility trace at every synapse, computed forward in time, times a learning signal from the output.

Source: Bellec et al. 2020, "A solution to the learning dilemma for recurrent networks of spiking neurons", Nature
Communications 11:3625. The traces follow from the neuron's own step, so every model has them: LIF, ALIF, one's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from spikenet.errors import Array, finite_number, whole
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.kernels import eligibility
from spikenet.layers import Layer, Linear, Recurrent, Sequential, Training
from spikenet.layers.spiking import Spiking
from spikenet.learning.jacobians import Jacobians, jacobians
from spikenet.learning.rule import Learnt, Loss, add_gradients, scalar, sequence, taken

Feedback: TypeAlias = Callable[[Linear], Array]


def symmetric(readout: Linear) -> Array:
    """The readout's own weights, backwards: (n_out, n)."""
    return readout.weight.data.T


@dataclass(frozen=True)
class RandomFeedback:
    """Fixed random weights from the output to the neurons, drawn as a Linear's own are; the same for the same seed."""

    seed: int

    def __post_init__(self) -> None:
        whole("RandomFeedback: seed", self.seed, least=0)

    def __call__(self, readout: Linear) -> Array:
        bound = 1 / np.sqrt(readout.n_in)
        drawn = np.random.default_rng(self.seed).uniform(-bound, bound, (readout.n_out, readout.n_in))
        return drawn.astype(readout.weight.dtype)


@dataclass(frozen=True)
class EProp:
    """The rule for Sequential(Linear, neurons, Linear, readout...), neurons being Recurrent(...) or a spiking layer.

    feedback     : what brings the error from the readout's input to the neurons: `symmetric`, RandomFeedback(seed), or
                   a function of the readout's Linear that returns (n_out, n)
    rate         : spikes per step that `rate_strength` pulls each neuron to, in [0, 1]
    rate_strength: factor of half the squared distance of a neuron's mean rate from it, >= 0; 0 for no such pull

    The error signal of a step is the gradient of the loss in the readout's input at that step, so a leaky readout
    filters it as the paper's kappa filters eligibilities; the weights into the readout get their exact gradient. What
    a neuron's spike does to others in later steps, other than through the output, is left out: this is what makes the
    rule local. Without recurrent weights nothing is left out, and the gradient is that of backpropagation. The paper's
    traces hold the reset constant: Recurrent(..., through_reset=False). Its LIF is reset after the leak, one step later
    than ours: LIF(semantics=sn.semantics.snntorch_subtract); the traces of both follow the same recursion.
    """

    feedback: Feedback = symmetric
    rate: float = 0.01
    rate_strength: float = 0.0

    def __post_init__(self) -> None:
        if not callable(self.feedback):
            raise TypeError(f"EProp: feedback: expected a function such as symmetric, got {self.feedback!r:.60}")
        if not 0 <= finite_number("EProp: rate", self.rate) <= 1:
            raise ValueError(f"EProp: rate: expected spikes per step in [0, 1], got {self.rate}")
        if finite_number("EProp: rate_strength", self.rate_strength) < 0:
            raise ValueError(f"EProp: rate_strength: expected a number >= 0, got {self.rate_strength}")

    def __call__(self, net: Layer, x: TensorLike, targets: Any, loss: Loss, training: Training | None = None) -> Learnt:
        """Adds its gradients of loss(y, targets), y (steps, batch, ...); returns the output and the loss."""
        x = sequence("EProp", net, x)
        into, neurons, readout, rest = _parts(net)
        with no_grad():
            current = into(x)
        found = jacobians(neurons, current)
        z = Tensor(found.output)
        assert isinstance(net, Sequential)
        given = net.parameters()
        held = taken(given)
        drive = readout(z)
        error = Tensor(drive.data, requires_grad=True)
        y: Tensor = error
        for layer in rest:
            y = layer(y, training=training)
        value = scalar("EProp", loss(y, targets))
        value.backward()
        gradients = taken(given)
        for name, g in held.items():
            given[name].grad = g
        arrived = np.zeros_like(drive.data) if error.grad is None else error.grad
        gradients |= {"2.weight": np.tensordot(z.data, arrived, axes=((0, 1), (0, 1)))}
        gradients |= {"2.bias": arrived.sum(axis=(0, 1))} if readout.bias is not None else {}
        signal = arrived @ self._feedback(readout)
        if self.rate_strength:
            off = found.output.mean(axis=(0, 1)) - self.rate
            signal = signal + signal.dtype.type(self.rate_strength / (len(z) * z.shape[1])) * off
        gradients |= _hidden(into, neurons, x.data, found, signal)
        add_gradients(given, gradients)
        return Learnt(y.detach(), value.item())

    def _feedback(self, readout: Linear) -> Array:
        weights = np.asarray(self.feedback(readout))
        if weights.shape != (readout.n_out, readout.n_in):
            raise ValueError(
                f"EProp: feedback: expected weights ({readout.n_out}, {readout.n_in}), got {weights.shape}"
            )
        return weights.astype(readout.weight.dtype)


def _hidden(
    into: Linear, neurons: Spiking | Recurrent, x: Array, found: Jacobians, signal: Array
) -> dict[str, Array | None]:
    """Gradients of the weights into the neurons and among them."""
    shape, m = found.output.shape, len(found.states)
    pre = [x, np.ones((*x.shape[:2], 1), x.dtype)]
    if isinstance(neurons, Recurrent):
        back = np.zeros(shape, x.dtype)
        back[1:] = found.output[:-1]
        pre.append(back)

    def spread(a: Array) -> Array:
        return np.broadcast_to(a, shape)

    states = np.empty((*shape, m, m), x.dtype)
    current, sent = np.empty((*shape, m), x.dtype), np.empty((*shape, m), x.dtype)
    for a in range(m):
        current[..., a], sent[..., a] = spread(found.current[a]), spread(found.output_states[a])
        for b in range(m):
            states[..., a, b] = spread(found.states[a][b])
    g = eligibility.gradient(states, current, sent, spread(found.output_current), np.concatenate(pre, axis=2), signal)
    n_in = x.shape[2]
    gradients: dict[str, Array | None] = {"0.weight": g[:n_in]}
    if into.bias is not None:
        gradients["0.bias"] = g[n_in]
    if isinstance(neurons, Recurrent):
        among = g[n_in + 1 :]
        gradients["1.recurrent_weight"] = among if neurons.self_connections else among * (1 - np.eye(neurons.n))
    return gradients


def _parts(net: Any) -> tuple[Linear, Spiking | Recurrent, Linear, tuple[Layer, ...]]:
    wanted = "EProp: expected Sequential(Linear, Recurrent or spiking layer, Linear, readout...)"
    if not isinstance(net, Sequential) or len(net.layers) < 3:
        raise TypeError(f"{wanted}, got {net!r:.80}")
    into, neurons, readout, *rest = net.layers
    if not isinstance(into, Linear) or not isinstance(readout, Linear) or not isinstance(neurons, Spiking | Recurrent):
        raise TypeError(f"{wanted}, got {', '.join(layer.kind for layer in net.layers)}")
    inner = neurons.layers[0] if isinstance(neurons, Recurrent) else neurons
    if inner.learn:
        raise ValueError(
            f"EProp: parameters of the neurons are not learnt by this rule: make them without {inner.learn}"
        )
    return into, neurons, readout, tuple(rest)
