"""Losses against snnTorch's own, values and gradients. Skipped without it, which is no dependency."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import spikenet as sn

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")
peer = pytest.importorskip("snntorch.functional", reason="parity is checked where snnTorch is installed")

LABELS = np.array([2, 0, 3, 1])
WEIGHTS = np.array([0.5, 1.0, 2.0, 3.0])
TIMES = np.where(np.eye(4, dtype=bool)[LABELS], 2, 9)


def weighted():
    return {"weight": torch.tensor(WEIGHTS, dtype=torch.float32)}


OURS_WEIGHTED = {"class_weights": WEIGHTS}
CASES = {
    "count": (sn.loss.count_cross_entropy, lambda: peer.ce_count_loss()),
    "step": (sn.loss.step_cross_entropy, lambda: peer.ce_rate_loss()),
    "max": (sn.loss.max_membrane_cross_entropy, lambda: peer.ce_max_membrane_loss()),
    "count weighted": (partial(sn.loss.count_cross_entropy, **OURS_WEIGHTED), lambda: peer.ce_count_loss(**weighted())),
    "step weighted": (partial(sn.loss.step_cross_entropy, **OURS_WEIGHTED), lambda: peer.ce_rate_loss(**weighted())),
    "max weighted": (
        partial(sn.loss.max_membrane_cross_entropy, **OURS_WEIGHTED),
        lambda: peer.ce_max_membrane_loss(**weighted()),
    ),
    "count mse": (
        partial(sn.loss.count_mse, right_rate=0.8, wrong_rate=0.2),
        lambda: peer.mse_count_loss(correct_rate=0.8, incorrect_rate=0.2),
    ),
    "membrane mse": (
        partial(sn.loss.membrane_mse, right=1.05, wrong=0.2),
        lambda: peer.mse_membrane_loss(on_target=1.05, off_target=0.2),
    ),
    "first spike": (sn.loss.first_spike_cross_entropy, lambda: peer.ce_temporal_loss()),
    "first spike mse": (
        lambda y, labels: sn.loss.first_spike_mse(y, TIMES),
        lambda: peer.mse_temporal_loss(on_target=2, off_target=9),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_losses_are_snntorchs(name, rng):
    spikes = (rng.random((10, 4, 4)) < 0.3).astype(np.float32)
    spikes[:, 1, 2] = 0  # one that never fires
    values = rng.normal(size=(10, 4, 4)).astype(np.float32) if "max" in name or "membrane" in name else spikes
    ours, make = CASES[name]
    y = sn.Tensor(values, requires_grad=True)
    found = ours(y, LABELS)
    found.backward()
    theirs = torch.tensor(values, requires_grad=True)
    expected = make()(theirs, torch.tensor(LABELS))
    expected.backward()
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    assert np.allclose(y.grad, theirs.grad.numpy(), rtol=1e-4, atol=1e-7)
