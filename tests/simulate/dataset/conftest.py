"""CIF files to make data sets of."""

from __future__ import annotations

from pathlib import Path

import pytest

from hybrid_index.simulate.dataset import Recipe, pattern_condition
from hybrid_index.units import parse_radiation

_CIF = """data_{name}
_cell_length_a {a}
_cell_length_b {b}
_cell_length_c {c}
_cell_angle_alpha {alpha}
_cell_angle_beta {beta}
_cell_angle_gamma {gamma}
_space_group_name_H-M_alt '{group}'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
{sites}
"""
ANGLESITE = (
    "Pb Pb 0.16716 0.18798 0.25\nS S 0.1849 0.4358 0.75\nO1 O 0.0946 0.5915 0.75\n"
    "O2 O 0.0424 0.3072 0.75\nO3 O 0.3090 0.4189 0.9726"
)


def write_cif(path: Path, group: str, cell: tuple[float, ...], sites: str) -> None:
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    text = _CIF.format(name=path.stem, group=group, sites=sites, **dict(zip(names, cell, strict=True)))
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def cifs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three structures, one of them in a folder below, and three files that cannot be used."""
    folder = tmp_path_factory.mktemp("cifs")
    (folder / "below").mkdir()
    write_cif(folder / "a_anglesite.cif", "P b n m", (6.9549, 8.472, 5.3973, 90.0, 90.0, 90.0), ANGLESITE)
    write_cif(folder / "b_broken.cif", "P b n m", (6.9549, 8.472, 5.3973, 90.0, 90.0, 90.0), "Pb Pb here there 0.25")
    write_cif(folder / "c_copper.cif", "F m -3 m", (3.615, 3.615, 3.615, 90.0, 90.0, 90.0), "Cu Cu 0 0 0")
    corundum = "Al Al 0 0 0.35219\nO O 0.30633 0 0.25"
    write_cif(folder / "d_corundum.cif", "R -3 c", (4.7602, 4.7602, 12.9933, 90.0, 90.0, 120.0), corundum)
    (folder / "e_text.cif").write_text("this is no CIF", encoding="utf-8")
    fluorite = "Ca Ca 0 0 0\nF F 0.25 0.25 0.25"
    write_cif(folder / "below" / "f_fluorite.CIF", "F m -3 m", (5.463, 5.463, 5.463, 90.0, 90.0, 90.0), fluorite)
    return folder


@pytest.fixture
def recipe() -> Recipe:
    """Small patterns with everything that a condition can draw."""
    return Recipe(
        condition=pattern_condition("contest"),
        radiation=parse_radiation("CuKa1"),
        two_theta_range_deg=(10.0, 80.0),
        n_points=3501,
        seed=7,
    )
