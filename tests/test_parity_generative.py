"""Likelihoods and reconstructions after training beside those of a reference in torch: same nets, digits and seeds.

The reference is written from the papers with torch's autograd, distributions and Adam. Training goes through the same
minibatches and noise; the sampling of the Boltzmann machine and the importance samples are torch's own.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import spikenet as sn
from spikenet.models import VariationalAutoencoder, glow, mlp, nice, rbm, real_nvp, train_rbm

torch = pytest.importorskip("torch", reason="parity is checked where torch is installed")

WITHIN = 0.02  # of the likelihood, or of the reconstruction error
EPOCHS, BATCH, LATENT, RATE = 4, 64, 8, 3e-3


@pytest.fixture(scope="module")
def grey():
    """(train, test) digits (samples, 64) in [0, 1], noise in place of their rounding."""
    rng = np.random.default_rng(7)
    return tuple(np.float32((16 * part.inputs + rng.random(part.inputs.shape)) / 17) for part in sn.data.digits(0))


def batches(data):
    """The same minibatches for both."""
    rng = np.random.default_rng(1)
    for _ in range(EPOCHS):
        order = rng.permutation(len(data))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            yield data[order[start : start + BATCH]]


def copied(params):
    return {name: torch.tensor(p.data.copy(), requires_grad=True) for name, p in params.items()}


def learn(params, data, loss):
    adam = sn.optim.Adam(RATE)
    state = adam.start(params)
    for x in batches(data):
        for p in params.values():
            p.grad = None
        loss(x).backward()
        state = adam.step(params, state)


def learn_in_torch(params, data, loss):
    adam = torch.optim.Adam(params.values(), lr=RATE)
    for x in batches(data):
        adam.zero_grad()
        loss(torch.tensor(x)).backward()
        adam.step()


def perceptron(x, w, name, layers=2):
    for k in range(layers):
        x = x @ w[f"{name}{2 * k}.weight"] + w[f"{name}{2 * k}.bias"]
        x = torch.relu(x) if k < layers - 1 else x
    return x


def bernoulli(logits, x):
    return torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(-1)


def test_variational_autoencoder():
    black, black_test = (np.float32(part.inputs > 0.5) for part in sn.data.digits(0))
    encoder, decoder = mlp((64, 48, 2 * LATENT), seed=0), mlp((LATENT, 48, 64), seed=1)
    model = VariationalAutoencoder(encoder, decoder, LATENT)
    w, noise, their_noise = copied(model.parameters()), np.random.default_rng(2), np.random.default_rng(2)
    learn(model.parameters(), black, lambda x: model.elbo(x, noise).loss)

    def posterior(x):
        mean, log_variance = perceptron(x, w, "encoder.").chunk(2, -1)
        return torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))

    def loss(x):
        q = posterior(x)
        z = q.mean + q.stddev * torch.tensor(np.float32(their_noise.standard_normal(q.mean.shape)))
        kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(-1)
        return (kl - bernoulli(perceptron(z, w, "decoder."), x)).mean()

    learn_in_torch(w, black, loss)
    with torch.no_grad():
        torch.manual_seed(0)
        x, found = torch.tensor(black_test), []
        q, prior = posterior(x), torch.distributions.Normal(0.0, 1.0)
        for _ in range(50):
            z = q.sample()
            found.append(bernoulli(perceptron(z, w, "decoder."), x) + prior.log_prob(z).sum(-1) - q.log_prob(z).sum(-1))
        theirs = float((torch.logsumexp(torch.stack(found), 0) - math.log(50)).mean())
    ours = float(model.log_likelihood(black_test, np.random.default_rng(3), draws=50).mean())
    assert -60 < theirs < -15, "the reference has learnt something"
    assert abs(ours - theirs) <= WITHIN * abs(theirs), (ours, theirs)


def flow_in_torch(kinds, x, w):
    """(z, log |det dz/dx|) through steps of the given kinds."""
    total = torch.zeros(len(x))
    for k, kind in enumerate(kinds):
        tail = (1,) * (x.ndim - 2)
        if kind == "Scaling":
            x = (x - w[f"{k}.shift"].reshape(-1, *tail)) * torch.exp(w[f"{k}.log_scale"].reshape(-1, *tail))
            total = total + w[f"{k}.log_scale"].sum() * math.prod(x.shape[2:])
        elif kind in ("AdditiveCoupling", "AffineCoupling"):
            turn = sum(name.endswith("Coupling") for name in kinds[:k]) % 2
            seen = x.clone()
            moved = torch.arange(x.shape[1]) % 2 != turn
            seen[:, moved] = 0
            y = perceptron(seen, w, f"{k}.")
            if kind == "AffineCoupling":
                s, y = 2 * torch.tanh(y[:, : x.shape[1]]), y[:, x.shape[1] :]
                x, total = torch.where(moved, x * torch.exp(s) + y, x), total + s[:, moved].sum(-1)
            else:
                x = torch.where(moved, x + y, x)
        elif kind == "Squeeze":
            x = torch.nn.functional.pixel_unshuffle(x, 2)
        elif kind == "InvertibleConv1x1":
            x = torch.nn.functional.conv2d(x, w[f"{k}.weight"][:, :, None, None])
            total = total + torch.linalg.slogdet(w[f"{k}.weight"])[1] * math.prod(x.shape[2:])
        elif kind == "ConvCoupling":
            kept, moved = x.chunk(2, 1)
            y = kept
            for j in range(3):
                weight = w[f"{k}.{j}.weight"]
                y = torch.nn.functional.conv2d(y, weight, w[f"{k}.{j}.bias"], padding=weight.shape[-1] // 2)
                y = torch.relu(y) if j < 2 else y
            s, t = y.chunk(2, 1)
            x = torch.cat([kept, moved * torch.exp(2 * torch.tanh(s)) + t], 1)
            total = total + 2 * torch.tanh(s).sum((1, 2, 3))
        else:
            assert kind == "Unsqueezed"  # only moves numbers: their likelihood is the same
    return x, total


@pytest.mark.parametrize("name", ["NICE", "RealNVP", "Glow"])
def test_flows(name, grey):
    train, test = (part.reshape(-1, 1, 8, 8) for part in grey) if name == "Glow" else grey
    flow = {
        "NICE": lambda: nice(64, couplings=4, hidden=(64,), seed=0),
        "RealNVP": lambda: real_nvp(64, couplings=4, hidden=(64,), seed=0),
        "Glow": lambda: glow((1, 8, 8), levels=2, couplings=1, hidden=8, seed=0),
    }[name]()
    flow.start(train)
    w, kinds = copied(flow.parameters()), [type(step).__name__ for step in flow.steps]

    def likelihood(x):
        z, volume = flow_in_torch(kinds, x, w)
        return torch.distributions.Normal(0.0, 1.0).log_prob(z).flatten(1).sum(-1) + volume

    learn(flow.parameters(), train, lambda x: -flow.log_likelihood(x).mean())
    learn_in_torch(w, train, lambda x: -likelihood(x).mean())
    ours, theirs = float(flow.log_likelihood(test).data.mean()), float(likelihood(torch.tensor(test)).mean().detach())
    assert abs(ours - theirs) <= WITHIN * abs(theirs), (ours, theirs)
    back = flow.inverse(flow(test)[0].data)
    assert np.abs(back - test).max() <= 1e-5


@pytest.mark.parametrize("persistent", [False, True])
def test_restricted_boltzmann_machine(persistent):
    """The reference climbs the gradient of the free energies' difference; its draws are its own."""
    data, test = (part.inputs for part in sn.data.digits(0))
    epochs, size, rate, decay, momentum = 12, 64, 0.05, 1e-4, 0.5
    begin = rbm(64, 48, data=data, seed=0)
    trained, _ = train_rbm(
        begin, data, epochs=epochs, learning_rate=rate, batch_size=size, persistent=persistent, seed=0
    )
    w, visible, hidden = (torch.tensor(part.copy(), requires_grad=True) for part in begin)
    torch.manual_seed(1)
    descent = torch.optim.SGD([{"params": [w], "weight_decay": decay}, {"params": [visible, hidden]}], rate, momentum)
    everything, chains = torch.tensor(data), None

    def free_energy(v):
        return -(v @ visible) - torch.nn.functional.softplus(v @ w + hidden).sum(-1)

    for _ in range(epochs):
        order = torch.randperm(len(data))
        for start in range(0, len(order) - size + 1, size):
            v = everything[order[start : start + size]]
            with torch.no_grad():
                seen = torch.bernoulli(v) if chains is None else chains
                up = torch.bernoulli(torch.sigmoid((seen if persistent else v) @ w + hidden))
                down = torch.sigmoid(up @ w.T + visible)
                dream = torch.bernoulli(down) if persistent else down
                chains = dream
            descent.zero_grad()
            (free_energy(v) - free_energy(dream)).mean().backward()
            descent.step()
    with torch.no_grad():
        x = torch.tensor(test)
        theirs = float(torch.square(torch.sigmoid(torch.sigmoid(x @ w + hidden) @ w.T + visible) - x).mean())
    ours = float(np.square(trained.reconstruct(test) - test).mean())
    before = float(np.square(begin.reconstruct(test) - test).mean())
    assert theirs < (0.97 if persistent else 0.8) * before, "the reference has learnt something"
    assert abs(ours - theirs) <= WITHIN * theirs, (ours, theirs)
