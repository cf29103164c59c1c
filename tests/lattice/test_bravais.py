from __future__ import annotations

import json
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import gemmi
import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import (
    BRAVAIS_LATTICES,
    BravaisLattice,
    Cell,
    ConventionalSetting,
    bravais_lattices,
    conventional,
    fitting_metrics,
    metric_from_gram,
    metric_subspace,
    primitive_basis,
    primitive_gram,
    same_lattice,
    standardize,
)
from hybrid_index.units import FloatArray

if TYPE_CHECKING:
    from tests.lattice.conftest import MakeCell, MakeUnimodular, Strain

B = BravaisLattice


@pytest.mark.parametrize("noise", [0.0, 1e-3])
@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_type_and_cell_come_back_from_any_basis(
    lattice: BravaisLattice, noise: float, make_cell: MakeCell, make_unimodular: MakeUnimodular, strain: Strain
) -> None:
    for _ in range(15):
        cell = make_cell(lattice)
        skew = make_unimodular()
        gram = strain(skew.T @ primitive_gram(cell, lattice) @ skew, noise)
        settings = bravais_lattices(gram, 1.5e-3 if noise else 1e-6)
        expected = standardize(cell, lattice).parameters
        found = [s for s in settings if s.bravais_lattice is lattice]
        worst = min(max(abs(x / y - 1.0) for x, y in zip(s.cell.parameters, expected, strict=True)) for s in found)
        assert worst < max(3.0 * noise, 1e-6)
        if not noise:
            assert settings[0].bravais_lattice is lattice
            assert conventional(gram, 1e-6).deviation < 1e-6
        for setting in settings:
            _check(setting, gram)
        assert settings[-1].bravais_lattice is B.AP


def _check(setting: ConventionalSetting, gram: FloatArray) -> None:
    """The transformation leads from the given basis to a metric of the symmetry, centred as the type says."""
    kind, transformation = setting.bravais_lattice, setting.transformation
    assert round(np.linalg.det(transformation)) == kind.lattice_points
    space = metric_subspace(kind)
    inside = space @ np.linalg.lstsq(space, setting.metric, rcond=None)[0]
    np.testing.assert_allclose(inside, setting.metric, atol=1e-12)
    given = metric_from_gram(np.linalg.inv(transformation.T @ gram @ transformation))
    assert np.abs(given - setting.metric).max() < 5.0 * (setting.deviation + 1e-6) * setting.metric[:3].max()
    # the centring is the one that primitive_basis() states: the old basis is integer in the primitive one
    old = np.linalg.inv(primitive_basis(kind)) @ np.linalg.inv(transformation)
    np.testing.assert_allclose(old, np.rint(old), atol=1e-9)
    assert same_lattice(primitive_gram(setting.cell, kind), gram, 0.005, 0.5)


@pytest.mark.parametrize(
    ("lattice", "subgroups"),
    [
        # maximal chains of the holohedries: m-3m has 3 4-fold, 4 3-fold and 9 2-fold axes, 6/mmm has 7 2-fold axes
        (B.CP, {"cP": 1, "tP": 3, "hR": 4, "oP": 1, "oC": 3, "mP": 3, "mC": 6, "aP": 1}),
        (B.CI, {"cI": 1, "tI": 3, "hR": 4, "oI": 1, "oF": 3, "mC": 9, "aP": 1}),
        (B.CF, {"cF": 1, "tI": 3, "hR": 4, "oF": 1, "oI": 3, "mC": 9, "aP": 1}),
        (B.HP, {"hP": 1, "oC": 3, "mP": 1, "mC": 6, "aP": 1}),
        (B.HR, {"hR": 1, "mC": 3, "aP": 1}),
        (B.TP, {"tP": 1, "oP": 1, "oC": 1, "mP": 3, "mC": 2, "aP": 1}),
        (B.TI, {"tI": 1, "oI": 1, "oF": 1, "mC": 5, "aP": 1}),
        (B.OF, {"oF": 1, "mC": 3, "aP": 1}),
        (B.OC, {"oC": 1, "mP": 1, "mC": 2, "aP": 1}),
    ],
)
def test_all_lower_symmetries_of_a_slightly_distorted_lattice(
    lattice: BravaisLattice, subgroups: dict[str, int], make_cell: MakeCell, strain: Strain
) -> None:
    gram = strain(primitive_gram(make_cell(lattice), lattice), 5e-4)
    assert Counter(s.bravais_lattice.value for s in bravais_lattices(gram, 3e-3)) == subgroups


def test_equal_settings_of_an_exact_lattice_come_once() -> None:
    kinds = [s.bravais_lattice.value for s in bravais_lattices(Cell(a=4, b=4, c=4).gram)]
    assert kinds == ["cP", "tP", "hR", "oP", "oC", "mP", "mC", "aP"]


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_spglib_and_gemmi_see_the_same_symmetry(
    lattice: BravaisLattice, make_cell: MakeCell, make_unimodular: MakeUnimodular
) -> None:
    spglib = pytest.importorskip("spglib")
    for _ in range(5):
        skew = make_unimodular()
        gram = skew.T @ primitive_gram(make_cell(lattice), lattice) @ skew
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = spglib.get_symmetry_dataset((np.linalg.cholesky(gram), [[0, 0, 0]], [1]), symprec=1e-4)
        group = gemmi.SpaceGroup(data.number)
        system = group.crystal_system_str()
        found = conventional(gram, 1e-6).bravais_lattice
        assert found.crystal_system == system
        assert found.centring == ("C" if group.centring_type() == "A" else group.centring_type())


def test_conventions_of_the_settings(make_cell: MakeCell) -> None:
    for lattice in (B.OP, B.OI, B.OF, B.OC, B.MP, B.MC):
        for _ in range(30):
            cell = standardize(make_cell(lattice), lattice)
            if lattice.crystal_system == "monoclinic":
                assert cell.beta >= 90.0
                assert (cell.alpha, cell.gamma) == pytest.approx((90.0, 90.0))
                assert lattice is B.MC or (cell.a <= cell.c and cell.beta <= 120.0 + 1e-9)
                assert lattice is B.MP or cell.beta <= 135.0 + 1e-9
            else:
                assert cell.a <= cell.b
                assert lattice is B.OC or cell.b <= cell.c


def test_body_centred_monoclinic_becomes_c_centred() -> None:
    body = Cell(a=9.0, b=7.0, c=8.0, beta=95.0)
    setting = conventional(primitive_gram(body, "I"))
    assert setting.bravais_lattice is B.MC
    expected = standardize(setting.cell, B.MC)
    assert setting.cell.parameters == pytest.approx(expected.parameters)
    assert same_lattice(primitive_gram(expected, B.MC), primitive_gram(body, "I"), 1e-9, 1e-7)


def test_face_centring_of_any_face_becomes_c() -> None:
    for letter, edges in (("A", (8.0, 5.0, 6.0)), ("B", (5.0, 8.0, 6.0)), ("C", (5.0, 6.0, 8.0))):
        cell = conventional(primitive_gram(Cell(a=edges[0], b=edges[1], c=edges[2]), letter)).cell
        assert cell.parameters == pytest.approx((5.0, 6.0, 8.0, 90.0, 90.0, 90.0))
    with pytest.raises(InputError, match="centring"):
        primitive_basis("X")


def test_reverse_rhombohedral_axes_become_obverse() -> None:
    gram = primitive_gram(Cell(a=5.0, b=5.0, c=13.0, gamma=120.0), B.HR)
    for sign in (1, -1):
        turned = np.diag([sign, sign, 1]) @ gram @ np.diag([sign, sign, 1])
        assert conventional(turned).cell.parameters == pytest.approx((5.0, 5.0, 13.0, 90.0, 90.0, 120.0))


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_standardize_keeps_the_lattice_and_settles(lattice: BravaisLattice, make_cell: MakeCell) -> None:
    for _ in range(10):
        cell = make_cell(lattice)
        once = standardize(cell, lattice)
        assert standardize(once, lattice).parameters == pytest.approx(once.parameters, rel=1e-9)
        assert same_lattice(primitive_gram(once, lattice), primitive_gram(cell, lattice), 1e-9, 1e-6)


def test_a_wide_tolerance_only_adds(make_cell: MakeCell, strain: Strain) -> None:
    for _ in range(20):
        gram = strain(primitive_gram(make_cell(B.MP), B.MP), 0.01)
        narrow = {s.bravais_lattice for s in bravais_lattices(gram, 0.01)}
        wide = bravais_lattices(gram, 0.2)
        assert narrow <= {s.bravais_lattice for s in wide}
        assert all(s.deviation <= 0.2 for s in wide)


def test_a_net_vector_halfway_does_not_turn_for_ever() -> None:
    # a body-centred cell puts net vectors exactly halfway, and rounding decides to which side
    gram = primitive_gram(Cell(a=3.871, b=3.8779, c=13.7749), "I")
    assert {s.bravais_lattice for s in bravais_lattices(gram, 1e-3)} >= {B.TI, B.OI, B.MC, B.AP}


def test_stated_systems_of_measured_cells(shared_data: Path) -> None:
    entries = json.loads((shared_data / "experimental" / "index.json").read_text(encoding="utf-8"))
    entries = entries if isinstance(entries, list) else next(v for v in entries.values() if isinstance(v, list))
    missed = []
    for entry in entries:
        cell = Cell.from_parameters(entry["cell"]) if entry.get("cell") else None
        if cell is None or not entry.get("centring"):
            continue
        systems = {s.bravais_lattice.crystal_system for s in bravais_lattices(primitive_gram(cell, entry["centring"]))}
        # a trigonal crystal with a primitive lattice has a hexagonal lattice
        if not systems & {entry["system"], "hexagonal" if entry["system"] == "trigonal" else ""}:
            missed.append(entry["id"])
    # this cell was refined as triclinic and its angles are up to 0.5° off: it fits oP at 0.63 % and no better
    assert set(missed) <= {"Sb2S3_1"}


@pytest.mark.parametrize("noise", [0.0, 2e-3])
def test_many_metrics_at_once_fit_what_each_fits(
    noise: float, make_cell: MakeCell, make_unimodular: MakeUnimodular, strain: Strain
) -> None:
    skews = [make_unimodular() for _ in BRAVAIS_LATTICES]
    grams = [s.T @ primitive_gram(make_cell(b), b) @ s for b, s in zip(BRAVAIS_LATTICES, skews, strict=True)]
    grams = [strain(gram, noise) for gram in grams]
    owner, codes, metrics, deviations = fitting_metrics(np.array(grams), 4e-3)
    assert np.all(deviations <= 4e-3)
    assert np.all(np.diff(owner) >= 0)
    for i, gram in enumerate(grams):
        expected = bravais_lattices(gram, 4e-3)
        mine = owner == i
        assert codes[mine][0] == expected[0].bravais_lattice.code
        assert set(codes[mine]) == {s.bravais_lattice.code for s in expected}
        for setting in expected:
            same_kind = metrics[mine & (codes == setting.bravais_lattice.code)]
            lattice = setting.bravais_lattice
            assert any(
                same_lattice(primitive_gram(Cell.from_metric(m), lattice), primitive_gram(setting.cell, lattice), 1e-6)
                for m in same_kind
            )


def test_no_metrics_fit_nothing() -> None:
    assert [len(x) for x in fitting_metrics(np.zeros((0, 3, 3)))] == [0, 0, 0, 0]
