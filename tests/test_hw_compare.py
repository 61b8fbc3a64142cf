"""hw.compare as a whole: rows, accuracies really evaluated, break-even rates, report, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import hw
from hw.comparing.candidate import correct, encoded_through
from hw.records.chip import Chip
from hw.records.energies import AllInEnergies, Level
from spikenet import plot, reset
from spikenet.data import Arrays, arrays
from spikenet.encode import Constant, Rate
from spikenet.layers import LI, LIF, LeakyRate, Linear, ReLU, Residual, Sequential

N = 60


def data(n, seed):
    """Three classes, told apart by which two of six inputs are bright."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    inputs = rng.random((n, 6)) * 0.4
    inputs[np.arange(n), 2 * labels] += 0.6
    return arrays(inputs.astype(np.float32), labels, "three", classes=3)


def readout(layer):
    """A Linear that adds up two inputs for each class."""
    layer.weight.data[:] = np.kron(np.eye(3), np.ones((2, 1))).astype(np.float32)
    layer.bias.data[:] = 0
    return layer


def ann():
    first = Linear(6, 6, seed=0)
    first.weight.data[:] = np.eye(6, dtype=np.float32)
    first.bias.data[:] = 0.0
    return Sequential(first, ReLU(), readout(Linear(6, 3, seed=0)))


def snn():
    return Sequential(*ann().layers[:1], LIF(threshold=0.8), readout(Linear(6, 3, seed=0)), LI())


@pytest.fixture(scope="module")
def table():
    nets = {"ANN": ann(), "SNN": (snn(), Constant(steps=8)), "rate": hw.Candidate(snn(), Rate(steps=8), seed=3)}
    return hw.compare(nets, data(N, 1), calibrate=data(90, 2), batch_size=25)


def row(table, net, device, number_format, by_power=False):
    wanted = (net, device, number_format, by_power)
    (found,) = [r for r in table.rows if (r.net, r.device, r.number_format, r.by_power) == wanted]
    return found


def test_every_net_has_its_rows_in_order(table):
    assert [(r.net, r.device, r.number_format) for r in table.rows] == [
        ("ANN", "45 nm CMOS", "float32"),
        ("ANN", "45 nm CMOS", "int8"),
        ("SNN", "45 nm CMOS", "float32"),
        ("SNN", "45 nm CMOS", "int8"),
        ("SNN", "Loihi 1", "float32"),
        ("rate", "45 nm CMOS", "float32"),
        ("rate", "45 nm CMOS", "int8"),
        ("rate", "Loihi 1", "float32"),
    ]
    assert (table.data, table.samples) == ("three", N)


def test_accuracies_are_those_of_running_the_nets(table):
    test = data(N, 1)
    wanted = np.mean(ann()(test.inputs).data.argmax(1) == test.labels)
    assert row(table, "ANN", "45 nm CMOS", "float32").accuracy == wanted
    small = hw.quantise(ann(), data(90, 2).inputs)
    assert row(table, "ANN", "45 nm CMOS", "int8").accuracy == np.mean(small(test.inputs).argmax(1) == test.labels)
    spikes = snn()(Rate(steps=8)(test.inputs, index=np.arange(N), seed=3)).data.sum(0)
    assert row(table, "rate", "45 nm CMOS", "float32").accuracy == np.mean(spikes.argmax(1) == test.labels)
    assert all(r.accuracy > 0.6 for r in table.rows)


def test_rows_carry_the_counts_and_energies_of_the_parts(table):
    counts = hw.count(snn(), data(N, 1).inputs, encode=Constant(steps=8), batch_size=25)
    r = row(table, "SNN", "45 nm CMOS", "float32")
    assert (r.macs, r.acs) == (6 * 6, pytest.approx(counts.total(lambda c: c.acs)))
    assert r.spikes == counts.spikes > 0
    assert r.parameters == 6 * 6 + 6 + 6 * 3 + 3
    assert r.energy_j == pytest.approx(
        hw.technology_energy(counts, hw.chips.cmos45, hw.FLOAT32).joules, rel=1e-9, abs=0
    )
    assert 0 < r.energy_without_memory_j < r.energy_j
    loihi = row(table, "SNN", "Loihi 1", "float32")
    assert loihi.energy_j == pytest.approx(hw.event_energy(counts, hw.chips.loihi1).joules, rel=1e-9, abs=0)
    assert loihi.energy_without_memory_j is None
    assert loihi.energy.is_lower_bound
    assert row(table, "ANN", "45 nm CMOS", "int8").spikes is None


def test_a_spiking_net_in_int8_is_said_to_keep_its_neurons_in_float(table):
    """Only its weights are int8: neither the table nor the pictures may call the whole net that."""
    assert row(table, "SNN", "45 nm CMOS", "int8").numbers == "int8, fp32 neurons"
    assert row(table, "ANN", "45 nm CMOS", "int8").numbers == "int8"
    assert row(table, "SNN", "45 nm CMOS", "float32").numbers == "float32"
    assert "int8, fp32 neurons" in hw.report.text(table)


def test_int8_costs_less_than_float32(table):
    for net in ("ANN", "SNN", "rate"):
        float32, int8 = (row(table, net, "45 nm CMOS", form) for form in ("float32", "int8"))
        assert int8.energy_j < float32.energy_j


def test_break_even_compares_equal_formats_on_equal_level(table):
    pairs = [(c.spiking, c.conventional, c.number_format, c.with_memory) for c in table.crossings]
    assert len(set(pairs)) == len(pairs) == 2 * 2 * 2
    assert all(c.level is Level.TECHNOLOGY for c in table.crossings)
    for c in table.crossings:
        r = row(table, c.conventional, c.device, c.number_format)
        assert c.result.conventional_j == pytest.approx(
            r.energy_j if c.with_memory else r.energy_without_memory_j, rel=1e-9, abs=0
        )
        assert table.break_even_rate(c.spiking, "ANN", c.number_format, with_memory=c.with_memory) == c.result.rate
    with pytest.raises(KeyError, match="nobody"):
        table.break_even_rate("SNN", "nobody", "int8", with_memory=True)


def test_batches_do_not_matter(table):
    nets = {"ANN": ann(), "SNN": (snn(), Constant(steps=8)), "rate": hw.Candidate(snn(), Rate(steps=8), seed=3)}
    once = hw.compare(nets, data(N, 1), calibrate=data(90, 2), batch_size=90)
    for a, b in zip(table.rows, once.rows, strict=True):
        if a.number_format == "float32":
            assert (a.accuracy, a.energy_j) == (b.accuracy, b.energy_j)


def test_without_calibration_data_there_is_no_int8_row():
    table = hw.compare({"ANN": ann()}, data(N, 1))
    assert [r.number_format for r in table.rows] == ["float32"]
    assert table.notes == (
        "ANN: no int8 row (no calibration data)",
        "ANN: not compiled for Loihi 1 (no calibration data)",
    )


def test_what_has_no_int8_form_or_chip_says_why():
    first, last = Linear(6, 6, seed=0), Linear(6, 3, seed=1)
    first.weight.data *= 5  # a net whose neurons stay silent has an int8 form: nothing graded comes out of them
    nets = {
        "units": (Sequential(first, LeakyRate(), last), Constant(steps=4)),
        "residual": Sequential(Residual(first), last),
        "graded": (Sequential(first, LIF(), LI(), last, LI()), Constant(steps=4)),
    }
    table = hw.compare(nets, data(9, 1), calibrate=data(9, 2))
    said = "\n".join(table.notes)
    assert "units: no int8 row (rate-coded" in said
    assert "residual: no int8 row (quantise: cannot quantise a Residual" in said
    assert "graded: no int8 row" in said
    assert "graded: no row for Loihi 1" in said
    assert all(r.number_format == "float32" for r in table.rows)


def test_an_all_in_figure_has_a_level_of_its_own():
    figure = hw.Fact(26.0, "pJ", hw.Evidence.QUOTED, "Merolla et al. 2014")
    chip = Chip("Whole", "a test", "none", {}, AllInEnergies(figure))
    table = hw.compare({"SNN": (snn(), Rate(steps=8))}, data(N, 1), chips=[chip])
    (only,) = table.rows
    assert only.level is Level.ALL_IN
    assert only.energy_j == pytest.approx(only.acs * 26e-12, rel=1e-9, abs=0)
    assert not table.crossings


def test_the_readout_is_the_candidates_own():
    entry = hw.Candidate(snn(), Constant(steps=8), readout=hw.largest)
    output = snn()(Constant(steps=8)(data(N, 1).inputs)).data
    assert hw.evaluate(entry, data(N, 1)).accuracy == np.mean(output.max(0).argmax(1) == data(N, 1).labels)


def test_a_net_on_a_grid_gets_the_same_sample_numbers_and_seed():
    seen = []

    def encode(x, index=None, seed=0):
        seen.append((index.tolist(), seed))
        return Constant(steps=2)(x)

    entry = encoded_through(hw.Candidate(snn(), encode, seed=5), snn(), lambda x: x)
    hw.evaluate(entry, data(5, 1), batch_size=3)
    assert seen == [([0, 1, 2], 5), ([3, 4], 5)]


# Report


def numbered(part):
    """ "2-4" as 2, 3, 4."""
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


def test_the_text_is_aligned_and_complete(table):
    lines = hw.report.text(table).splitlines()
    head = next(k for k, line in enumerate(lines) if line.startswith("net "))
    cells = lines[head + 2 : head + 2 + len(table.rows)]
    assert len({line.index("45 nm CMOS") for line in cells if "45 nm CMOS" in line}) == 1
    assert max(map(len, cells)) <= 120
    assert "energies technology, quoted" in "\n".join(lines)
    whole = "\n".join(lines)
    for wanted in ("45 nm CMOS", "Loihi 1", "pre-silicon", ">= ", "Break-even", "lower bound, cost unknown: hops"):
        assert wanted in whole
    assert not any(line != line.rstrip() for line in lines)
    used = {k for line in cells for part in line.split()[-1].split(",") for k in numbered(part)}
    assert used == {int(line[1 : line.index("]")]) for line in lines if line.startswith("[")}


def test_a_breakdown_shows_every_term_and_unknown_as_unknown(table):
    r = row(table, "SNN", "Loihi 1", "float32")
    shown = str(r.energy)
    assert all(term.name in shown for term in r.energy.terms)
    assert shown.count("unknown  unknown") == 2  # hops, analogue input
    assert "Davies et al. 2018, Table 2" in shown


def test_plain_values_go_through_json_and_back(table):
    plain = json.loads(json.dumps(hw.report.as_dict(table), allow_nan=False))
    assert len(plain["rows"]) == len(table.rows)
    loihi = next(r for r in plain["rows"] if r["device"] == "Loihi 1")
    assert loihi["energy_is_lower_bound"] is True
    assert loihi["energy_without_memory_j"] is None
    hops = next(t for t in loihi["terms"] if t["name"] == "hops between tiles")
    assert (hops["energy_j"], hops["each"]["value"], hops["each"]["evidence"]) == (None, None, "unknown")
    assert plain["rows"][0]["energy_j"] == table.rows[0].energy_j
    assert plain["counts"]["SNN"]["layers"][2]["acs"] > 0
    assert plain["quantisation"]["ANN"][0]["name"] == "0 Linear"


# Bad input, before anything is run


@pytest.mark.parametrize(
    ("nets", "change", "error", "said"),
    [
        ({}, {}, ValueError, "at least one net"),
        ({"A": ann()}, {"chips": ()}, ValueError, "one chip"),
        ({"A": ann()}, {"chips": ["Loihi 1"]}, TypeError, "Loihi 1"),
        ({"A": "ann"}, {}, TypeError, "net 'A'.*'ann'"),
        ({"A": (ann(), 25)}, {}, TypeError, "net 'A'.*25"),
        ({"A": (ann(), None, 3)}, {}, TypeError, "net 'A'"),
        ({"A": snn()}, {}, ValueError, "net 'A'.*encoder"),
        ({"A": Sequential(Residual(Linear(6, 6), LIF()))}, {}, ValueError, "net 'A'.*encoder"),
        ({"A": ann()}, {"calibrate": np.ones((3, 6))}, TypeError, "calibrate.*ndarray"),
        ({"A": ann()}, {"calibrate": arrays(np.ones((3, 5)), [0, 1, 2])}, ValueError, r"\(5,\).*\(6,\)"),
        ({"A": ann()}, {"batch_size": 0}, ValueError, "batch_size.*0"),
        ({"A": Sequential(Linear(5, 3))}, {}, ValueError, r"net 'A'.*5.*6"),
    ],
)
def test_bad_input_is_refused(nets, change, error, said):
    with pytest.raises(error, match=said):
        hw.compare(nets, data(9, 1), **change)


def test_calibrating_on_the_test_set_is_refused():
    test = data(9, 1)
    with pytest.raises(ValueError, match="training data"):
        hw.compare({"A": ann()}, test, calibrate=test)


def test_test_data_must_be_arrays():
    with pytest.raises(TypeError, match=r"test.*ndarray"):
        hw.compare({"A": ann()}, np.ones((3, 6)))


def test_a_net_with_too_few_outputs_is_refused():
    test = Arrays(np.ones((2, 6), np.float32), np.array([0, 9]), "ten", 10)
    with pytest.raises(ValueError, match=r"\(2, 10\).*\(2, 3\)"):
        hw.compare({"A": ann()}, test)
    with pytest.raises(ValueError, match="readout"):
        correct(np.ones((4, 2, 3)), np.zeros(4), 3)


def test_nets_run_in_the_integers_of_every_chip_that_takes_them():
    """Loihi 1: accuracy, events, latency and energy of the placed program. The others: the rules broken, or no row."""
    net = Sequential(*ann().layers[:1], LIF(threshold=0.8, reset=reset.to_zero), readout(Linear(6, 3, seed=0)),
                     LIF(threshold=0.8, reset=reset.to_zero))  # fmt: skip
    code, train, test = Rate(steps=8), data(90, 2), data(N, 1)
    found = hw.compare({"SNN": (net, code), "ANN": ann()}, test, calibrate=train, chips=hw.chips.ALL, batch_size=25)
    on_loihi = row(found, "SNN", "Loihi 1", "chip integers")
    some = code(train.inputs, index=np.arange(90))
    placed = hw.place_program(hw.compile(net, hw.chips.loihi1, calibrate=some), calibrate=some)
    got = placed.run(code(test.inputs, index=np.arange(N)))
    assert on_loihi.accuracy == (got.output.sum(axis=0).argmax(axis=1) == test.labels).mean()
    assert on_loihi.energy.joules == got.energy().joules
    assert on_loihi.latency_s == got.times.inference_s
    assert on_loihi.latency_is_lower_bound
    assert on_loihi.acs == got.events.synaptic_ops.sum() / N
    others = {r.device for r in found.rows if r.number_format in ("chip integers", "noisy model")} - {"Loihi 1"}
    refused = {chip for _, chip in found.broken}
    noted = {chip.name for chip in hw.chips.NEUROMORPHIC if any(f"for {chip.name} (" in note for note in found.notes)}
    assert others | refused | noted | {"Loihi 1"} == {chip.name for chip in hw.chips.NEUROMORPHIC}
    assert any("reset" in str(b) for b in found.broken["SNN", "Xylo Audio 2"])
    text = hw.report.text(found)
    assert "SNN does not run on Xylo Audio 2:" in text
    assert "latency" in text
    plain = json.loads(json.dumps(hw.report.as_dict(found), allow_nan=False))
    assert {entry["chip"] for entry in plain["broken"]} == refused
    takers = {c.name for c in hw.chips.ALL if c.architecture in (hw.Architecture.PROCESS, hw.chips.akida.architecture)}
    assert {r.device for r in found.rows if r.net == "ANN"} == takers
    assert {chip for net, chip in found.broken if net == "ANN"} == {chip.name for chip in hw.chips.ALL} - takers


def test_a_conventional_net_runs_in_akidas_integers_and_breaks_the_rules_of_chips_of_spikes():
    net, train, test = ann(), data(90, 2), data(N, 1)
    found = hw.compare({"ANN": net}, test, calibrate=train, chips=(hw.chips.akida, hw.chips.loihi1))
    (only,) = found.rows
    program = hw.compile(net, hw.chips.akida, calibrate=train.inputs)
    assert (only.device, only.number_format, only.was_run) == ("Akida AKD1000", "chip integers", True)
    assert only.accuracy == np.mean(program.run(test.inputs).output.argmax(axis=1) == test.labels)
    activations = program.layers[0].run(program.checked(test.inputs)).spikes
    met = np.count_nonzero(program.checked(test.inputs)) + np.count_nonzero(activations)
    assert only.macs == pytest.approx(met / N, rel=1e-12)  # every input and activation meets one weight that is not 0
    assert (only.acs, only.spikes, only.rate, only.latency_s) == (0, None, None, None)
    assert only.energy.is_unknown
    assert found.broken == {("ANN", "Loihi 1"): hw.check(net, chips=[hw.chips.loihi1])[hw.chips.loihi1].breaches}
    assert "ANN does not run on Loihi 1:" in hw.report.text(found)


def test_a_conventional_net_too_large_for_akida_breaks_its_rules():
    small = replace(hw.chips.akida.limits["dense_inputs"], value=5)
    chip = replace(hw.chips.akida, limits={**hw.chips.akida.limits, "dense_inputs": small})
    nets = {"ANN": ann(), "SNN": (snn(), Rate(steps=4))}
    found = hw.compare(nets, data(9, 1), calibrate=data(12, 2), chips=[chip])
    assert not found.rows
    assert "dense_inputs" in {b.limit for b in found.broken["ANN", chip.name]}
    assert any("live in time" in b.limit for b in found.broken["SNN", chip.name])


def test_what_was_not_run_on_a_chip_is_marked_so():
    """One net that Loihi 1 runs, one that it refuses, one whose input is no spikes: only the first counts as run."""
    fits = Sequential(
        *ann().layers[:1], LIF(reset=reset.to_zero), readout(Linear(6, 3, seed=0)), LIF(reset=reset.to_zero)
    )
    code, chip = Rate(steps=4), hw.chips.loihi1
    nets = {"fits": (fits, code), "subtracts": (snn(), code), "graded": (snn(), Constant(steps=4))}
    found = hw.compare(nets, data(9, 1), calibrate=data(12, 2), chips=[hw.chips.cmos45, chip])
    said = {r.net: (r.numbers, r.was_run) for r in found.rows if r.device == chip.name}
    assert said == {
        "fits": ("the chip's integers", True),
        "subtracts": ("fp32, does not fit", False),
        "graded": ("fp32, not run", False),
    }
    assert all(r.was_run for r in found.rows if r.device != chip.name)
    on_chip = "Loihi 1 (pre-silicon)"
    assert found.not_run == [f"subtracts fp32, does not fit, {on_chip}", f"graded fp32, not run, {on_chip}"]
    assert "fp32, does not fit" in hw.report.text(found)
    plain = hw.report.as_dict(found)["rows"]
    assert [entry["was_run"] for entry in plain] == [r.was_run for r in found.rows]


def test_what_a_priced_chip_refuses_has_its_reason():
    """Weights too small for any exponent; what other chips find broken, or nothing."""
    net = Sequential(Linear(6, 5, seed=0), LIF(reset=reset.to_zero), Linear(5, 3, seed=1), LIF(reset=reset.to_zero))
    net.layers[0].weight.data *= np.float32(1e-9)
    chip = hw.chips.spinnaker1
    limits = {name: replace(chip.limits[name], value=n) for name, n in (("cores", 1), ("neurons", 2))}
    few = replace(chip, limits={**chip.limits, **limits})
    nets, chips = {"SNN": (net, Rate(steps=4))}, (hw.chips.loihi1, few, hw.chips.brainscales2)
    found = hw.compare(nets, data(9, 1), calibrate=data(12, 2), chips=chips)
    assert "no weight exponent" in str(found.broken["SNN", "Loihi 1"][0])
    assert {b.limit for b in found.broken["SNN", few.name]} == {"cores"}
    assert row(found, "SNN", hw.chips.brainscales2.name, "noisy model").accuracy >= 0
    assert row(found, "SNN", "Loihi 1", "float32").energy_j > 0


def test_processors_run_every_net_densely_in_float32():
    """keras-spiking's rule: a multiply-accumulate for every weight in every step, 8.6 nJ each; int8 is not known."""
    nets = {"ANN": ann(), "rate": (snn(), Rate(steps=8)), "SNN": (snn(), Constant(steps=8))}
    found = hw.compare(nets, data(N, 1), calibrate=data(90, 2), chips=(hw.chips.cmos45, *hw.chips.PROCESSORS))
    cpu, gpu = hw.chips.cpu.name, hw.chips.gpu.name
    macs = 6 * 6 + 6 * 3
    assert row(found, "ANN", cpu, "float32").energy_j == pytest.approx(macs * 8.6e-9, rel=1e-12)
    dense = (8 * macs + 8 * (6 + 3)) * 0.3e-9
    assert row(found, "rate", gpu, "float32").energy_j == pytest.approx(dense, rel=1e-12)
    once = (6 * 6 + 8 * 6 * 3 + 8 * (6 + 3)) * 0.3e-9  # what never changes is multiplied once
    assert row(found, "SNN", gpu, "float32").energy_j == pytest.approx(once, rel=1e-12)
    int8 = row(found, "ANN", cpu, "int8")
    assert int8.energy.is_unknown
    assert (int8.level, int8.energy_without_memory_j) == (Level.ALL_IN, None)
    on_cmos = row(found, "ANN", "45 nm CMOS", "int8")
    assert int8.traffic_bytes == on_cmos.traffic_bytes
    moved = sum(term.count for term in on_cmos.energy.terms if term.is_memory and term.name.split()[0] != "activation")
    assert on_cmos.traffic_bytes == pytest.approx(8 * moved, rel=1e-12)
    assert on_cmos.traffic_bytes < row(found, "ANN", "45 nm CMOS", "float32").traffic_bytes
    with pytest.raises(TypeError, match="of a processor"):
        hw.processor_energy(hw.count(ann(), data(9, 1).inputs), hw.chips.cmos45, hw.FLOAT32)


def test_a_comparison_draws_itself(table):
    drawn = plot.accuracy_energy_levels(table.points, at_least=table.bounds)
    assert [ax.get_title("left") for ax in drawn] == ["operations of a technology", "events of a chip's table"]
    for ax, points in zip(drawn, table.points.values(), strict=True):
        said = "\n".join(text.get_text() for text in ax.texts)
        assert all(label + ", at least" * (label in table.bounds) in said for label, *_ in points)
    assert plot.accuracy_latency([("a", 0.9, 1e-3, "b")]).get_xlabel() == "latency per inference (s, logarithmic)"
    labels = {
        level.title: [r.label for r in table.rows if r.level is level] for level in (Level.TECHNOLOGY, Level.EVENT)
    }
    assert {level: list(bars) for level, bars in table.bars.items()} == labels
    assert {level: [label for label, *_ in points] for level, points in table.points.items()} == labels
    assert "SNN fp32, not run, Loihi 1 (pre-silicon)" in labels["events of a chip's table"]
    for r in table.rows:
        parts = table.bars[r.level.title][r.label]
        assert sum(part for part in parts.values() if part) == pytest.approx(r.energy_j, rel=1e-9)
        assert [name for name, part in parts.items() if part is None] == list(r.energy.unknown)
    _, events = plot.energy_levels(table.bars)
    assert any("≥" in text.get_text() and "hops between tiles" in text.get_text() for text in events.texts)


def test_what_was_run_has_an_all_in_row_where_power_and_time_are_known():
    """SpiNNaker 1 in real time, idle power; BrainScaleS-2 a thousand times faster; no row without power or time."""
    net = Sequential(*ann().layers[:1], LIF(threshold=0.8, reset=reset.to_zero), readout(Linear(6, 3, seed=0)),
                     LIF(threshold=0.8, reset=reset.to_zero))  # fmt: skip
    nets, chips = {"SNN": (net, Rate(steps=8))}, hw.chips.NEUROMORPHIC
    found = hw.compare(nets, data(9, 1), calibrate=data(12, 2), chips=chips)
    by_power = {r.device: r for r in found.rows if r.by_power}
    assert set(by_power) == {"SpiNNaker 1", "BrainScaleS-2"}
    real_time = row(found, "SNN", "SpiNNaker 1", "chip integers")
    assert by_power["SpiNNaker 1"].energy_j == pytest.approx(0.36 * real_time.latency_s, rel=1e-12)
    assert (real_time.level, by_power["SpiNNaker 1"].level) == (Level.EVENT, Level.ALL_IN)
    assert by_power["BrainScaleS-2"].energy_j == pytest.approx(1.0 * 8 * 1e-3 / 1000, rel=1e-12)
    assert all(r.energy.is_lower_bound for r in by_power.values())
    assert "SpiNNaker 1, power x time" in hw.report.text(found)
    titles = [r.energy.title for r in found.rows if r.was_run and "45 nm" not in r.device]
    assert len(set(titles)) == len(titles)  # TrueNorth's would be drawn over each other: both are all in
    assert sum(entry["by_power"] for entry in hw.report.as_dict(found)["rows"]) == 2
    assert {
        "SNN the chip's integers, SpiNNaker 1, power x time (quoted)",
        "SNN a noisy model, BrainScaleS-2, power x time (quoted)",
    } <= set(found.bars["all-in figures of a device"])


def test_programs_run_as_they_are():
    """Spikes, accuracy, events and time of the program that was given, bit for bit; nothing is compiled or calibrated.

    The net's weights are changed behind the programs' backs: anything compiled of it would give other spikes.
    """
    net, code, test = snn_to_zero(), Rate(steps=8), data(N, 1)
    some = code(data(90, 2).inputs, index=np.arange(90))
    programs = list[object]()
    for chip, times in ((hw.chips.loihi1, 0.6), (hw.chips.spinnaker1, -1.0)):
        programs.append(hw.compile(net, chip, calibrate=some))
        for p in net.parameters().values():
            p.data = times * p.data
    seen = list[np.ndarray]()

    def read(output):
        seen.append(output)
        return output.sum(axis=0)

    entry = hw.Candidate(net, code, read)
    found = hw.compare({"SNN": entry, "other": (snn_to_zero(), code)}, test, programs={"SNN": programs})
    x = code(test.inputs, index=np.arange(N))
    for program in programs:
        wanted = program.run(x).output
        assert wanted.any()
        (same,) = [output for output in seen if output.dtype == wanted.dtype and np.array_equal(output, wanted)]
        (ran,) = [r for r in found.rows if r.device == program.chip.name and r.was_run and not r.by_power]
        assert ran.accuracy == (same.sum(axis=0).argmax(axis=1) == test.labels).mean()
        got = hw.place_program(program).run(x)
        assert (ran.energy, ran.latency_s) == (got.energy(), got.times.inference_s)
        assert f"SNN on {program.chip.name}: the program that was given, not compiled anew" in found.notes
    assert {(r.net, r.was_run) for r in found.rows if r.device == "Loihi 1"} == {("SNN", True), ("other", False)}


def snn_to_zero():
    return Sequential(*ann().layers[:1], LIF(threshold=0.8, reset=reset.to_zero), readout(Linear(6, 3, seed=0)),
                      LIF(threshold=0.8, reset=reset.to_zero))  # fmt: skip


def test_programs_that_are_not_the_nets_are_refused():
    net, code, test = snn_to_zero(), Rate(steps=8), data(N, 1)
    program = hw.compile(net, hw.chips.loihi1, calibrate=code(data(9, 2).inputs, index=np.arange(9)))
    for programs, error, said in (
        (program, TypeError, "expected programs by net"),
        ({"SNM": program}, ValueError, "no net 'SNM'; expected one of SNN"),
        ({"SNN": "program.npz"}, TypeError, "for net 'SNN' what hw.compile or hw.load_program gave"),
        ({"SNN": [program, net]}, TypeError, "for net 'SNN' what hw.compile"),
        ({"SNN": [program, program]}, ValueError, "net 'SNN' for Loihi 1: there are two"),
    ):
        with pytest.raises(error, match=said):
            hw.compare({"SNN": (net, code)}, test, programs=programs)
    longer = Sequential(*net.layers, Linear(3, 3, seed=0), LIF(reset=reset.to_zero))
    with pytest.raises(ValueError, match="got 5 LIF of 3 inputs"):
        hw.compare({"SNN": (longer, code)}, test, programs={"SNN": program})
    with pytest.raises(ValueError, match="net 'ANN' for Loihi 1: Loihi 1: 0 Linear: conventional activation ReLU"):
        hw.compare({"ANN": ann()}, test, programs={"ANN": program})
    with pytest.raises(ValueError, match="net 'SNN' for Loihi 1: run: spikes: expected integers"):
        hw.compare({"SNN": (net, Constant(steps=8))}, test, programs={"SNN": program})


def test_numbers_go_to_chips_whose_messages_carry_them():
    found = hw.compare({"SNN": (snn_to_zero(), Constant(steps=8))}, data(N, 1), calibrate=data(90, 2),
                       chips=(hw.chips.loihi1, hw.chips.loihi2))  # fmt: skip
    assert {r.device: r.was_run for r in found.rows} == {"Loihi 1": False, "Loihi 2": True}
    assert any("Loihi 1 (its input is no spikes" in note for note in found.notes)
