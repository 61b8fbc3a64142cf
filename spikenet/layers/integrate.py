"""Integration methods under one name: `sn.AdEx(method=sn.integrate.euler)`, or called in a step of one's own."""

from spikenet.derive.exponential_euler import exponential_euler
from spikenet.neurons.integration import euler, runge_kutta_4

ALL = (euler, exponential_euler, runge_kutta_4)

__all__ = ["ALL", "euler", "exponential_euler", "runge_kutta_4"]
