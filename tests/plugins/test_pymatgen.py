"""pymatgen in, pymatgen out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from pymatgen.analysis.diffraction.core import DiffractionPattern
from pymatgen.core.lattice import Lattice

from hybrid_index.config import Settings
from hybrid_index.errors import InputError, WavelengthError
from hybrid_index.lattice import BravaisLattice
from hybrid_index.plugins.pymatgen import as_data, index_pattern
from hybrid_index.types import Pattern, PeakList
from tests.synthetic import CU, TYPICAL, line_list

B = BravaisLattice
LINES = line_list(TYPICAL[B.OP], B.OP)


def calculated(two_theta_deg: npt.ArrayLike, d_angstrom: npt.ArrayLike) -> DiffractionPattern:
    """What pymatgen calculates from a structure, but for the intensities."""
    x, d = np.asarray(two_theta_deg), np.asarray(d_angstrom)
    return DiffractionPattern(x, np.ones(x.size), [[]] * x.size, d.tolist())  # type: ignore[no-untyped-call]


CALCULATED = calculated(LINES.two_theta_deg, LINES.d_angstrom)


def test_calculated_pattern_gives_its_lattice_without_a_wavelength() -> None:
    first, *others = index_pattern(CALCULATED, settings=Settings(budget_s=6.0))
    assert isinstance(first.lattice, Lattice)
    assert first.bravais_lattice is B.OP
    assert sorted(first.lattice.abc) == pytest.approx(sorted(TYPICAL[B.OP].parameters[:3]), rel=2.0e-3)
    assert first.probability > 0.8 > sum(other.probability for other in others)
    assert first.solution.rank == 1


def test_kinds_of_data() -> None:
    lines = as_data(LINES.two_theta_deg, wavelength="CuKa1")
    assert isinstance(lines, PeakList)
    assert lines.radiation == CU
    x = np.arange(10.0, 60.0, 0.02)
    pattern = as_data(x, 100.0 + 50.0 * np.sin(x), wavelength=1.5406)
    assert isinstance(pattern, Pattern)
    assert pattern.radiation is not None
    assert pattern.radiation.wavelength_angstrom == 1.5406
    assert isinstance(as_data(x, wavelength=1.5406), PeakList)
    own = as_data(CALCULATED)
    assert isinstance(own, PeakList)
    assert own.wavelength_angstrom == pytest.approx(CU.wavelength_angstrom)


def test_bad_input_says_what_is_missing() -> None:
    with pytest.raises(WavelengthError, match="no wavelength is known"):
        index_pattern([10.0, 20.0, 30.0, 40.0, 50.0])
    with pytest.raises(WavelengthError, match="belong to no one wavelength"):
        index_pattern(calculated([10.0, 20.0], [3.0, 4.0]))
    with pytest.raises(InputError, match="equally long"):
        index_pattern([10.0, 20.0], [1.0], wavelength="CuKa")
    with pytest.raises(InputError, match="only 2 lines"):
        index_pattern([10.0, 20.0], wavelength="CuKa")
