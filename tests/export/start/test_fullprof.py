"""FullProf: a strict reader of the control file, line after line as the manual orders them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from hybrid_index.export.start import RefinementStart, fullprof
from hybrid_index.lattice import BravaisLattice
from hybrid_index.units import FloatArray
from tests.export.start.conftest import MakeStart
from tests.export.start.positions import true_two_theta
from tests.synthetic import TYPICAL


@dataclass(frozen=True, kw_only=True)
class Pcr:
    """What the reader finds; ``codes`` are all code words in their order."""

    job: int
    profile: int
    instrument: int
    mode: int
    wavelengths: list[float]
    range_deg: list[float]
    background: FloatArray
    n_refined: int
    zero: float
    cosine: float
    space_group: str
    widths: list[float]
    cell: list[float]
    cell_codes: list[float]
    asymmetry: list[float]
    codes: list[float]


def read_pcr(text: str) -> Pcr:
    lines = iter([line for line in text.splitlines() if line.strip() and not line.startswith("!")])

    def numbers(count: int) -> list[float]:
        values = [float(word) for word in next(lines).split("!")[0].split()]
        assert len(values) == count, values
        return values

    assert next(lines).startswith("COMM ")
    control = numbers(19)
    assert all(value.is_integer() for value in control)
    job, profile, phases, points, excluded = (int(value) for value in control[:5])
    assert (phases, excluded) == (1, 0)
    output = numbers(17)
    radiation = numbers(10)
    cycles = numbers(11)
    background = np.array([numbers(3) for _ in range(points)])
    (n_refined,) = numbers(1)
    shifts = numbers(9)
    assert next(lines).strip()
    phase = numbers(15)
    atoms, mode, phase_profile = int(phase[0]), int(phase[6]), int(phase[13])
    assert atoms == 0
    assert phase_profile == profile
    space_group = next(lines).split("<--")[0].strip()
    scale, scale_codes = numbers(7), numbers(6)
    assert scale[0] == 1.0
    widths, width_codes = numbers(8), numbers(7)
    cell, cell_codes = numbers(6), numbers(6)
    asymmetry, asymmetry_codes = numbers(8), numbers(8)
    numbers(3)
    assert next(lines, None) is None
    return Pcr(
        job=job,
        profile=profile,
        instrument=int(output[10]),
        mode=mode,
        wavelengths=radiation[:3],
        range_deg=[cycles[6], cycles[8]],
        background=background[:, :2],
        n_refined=int(n_refined),
        zero=shifts[0],
        cosine=shifts[2],
        space_group=space_group,
        widths=widths[:5],
        cell=cell,
        cell_codes=cell_codes,
        asymmetry=asymmetry,
        codes=[
            *background[:, 2], shifts[1], shifts[3], *scale_codes, *width_codes, *cell_codes, *asymmetry_codes
        ],
    )  # fmt: skip


def pcr(start: RefinementStart) -> Pcr:
    text = fullprof.files(start)["lebail.pcr"]
    assert isinstance(text, str)
    return read_pcr(text)


def parameters(codes: list[float]) -> Iterator[int]:
    """Numbers of the refined parameters; each code is 10 P + 1."""
    for code in codes:
        if code:
            assert code % 10 == 1.0
            yield int(code) // 10


def test_it_is_profile_matching_with_the_right_profile(start: RefinementStart) -> None:
    found = pcr(start)
    assert (found.job, found.profile, found.instrument, found.mode) == (0, 7, 10, 2)
    assert found.space_group == "P 1 21/c 1"
    assert found.wavelengths == pytest.approx([1.5405929, 1.5444274, start.ka2_ratio], abs=1e-5)
    assert found.range_deg == pytest.approx(start.fit_range_deg, abs=1e-3)


def test_codes_count_what_is_refined(start: RefinementStart) -> None:
    found = pcr(start)
    assert sorted(set(parameters(found.codes))) == list(range(1, found.n_refined + 1))
    assert found.n_refined == 16 + 1 + 4


def test_lines_lie_where_the_fit_has_them(start: RefinementStart) -> None:
    assert start.fit is not None
    found = pcr(start)
    true = true_two_theta(found.cell, start.fit.reflections.hkl, found.wavelengths[0])
    calculated = true + found.zero + found.cosine * np.cos(np.radians(true) / 2.0)
    np.testing.assert_allclose(calculated, start.fit.reflections.two_theta_deg, atol=1.0e-3)
    assert found.zero * found.cosine < 0.0, "a positive displacement takes lines down"


def test_widths_and_asymmetry(start: RefinementStart) -> None:
    found = pcr(start)
    widths = start.widths
    assert found.widths == pytest.approx([widths.u, widths.v, widths.w, widths.x, widths.y], abs=1e-6)
    s, d = found.asymmetry[6:]
    assert s == d
    # mean shift in degrees at cot 2θ = 1: two uniform heights within ±S
    heights = np.random.default_rng(0).uniform(-s, s, (2, 200_000)).sum(axis=0)
    assert math.degrees(float(np.mean(heights**2)) / 2.0) == pytest.approx(widths.axial_deg / 3.0, rel=0.02)


def test_data_file_has_its_six_lines_and_the_pattern(start: RefinementStart) -> None:
    text = fullprof.files(start)["lebail.dat"]
    assert isinstance(text, str)
    lines = text.splitlines()
    assert [line.split()[0] for line in lines[:6]] == ["XYDATA", "TITLE", "LAMBDA", "FILE", "TEMP", "INTER"]
    rows = np.loadtxt(lines[6:])
    assert start.pattern is not None
    np.testing.assert_allclose(rows[:, 0], start.pattern.two_theta_deg, atol=1e-5)
    np.testing.assert_allclose(rows[:, 1], start.pattern.intensity, rtol=1e-6)
    assert np.all(rows[:, 2] > 0.0)


@pytest.mark.parametrize(
    ("lattice", "free"),
    [
        (BravaisLattice.CF, [1, 1, 1, 0, 0, 0]),
        (BravaisLattice.TI, [1, 1, 2, 0, 0, 0]),
        (BravaisLattice.HP, [1, 1, 2, 0, 0, 0]),
        (BravaisLattice.HR, [1, 1, 2, 0, 0, 0]),
        (BravaisLattice.OC, [1, 2, 3, 0, 0, 0]),
        (BravaisLattice.MC, [1, 2, 3, 0, 4, 0]),
        (BravaisLattice.AP, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_cell_parameters_that_symmetry_ties_share_a_code(
    quick_start: MakeStart, lattice: BravaisLattice, free: list[int]
) -> None:
    found = pcr(quick_start(TYPICAL[lattice], lattice))
    used = [int(code) // 10 for code in found.cell_codes]
    first = min(number for number in used if number)
    assert [number - first + 1 if number else 0 for number in used] == free
    assert found.cell == pytest.approx(TYPICAL[lattice].parameters, abs=1e-6)
