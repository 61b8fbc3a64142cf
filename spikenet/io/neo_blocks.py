"""Recordings as neo's blocks and back: spike trains and analog signals, with their units.

neo is what elephant, the readers of laboratories' file formats and other simulators hand on:

    block = sn.io.to_neo(recording, {"v": "mV"})
    read = sn.io.from_neo(block)
    net.source("replayed", sn.inputs.trains(*read.trains["E"][:2]), read.trains["E"][2])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from spikenet.errors import Array, finite_values
from spikenet.io.optional import library
from spikenet.simulate import Recording

STRANGER = "neurons"  # the population of trains and signals that name none


class Signal(NamedTuple):
    """times_s: (samples,); values: (samples, channels) in `unit`; neurons: (channels,) whose they are."""

    times_s: Array
    values: Array
    unit: str
    neurons: Array


class NeoData(NamedTuple):
    """trains: by population (times in seconds, neurons, number of neurons), as pictures and statistics take them;
    signals: by population and name."""

    trains: dict[str, tuple[Array, Array, int]]
    signals: dict[tuple[str, str], Signal]
    start_s: float
    stop_s: float


def to_neo(recording: Recording, units: Mapping[str, str] | None = None) -> Any:
    """A neo.Block of one segment: a SpikeTrain for each neuron, silent ones too, and an AnalogSignal for each state.

    units: of the states by name, {"v": "mV"}, as the quantities package writes them; what is not named has none

    Trains and signals are annotated with "population", "neuron" and "state"; times are in seconds.
    """
    neo, pq = (library(name, "to_neo", "neo") for name in ("neo", "quantities"))
    if not isinstance(recording, Recording):
        raise TypeError(f"to_neo: expected a recording of sn.simulate, got {recording!r:.60}")
    units = dict(units or {})
    if unknown := set(units) - {state for s in recording.states.values() for state in s.values}:
        raise ValueError(f"to_neo: units: no state {', '.join(sorted(unknown))} was recorded")
    named = {state: _unit(pq, f"to_neo: unit of {state}", unit) for state, unit in units.items()}
    segment = neo.Segment(name="simulation")
    limits = {"t_start": recording.start_s * pq.s, "t_stop": recording.stop_s * pq.s}
    trains, signals = [], []
    for name, (times, neurons, n) in recording.trains.items():
        order = np.argsort(neurons, kind="stable")
        ends = np.cumsum(np.bincount(neurons, minlength=n))[:-1]
        for k, mine in enumerate(np.split(np.clip(times[order], recording.start_s, recording.stop_s), ends)):
            trains.append(neo.SpikeTrain(mine, units=pq.s, name=f"{name} {k}", population=name, neuron=k, **limits))
    for name, states in recording.states.items():
        first, every = (
            (states.times_s[0], _every(states.times_s, recording.dt_s)) if len(states.times_s) else (0.0, 1.0)
        )
        for state, values in states.values.items():
            signal = neo.AnalogSignal(
                values, units=named.get(state, pq.dimensionless), t_start=first * pq.s, sampling_period=every * pq.s,
                name=f"{name} {state}", population=name, state=state, array_annotations={"neuron": states.neurons},
            )  # fmt: skip
            signals.append(signal)
    segment.spiketrains.extend(trains)
    segment.analogsignals.extend(signals)
    block = neo.Block(name="spikenet", dt_s=recording.dt_s)
    block.segments.append(segment)
    return block


def from_neo(data: Any, units: Mapping[str, str] | None = None) -> NeoData:
    """Spikes and signals of a neo.Block with one segment, of a segment, or of a list of trains and signals.

    units: what signals are turned into, by name, {"v": "mV"}; others keep theirs

    Trains of a population are told by the annotations "population" and "neuron"; those without are the population
    "neurons", counted as they come. Epochs, events and irregularly sampled signals are not read. ValueError for a unit
    that is no time or cannot be turned into the wanted one, and for two trains of one neuron.
    """
    neo, pq = (library(name, "from_neo", "neo") for name in ("neo", "quantities"))
    trains, signals = _contents(neo, data)
    seconds = _Seconds(pq)
    limits = [(float(seconds(x.t_start)), float(seconds(x.t_stop))) for x in trains or signals]
    if not limits:
        raise ValueError("from_neo: neither spike trains nor analog signals in it")
    wanted = {state: _unit(pq, f"from_neo: unit of {state}", unit) for state, unit in (units or {}).items()}
    return NeoData(
        _trains(seconds, trains), dict(_signal(pq, x, wanted) for x in signals),
        min(low for low, _ in limits), max(high for _, high in limits),
    )  # fmt: skip


class _Seconds:
    """Quantities as plain seconds; each unit is looked up once, which takes quantities a millisecond."""

    def __init__(self, pq: Any) -> None:
        self._pq, self._factors = pq, dict[str, float]()

    def __call__(self, quantity: Any) -> Array:
        unit = quantity.dimensionality.string
        if unit not in self._factors:
            try:
                self._factors[unit] = float(quantity.units.rescale(self._pq.s))
            except ValueError as error:
                raise ValueError(f"from_neo: times in {unit}, no time") from error
        return np.asarray(quantity.magnitude, np.float64) * self._factors[unit]


def _contents(neo: Any, data: Any) -> tuple[list[Any], list[Any]]:
    if isinstance(data, neo.Block):
        if len(data.segments) != 1:
            raise ValueError(f"from_neo: expected a block of one segment, got {len(data.segments)}; give one of them")
        data = data.segments[0]
    if isinstance(data, neo.Segment):
        return list(data.spiketrains), list(data.analogsignals)
    several = isinstance(data, Iterable) and not isinstance(data, (str, neo.SpikeTrain, neo.AnalogSignal))
    given = list(data) if several else [data]
    trains = [x for x in given if isinstance(x, neo.SpikeTrain)]
    signals = [x for x in given if isinstance(x, neo.AnalogSignal)]
    if len(trains) + len(signals) < len(given):
        strange = next(x for x in given if not isinstance(x, (neo.SpikeTrain, neo.AnalogSignal)))
        raise TypeError(f"from_neo: expected a block, a segment, spike trains or analog signals, got {strange!r:.60}")
    return trains, signals


def _trains(seconds: _Seconds, trains: list[Any]) -> dict[str, tuple[Array, Array, int]]:
    """By population, sorted by time, then by neuron."""
    found: dict[str, dict[int, Array]] = {}
    for train in trains:
        name = str(train.annotations.get("population", STRANGER))
        mine = found.setdefault(name, {})
        neuron = int(train.annotations.get("neuron", len(mine)))
        if neuron in mine or neuron < 0:
            raise ValueError(f"from_neo: {name}: expected one train for each neuron >= 0, got a second of {neuron}")
        times = seconds(train)
        mine[neuron] = finite_values(f"from_neo: {name}", times)
    joined = {}
    for name, mine in found.items():
        times = np.concatenate(list(mine.values()))
        neurons = np.repeat(list(mine), [t.size for t in mine.values()]).astype(np.int64)
        order = np.lexsort((neurons, times))
        joined[name] = (times[order], neurons[order], max(mine) + 1)
    return joined


def _signal(pq: Any, signal: Any, wanted: Mapping[str, Any]) -> tuple[tuple[str, str], Signal]:
    population = str(signal.annotations.get("population", STRANGER))
    state = str(signal.annotations.get("state", signal.name or "signal"))
    if state in wanted:
        try:
            signal = signal.rescale(wanted[state])
        except ValueError as error:
            raise ValueError(f"from_neo: {population} {state}: {error}") from error
    neurons = signal.array_annotations.get("neuron", np.arange(signal.shape[1]))
    times = np.asarray(signal.times.rescale(pq.s).magnitude, np.float64)
    unit = signal.dimensionality.string
    return (population, state), Signal(times, np.asarray(signal.magnitude), unit, np.asarray(neurons, np.int64))


def _unit(pq: Any, name: str, unit: str) -> Any:
    try:
        return pq.Quantity(1.0, unit).units
    except (LookupError, TypeError, ValueError, SyntaxError) as error:
        raise ValueError(f"{name}: expected a unit such as mV or pA, got {unit!r}") from error


def _every(times_s: Array, dt_s: float) -> float:
    return float(times_s[1] - times_s[0]) if len(times_s) > 1 else dt_s
