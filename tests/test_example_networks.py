"""The networks of papers run, are in the state that the paper says, and leave a picture."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "networks"


def run(name, out, **values):
    file = FOLDER / f"{name}.py"
    assert 40 <= len(file.read_text().splitlines()) <= 120
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = module.main(quick=True, out=out / "new", **values)
    assert (out / "new" / f"{name}.png").stat().st_size > 10_000
    return result


def test_brunel_2000(tmp_path):
    """Regular where excitation wins, irregular elsewhere; synchronous but in the asynchronous state."""
    result = run("brunel_2000", tmp_path)
    regular, fast, asynchronous, slow = result.rates_hz
    assert result.rates_hz[regular] > 200
    assert result.cvs[regular] < 0.3
    assert all(result.cvs[name] > 0.5 for name in (fast, asynchronous, slow))
    assert result.rates_hz[slow] < result.rates_hz[asynchronous] < result.rates_hz[regular]
    assert result.synchrony[regular] > 3 * result.synchrony[asynchronous]


def test_brette_2007(tmp_path):
    result = run("brette_2007", tmp_path)
    assert 2 < result.rates_hz["CUBA"] < 12
    assert 10 < result.rates_hz["COBA"] < 40
    assert result.cvs["COBA"] > 0.5  # at 5 Hz, CUBA's 0.2 s hold too few intervals for its own


def test_potjans_diesmann_2014(tmp_path):
    """A fiftieth of the circuit: low rates, inhibiting neurons of a layer above the exciting ones."""
    rates = np.array(run("potjans_diesmann_2014", tmp_path).rates_hz)
    assert (rates < 25).all()
    assert (rates[1::2] > 0).all()
    assert rates[3] > 1


def test_vogels_2011(tmp_path):
    """Learnt inhibition ends one loud rhythm: near the target of 3 Hz, irregular, hardly synchronous."""
    result = run("vogels_2011", tmp_path)
    assert result.rates_hz[0] > 50
    assert result.rates_hz[1] < 9
    assert result.cvs[1] > 0.5
    assert result.synchrony[1] < result.synchrony[0] / 20


CONNECTOME = Path(__file__).resolve().parents[2] / "shared" / "data" / "connectome" / "celegans_varshney2011.csv.gz"


@pytest.mark.skipif(not CONNECTOME.exists(), reason="the table of the worm's connections is not here")
def test_celegans_2011(tmp_path):
    """The paper's counts, piece and hubs; a touch reaches most neurons, most where there are most contacts."""
    result = run("celegans_2011", tmp_path, table=CONNECTOME)
    assert (result.chemical, result.electrical, result.largest_piece) == (2194, 514, 248)
    assert sorted(result.hubs) == ["AVAL", "AVAR", "AVBL", "AVBR"]
    assert 150 < result.reached < 279
    assert all(0.005 < first < 0.05 for first in result.first_s.values())
    assert result.rank_correlation > 0.7


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv: give the connections as a csv"):
        run("celegans_2011", tmp_path, table=tmp_path / "none.csv")
