"""Simulation of a Network: draw it, run it, record it."""

from .recorders import Probe, probe
from .recording import Recording, Run, Spikes, States, joined
from .simulation import Simulation, simulate
from .stream import recordings

__all__ = ["Probe", "Recording", "Run", "Simulation", "Spikes", "States", "joined", "probe", "recordings", "simulate"]
