"""Simulation of a Network: draw it, run it, record it."""

from .recorders import Probe, probe
from .recording import Recording, Run, Spikes, States
from .simulation import Simulation, simulate

__all__ = ["Probe", "Recording", "Run", "Simulation", "Spikes", "States", "probe", "simulate"]
