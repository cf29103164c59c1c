"""Every measured file opens; what is read agrees with the picked lines of the index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hybrid_index.errors import FileFormatError
from hybrid_index.io import read
from hybrid_index.types import Pattern

Entry = dict[str, Any]
TIME_OF_FLIGHT = {"silicon_TOF", "glycyl-glycine_TOF"}


@pytest.fixture(scope="module")
def entries(shared_data: Path) -> list[Entry]:
    entries: list[Entry] = json.loads((shared_data / "experimental" / "index.json").read_text())
    return entries


def disagreement(entry: Entry, folder: Path) -> str:
    """What is wrong with a file as read, empty if nothing is."""
    content = read(folder / entry["file"])
    radiation = content.radiation
    if radiation is not None and abs(radiation.wavelength_angstrom / entry["wavelength"] - 1.0) > 2e-4:
        return f"wavelength {radiation.wavelength_angstrom}"
    lines = np.array(entry["two_theta"])
    if not isinstance(content, Pattern):
        return "" if np.allclose(content.two_theta_deg, lines) else "other lines"
    x, y = content.two_theta_deg, content.intensity
    if lines.min() < x[0] - 0.05 or lines.max() > x[-1] + 0.05:
        return f"lines outside {x[0]} to {x[-1]}"
    strongest = lines[np.argmax(entry["intensity"])]
    around = np.abs(x - strongest) < 0.3
    top = x[around][np.argmax(y[around])]
    return "" if abs(top - strongest) < 0.06 else f"strongest line at {strongest}, maximum at {top}"


def test_all_open_and_agree(entries: list[Entry], shared_data: Path) -> None:
    folder = shared_data / "experimental"
    wrong = {e["file"]: d for e in entries if e["id"] not in TIME_OF_FLIGHT and (d := disagreement(e, folder))}
    assert wrong == {}


def test_time_of_flight_is_refused(entries: list[Entry], shared_data: Path) -> None:
    refused = [e for e in entries if e["id"] in TIME_OF_FLIGHT]
    assert len(refused) == 2
    for entry in refused:
        with pytest.raises(FileFormatError, match="time-of-flight"):
            read(shared_data / "experimental" / entry["file"])


@pytest.mark.parametrize(
    ("file", "ends"),
    [
        ("gsas2_tutorials/LaB6_Jan2018.raw", (10.0, 70.0045)),
        ("crysfml_fullprof/Al2O3_BT1.dat", (3.0, 167.75)),
        ("maud/CPD-1H.PRN", (5.0, 150.0)),
        ("gsas2_tutorials/PBSO4.CWN", (10.0, 155.9)),
        ("gsas2_tutorials/11bmb_8716_sucrose.fxye", (0.5, 49.98643)),
        ("pdcif_misc/vb5042sup3_pyrite_mix_AT3_CoKa.cif", (10.01313, 119.99238)),
    ],
)
def test_range(shared_data: Path, file: str, ends: tuple[float, float]) -> None:
    pattern = read(shared_data / "experimental" / file)
    assert (pattern.two_theta_deg[0], pattern.two_theta_deg[-1]) == pytest.approx(ends, abs=1e-4)
