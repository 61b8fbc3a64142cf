"""Loihi 1 once more, with the energies and times of SANA-FE's calibration in place of Davies et al.'s. Data only.

SANA-FE arch/loihi.yaml says that all its numbers are from Davies et al. 2018; most are not in that table (an update
51.2 and 72.8 pJ against 52 and 81, a synaptic operation 35.5 pJ against at least 23.6), so they are a calibration.
Never mix the two: they share the events out differently.
"""

from __future__ import annotations

from dataclasses import replace

from hw.chips.loihi1 import LOIHI1
from hw.records.energies import EventEnergies
from hw.records.event_times import EventTimes
from hw.records.fact import Evidence, Fact

QUOTED, DERIVED = Evidence.QUOTED, Evidence.DERIVED
FILE = "SANA-FE arch/loihi.yaml"

LOIHI1_SANAFE = replace(
    LOIHI1,
    name="Loihi 1 (SANA-FE)",
    energies=EventEnergies(
        synaptic_op=Fact(35.5, "pJ", QUOTED, f"{FILE}, dense synapses"),
        synaptic_op_sparse=Fact(33.6, "pJ", QUOTED, f"{FILE}, sparse synapses"),
        synaptic_op_convolution=Fact(24.0, "pJ", QUOTED, f"{FILE}, convolutional synapses"),
        neuron_update_active=Fact(72.8, "pJ", DERIVED, f"{FILE}: access 51.2 and update 21.6"),
        neuron_update_inactive=Fact(51.2, "pJ", QUOTED, f"{FILE}, access"),
        spike_within_tile=Fact(0.0, "pJ", QUOTED, f"{FILE}: nothing but the axon is paid for"),
        hop_east_west=Fact(3.0, "pJ", QUOTED, FILE),
        hop_north_south=Fact(4.2, "pJ", QUOTED, FILE),
        spike_out=Fact(69.3, "pJ", QUOTED, FILE),
        axon_out=Fact(111.0, "pJ", QUOTED, FILE),
        axon_in=Fact(0.0, "pJ", QUOTED, FILE),
    ),
    notes=(
        "SANA-FE's energies of Loihi 1 are a calibration, though its file names Davies et al. 2018 as their source; "
        "they contain no static power and no barrier. Which synapses are sparse or convolutional SANA-FE leaves to "
        "its user; here the placement tells (what takes less room), and without one all are priced as dense.",
    ),
    times=EventTimes(
        synaptic_op=Fact(3.8, "ns", QUOTED, f"{FILE}, dense synapses"),
        synaptic_op_sparse=Fact(4.7, "ns", QUOTED, f"{FILE}, sparse synapses"),
        synaptic_op_convolution=Fact(3.1, "ns", QUOTED, f"{FILE}, convolutional synapses"),
        update_active=Fact(9.7, "ns", DERIVED, f"{FILE}: access 6.0 and update 3.7"),
        update_inactive=Fact(6.0, "ns", QUOTED, f"{FILE}, access"),
        spike_out=Fact(30.0, "ns", QUOTED, FILE),
        axon_out=Fact(5.1, "ns", QUOTED, FILE),
        axon_in=Fact(16.0, "ns", QUOTED, FILE),
        hop_east_west=Fact(4.1, "ns", QUOTED, FILE),
        hop_north_south=Fact(6.5, "ns", QUOTED, FILE),
        barrier=tuple((n, Fact(us, "us", QUOTED, FILE)) for n, us in ((1, 0.6), (2, 1.0), (4, 1.4), (29, 1.8))),
        is_linear=False,
    ),
)
