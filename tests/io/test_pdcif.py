from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hybrid_index.errors import FileFormatError
from hybrid_index.io import read, read_many

if TYPE_CHECKING:
    from tests.io.conftest import Write

N = 40
COUNTS = 100 + np.arange(N)


def loop(tags: str, rows: list[str]) -> str:
    return "loop_\n" + "\n".join(tags.split()) + "\n" + "\n".join(rows) + "\n"


RANGE = "_pd_meas_2theta_range_min 10.0\n_pd_meas_2theta_range_max 11.95\n_pd_meas_2theta_range_inc 0.05\n"
PROFILE = loop("_pd_meas_counts_total _pd_calc_intensity_total", [f"{c} 7" for c in COUNTS])


def test_range_and_counts_never_calculated(write: Write) -> None:
    pattern = read(write("a.cif", f"data_a\n_diffrn_radiation_wavelength 1.2(1)\n{RANGE}{PROFILE}"))
    np.testing.assert_allclose(pattern.two_theta_deg, 10 + 0.05 * np.arange(N))
    np.testing.assert_allclose(pattern.intensity, COUNTS)
    assert pattern.radiation.wavelength_angstrom == 1.2


def test_columns_with_uncertainties_and_gaps(write: Write) -> None:
    rows = [f"{10 + 0.05 * i:.2f} {100 + i}.5(12) ." for i in range(N)] + ["? ? .", "12.5 . ."]
    pattern = read(
        write("a.cif", "data_a\n" + loop("_pd_proc_2theta_corrected _pd_proc_intensity_total _pd_proc_d_spacing", rows))
    )
    assert pattern.two_theta_deg.size == N
    assert np.asarray(pattern.sigma)[0] == pytest.approx(1.2)
    assert pattern.radiation is None


def test_dotted_names_of_newer_dictionaries(write: Write) -> None:
    rows = [f"{10 + 0.05 * i:.2f} {100 + i}" for i in range(N)]
    assert (
        read(write("a.cif", "data_a\n" + loop("_pd_meas.2theta_scan _pd_meas.counts_total", rows))).two_theta_deg.size
        == N
    )


@pytest.mark.parametrize(
    ("words", "wavelength", "ka2"),
    [
        ("_diffrn_radiation_type 'Cu K\\a'\n_diffrn_radiation_wavelength 1.540562", 1.540562, 1.5444274),
        ("_diffrn_radiation_type 'Cu K\\a~1~'\n_diffrn_radiation_wavelength 1.540562", 1.540562, None),
        ("_diffrn_radiation_wavelength 1.5418", 1.5405929, 1.5444274),
        ("_diffrn_radiation_type 'Cu K\\a'", 1.5405929, 1.5444274),
        ("_diffrn_radiation_probe neutron\n_diffrn_radiation_wavelength 1.5402", 1.5402, None),
        (
            "loop_\n_diffrn_radiation_wavelength\n_diffrn_radiation_wavelength_wt\n1.79278 0.5\n1.78892 1.0",
            1.78892,
            1.79278,
        ),
    ],
)
def test_radiation(write: Write, words: str, wavelength: float, ka2: float | None) -> None:
    radiation = read(write("a.cif", f"data_a\n{words}\n{RANGE}{PROFILE}")).radiation
    assert radiation.wavelength_angstrom == pytest.approx(wavelength)
    assert radiation.ka2_angstrom == (None if ka2 is None else pytest.approx(ka2))
    assert radiation.probe == ("neutron" if "neutron" in words else "xray")


def test_measured_blocks_are_chosen_and_the_wavelength_may_stand_elsewhere(write: Write) -> None:
    text = (
        "data_publ\n_journal_name_full x\ndata_radiation\n_diffrn_radiation_wavelength 0.8\n"
        f"data_one\n{RANGE}{PROFILE}data_two\n{RANGE}{PROFILE}"
        f"data_one_simulated_\n_diffrn_radiation_wavelength 0.71\n{RANGE}{PROFILE}"
    )
    patterns = read_many(write("a.cif", text))
    assert [p.metadata["block"] for p in patterns] == ["one", "two"]
    assert patterns[1].radiation.wavelength_angstrom == 0.8


def test_time_of_flight_is_refused(write: Write) -> None:
    text = "data_a\n" + loop("_pd_meas_time_of_flight _pd_meas_counts_total", [f"{1000 + i} {i}" for i in range(N)])
    with pytest.raises(FileFormatError, match="time-of-flight"):
        read(write("a.cif", text))


def test_crystal_structure_is_no_pattern(write: Write) -> None:
    with pytest.raises(FileFormatError, match="without a measured powder profile"):
        read(write("a.cif", "data_a\n_cell_length_a 5.4\n"))


def test_invalid_cif(write: Write) -> None:
    with pytest.raises(FileFormatError, match="not valid CIF"):
        read(write("a.cif", "data_a\nloop_\n_x\n_y\n1 2 3\n"))
