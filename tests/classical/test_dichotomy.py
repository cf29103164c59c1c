from __future__ import annotations

import json
from pathlib import Path

import gemmi
import numpy as np
import pytest

from hybrid_index.classical import dichotomy_kernels as kernels
from hybrid_index.classical.dichotomy import Dichotomy, SearchLines, Unit, search
from hybrid_index.classical.dichotomy_settings import SETTINGS, Setting
from hybrid_index.config import Settings
from hybrid_index.lattice import BravaisLattice, Cell, gram_from_metric
from hybrid_index.types import Candidate, PeakList
from hybrid_index.units import FloatArray, Radiation, two_theta_from_q

CU = Radiation(wavelength_angstrom=1.5405929)
SETTING_IDS = [f"{s.lattice.value}-{s.centring}" for s in SETTINGS]
NOISE_DEG = 0.02


class Unlimited:
    def exhausted(self) -> bool:
        return False


class Spent:
    def exhausted(self) -> bool:
        return True


def random_metric(setting: Setting, volume: float, rng: np.random.Generator) -> FloatArray:
    """Return (A, B, C, E) in the axes of the search, of a given primitive volume."""
    theta = np.zeros(4)
    axes = [slot for slot in setting.family.slots if slot < 3]
    theta[axes] = np.exp(rng.uniform(-0.8, 0.8, len(axes)))
    for _ in setting.ordered:
        for i, j in setting.ordered:
            theta[i], theta[j] = min(theta[i], theta[j]), max(theta[i], theta[j])
    if setting.family.code == kernels.MONOCLINIC:
        theta[3] = rng.uniform(0.02, 0.98) * min(theta[0], theta[2])
    wanted = (setting.lattice.lattice_points * volume) ** -2.0
    scale = float(np.cbrt(wanted / kernels.determinant(setting.family.code, *theta)))
    return theta * scale


def line_list(
    setting: Setting,
    theta: FloatArray,
    rng: np.random.Generator,
    *,
    n_lines: int = 20,
    foreign: int = 0,
    zero_deg: float = 0.0,
) -> PeakList:
    """Return the first lines, one in ten missing, moved by less than the tolerance, resolved, with foreign ones."""
    q = np.unique(np.round(setting.rows(theta, theta, 1.2) @ theta, 9))
    q = q[q < 1.2]
    two_theta = two_theta_from_q(q, CU.wavelength_angstrom)
    two_theta = two_theta[rng.random(two_theta.size) > 0.1]
    kept = [two_theta[0]]
    kept.extend(x for i, x in enumerate(two_theta[1:]) if x - two_theta[i] > 0.08)
    own = np.array(kept[: n_lines - foreign])
    own = own + rng.uniform(-NOISE_DEG, NOISE_DEG, own.size) + zero_deg
    return PeakList.from_positions(np.append(own, rng.uniform(own[0], own[-1], foreign)), radiation=CU)


def reduced(metric: FloatArray, lattice: BravaisLattice) -> FloatArray:
    """Return the Niggli cell (Å, degrees)."""
    vector = gemmi.GruberVector(gemmi.UnitCell(*Cell.from_metric(metric).parameters), lattice.centring)
    vector.niggli_reduce()
    return np.array(vector.cell_parameters())


def is_found(candidates: list[Candidate], setting: Setting, theta: FloatArray) -> bool:
    truth = setting.metric(theta)
    cell = reduced(truth, setting.lattice)
    return any(
        np.allclose(c.metric, truth, rtol=0.01, atol=0.01 * truth[:3].min())
        or np.allclose(reduced(c.metric, c.bravais_lattice), cell, rtol=0.008)
        for c in candidates
        if c.bravais_lattice is setting.lattice
    )


def limits(setting: Setting, **changes: object) -> Settings:
    values = {"systems": [setting.lattice.crystal_system], "zero_limit_deg": 0.0, "max_unindexed": 0, **changes}
    return Settings.from_mapping(values)


@pytest.mark.parametrize("setting", SETTINGS, ids=SETTING_IDS)
def test_true_lattice_is_always_found(setting: Setting) -> None:
    rng = np.random.default_rng(20)
    volumes = (60.0, 350.0, 1500.0) if setting.family.code != kernels.MONOCLINIC else (150.0, 600.0)
    for volume in volumes:
        theta = random_metric(setting, volume, rng)
        peaks = line_list(setting, theta, rng)
        candidates = list(Dichotomy().propose(peaks, limits(setting, max_volume_angstrom3=1.3 * volume), Unlimited()))
        assert is_found(candidates, setting, theta), volume


@pytest.mark.parametrize("setting", SETTINGS, ids=SETTING_IDS)
def test_shell_around_the_true_volume_holds_it_with_a_foreign_line(setting: Setting) -> None:
    rng = np.random.default_rng(7)
    for volume in (150.0, 400.0, 900.0):
        theta = random_metric(setting, volume, rng)
        peaks = line_list(setting, theta, rng, foreign=1)
        lines = SearchLines.of(peaks, limits(setting), 20, None)
        unit = Unit(setting, 0.9 * volume, 1.1 * volume, 1, 0.0, 0.0)
        thetas, scores = search(unit, lines, 60.0, Unlimited())
        assert np.all(np.diff(scores) <= 0.0)
        assert np.any(np.all(np.abs(thetas[:, :4] - theta) <= 0.01 * max(theta[0], theta[2]), axis=1)), volume


@pytest.mark.parametrize("zero_deg", [-0.25, 0.18])
@pytest.mark.parametrize("setting", SETTINGS[3:11], ids=SETTING_IDS[3:11])
def test_zero_shift_is_searched(setting: Setting, zero_deg: float) -> None:
    rng = np.random.default_rng(3)
    theta = random_metric(setting, 300.0, rng)
    lines = SearchLines.of(line_list(setting, theta, rng, zero_deg=zero_deg), limits(setting), 20, None)
    thetas, _ = search(Unit(setting, 270.0, 330.0, 0, 0.3, 0.0), lines, 60.0, Unlimited())
    near = np.all(np.abs(thetas[:, :4] - theta) <= 0.01 * max(theta[0], theta[2]), axis=1)
    assert near.any()
    assert np.min(np.abs(thetas[near, 4] - zero_deg)) < 0.05


def test_fixed_zero_shift_is_taken_out_and_not_searched() -> None:
    setting = SETTINGS[SETTING_IDS.index("oP-P")]
    rng = np.random.default_rng(5)
    theta = random_metric(setting, 400.0, rng)
    peaks = line_list(setting, theta, rng, zero_deg=0.4)
    fixed = limits(setting, zero_limit_deg=0.3, fix_zero_shift_deg=0.4)
    assert {unit.zero_deg for unit in Dichotomy().units(peaks, fixed)} == {0.0}
    assert is_found(list(Dichotomy().propose(peaks, fixed, Unlimited())), setting, theta)


@pytest.mark.parametrize("setting", SETTINGS, ids=SETTING_IDS)
def test_rows_are_complete_and_single(setting: Setting) -> None:
    rng = np.random.default_rng(11)
    theta = random_metric(setting, 200.0, rng)
    rows = setting.rows(theta, theta, 0.25)
    assert len(np.unique(rows, axis=0)) == len(rows)
    h, k, l = np.mgrid[-25:26, -25:26, -25:26].reshape(3, -1)
    allowed = {
        "P": h == h,
        "C": (h + k) % 2 == 0,
        "I": (h + k + l) % 2 == 0,
        "F": ((h + k) % 2 == 0) & ((h + l) % 2 == 0),
        "R": (-h + k + l) % 3 == 0,
    }[setting.lattice.centring]
    hkl = np.stack([h, k, l], axis=1)[allowed]
    q = np.einsum("ni,ij,nj->n", hkl, gram_from_metric(setting.metric(theta)), hkl)
    q = np.unique(np.round(q[(q > 1e-9) & (q <= 0.25)], 9))
    np.testing.assert_allclose(np.unique(np.round(rows @ theta, 9)), q, atol=2e-9)


def test_bounds_of_a_box_hold_for_every_metric_in_it() -> None:
    setting = SETTINGS[SETTING_IDS.index("mP-P")]
    rng = np.random.default_rng(2)
    for jitted in (True, False):
        filter_rows = kernels.filter_rows if jitted else kernels.filter_rows.py_func
        theta = np.append(random_metric(setting, 300.0, rng), 0.0)
        lo, hi = theta * 0.97, theta * 1.03
        lo[4], hi[4] = -0.05, 0.05
        rows = setting.rows(lo, hi, 0.15)
        lines = SearchLines.of(line_list(setting, theta[:4], rng), limits(setting), 12, None)
        n = lines.tol.size
        arena = np.resize(np.arange(len(rows), dtype=np.int32), 2 * n * len(rows))
        child = np.zeros(n + 1, dtype=np.int64)
        assert filter_rows(rows, lines.lines, lines.tol, 0, lo, hi, np.arange(n + 1) * len(rows), child, arena)
        for point in rng.uniform(lo, hi, (200, 5)):
            q_line = lines.lines[:, 0] - point[4] * lines.lines[:, 1] + 0.5 * point[4] ** 2 * lines.lines[:, 2]
            for i, row in zip(
                *np.nonzero(np.abs(q_line[:, None] - rows @ point[:4]) <= lines.tol[:, None]), strict=True
            ):
                assert row in arena[child[i] : child[i + 1]]


def test_body_centred_monoclinic_becomes_c_centred() -> None:
    setting = SETTINGS[SETTING_IDS.index("mC-I")]
    theta = random_metric(setting, 250.0, np.random.default_rng(1))
    metric = setting.metric(theta)
    cell = Cell.from_metric(metric)
    assert cell.volume == pytest.approx(2 * 250.0)
    assert cell.beta >= 90.0


def test_systems_and_volume_of_the_settings_are_kept() -> None:
    setting = SETTINGS[SETTING_IDS.index("tI-I")]
    rng = np.random.default_rng(9)
    peaks = line_list(setting, random_metric(setting, 200.0, rng), rng)
    units = Dichotomy().units(peaks, limits(setting, systems=["tetragonal", "triclinic"], max_volume_angstrom3=150.0))
    assert {unit.setting.lattice.value for unit in units} == {"tP", "tI"}
    assert max(unit.volume_high for unit in units) <= 150.0
    assert [unit.cost_s for unit in units] == sorted(unit.cost_s for unit in units)


def test_few_lines_only_allow_few_parameters() -> None:
    peaks = PeakList.from_positions([20.0, 28.4, 35.0, 40.6, 45.8], radiation=CU)
    units = Dichotomy().units(peaks, Settings(zero_limit_deg=0.0, max_unindexed=0))
    assert {unit.setting.lattice.crystal_system for unit in units} == {"cubic", "tetragonal", "hexagonal", "trigonal"}


def test_hardly_any_lines_give_nothing() -> None:
    for two_theta in ([], [20.0, 28.4]):
        peaks = PeakList.from_positions(two_theta, radiation=CU)
        assert list(Dichotomy().propose(peaks, Settings(), Unlimited())) == []


def test_spent_budget_ends_the_search_at_once() -> None:
    peaks = PeakList.from_positions(np.linspace(10.0, 60.0, 20), radiation=CU)
    assert list(Dichotomy().propose(peaks, Settings(), Spent())) == []


def test_same_lines_give_the_same_candidates() -> None:
    setting = SETTINGS[SETTING_IDS.index("oC-C")]
    rng = np.random.default_rng(4)
    peaks = line_list(setting, random_metric(setting, 500.0, rng), rng)
    first, second = (list(Dichotomy().propose(peaks, limits(setting), Unlimited())) for _ in range(2))
    assert [c.score for c in first] == [c.score for c in second]
    assert first
    assert all(c.source == "dichotomy" and c.score >= 5.0 for c in first)


@pytest.mark.parametrize("name", ["al2o3.peaks", "y2o3.peaks", "test2.peaks", "dicvol1.peaks", "cim.peaks"])
def test_published_line_lists(shared_data: Path, name: str) -> None:
    records = json.loads((shared_data / "experimental" / "index.json").read_text())
    record = next(r for r in records if r["id"] == name)
    peaks = PeakList.from_positions(record["two_theta"], radiation=Radiation(wavelength_angstrom=record["wavelength"]))
    settings = Settings(systems=(record["system"],), max_unindexed=1, zero_limit_deg=0.0)
    truth = gemmi.GruberVector(gemmi.UnitCell(*record["cell"]), record["centring"])
    truth.niggli_reduce()
    found = Dichotomy().propose(peaks, settings, Unlimited())
    assert any(np.allclose(reduced(c.metric, c.bravais_lattice), truth.cell_parameters(), rtol=0.01) for c in found)
