"""WilsonCowan: a pair of populations, one exciting and one inhibiting, as one unit; its output is the exciting rate.

tau_exc dE/dt = -E + (1 - E) S(w_ee E - w_ei I + current)
tau_inh dI/dt = -I + (1 - I) S(w_ie E - w_ii I + share current)
with S(x) = sigmoid(gain (x - threshold)) - sigmoid(-gain threshold), which is 0 at 0; each population has its own gain
and threshold. Source: Wilson & Cowan 1972, Biophysical Journal 12(1):1-24, equations 11, 12 and 15, with refractory
period 1.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values, positive_values
from spikenet.neurons.decay import step_share
from spikenet.neurons.integration import Method, runge_kutta_4
from spikenet.neurons.primitives import sigmoid

WEIGHTS = ("w_ee", "w_ei", "w_ie", "w_ii")


def step(p: Any, e: Any, i: Any, current: Any, *, method: Method = runge_kutta_4) -> Any:
    def rises(e: Any, i: Any) -> Any:
        towards_e = _response(p.exc_gain, p.exc_threshold, p.w_ee * e - p.w_ei * i + current)
        towards_i = _response(p.inh_gain, p.inh_threshold, p.w_ie * e - p.w_ii * i + p.inh_share * current)
        return p.share_exc * ((1.0 - e) * towards_e - e), p.share_inh * ((1.0 - i) * towards_i - i)

    e, i = method(rises, (e, i))
    return e, i, e


def _response(gain: Any, threshold: Any, x: Any) -> Any:
    return sigmoid(gain * (x - threshold)) - sigmoid(-(gain * threshold))


def parameters(
    tau_exc_s: Any, tau_inh_s: Any, dt_s: Any, weights: dict[str, Any], gains: dict[str, Any], inh_share: Any
) -> dict[str, Array]:
    """tau_..._s: > dt_s > 0, seconds; weights >= 0; gains: exc_gain, inh_gain > 0, exc_threshold, inh_threshold."""
    values = {
        "share_exc": step_share("WilsonCowan", "tau_exc_s", tau_exc_s, dt_s),
        "share_inh": step_share("WilsonCowan", "tau_inh_s", tau_inh_s, dt_s),
        "inh_share": finite_values("WilsonCowan: inh_share", inh_share),
    }
    for name in WEIGHTS:
        values[name] = finite_values(f"WilsonCowan: {name}", weights[name])
        if (values[name] < 0).any():
            raise ValueError(f"WilsonCowan: {name}: expected values >= 0, got {values[name].min():g}")
    for which in ("exc", "inh"):
        gain = positive_values(f"WilsonCowan: {which}_gain", gains[f"{which}_gain"])
        threshold = finite_values(f"WilsonCowan: {which}_threshold", gains[f"{which}_threshold"])
        values |= {f"{which}_gain": gain, f"{which}_threshold": threshold}
    return values
