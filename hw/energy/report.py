"""An energy as plain data."""

from __future__ import annotations

from typing import Any

from hw.energy.total import Energy
from hw.records.fact import fact_dict


def energy_dict(energy: Energy) -> dict[str, Any]:
    """An energy with its terms; what is unknown is null: of a term, and the sum where no cost is known."""
    return {
        "energy_j": energy.joules,
        "energy_is_lower_bound": energy.is_lower_bound,
        "evidence": [kind.value for kind in energy.evidence],
        "assumptions": list(energy.assumptions),
        "terms": [
            {
                "name": term.name,
                "count": term.count,
                "unit": term.unit,
                "is_memory": term.is_memory,
                "each": fact_dict(term.cost),
                "energy_j": term.joules,
            }
            for term in energy.terms
        ],
    }
