"""Loihi 1's integers: 10^6 neuron-steps of every reading and variant equal to plain Python, recordings of real tools
equal without exception, weights, delays, time cut anywhere, threads, overflow counted, bad input refused."""

from __future__ import annotations

from pathlib import Path

import naive_loihi as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw import SignMode, loihi_clipped, loihi_weights, place_program
from hw.chips import loihi1
from hw.kernels.machine_integers import kept_part
from hw.neurons import loihi
from hw.programs.loihi import Population
from hw.programs.record import Program
from spikenet.derive.compile import compiled

RECORDED = Path(__file__).resolve().parents[2] / "shared" / "data" / "loihi_fixed"
NEURONS, STEPS = 1000, 1000


def random_case(reading, rng, n=NEURONS):
    """Parameters over all their words, extremes included, as a dictionary of (n,) arrays."""
    p = {
        "du": rng.choice([0, 1, 409, 2048, 4094, 4095, *rng.integers(0, 4096, 40)], n),
        "dv": rng.choice([0, 1, 128, 2048, 4095, *rng.integers(0, 4096, 40)], n),
        "vth": rng.choice([0, 1, 6, 100, 1 << 12, (1 << 17) - 1, *rng.integers(0, 1 << 17, 20)], n),
    }
    if reading != "brian2_loihi":
        p["bias_mant"] = rng.choice([0, 0, 1, -1, 4095, -4095, *rng.integers(-4095, 4096, 20)], n)
        p["bias_exp"] = rng.integers(-3 if reading == "lava" else 0, 8, n)
    if reading != "lava":
        p["refractory"] = rng.choice([1, 1, 2, 3, 63], n)
    if reading == "nengo_loihi":
        p["vmin"] = rng.choice([0, *(1 - (1 << e) for e in range(24))], n)
        p["vmax"] = rng.choice([(1 << (9 + 2 * k)) - 1 for k in range(8)], n)
    return p


def random_arrivals(rng, sizes, shape=(STEPS, NEURONS)):
    """Sums of every size a neuron may meet, each neuron having its own."""
    size = rng.choice(sizes, shape[1:])
    return np.rint(rng.normal(0.1, 1.0, shape) * size).astype(np.int64)


def one_by_one(oracle, p, x):
    """The naive reading neuron by neuron: (spikes, u, v), each (steps, n), and the sums of what it counted."""
    n = x.shape[1]
    p = {name: np.broadcast_to(values, n).tolist() for name, values in p.items()}
    columns = [oracle({name: values[j] for name, values in p.items()}, x[:, j].tolist()) for j in range(n)]
    rows = np.array([column for column, _ in columns], dtype=np.int64)
    return rows.transpose(2, 1, 0), tuple(int(c) for c in np.sum([counts for _, counts in columns], axis=0))


def agrees(oracle, params, p, x):
    """Whether a run gives every spike, u, v and count that the naive reading gives."""
    (spikes, u, v), counts = one_by_one(oracle, p, x)
    got = loihi.run(params, x)
    assert np.array_equal(got.spikes, spikes)
    assert np.array_equal(got.u, u)
    assert np.array_equal(got.v, v)
    assert got.overflows == counts
    return got


@pytest.mark.parametrize("reading", ["lava", "nengo_loihi", "brian2_loihi"])
def test_a_million_neuron_steps_equal_plain_python(reading, rng):
    p = random_case(reading, rng)
    sizes = [1, 30, 1000, 60_000] if reading == "lava" else [64, 2000, 100_000, 3_000_000]
    x = random_arrivals(rng, sizes)
    got = agrees(getattr(naive, reading), loihi.Params(**p, reading=reading), p, x)
    assert 0.02 < got.spikes.mean() < 0.8  # the case says something
    if reading != "brian2_loihi":
        assert got.overflows.u > 1000
        assert got.overflows.v > 1000


def test_a_million_neuron_steps_of_ternary_and_resetting_neurons(rng):
    p = random_case("lava", rng)
    p["vth_low"] = np.minimum(rng.choice([0, -1, -6, -100, -(1 << 12), -(1 << 17), 3], NEURONS), p["vth"])
    x = random_arrivals(rng, [1, 30, 1000, 60_000]) - random_arrivals(rng, [1, 30])
    constants = {"reset_interval": 17, "reset_offset": 37}
    got = agrees(naive.lava, loihi.Params(**p, **constants), p | constants, x)
    assert {-1, 0, 1} == set(np.unique(got.spikes).tolist())


def test_sums_that_wrap_more_than_once_are_as_lava_has_them(rng):
    """From |a| = 2^18 on one turn of u does not bring it back into 24 bits, and Lava makes one turn."""
    p = random_case("lava", rng, 40) | {"vth_low": -3}
    x = random_arrivals(rng, [1000, 300_000, 3_000_000], (300, 40))
    whole = agrees(naive.lava, loihi.Params(**p), p, x)
    head = loihi.run(loihi.Params(**p), x[:100])
    assert np.abs(head.after.u).max() > 1 << 23  # beyond its word, and carried on so
    small = np.concatenate([x[:100], x[100:] // 1000])
    tail = loihi.run(loihi.Params(**p), small[100:], head.after)
    assert np.array_equal(tail.u, loihi.run(loihi.Params(**p), small).u[100:])
    assert whole.u.dtype == np.int64
    x = random_arrivals(rng, [1000], (50, 40))
    for one_large in (-(1 << 18), -(1 << 31)):  # among small ones
        x[25, 7] = one_large
        agrees(naive.lava, loihi.Params(**p), p, x.astype(np.int32))


def test_ends_of_the_words():
    """u = 2^23 stays and 2^23 + 1 turns; -2^23 turns and 1 - 2^23 stays; at a threshold nothing fires."""
    keep_all = {"du": 4095, "dv": 4096, "vth": (1 << 17) - 1, "bias_mant": 0, "bias_exp": 0}
    x = np.array([[1 << 17], [-(1 << 17)]])
    rows, _ = naive.lava({name: int(v) for name, v in keep_all.items()}, x[:, 0].tolist())
    got = loihi.run(loihi.Params(**keep_all), x)
    assert got.u[:, 0].tolist() == [row[1] for row in rows] == [1 << 23, 1 << 23]
    even = loihi.run(loihi.Params(du=4095, dv=4095, vth=5), np.array([[5], [6]]))
    assert even.spikes[:, 0].tolist() == [0, 1]


def test_brian2_and_lava_are_one_neuron_apart_from_the_hidden_one(rng):
    x = random_arrivals(rng, [50], (300, 64))
    lava = loihi.run(loihi.Params(409, 128, 300), x)
    brian2 = loihi.run(loihi.Params(410, 128, 300, reading="brian2_loihi"), x << 6)
    nengo = loihi.run(loihi.Params(409, 128, 300, reading="nengo_loihi", vmin=1 - (1 << 23)), x << 6)
    for other in (brian2, nengo):
        assert np.array_equal(lava.u, other.u)
        assert np.array_equal(lava.v, other.v)
        assert np.array_equal(lava.spikes, other.spikes)


# Recordings of real tools


def there(name):
    """The file of that name; without the folder `shared` nothing is compared with real tools."""
    file = RECORDED / name
    if not file.exists():
        pytest.skip(f"ground truth not checked: no {file}")
    return file


def recorded(name):
    return np.load(there(name))


def test_dense_recording_of_lava_dl():
    """200 inputs x 2000 steps into 256 neurons: every current and every spike."""
    data = recorded("dense_gts.npz")
    weights = data["weight"].T
    x = loihi.deliver(data["in"].T, weights, latency=1)  # the recording is a step late
    got = loihi.run(loihi.Params(du=4095, dv=415, vth=6), x)
    assert np.array_equal(got.spikes, data["out"].T)
    assert np.array_equal(got.u >> 6, data["current"].T)
    assert got.spikes.sum() > 1000


def test_convolution_recording_of_lava_dl():
    """A 5 x 5 convolution with stride 2 of the tiny network: every current and every spike."""
    from scipy.signal import convolve

    spikes, kernel = recorded("tinynet/input.npy")[0], recorded("tinynet/layer1_kernel.npy")
    bias, current, out = (recorded(f"tinynet/{name}.npy") for name in ("layer1_bias", "current", "layer1"))
    # (channel, y, x, t) -> (t, x, y, channel); the kernel is (out, x, y, in), and the convolution a true one
    spikes, current, out = (a.transpose(3, 2, 1, 0) for a in (spikes, current[0], out[0]))
    sums = np.stack(
        [
            [convolve(frame, k[:, :, ::-1], mode="valid", method="direct")[::2, ::2, 0] for frame in spikes.astype(int)]
            for k in kernel
        ],
        axis=-1,
    )
    x = np.zeros_like(sums)
    x[1:] = sums[1:]  # the first step is not run
    got = loihi.run(loihi.Params(du=4095, dv=1024, vth=25, bias_mant=bias, bias_exp=6), x[1:])
    assert np.array_equal(got.u >> 6, current[1:])
    assert np.array_equal(got.spikes, out[1:])
    assert out.size == 13824
    assert out.sum() > 100


def test_second_convolution_of_the_tiny_network():
    """Its 5 x 5 filters meet the whole of their input, by correlation; weights from the network's own file."""
    weights, bias, layer = network("tiny.net", 2, "weight", "bias")
    before, out = recorded("tinynet/layer1.npy")[0], recorded("tinynet/output.npy")[0, :, 0, 0]
    x = np.einsum("oiyx,iyxt->to", weights[..., 0], before[:, :5, :5]).astype(np.int64)
    params = loihi.Params(layer["iDecay"] - 1, layer["vDecay"], layer["vThMant"], bias.astype(int), 6)
    assert np.array_equal(loihi.run(params, x[1:]).spikes, out.T[1:])
    assert out.sum() > 50


def network(name, layer, *arrays):
    """Arrays of a layer of a netx file, and its neuron's scalars."""
    h5py = pytest.importorskip("h5py", reason="netx files are HDF5")
    with h5py.File(there(name)) as content:
        place = content[f"layer/{layer}"]
        neuron = {key: value[()] for key, value in place["neuron"].items()}
        return *(place[key][()] for key in arrays), neuron


def test_oxford_network():
    """Its first layer is what dense_gts recorded: every spike, from the network's own file and events, in a program and
    on placed cores. Of the second there is no recording, so every spike is the naive reading's."""
    data, events = (recorded(name) for name in ("dense_gts.npz", "oxford_input.npy"))
    layers, x = [], data["in"].T.astype(np.int8)
    for k in (0, 1):
        weights, neuron = network("oxford_network.net", k, "weight")
        params = loihi.Params(neuron["iDecay"] - 1, neuron["vDecay"], neuron["vThMant"])
        n = len(weights)
        layers.append(Population(f"{k}", weights.T.astype(np.int64), 0, params, 1.0, (n,), reads_v=False))
    assert np.array_equal(layers[0].weights, data["weight"].T)
    steps, sources = np.rint(events[:, 2]).astype(int), events[:, 0].astype(int)
    off = x[steps, sources] != 1  # ten, half way between two steps, which the recording put into the later one
    assert off.sum() == 10
    assert (x[steps[off] + 1, sources[off]] == 1).all()
    assert (events[off, 2] % 1 == 0.5).all()
    program = Program(tuple(layers), (), loihi1)
    hidden, out = (run.spikes[:, 0] for run in program.layer_runs(x[:, None]))
    assert np.array_equal(hidden[:1999], data["out"].T[1:])  # the recording is a step late
    p = {name: np.broadcast_to(getattr(params, name), n) for name in ("du", "dv", "vth", "bias_mant", "bias_exp")}
    (wanted, _, _), _ = one_by_one(naive.lava, p, hidden.astype(np.int64) @ layers[1].weights)
    assert np.array_equal(out[1:], wanted[:2000])  # a step from layer to layer
    assert wanted.sum() > 9000
    placed = place_program(program).run(x[:, None])
    assert np.array_equal(placed.output[:, 0], out[1:])


def test_oxford_output_is_a_target_and_no_recording():
    """Why the second layer is compared with no file: oxford_output.npy holds SuperSpike's picture, towards which
    lava-dl trained the network (its slayer_test.py reads it as the target). What the network sent is in lava-dl's
    ground_truth.npy, which is not among the data. Were it a recording, some shift of time would make it agree: at the
    best one a seventh of its spikes do, and it has 10,361 of them where the network sends 9,565."""
    data, target = recorded("dense_gts.npz"), recorded("oxford_output.npy")
    weights, neuron = network("oxford_network.net", 1, "weight")
    params = loihi.Params(neuron["iDecay"] - 1, neuron["vDecay"], neuron["vThMant"])
    got = loihi.run(params, loihi.deliver(data["out"].T.astype(np.int64), weights.T)).spikes
    picture = np.zeros_like(got)
    picture[target[:, 2].astype(int), target[:, 0].astype(int)] = 1
    assert (int(got.sum()), int(picture.sum())) == (9565, 10361)
    assert max(int((np.roll(got, shift, 0) & picture).sum()) for shift in range(-20, 21)) < 10361 / 7
    coarse = [a.reshape(40, 50, 100, 2).sum(axis=(1, 3)).ravel() for a in (got, picture)]  # 50 steps, 2 rows of it
    assert np.corrcoef(*coarse)[0, 1] > 0.9  # it learnt the picture


# What holds for every reading

READINGS = [("lava", {}), ("lava", {"vth_low": -40, "reset_interval": 7, "reset_offset": 2})]
READINGS += [("nengo_loihi", {"refractory": 4, "vmin": -1023}), ("brian2_loihi", {"refractory": 4})]


@pytest.mark.parametrize(("reading", "extra"), READINGS)
def test_time_can_be_cut_and_threads_do_not_matter(reading, extra, rng, one_thread_and_two):
    x = random_arrivals(rng, [1, 30, 3000], (40, 3, 5, 300)) << (0 if reading == "lava" else 6)
    params = loihi.Params(rng.integers(0, 4096, (5, 300)), rng.integers(0, 4096, 300), 90, reading=reading, **extra)
    one, two = one_thread_and_two(lambda: loihi.run(params, x))
    head = loihi.run(params, x[:11])
    tail = loihi.run(params, x[11:], head.after)
    for name in ("spikes", "u", "v"):
        whole = getattr(one, name)
        assert np.array_equal(whole, getattr(two, name))
        assert np.array_equal(whole, np.concatenate([getattr(head, name), getattr(tail, name)]))
    assert one.after.steps == tail.after.steps == 40
    assert np.array_equal(one.after.u, tail.after.u)
    assert one.overflows == tuple(np.add(head.overflows, tail.overflows))
    assert 0 < np.count_nonzero(one.spikes) < one.spikes.size
    alone = loihi.run(params, x[:, 1:2])
    assert np.array_equal(alone.v, one.v[:, 1:2])  # rows do not touch
    quiet = loihi.run(params, x, states=False)
    assert quiet.u is None
    assert quiet.v is None
    assert np.array_equal(quiet.spikes, one.spikes)


def test_input_is_not_written_to_and_every_whole_type_is_taken(rng):
    x = rng.integers(-90, 100, (20, 7)).astype(np.int16)
    x.flags.writeable = False
    params = loihi.Params(400, 300, 10)
    wanted = loihi.run(params, x)
    for other in (x.astype(np.int64), x.astype(np.float32), np.asfortranarray(x), x.tolist(), x.astype(np.int32)):
        assert np.array_equal(loihi.run(params, other).v, wanted.v)
    for reading in ("nengo_loihi", "brian2_loihi"):
        params = loihi.Params(400, 300, 10, reading=reading)
        assert np.array_equal(loihi.run(params, x).v, loihi.run(params, x.astype(np.int32)).v)
    empty = loihi.run(params, x[:0])
    assert empty.spikes.shape == (0, 7)
    assert empty.after.u.tolist() == [0] * 7


# Weights and delivery

MODES = ("mixed", "excitatory", "inhibitory")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6, 8])
def test_every_weight_in_every_reading(mode, bits):
    w = np.arange(-300, 301)
    assert loihi_weights(w, bits, mode, 3).tolist() == [naive.lava_weight(v, bits, mode) for v in w.tolist()]
    w = {"mixed": np.arange(-256, 256), "excitatory": np.arange(256), "inhibitory": np.arange(-256, 1)}[mode]
    for e in range(-7, 8):
        got = loihi_weights(w, bits, SignMode(mode), e, "nengo_loihi")
        assert got.tolist() == [naive.nengo_weight(v, bits, mode, e) for v in w.tolist()]
        got = loihi_weights(w, bits, mode, e, "brian2_loihi")
        assert got.tolist() == [naive.brian2_weight(v, bits, mode, e) for v in w.tolist()]
    halves = w[:-1] + 0.5
    got = loihi_weights(halves, bits, mode, -2, "nengo_loihi")
    assert got.tolist() == [naive.nengo_weight(v, bits, mode, -2) for v in halves.tolist()]


def test_weights_that_are_cut_are_counted():
    """Those beyond the mantissas of their sign mode; dropped bits are rounding and not counted."""
    w = np.arange(-300, 301)
    for bits in (8, 3):
        assert loihi_clipped(w, bits, "mixed") == 44 + 45  # -300..-257 and 256..300
        assert loihi_clipped(w, bits, "excitatory") == 300 + 45
        assert loihi_clipped(w, bits, "inhibitory") == 300 + 45
    assert loihi_clipped([-3, 0, 7]) == 0
    assert loihi_clipped([-256, -254, 255], 8, "mixed", 0, "nengo_loihi") == 2  # words are +-127 times 2
    assert loihi_clipped([-256, 255, 100], 8, "mixed", 7, "brian2_loihi") == 1  # -2^21, of which 64 is cut
    with pytest.raises(ValueError, match="loihi_clipped: w: expected whole mantissas"):
        loihi_clipped([1.5])


def test_signs_choose_the_mode():
    assert loihi_weights([3, 0]).tolist() == [3, 0]
    assert loihi_weights([-3, 0]).tolist() == [-3, 0]
    assert loihi_weights([-3, 1]).tolist() == [-4, 0]  # mixed weights lose their lowest bit, downward


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(-8, 7), st.integers(0, 3))
def test_delivery_spike_by_spike(seed, exponent, latency):
    """Every synapse on its own: a spike of t arrives at t + latency + delay, sums of one step and delay are shifted."""
    rng = np.random.default_rng(seed)
    steps, inputs, n = 12, 5, 4
    spikes = rng.integers(-7, 8, (steps, inputs)) * (rng.random((steps, inputs)) < 0.5)
    weights, delays = rng.integers(-128, 128, (inputs, n)) * 2, rng.choice([0, 1, 5, 62], (inputs, n))
    wanted = np.zeros((steps + 70, n), dtype=object)
    for t in range(steps):
        for j in range(n):
            for delay in (0, 1, 5, 62):
                terms = (int(spikes[t, i]) * int(weights[i, j]) for i in range(inputs) if delays[i, j] == delay)
                wanted[t + latency + delay, j] += naive.shifted(sum(terms), exponent)
    got = loihi.deliver(spikes, weights, exponent=exponent, delays=delays, graded_bits=3, latency=latency)
    assert got.tolist() == wanted[:steps].tolist()
    plain = loihi.deliver(spikes[None].transpose(1, 0, 2), weights, graded_bits=3, exponent=exponent)
    without = loihi.deliver(spikes, weights, delays=np.zeros_like(weights), graded_bits=3, exponent=exponent)
    assert np.array_equal(plain[:, 0], without)


# Bad input

GOOD = {"du": 400, "dv": 100, "vth": 10}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"du": 4096}, "du: expected integers in 0..4095, got 4096"),
        ({"dv": -1}, "dv.*-1"),
        ({"dv": 4097}, "dv.*4096, got 4097"),
        ({"dv": 4096, "reading": "nengo_loihi"}, "dv.*4095"),
        ({"vth": -1}, "vth.*-1"),
        ({"vth": 1 << 17}, "vth.*131071, got 131072"),
        ({"vth": 1.5}, "vth.*1.5"),
        ({"vth": [1, np.nan]}, r"vth.*nan at index \(1,\)"),
        ({"bias_mant": 4096}, "bias_mant.*4095, got 4096"),
        ({"bias_exp": 8}, "bias_exp.*7, got 8"),
        ({"bias_exp": -1, "reading": "nengo_loihi"}, "bias_exp"),
        ({"reading": "loihi"}, "'lava', 'nengo_loihi', 'brian2_loihi', got 'loihi'"),
        ({"refractory": 2}, "refractory = 2 does not exist in the reading 'lava'.*'nengo_loihi' and 'brian2_loihi'"),
        ({"refractory": 65, "reading": "brian2_loihi"}, "refractory.*64"),
        ({"bias_mant": 3, "reading": "brian2_loihi"}, "bias_mant = 3 does not exist"),
        ({"vmin": -1000, "reading": "nengo_loihi"}, "vmin: -1000 is none.*nearest is -1023"),
        ({"vmax": 512, "reading": "nengo_loihi"}, "vmax: 512.*nearest is 511"),
        ({"vth_low": 11}, "vth_low <= vth"),
        ({"reset_interval": 0}, "reset_interval"),
        ({"du": [1, 2], "dv": [1, 2, 3]}, "shapes do not fit"),
    ],
)
def test_parameters_outside_their_words_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        loihi.Params(**GOOD | change)


def test_wrong_inputs_of_a_run_are_refused():
    params = loihi.Params(**GOOD | {"vth": [1, 2, 3]})
    for x, words in (
        ([1, 2, 3], r"\(steps, ..., n\), got shape \(3,\)"),
        (np.zeros((4, 2), int), r"shape \(3,\), arriving is for neurons of shape \(2,\)"),
        ([[0.5, 1, 2]], "0.5"),
        ([[1 << 31, 0, 0]], "2147483648"),
        ([[np.inf, 0, 0]], "inf"),
    ):
        with pytest.raises(ValueError, match=words):
            loihi.run(params, x)
    with pytest.raises(TypeError, match="integers"):
        loihi.run(params, [["a", "b", "c"]])
    with pytest.raises(TypeError, match="Params"):
        loihi.run(GOOD, [[1, 2, 3]])
    with pytest.raises(TypeError, match=r"record\.after"):
        loihi.run(params, [[1, 2, 3]], before=3)
    with pytest.raises(ValueError, match=r"before\.u"):
        loihi.run(params, [[1, 2, 3]], before=loihi.rest((2,)))
    far = loihi.rest((1,))._replace(u=np.array([1 << 24]))
    with pytest.raises(ValueError, match="24 bits"):
        loihi.run(loihi.Params(0, 0, 9, reading="nengo_loihi"), [[1]], far)
    with pytest.raises(ValueError, match="64 bits"):
        loihi.run(loihi.Params(0, 0, 9, reading="brian2_loihi"), np.full((1 << 16, 1), (1 << 31) - 1))


def test_wrong_weights_and_spikes_are_refused():
    for call, words in (
        (lambda: loihi_weights([1, 1.5]), r"w: expected whole mantissas, got 1.5 at index \(1,\)"),
        (lambda: loihi_weights([np.nan]), "nan"),
        (lambda: loihi_weights([1], 7), r"\(1, 2, 3, 4, 5, 6, 8\), got 7"),
        (lambda: loihi_weights([1], 8, "both"), "'mixed', 'excitatory', 'inhibitory'.*'both'"),
        (lambda: loihi_weights([1], 8, None, 8), "exponent.*7, got 8"),
        (lambda: loihi_weights([1], 8, None, -8, "nengo_loihi"), "exponent.*-7"),
        (lambda: loihi_weights([-1], 8, "excitatory", 0, "brian2_loihi"), "excitatory weights lie in 0..255, got -1"),
        (lambda: loihi_weights([300], 8, None, 0, "nengo_loihi"), "0..255, got 300"),
        (lambda: loihi.deliver([[2]], [[1]]), "graded"),
        (lambda: loihi.deliver([[1, 0]], [[1]]), r"\(steps, ..., 1\)"),
        (lambda: loihi.deliver([[1]], [[1]], delays=[[63]]), "62, got 63"),
        (lambda: loihi.deliver([[1]], [[1]], delays=[[1, 2]]), "delays of the weights' shape"),
        (lambda: loihi.deliver([[1]], [[1]], exponent=1, reading="brian2_loihi"), "loihi_weights"),
        (lambda: loihi.deliver([[1]], [1]), "weights"),
        (lambda: loihi.deliver([[1]], [[1]], graded_bits=25), "graded_bits"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def test_a_stretch_with_an_overflow_is_done_again(rng):
    """Steps are tried without looking for overflows: one anywhere, in any block, changes nothing but its own count."""
    x = rng.integers(-40, 60, (100, 1100))
    big = x.copy()
    big[70, 600] = 1 << 17  # u turns once there, in the third stretch of the second block
    params = loihi.Params(du=300, dv=200, vth=400)
    plain, got = loihi.run(params, x), loihi.run(params, big)
    assert plain.overflows.u == plain.overflows.v == 0
    assert got.overflows.u == 1
    others = np.arange(1100) != 600
    assert np.array_equal(got.u[:, others], plain.u[:, others])
    assert np.array_equal(got.spikes[:, others], plain.spikes[:, others])
    head = loihi.run(params, big[:37])
    tail = loihi.run(params, big[37:], head.after)
    assert np.array_equal(np.concatenate([head.v, tail.v]), got.v)
    wide = loihi.run(params, np.where(big == 1 << 17, 1 << 24, big))  # several turns: 64 bits
    assert np.array_equal(wide.spikes[:, others], plain.spikes[:, others])


@compiled()
def _kept_parts(x, part, out):
    for j in range(x.size):
        out[j] = kept_part(x[j], part)


def test_a_decay_in_32_bits_is_exact_for_every_word():
    """u and v of all 24 bits under some decay words, and all decay words under the ends of those bits."""
    every = np.arange(-(1 << 23), 1 << 23, dtype=np.int32)
    ends = np.concatenate([every[:256], every[(1 << 23) - 4200 : (1 << 23) + 4200], every[-256:]])
    out = np.empty_like(every)
    for part, words in [(k, every) for k in (1, 3695, 4095, 4096)] + [(k, ends) for k in range(4097)]:
        got = out[: words.size]
        _kept_parts(words, np.int32(part), got)
        wide = words.astype(np.int64) * part
        assert np.array_equal(got, np.sign(wide) * (np.abs(wide) >> 12)), part
