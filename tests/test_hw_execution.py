"""Placed programs: the integers of program.run exactly, every event counted again by hand, time and energy."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from scipy import sparse

import hw
import hw.programs.record
from hw.chips import loihi1, loihi1_sanafe, spinnaker1
from hw.execution.placed import place_program
from hw.execution.times import joined
from hw.neurons import loihi
from hw.placement.mesh import Links, mesh_of
from hw.placement.record import Part, PlacedCore, Placement
from hw.programs.loihi import Population
from hw.programs.record import Program
from hw.records.fact import Evidence, Fact, unknown


def small(chip, **limits):
    new = {name: Fact(value, chip.limits[name].unit, Evidence.DERIVED, "a test") for name, value in limits.items()}
    return replace(chip, limits={**chip.limits, **new})


def mantissas(rng, n_in, n, density=1.0):
    return rng.integers(-60, 90, (n_in, n)) * 2 * (rng.random((n_in, n)) < density)


@pytest.fixture(scope="module")
def case():
    """Three layers: dense with biases, a sparse map with delays and synapses among its neurons, a readout."""
    rng = np.random.default_rng(3)
    first = loihi.Params(
        du=4095, dv=300, vth=rng.integers(100, 400, 40), bias_mant=rng.integers(-9, 20, 40), bias_exp=6
    )
    inner = loihi.Params(du=2000, dv=500, vth=120)
    layers = (
        Population("1 LIF", mantissas(rng, 30, 40), 0, first, 1.0, (40,), False),
        Population("3 LIF", mantissas(rng, 40, 36, 0.3), -2, inner, 1.0, (4, 3, 3), False,
                   rng.integers(0, 4, (40, 36)), mantissas(rng, 36, 36, 0.1), 1),
        Population("5 LI", sparse.csr_array(mantissas(rng, 36, 5)), 1, loihi.Params(0, 100, 131071), 2.0, (5,), True),
    )  # fmt: skip
    chip = small(loihi1, neurons=9, synapse_bits=40_000)
    program = Program(layers, (), chip)
    x = (rng.random((14, 5, 30)) < 0.2).astype(np.int8)
    placed = hw.place_program(program, calibrate=x)
    return SimpleNamespace(program=program, placed=placed, x=x, got=placed.run(x, samples_at_once=2))


def test_output_rates_and_overflows_are_those_of_the_program(case):
    wanted = case.program.run(case.x)
    assert len(case.placed.placement.cores) > 8
    assert np.array_equal(case.got.output, wanted.output)
    assert case.got.rates == wanted.rates
    assert case.got.overflows == wanted.overflows
    assert case.got.words == wanted.words
    assert min(wanted.rates["1 LIF"], wanted.rates["3 LIF"]) > 0.02
    assert np.abs(wanted.output).max() > 10
    assert case.placed.run(case.x[:, :0]).output.shape == (14, 0, 5)


def indexed_takes_less(counts, width, per_synapse):
    """Whether synapses with an index take fewer words than a weight for every neuron; of equal words, less in them."""

    def words(n, bits):
        return sum(-(-(min(64, n - start) * bits + 10) // 64) for start in range(0, n, 64))

    index = 0 if (counts == width).all() else next(b for b in (6, 7, 8, 9, 10, 11, 12) if 2**b >= width)
    indexed = sum(words(int(n), per_synapse + index) for n in counts), counts.sum() * (per_synapse + index)
    return indexed < (len(counts) * words(width, per_synapse), len(counts) * width * per_synapse)


def counted_by_hand(case):
    """Every event again, from program and placement alone: spike by spike, core by core."""
    layers, cores = case.program.layers, case.placed.placement.cores
    runs = case.program.layer_runs(case.program.checked(case.x))
    where = [case.placed.placement.core_of(layer.name) for layer in layers]
    names = (
        "synaptic_ops",
        "sparse_ops",
        "convolution_ops",
        "axons_in",
        "spikes",
        "axons_out",
        "within_tile",
        "hops_east_west",
        "hops_north_south",
    )
    steps, batch = runs[0].spikes.shape[:2]
    found = {name: np.zeros((steps, batch, len(cores)), int) for name in names}
    traffic = np.zeros((len(cores), len(cores)), int)

    def send(t, b, home, matrix, row, targets, delays=None, windows=False):
        per_synapse = 8 + (0 if delays is None else int(delays.max()).bit_length())
        weights = matrix[row]
        for c in sorted({int(targets[j]) for j in np.flatnonzero(weights)}):
            ops = sum(weights[j] != 0 for j in range(len(weights)) if targets[j] == c)
            found["synaptic_ops"][t, b, c] += ops
            here = matrix[:, targets == c] != 0
            if windows:
                found["convolution_ops"][t, b, c] += ops
            elif indexed_takes_less(here.sum(axis=1)[here.any(axis=1)], here.shape[1], per_synapse):
                found["sparse_ops"][t, b, c] += ops
            found["axons_in"][t, b, c] += 1
            if home is None:
                continue
            found["axons_out"][t, b, home] += 1
            across, down = abs(cores[home].x - cores[c].x), abs(cores[home].y - cores[c].y)
            found["hops_east_west"][t, b, home] += across
            found["hops_north_south"][t, b, home] += down
            found["within_tile"][t, b, home] += across + down == 0
            traffic[home, c] += 1

    entrance = layers[0].connectivity.toarray()
    for t, b, i in np.argwhere(case.x):
        send(t, b, None, entrance, i, where[0], layers[0].delays)
    for k, layer in enumerate(layers):
        ahead = layers[k + 1].connectivity.toarray() if k + 1 < len(layers) else None
        around = None if layer.recurrent is None else layer.recurrent.toarray()
        for t, b, j in np.argwhere(runs[k].spikes):
            home = where[k][j]
            found["spikes"][t, b, home] += 1
            if ahead is not None:
                after = layers[k + 1]
                send(t, b, home, ahead, j, where[k + 1], after.delays, sparse.issparse(after.weights))
            if around is not None:
                send(t, b, home, around, j, where[k], layer.delays)
    return found, traffic


def test_every_event_is_counted(case):
    found, traffic = counted_by_hand(case)
    for name, values in found.items():
        assert np.array_equal(getattr(case.got.events, name), values.sum(axis=(0, 1))), name
        assert values.any(), name
    assert np.array_equal(case.got.events.traffic(case.placed.axons), traffic)
    neurons = np.array([core.n_neurons for core in case.placed.placement.cores])
    assert np.array_equal(case.got.events.updates, neurons * 16 * 5)  # 14 steps and two for the way
    assert (case.got.events.active_updates <= case.got.events.updates).all()
    assert case.got.events.active_updates.sum() < case.got.events.updates.sum()
    horizontal, vertical = case.got.picture.horizontal, case.got.picture.vertical
    hops = case.got.events.hops_east_west.sum() + case.got.events.hops_north_south.sum()
    assert horizontal.sum() + vertical.sum() == pytest.approx(hops / 16 / 5)
    assert np.nansum(case.got.picture.load) == pytest.approx(case.got.load.sum())


def test_a_full_layer_with_a_few_weights_0_is_stored_dense(rng):
    """The zeros stay where they were: as many cores, no synapse priced as one with an index; they are no events."""
    chip = small(loihi1_sanafe, synapse_bits=20_000)
    x = (rng.random((8, 2, 40)) < 0.3).astype(np.int8)
    full = rng.integers(1, 60, (40, 150)) * 2
    rounded, thin = full * (rng.random(full.shape) > 0.02), full * (rng.random(full.shape) < 0.2)
    got = []
    for weights in (full, rounded, thin):
        layer = Population("1 LIF", weights, 0, loihi.Params(4095, 300, 900), 1.0, (150,), False)
        program = Program((layer,), (), chip)
        got.append(hw.place_program(program).run(x))
        assert np.array_equal(got[-1].output, program.run(x).output)
        assert got[-1].events.synaptic_ops.sum() == (x @ (weights != 0)).sum()
    cores = [len(run.placement.cores) for run in got]
    assert cores[0] == cores[1] > cores[2]
    for run, share in zip(got, (0, 0, 1), strict=True):
        assert run.events.sparse_ops.sum() == share * run.events.synaptic_ops.sum()
        price = 1e-12 * (35.5, 33.6)[share] * run.events.synaptic_ops.sum() / 2
        terms = [term for term in run.energy().terms if term.name.startswith("synaptic operations")]
        assert sum(term.joules for term in terms) == pytest.approx(price)


def test_active_neurons_are_those_with_something_to_do():
    """A neuron whose bias drives it, one that hears a spike in step 2 and forgets it at once, and a silent one."""
    params = loihi.Params(du=4095, dv=4096, vth=1000, bias_mant=[5, 0, 0], bias_exp=0)
    program = Program((Population("a", np.array([[0, 9, 0]]), 0, params, 1.0, (3,), False),), (), loihi1)
    x = np.zeros((6, 1, 1), np.int8)
    x[2] = 1
    got = hw.place_program(program).run(x)
    assert got.events.updates.tolist() == [18]
    assert got.events.active_updates.tolist() == [6 + 2]  # the bias always; the other when it hears, and to forget u


def test_the_slowest_core_and_the_barrier_make_a_step(case):
    found, _ = counted_by_hand(case)
    idle = case.got.events.updates.sum() - case.got.events.active_updates.sum()
    assert idle > 0
    cores, times = case.placed.placement.cores, loihi1_sanafe.times
    same = replace(times, update_active=times.update_inactive)  # which neurons were active is another test's
    got = case.placed.run(case.x, timing=hw.Simple(same))
    neurons = np.array([core.n_neurons for core in cores])
    sends = 6.0 * neurons + 30.0 * found["spikes"] + 5.1 * found["axons_out"]
    dense = found["synaptic_ops"] - found["sparse_ops"] - found["convolution_ops"]
    hears = 16.0 * found["axons_in"] + 3.8 * dense + 4.7 * found["sparse_ops"] + 3.1 * found["convolution_ops"]
    tiles = len({(core.x, core.y) for core in cores})
    barrier = {1: 600.0, 2: 1000.0, 3: 1000.0}.get(tiles, 1400.0)
    assert got.times.seconds * 1e9 == pytest.approx(np.maximum(sends, hears).max(axis=2) + barrier)
    assert got.times.unknown == ()
    assert got.times.inference_s == pytest.approx(got.times.seconds.sum() / 5)
    davies = case.got.times
    assert set(davies.unknown) == {"spikes", "axons out", "axons in"}
    assert davies.evidence == (Evidence.FROM_MEMORY,)
    assert "from memory" in str(davies)
    assert ">=" in str(davies)


def test_the_barrier_grows_with_the_tiles():
    assert loihi1.times.barrier_of(1).value == 113.0
    assert loihi1.times.barrier_of(32).value == loihi1.times.barrier_of(40).value == 465.0
    between = loihi1.times.barrier_of(5)
    assert between.value == pytest.approx(113 + 4 / 31 * (465 - 113))
    assert between.evidence is Evidence.FROM_MEMORY
    assert [loihi1_sanafe.times.barrier_of(n).value for n in (1, 3, 4, 28, 29)] == [0.6, 1.0, 1.4, 1.4, 1.8]
    late = replace(loihi1.times, barrier=loihi1.times.barrier[1:])
    energy = replace(loihi1.times, spike_out=Fact(3.0, "pJ", Evidence.QUOTED, "a test"))
    for times, said in ((late, "barrier: expected tiles growing from 1"), (energy, "spike_out: expected a time in ns")):
        with pytest.raises(ValueError, match=f"^Loihi 1: times: {said}"):
            replace(loihi1, times=times)
        for model in (hw.Simple, hw.Detailed):
            with pytest.raises(ValueError, match=f"^times: {said}"):
                model(times)


def test_times_and_energy_are_those_of_sana_fe():
    """300 neurons driven by their biases on 4 cores of 3 tiles, recorded with sanafe 2.2.9 and its loihi.yaml.

    All synapses went through its unit for dense ones, which leaves that to the user."""
    as_dense: dict = {"synaptic_op_sparse": None, "synaptic_op_convolution": None}
    times, energies = (replace(part, **as_dense) for part in (loihi1_sanafe.times, loihi1_sanafe.energies))
    n = np.arange(300)
    w = (((n[:, None] * 37 + n * 91) % 41) - 24) * 2 * (((n[:, None] * 13 + n * 29) % 7) < 2)
    on, slots = np.sort(n * n % 9), {0: (0, 0, 0), 1: (0, 0, 2), 4: (7, 3, 3), 7: (5, 0, 2)}
    params = loihi.Params(du=4095, dv=0, vth=100, bias_mant=n * 53 % 97 * 16, bias_exp=2)
    layer = Population("g", np.zeros((1, 300), int), 0, params, 1.0, (300,), False, None, w, 0)
    cores = tuple(PlacedCore(0, *slot, (Part("g", np.flatnonzero(on == k)),), {}, 0.0) for k, slot in slots.items())
    nothing = Links(*[np.zeros((1, 1))] * 4)
    placement = Placement("Loihi 1", 1, mesh_of(loihi1, 1), ("g",), cores, np.zeros((4, 4)), np.zeros(4), nothing,
                          0, 0, 0, 0, ())  # fmt: skip
    placed = hw.PlacedProgram(Program((layer,), (), loihi1), placement)
    x = np.zeros((7, 1, 1), np.int8)
    for timing, wanted in (
        (hw.Simple, [1962.6, 18304.8, 1970.0, 1970.0, 1970.0, 2020.4, 4423.4]),
        (hw.Detailed, [1962.6, 18349.6, 1970.0, 1970.0, 1970.0, 2020.4, 4488.7]),
        (lambda times: hw.Detailed(times, 1.0), [1962.6, 18393.62778569423, 1970.0, 1970.0, 1970.0, 2020.4, 4488.7]),
    ):
        got = placed.run(x, timing=timing(times))
        blocked = 1e-5 if wanted[1] == 18393.62778569423 else 1e-12  # messages due at one time go in no given order
        assert got.times.seconds[:, 0] * 1e9 == pytest.approx(wanted, rel=blocked)
    assert got.output.sum(axis=2)[:, 0].tolist() == [0, 142, 0, 0, 0, 2, 28]
    assert got.energy(replace(loihi1_sanafe, energies=energies)).joules == pytest.approx(
        7.61475700000007e-07, rel=1e-12
    )
    assert got.events.sparse_ops.sum() == got.events.synaptic_ops.sum() > 0
    cheaper = 1e-12 * (35.5 - 33.6) * got.events.synaptic_ops.sum()
    assert got.energy(loihi1_sanafe).joules == pytest.approx(7.61475700000007e-07 - cheaper, rel=1e-12)
    assert placed.run(x, timing=hw.Detailed(loihi1_sanafe.times)).times.inference_s > got.times.inference_s


def test_energy_is_counted_events_at_sourced_costs(case):
    energy, events = case.got.energy(), case.got.events
    each = {term.name: term.count for term in energy.terms}
    assert each["synaptic operations"] == events.synaptic_ops.sum() / 5
    assert each["hops east-west"] == events.hops_east_west.sum() / 5
    idle = events.updates.sum() - events.active_updates.sum()
    hops = 3 * events.hops_east_west.sum() + 4 * events.hops_north_south.sum()
    wanted = 23.6 * events.synaptic_ops.sum() + 81 * events.active_updates.sum() + 52 * idle + hops
    wanted += 1.7 * events.within_tile.sum()
    assert energy.joules == pytest.approx(1e-12 * wanted / 5)
    assert energy.unknown == ("axons out", "axons in")
    assert energy.level is hw.Level.EVENT
    assert not case.got.energy(loihi1_sanafe).is_lower_bound
    with pytest.raises(TypeError, match="technology"):
        case.got.energy(hw.chips.cmos45)
    with pytest.raises(ValueError, match="cannot add"):
        energy.plus(case.got.energy(loihi1_sanafe))
    with pytest.raises(ValueError, match="nothing was run"):
        case.placed.run(case.x[:, :0]).energy()


def test_a_message_to_another_chip_has_no_known_energy(case):
    program = replace(case.program, chip=small(case.program.chip, cores=8))
    placed = hw.place_program(program, seed=1)
    assert placed.placement.n_chips == 2
    got = placed.run(case.x)
    assert np.array_equal(got.output, case.got.output)
    assert got.events.crossings.sum() > 0
    assert "from chip to chip" in got.energy().unknown


def test_threads_and_batches_change_nothing(case):
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        got = case.placed.run(case.x, timing=hw.detailed)
    finally:
        numba.set_num_threads(threads)
    again = case.placed.run(case.x, samples_at_once=3, timing=hw.detailed)
    assert np.array_equal(got.output, case.got.output)
    assert np.array_equal(got.times.seconds, again.times.seconds)
    assert (got.times.seconds >= case.got.times.seconds - 1e-15).all()  # links can only delay
    assert np.array_equal(got.events.traffic(case.placed.axons), again.events.traffic(case.placed.axons))


def test_large_sums_wrap_and_are_counted(rng):
    """Sums that turn the current more than once take 64 bits, and every overflow is in the report of its layer."""
    layers = (
        Population("a", np.full((20, 6), 254), 6, loihi.Params(du=0, dv=0, vth=131071), 1.0, (6,), False),
        Population("b", np.full((6, 3), -254), 7, loihi.Params(du=0, dv=0, vth=5), 1.0, (3,), False),
    )
    program = Program(layers, (), loihi1)
    x = (rng.random((30, 3, 20)) < 0.9).astype(np.int8)
    wanted, got = program.run(x), hw.place_program(program).run(x)
    assert np.array_equal(got.output, wanted.output)
    assert got.words == wanted.words
    assert got.overflows["a"] > 0
    assert got.overflows["b"] > 0


@pytest.mark.parametrize("shape", [(), (1, 1), (40, 1), (1, 36)])
def test_delays_alike_of_a_layer_a_source_or_a_neuron(case, rng, shape):
    first, inner, last = case.program.layers
    layers = (replace(first, delays=np.array([[3]])), replace(inner, delays=rng.integers(1, 5, shape)), last)
    program = replace(case.program, layers=layers)
    wanted = program.run(case.x)
    assert np.abs(wanted.output).max() > 10
    assert np.array_equal(hw.place_program(program).run(case.x).output, wanted.output)


def test_other_chips_follow_the_spikes_of_their_program(case):
    """SpiNNaker's packets and fixed steps; its integers stay the program's."""
    program = replace(case.program, chip=small(spinnaker1, neurons=9))
    layers = tuple(SimpleNamespace(**{n: getattr(k, n) for n in ("name", "shape", "n_inputs", "scale", "reads_v",
                   "connectivity", "recurrent", "run")}) for k in program.layers)  # fmt: skip
    got = hw.place_program(replace(program, layers=layers)).run(case.x)
    assert np.array_equal(got.output, case.got.output)
    assert got.events.synaptic_ops.sum() == case.got.events.synaptic_ops.sum()
    assert got.times.inference_s == pytest.approx(16e-3)
    assert got.energy().terms[0].joules == pytest.approx(13.3e-9 * case.got.events.synaptic_ops.sum() / 5)


def test_cycles_of_xylo(rng):
    """Rockpool's estimate for 4 inputs, 10 hidden neurons of two layers and 3 outputs, worked out by hand."""
    shapes = ((4, 6), (6, 4), (4, 3))
    runs = [(rng.random((8, 2, n)) < 0.4) * 3 for _, n in shapes]
    layers = tuple(
        SimpleNamespace(name=str(k), shape=(shape[1],), n_inputs=shape[0], reads_v=False, scale=1.0, recurrent=None,
                        connectivity=sparse.csr_array(np.ones(shape, int)))
        for k, shape in enumerate(shapes)
    )  # fmt: skip

    def together(layers, x):
        return tuple(hw.programs.layer.LayerRun(spikes, None, {}) for spikes in runs)

    program = Program(layers, (), hw.chips.xylo, together=together, most_events=15)
    x = rng.integers(0, 3, (6, 2, 4))
    got = hw.place_program(program).run(x)
    p_in = np.concatenate([(x != 0).mean(axis=2), np.zeros((2, 2))])
    p = np.concatenate(runs[:2], axis=2).astype(bool).mean(axis=2)
    wanted = 4 * (3.5 * p_in * 6 + 1) + 10 * (7 * 2.4 * p + 3) + 4 * p * 25 + 10 * (19 + 3 * p) + 36
    assert got.times.cycles == pytest.approx(wanted)
    assert got.times.clock_hz(2e-3) == pytest.approx(1.2 * wanted.max() / 2e-3)
    assert "cycles a step" in str(got)
    assert got.energy().is_unknown
    assert got.events.synaptic_ops.tolist() == [x.sum() * 6 + runs[0].sum() * 4 + runs[1].sum() * 3]
    with pytest.raises(ValueError, match="cycles are known"):
        hw.StepTimes(None, "nothing").clock_hz(1.0)


def test_what_cannot_be_placed_is_refused(case):
    with pytest.raises(ValueError, match="30 inputs"):
        case.placed.run(case.x[..., :3])
    with pytest.raises(ValueError, match="samples_at_once"):
        case.placed.run(case.x, samples_at_once=0)
    with pytest.raises(ValueError, match="got both"):
        hw.place_program(case.program, calibrate=case.x, rates=[1, 1, 1, 1])
    with pytest.raises(ValueError, match="none of them empty"):
        hw.place_program(case.program, calibrate=case.x[:, :0])
    with pytest.raises(ValueError, match="rates: expected 4"):
        hw.place_program(case.program, rates=[1])
    with pytest.raises(TypeError, match=r"what hw\.compile returns, got Placement"):
        hw.place_program(hw.place_program(case.program).placement)
    with pytest.raises(hw.DoesNotFit, match="cores"):
        place_program(replace(case.program, chip=small(case.program.chip, cores=2)), n_chips=1)
    heavy = replace(case.program.layers[0], weights=np.full((30, 40), 1 << 16))
    with pytest.raises(ValueError, match="16 bits"):
        hw.place_program(replace(case.program, layers=(heavy, *case.program.layers[1:]))).run(case.x)
    with pytest.raises(ValueError, match="buffer"):
        hw.Detailed(buffer=0)
    none = replace(case.program.chip, times=None)
    assert "nobody published" in str(hw.place_program(replace(case.program, chip=none)).run(case.x[:, :1]).times)
    assert joined([]).inference_s is None
    lost = replace(loihi1.times, synaptic_op=unknown("ns", "a test"))
    assert "synaptic operations" in case.placed.run(case.x[:, :1], timing=hw.Simple(lost)).times.unknown
