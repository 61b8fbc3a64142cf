"""Energy from single operations and memory accesses of a process: an idealised accelerator of that technology.

The same rules price a conventional and a spiking net, in the same formats, so that the two can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from hw.counting.counts import Counts, LayerCount
from hw.energy.given import checked_arithmetic, energies_of
from hw.energy.total import Energy, Term
from hw.records.chip import Chip
from hw.records.energies import Level, TechnologyEnergies
from hw.records.fact import unknown
from hw.records.formats import Arithmetic, Format

ASSUMPTIONS = (
    "a comparison, a shift and a conversion between integer and float are priced as an addition of that format",
    "memories are separate for weights, activations and neuron states, each the smallest that holds its share; "
    "accesses are perfectly packed and a write costs what a read costs",
)
RESCALE = (
    "int8: products of int8 are added in int32; every sum is scaled back by one multiplication (int32 and a shift with "
    "rounding in a conventional layer, fp32 in front of neurons, which stay in fp32); activation curves other than "
    "ReLU are 256-entry tables; a mean's multiplication scales its sum back, rounding and shift not counted"
)


def technology_energy(counts: Counts, chip: Chip, arithmetic: Arithmetic) -> Energy:
    """Energy per inference of counted operations and memory traffic on `chip`, at the level of its technology.

    Raises TypeError when the chip has no energies of that level, and for what is no Arithmetic.
    """
    energies = energies_of("technology_energy", counts, chip, TechnologyEnergies, "technology energies")
    checked_arithmetic(chip.name, arithmetic)
    terms = (*_operations(counts, energies, arithmetic), *_traffic(counts, energies, arithmetic))
    assumptions = (*ASSUMPTIONS, *((RESCALE,) if arithmetic.rescale else ()), *_places(terms))
    return Energy(chip.name, Level.TECHNOLOGY, tuple(t for t in terms if t.count), (*counts.assumptions, *assumptions))


def _places(terms: Iterable[Term]) -> Iterator[str]:
    """Which memory holds the weights: it decides the total, in steps."""
    for term in terms:
        if term.is_memory and term.count and term.name.startswith("weights in "):
            high = "" if term.cost.high is None else f", the lower end of {term.cost.value:g}..{term.cost.high:g}"
            yield f"{term.name}: {term.cost.value:g} {term.cost.unit} an access{high}"


def _operations(counts: Counts, energies: TechnologyEnergies, a: Arithmetic) -> list[Term]:
    macs, acs = counts.total(lambda c: c.macs), counts.total(lambda c: c.acs)
    add, multiply = energies.add, energies.multiply
    terms = [
        Term("MAC: multiplications", macs, f"{a.weight.value} multiplications", multiply[a.weight]),
        Term("MAC: additions", macs, f"{a.sum.value} additions", add[a.sum]),
        Term("synaptic operations", acs, f"{a.sum.value} additions", add[a.sum]),
        Term("biases", counts.total(lambda c: c.bias_adds), f"{a.sum.value} additions", add[a.sum]),
    ]
    if a.rescale:
        to_neurons = counts.total(lambda c: c.sums if c.feeds_neurons else 0.0)
        to_values = counts.total(lambda c: 0.0 if c.feeds_neurons else c.sums)
        terms += [
            Term("rescaling for neurons", to_neurons, f"{a.neuron.value} multiplications", multiply[a.neuron]),
            Term("conversion for neurons", to_neurons, f"{a.neuron.value} additions", add[a.neuron]),
            Term("rescaling", to_values, f"{a.sum.value} multiplications", multiply[a.sum]),
            Term("rounding, shift, zero point", 3 * to_values, f"{a.sum.value} additions", add[a.sum]),
        ]
    terms += _arithmetic("neurons", counts.arithmetic(lambda c: c.neuron_operations), a.neuron, energies)
    curves = tuple(
        c for c in counts.layers if a.rescale and c.pointwise_values and set(c.pointwise_operations) - {"compare"}
    )
    if curves:
        name, access = energies.memory.holding(256 * a.value.bytes)
        lookups = sum(c.pointwise_values for c in curves)
        terms.append(Term("activation tables", lookups, f"look-ups in {name}", access, is_memory=True))
    plain = replace(counts, layers=tuple(c for c in counts.layers if c not in curves))
    terms += _arithmetic("activations", plain.arithmetic(lambda c: c.pointwise_operations), a.sum, energies)
    return terms


def _arithmetic(
    owner: str, operations: Mapping[str, float], form: Format, energies: TechnologyEnergies
) -> Iterator[Term]:
    priced = {"add": energies.add[form], "compare": energies.add[form], "multiply": energies.multiply[form]}
    for kind, n in operations.items():
        cost = priced.get(kind, unknown("pJ", f"Horowitz 2014 has no energy for {kind}"))
        yield Term(f"{owner}: {kind}", n, f"{form.value} {kind} operations", cost)


def _traffic(counts: Counts, energies: TechnologyEnergies, a: Arithmetic) -> Iterator[Term]:
    for what, size_bytes, n_bytes in _moved(counts, a):
        place, access = energies.memory.holding(size_bytes)
        accesses = n_bytes / energies.memory.word_bytes
        yield Term(f"{what} in {place}", accesses, f"accesses of {energies.memory.word_bytes} bytes", access, True)


def traffic_bytes(counts: Counts, arithmetic: Arithmetic) -> float:
    """Bytes an inference reads and writes, each number as often as it is used: nothing is kept in a cache."""
    return sum(n_bytes for _, _, n_bytes in _moved(counts, arithmetic))


def _moved(counts: Counts, a: Arithmetic) -> Iterator[tuple[str, float, float]]:
    """(what, bytes of memory it takes, bytes that an inference moves)."""
    weight, value, sum_, neuron = a.weight.bytes, a.value.bytes, a.sum.bytes, a.neuron.bytes
    multiplier = 0 if not a.rescale else 5  # an int32 mantissa and a shift of one byte
    scale = 0 if not a.rescale else neuron

    def rescaling(c: LayerCount, times: float) -> float:
        return times * (scale if c.feeds_neurons else multiplier)

    parameters = counts.total(
        lambda c: (
            c.stored.weights * weight
            + c.stored.biases * sum_
            + c.stored.parameters * neuron
            + rescaling(c, c.stored.channels)
        )
    )
    activations = counts.total(lambda c: c.stored.values * value + c.stored.bits / 8 + c.stored.sums * sum_)
    states = counts.total(lambda c: c.stored.states * neuron)
    moved: tuple[tuple[str, float, Callable[[LayerCount], float]], ...] = (
        ("weights", parameters, lambda c: c.traffic.weights * weight),
        ("biases and multipliers", parameters, lambda c: c.traffic.biases * sum_ + rescaling(c, c.sums)),
        ("neuron parameters", parameters, lambda c: c.traffic.parameters * neuron),
        ("activations", activations, lambda c: (c.traffic.values_read + c.traffic.values_written) * value),
        ("spikes", activations, lambda c: (c.traffic.bits_read + c.traffic.bits_written) / 8),
        ("kept sums", activations, lambda c: (c.traffic.sums_read + c.traffic.sums_written) * sum_),
        ("neuron states", states, lambda c: (c.traffic.states_read + c.traffic.states_written) * neuron),
    )
    for what, size_bytes, bytes_of in moved:
        yield what, size_bytes, counts.total(bytes_of)
