"""What is wrong with a net: neurons that never or always fire, errors that vanish or explode, wrong gradients."""

from __future__ import annotations

from spikenet.diagnosis.examine import Diagnosis, LayerDiagnosis, diagnose
from spikenet.diagnosis.gradients import GradientCheck, ParameterCheck, check_gradient

__all__ = ["Diagnosis", "GradientCheck", "LayerDiagnosis", "ParameterCheck", "check_gradient", "diagnose"]
