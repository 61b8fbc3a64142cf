"""What putting a layer on a chip changed, the same figures for all chips."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LayerReport:
    """What putting one layer on the chip changed, on the calibration data.

    weight_exponent : power of two that the chip multiplies the stored weights with, where it can
    scale           : integers of v to the float net's 1, the mean where neurons have their own
    weight_error    : root mean square of the rounding over that of the weights; clipped: share of the weights cut
    threshold_error : largest of |threshold on the chip / float - 1|; bias_error: largest change over the threshold's
                      size; both are changes themselves where the threshold is 0
    tau_mem_steps, tau_syn_steps: (float net's, chip's) time constants in steps; inf keeps all, 0 nothing
    rate, chip_rate : spikes per neuron and step of the float net and of the chip, its earlier layers on the chip too
    headroom        : end of the word over the largest state met;  overflows: of all words on the calibration data
    advice          : what would lose less, where the chip's neurons do something else than the net's; else empty
    """

    name: str
    weight_exponent: int
    scale: float
    weight_error: float
    clipped: float
    threshold_error: float
    bias_error: float
    tau_mem_steps: tuple[float, float]
    tau_syn_steps: tuple[float, float]
    rate: float
    chip_rate: float
    headroom: float
    overflows: int
    advice: str = ""

    @property
    def rate_change(self) -> float:
        """Predicted change of the layer's rate, relative to the float net's."""
        return self.chip_rate / self.rate - 1 if self.rate else self.chip_rate

    def __str__(self) -> str:
        return (
            f"{self.name}: exponent {self.weight_exponent}, weights off {self.weight_error:.2%} (clipped "
            f"{self.clipped:.2%}), threshold {self.threshold_error:.2%}, bias {self.bias_error:.2%}, tau_mem "
            f"{self.tau_mem_steps[0]:.4g} -> {self.tau_mem_steps[1]:.4g} steps, tau_syn {self.tau_syn_steps[0]:.4g} -> "
            f"{self.tau_syn_steps[1]:.4g}, rate {self.rate:.4f} -> {self.chip_rate:.4f} ({self.rate_change:+.1%}), "
            f"headroom {self.headroom:.1f}, overflows {self.overflows}{'; ' * bool(self.advice)}{self.advice}"
        )
