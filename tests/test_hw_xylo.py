"""Xylo's integers: against the plain-Python reading, against the vendor's xylosim, and what is refused."""

from __future__ import annotations

import dataclasses

import naive_chips as naive
import numpy as np
import pytest

from hw.neurons import xylo
from hw.neurons.xylo import Core, Params


def random_params(rng, core, n_in=5, n=60, m=4, small=False):
    """Parameters over their whole words; small: weights, decays and thresholds at which saturation is rare."""
    w, shift = (40, 2) if small else (128, 7)

    def weights(*shape):
        return np.where(rng.random(shape) < 2 / n, rng.integers(-w, w, shape), 0)

    has_bias = core is Core.V2 and rng.random() < 0.7
    bias = 100 if small else 32768
    return Params(
        w_in=rng.integers(-w, w, (n_in, n, 2)), w_rec=weights(n, n, 2), w_out=weights(n, m),
        dash_mem=rng.integers(0, 16, n), dash_syn=rng.integers(0, 16, (n, 2)),
        threshold=rng.integers(100, 3000 if small else 32768, n),
        dash_mem_out=rng.integers(0, 16, m), dash_syn_out=rng.integers(0, 16, m),
        threshold_out=rng.integers(1, 32768, m),
        bias=rng.integers(-bias, bias, n) if has_bias else None,
        bias_out=rng.integers(-bias, bias, m) if has_bias else None,
        alias=np.where(rng.random(n) < 0.3, rng.integers(0, n, n), -1),
        shift_in=int(rng.integers(0, shift + 1)), shift_rec=int(rng.integers(0, shift + 1)),
        shift_out=int(rng.integers(0, shift + 1)), core=core,
    )  # fmt: skip


def random_raster(rng, steps, n_in):
    """Stretches of silence, of few and of very many events, more than the 15 a channel takes."""
    level = rng.choice([0.0, 0.1, 2.0, 20.0], steps, p=[0.4, 0.4, 0.15, 0.05])
    return np.minimum(rng.poisson(level[:, None], (steps, n_in)), 255)


@pytest.mark.parametrize("core", list(Core))
@pytest.mark.parametrize("small", [False, True], ids=["whole words", "rarely saturating"])
def test_equal_to_the_plain_reading(core, small):
    """Of each core 2 x 20 chips x 400 steps x 64 neurons: a million neuron-steps, hidden and output, 0 mismatches."""
    rng = np.random.default_rng([core.value, small])
    saturations = 0
    for _ in range(20):
        params = random_params(rng, core, small=small)
        raster = random_raster(rng, 400, 5)
        run, core_model = xylo.run(params, raster), naive.Xylo(params, core is Core.V1)
        for t, events in enumerate(raster.tolist()):
            out, hidden, i, v, sleeps = core_model.step(events)
            assert out == run.spikes[t].tolist(), t
            assert hidden == run.hidden[t].tolist(), t
            assert i == run.i[t].tolist(), t
            assert v == run.v[t].tolist(), t
            assert core_model.v_out == run.v_out[t].tolist(), t
            assert core_model.i_out == run.i_out[t].tolist(), t
            if core is Core.V2:
                assert sleeps == run.hibernating[t], t
        assert run.met.sum(axis=1).tolist() == [run.overflow.current, run.overflow.membrane, run.overflow.capped]
        saturations += run.overflow.current + run.overflow.membrane
    assert small or saturations > 100  # the saturating case was really met


@pytest.mark.parametrize("core", list(Core))
def test_equal_to_xylosim(core):
    """The vendor's own simulator, bit for bit: spikes, currents, membranes, hibernation."""
    xylosim = pytest.importorskip("xylosim.v1" if core is Core.V1 else "xylosim.v2")
    for seed in range(6):
        rng = np.random.default_rng([7, seed, core.value])
        params = random_params(rng, core, small=seed % 2 == 0)
        raster = random_raster(rng, 300, 5)
        layer, kept = in_xylosim(xylosim, params)
        spikes = np.array(layer.evolve(raster.tolist()))
        run = xylo.run(params, raster)
        assert kept  # the layer points at its synapses without owning them
        assert np.array_equal(spikes, run.spikes)
        assert np.array_equal(np.array(layer.rec_recurrent_spikes), run.hidden)
        assert np.array_equal(np.array(layer.rec_v_mem).T, run.v)
        assert np.array_equal(np.array(layer.rec_i_syn).T, run.i[..., 0])
        assert np.array_equal(np.array(layer.rec_i_syn2).T, run.i[..., 1])
        assert np.array_equal(np.array(layer.rec_v_mem_out).T, run.v_out)
        assert np.array_equal(np.array(layer.rec_i_syn_out).T, run.i_out)
        if core is Core.V2:
            assert np.array_equal(np.array(layer.rec_hibernation_mode, bool), run.hibernating)


def in_xylosim(xylosim, p):
    def synapses(w):
        w = w if w.ndim == 3 else w[..., None]
        return [
            [
                xylosim.XyloSynapse(int(j), int(s), int(w[source, j, s]))
                for j in range(w.shape[1])
                for s in range(w.shape[2])
                if w[source, j, s]
            ]
            for source in range(len(w))
        ]

    bias = {"has_bias": p.has_bias, "bias": p.bias.tolist(), "bias_out": p.bias_out.tolist()}
    kept = synapses(p.w_in), synapses(p.w_rec), synapses(p.w_out)
    layer = xylosim.XyloLayer(
        synapses_in=kept[0], synapses_rec=kept[1], synapses_out=kept[2],
        aliases=[[a] if a >= 0 else [] for a in p.alias.tolist()],
        threshold=p.threshold.tolist(), threshold_out=p.threshold_out.tolist(),
        weight_shift_inp=p.shift_in, weight_shift_rec=p.shift_rec, weight_shift_out=p.shift_out,
        dash_mem=p.dash_mem.tolist(), dash_mem_out=p.dash_mem_out.tolist(),
        dash_syns=p.dash_syn.tolist(), dash_syns_out=p.dash_syn_out[:, None].tolist(), name="x",
        **(bias if p.core is Core.V2 else {}),
    )  # fmt: skip
    return layer, kept


def test_rows_do_not_touch_and_time_can_be_split():
    rng = np.random.default_rng(3)
    params = random_params(rng, Core.V2, small=True)
    raster = np.stack([random_raster(rng, 60, 5) for _ in range(3)], axis=1)
    whole = xylo.run(params, raster)
    head = xylo.run(params, raster[:23])
    tail = xylo.run(params, raster[23:], head.state)
    assert np.array_equal(whole.spikes, np.concatenate([head.spikes, tail.spikes]))
    assert np.array_equal(whole.v, np.concatenate([head.v, tail.v]))
    for b in range(3):
        alone = xylo.run(params, raster[:, b])
        assert np.array_equal(alone.hidden, whole.hidden[:, b])
        assert np.array_equal(alone.i, whole.i[:, b])


def test_sizes_are_the_records_to_limit():
    """17 inputs, 1001 hidden neurons, 9 outputs: more than any record has, and the last of each is heard."""
    w_in, w_out = np.zeros((17, 1001), int), np.zeros((1001, 9), int)
    w_in[16, 1000] = w_out[1000, 8] = 100
    run = xylo.run(Params(w_in, np.zeros((1001, 1001), int), w_out, 4, 4, 90, 4, 4, 90), np.eye(17, dtype=int)[[16, 0]])
    assert np.argwhere(run.hidden[0]).tolist() == [[1000]]
    assert np.argwhere(run.spikes).tolist() == [[1, 8]]


def test_what_overflows_is_counted():
    """127 << 7 = 16256 three times from 0: 16256, 32512, 32767; nothing else is there to saturate but v."""
    one = Params([[127]], [[0]], [[0]], 15, 15, 32767, 4, 4, 100, shift_in=7)
    run = xylo.run(one, [[3], [0], [99]])
    assert run.i[0, 0, 0] == 32767 - 1  # dash 15: the least decay, one
    assert run.overflow.inputs_dropped == 84
    assert run.overflow.current == 1 + 1  # once in step 0, once for the 15 events of step 2
    assert run.overflow.membrane > 0
    few = Params([[127]], [[0]], [[0]], 15, 0, 1, 4, 4, 100)
    run = xylo.run(few, [[1]])
    assert (run.hidden[0, 0], run.overflow.capped) == (0, 0)  # dash_syn 0 forgets the current before it is used
    run = xylo.run(dataclasses.replace(few, dash_syn=4), [[1]])
    assert (run.hidden[0, 0], run.overflow.capped) == (31, 1)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"w_in": [[128]]}, ValueError, r"w_in.*-128..127.*128"),
        ({"w_in": [[0.5]]}, ValueError, r"w_in.*0\.5"),
        ({"w_in": [[np.nan]]}, ValueError, "nan"),
        ({"w_rec": [[0, 1]]}, ValueError, "w_rec"),
        ({"threshold": 0}, ValueError, "threshold.*1..32767.*0"),
        ({"threshold_out": -5}, ValueError, "threshold_out.*-5"),
        ({"dash_mem": 16}, ValueError, "dash_mem.*16"),
        ({"alias": 1}, ValueError, "alias.*1"),
        ({"shift_in": 8}, ValueError, "shift_in.*8"),
        ({"bias": 40000}, ValueError, "bias.*40000"),
        ({"bias": 1, "core": Core.V1}, ValueError, "V1"),
        ({"core": "v2"}, TypeError, "Core"),
        ({"w_out": "a"}, TypeError, "w_out"),
    ],
)
def test_bad_parameters_are_refused_with_name_and_value(change, error, said):
    good = {"w_in": [[1]], "w_rec": [[1]], "w_out": [[1]], "dash_mem": 4, "dash_syn": 4, "threshold": 9}
    good |= {"dash_mem_out": 4, "dash_syn_out": 4, "threshold_out": 9}
    Params(**good)
    with pytest.raises(error, match=said):
        Params(**good | change)


def test_a_raster_that_does_not_fit_is_refused():
    one = Params([[1]], [[1]], [[1]], 4, 4, 9, 4, 4, 9)
    for raster, said in (([[1, 1]], "steps, 1"), ([[-1]], "-1"), ([[256]], "256"), ([[0.5]], r"0\.5")):
        with pytest.raises(ValueError, match=said):
            xylo.run(one, raster)
    with pytest.raises(ValueError, match="state"):
        xylo.run(one, np.zeros((2, 3, 1)), xylo.run(one, [[1]]).state)
