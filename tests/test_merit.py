"""Figures of merit against arithmetic done by hand; evidence against lattices known to be right or wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hybrid_index import merit
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell, primitive_basis
from hybrid_index.merit import GLIDE_PRICE, chance_bits, density_exponent, evidence_bits, figures_of_merit
from hybrid_index.refine.absences import N_CONDITIONS, broken_conditions
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.units import FloatArray, dq_d_two_theta, q_from_two_theta, two_theta_from_q
from tests.synthetic import CU, TYPICAL, random_cell, true_positions

B = BravaisLattice
ESD_DEG = 0.01


class TestFiguresOfMerit:
    """Twenty lines at Q = 0.02, 0.04 … 0.40, each 0.0001 from its reflection, among 25 reflections."""

    line = 0.02 * np.arange(1, 21)
    assigned = line - 0.0001
    possible = np.sort(np.append(assigned, [0.031, 0.071, 0.111, 0.151, 0.191]))
    esd = np.full(20, 1e-5)

    def test_m20_of_de_wolff(self) -> None:
        found = figures_of_merit(self.line, self.esd, self.assigned, self.possible, wavelength_angstrom=1.5406)
        assert found.n_possible == 25
        assert found.m20 == pytest.approx(0.40 / (2 * 0.0001 * 25))

    def test_f20_of_smith_and_snyder(self) -> None:
        wavelength = 1.5406
        angles = [2 * math.degrees(math.asin(wavelength * math.sqrt(q) / 2)) for q in self.line]
        calculated = [2 * math.degrees(math.asin(wavelength * math.sqrt(q) / 2)) for q in self.assigned]
        mean = sum(abs(x - y) for x, y in zip(angles, calculated, strict=True)) / 20
        found = figures_of_merit(self.line, self.esd, self.assigned, self.possible, wavelength_angstrom=wavelength)
        assert found.f20 == pytest.approx(20 / (mean * 25))

    def test_reversed_merit_and_their_product(self) -> None:
        # A point taken at random lies 0.02 / 4 from the nearest of lines 0.02 apart. Of the reflections 20 lie 0.0001
        # from a line and the five others 0.009 (0.031 is 0.009 from 0.04, 0.071 is 0.009 from 0.08, and so on).
        found = figures_of_merit(self.line, self.esd, self.assigned, self.possible, wavelength_angstrom=1.5406)
        assert found.m_rev == pytest.approx(0.005 / ((20 * 0.0001 + 5 * 0.009) / 25))
        assert found.m_sym == pytest.approx(found.m20 * found.m_rev)

    def test_only_twenty_indexed_lines_count(self) -> None:
        line = 0.02 * np.arange(1, 31)
        assigned = line - np.where(np.arange(30) < 23, 0.0001, 0.005)
        assigned[[2, 7, 12]] = np.nan
        found = figures_of_merit(line, np.full(30, 1e-5), assigned, line - 0.0001, wavelength_angstrom=1.5406)
        assert found.n_possible == 23
        assert found.m20 == pytest.approx(0.46 / (2 * 0.0001 * 23))

    def test_fewer_lines_give_the_merit_of_all(self) -> None:
        line = 0.02 * np.arange(1, 9)
        found = figures_of_merit(line, np.full(8, 1e-5), line + 0.0002, line + 0.0002, wavelength_angstrom=1.5406)
        assert found.n_possible == 8
        assert found.m20 == pytest.approx(0.16 / (2 * 0.0002 * 8))

    def test_nothing_indexed_is_worth_nothing(self) -> None:
        found = figures_of_merit(self.line, self.esd, np.full(20, np.nan), self.possible, wavelength_angstrom=1.5406)
        assert (found.m20, found.f20, found.m_rev, found.m_sym, found.info, found.n_possible) == (0, 0, 0, 0, 0, 0)

    def test_perfect_fit_stays_finite(self) -> None:
        found = figures_of_merit(self.line, self.esd, self.line, self.line, wavelength_angstrom=1.5406)
        assert all(math.isfinite(x) for x in (found.m20, found.f20, found.m_rev, found.m_sym, found.info))

    def test_random_positions_have_merits_near_one(self) -> None:
        rng = np.random.default_rng(1)
        m20, m_rev = [], []
        for _ in range(200):
            line, possible = np.sort(rng.uniform(0.0, 0.4, 20)), np.sort(rng.uniform(0.0, 0.5, 50))
            assigned = possible[np.abs(possible[None, :] - line[:, None]).argmin(axis=1)]
            found = figures_of_merit(line, self.esd, assigned, possible, wavelength_angstrom=1.5406)
            m20.append(found.m20)
            m_rev.append(found.m_rev)
        assert np.median(m20) == pytest.approx(1.0, abs=0.15)
        assert np.median(m_rev) == pytest.approx(1.0, abs=0.15)

    def test_extinctions_lower_the_reversed_merit_and_foreign_lines_do_not(self) -> None:
        all_lines = figures_of_merit(self.line, self.esd, self.assigned, self.assigned, wavelength_angstrom=1.5406)
        extinct = figures_of_merit(
            self.line[1::2], self.esd[1::2], self.assigned[1::2], self.assigned, wavelength_angstrom=1.5406
        )
        assert extinct.m20 == pytest.approx(all_lines.m20)
        assert extinct.m_rev < 0.1 * all_lines.m_rev
        foreign = np.append(self.line, [0.0533, 0.1112, 0.2711])
        order = np.argsort(foreign)
        more = figures_of_merit(
            foreign[order],
            np.full(23, 1e-5),
            np.append(self.assigned, [np.nan] * 3)[order],
            self.assigned,
            wavelength_angstrom=1.5406,
        )
        assert more.m20 == pytest.approx(all_lines.m20)
        assert more.m_rev == pytest.approx(all_lines.m_rev, rel=0.2)


class TestInformation:
    def test_one_line_by_hand(self) -> None:
        # 30 reflections, density 1.5 · 30 / 0.5 at the last line; at least as near as 0.001 by chance: 0.18 of them.
        bits = chance_bits(np.array([0.5]), np.array([0.001]), np.array([1e-6]), 30)
        assert bits == pytest.approx(-math.log2(1.0 - math.exp(-0.18)))

    def test_density_rises_with_the_root_of_q(self) -> None:
        both = chance_bits(np.array([0.125, 0.5]), np.array([0.001, np.nan]), np.array([1e-6, 1e-6]), 30)
        assert both == pytest.approx(-math.log2(1.0 - math.exp(-0.09)))

    def test_unindexed_lines_inform_of_nothing(self) -> None:
        assert chance_bits(np.array([0.1, 0.5]), np.full(2, np.nan), np.full(2, 1e-5), 30) == pytest.approx(0.0)

    def test_misfits_below_the_floor_win_nothing(self) -> None:
        line, floor = np.array([0.2, 0.5]), np.full(2, 1e-4)
        assert chance_bits(line, np.zeros(2), floor, 30) == chance_bits(line, floor, floor, 30)


class Judge:
    """Evidence for lattices, given the lines of one of them."""

    def __init__(self, two_theta_deg: FloatArray, *, foreign: float = 0.06) -> None:
        self.q = q_from_two_theta(np.sort(two_theta_deg), CU.wavelength_angstrom)
        self.esd = dq_d_two_theta(np.sort(two_theta_deg), CU.wavelength_angstrom) * ESD_DEG
        self.foreign = np.full(self.q.size, foreign)

    def bits(self, cell: Cell, lattice: BravaisLattice, *, weigh: bool = False, compiled: bool = True) -> float:
        found = enumerate_reflections(cell.metric, lattice, 1.02 * float(self.q[-1]))
        gap = self.q - found.q[np.abs(found.q[None, :] - self.q[:, None]).argmin(axis=1)]
        primitive = np.round(found.hkl @ primitive_basis(lattice)).astype(np.int64) % 2
        parity = (primitive @ [1, 2, 4]).astype(np.uint8)
        broken = np.array([broken_conditions(lattice.code, *hkl) for hkl in found.hkl.tolist()], dtype=np.int64)
        kernel = evidence_bits if compiled else evidence_bits.py_func
        n_free = {"c": 1, "t": 2, "h": 2, "o": 3, "m": 4, "a": 6}[lattice.value[0]]
        return float(
            kernel(
                self.q, self.esd, self.foreign, self.q.size, gap, n_free, found.q, parity, broken, N_CONDITIONS,
                len(found), weigh,
            )
        )  # fmt: skip


def noisy(cell: Cell, lattice: BravaisLattice, rng: np.random.Generator, n_lines: int = 20) -> FloatArray:
    two_theta = true_positions(cell, lattice, n_lines=n_lines)
    return np.asarray(two_theta + rng.normal(0.0, ESD_DEG, two_theta.size))


class TestEvidence:
    @pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
    def test_true_lattice_beats_wrong_ones(self, lattice: BravaisLattice) -> None:
        rng = np.random.default_rng(lattice.code)
        truth = TYPICAL[lattice]
        judge = Judge(noisy(truth, lattice, rng))
        volume = truth.volume / lattice.lattice_points
        wrong = [
            judge.bits(random_cell(other, rng, volume=volume * rng.uniform(0.5, 4.0)), other, weigh=True)
            for other in BRAVAIS_LATTICES
            for _ in range(10)
        ]
        assert judge.bits(truth, lattice, weigh=True) > max(wrong) + 20.0

    def test_halved_and_doubled_cells_are_worth_less(self) -> None:
        truth = TYPICAL[B.OP]
        judge = Judge(noisy(truth, B.OP, np.random.default_rng(3)))
        bits = judge.bits(truth, B.OP, weigh=True)
        for factors in ((2, 1, 1), (1, 2, 1), (1, 1, 2), (0.5, 1, 1), (1, 0.5, 1), (1, 1, 0.5)):
            a, b, c = np.array(truth.parameters[:3]) * factors
            assert judge.bits(Cell(a=a, b=b, c=c), B.OP, weigh=True) < bits - 5.0, factors

    def test_glide_planes_are_believed_only_where_they_pay(self) -> None:
        # Pbca: half of each zone is extinct.
        cell, ladder = (
            Cell(a=5.46, b=9.18, c=5.15),
            enumerate_reflections(Cell(a=5.46, b=9.18, c=5.15).metric, B.OP, 0.5),
        )
        h, k, l = ladder.hkl.T
        extinct = ((h == 0) & (k % 2 == 1)) | ((k == 0) & (l % 2 == 1)) | ((l == 0) & (h % 2 == 1))
        judge = Judge(two_theta_from_q(ladder.q[~extinct][:30], CU.wavelength_angstrom))
        gain = judge.bits(cell, B.OP, weigh=True) - judge.bits(cell, B.OP, weigh=False)
        n_possible = int(np.sum(ladder.q <= judge.q[-1]))
        n_extinct = int(np.sum(extinct & (ladder.q <= judge.q[-1])))
        expected = 30 * np.log2(n_possible / (n_possible - n_extinct)) - 3 * GLIDE_PRICE
        assert expected > 3.0
        assert gain == pytest.approx(expected, rel=0.1)
        every = Judge(two_theta_from_q(ladder.q[:30], CU.wavelength_angstrom))
        assert every.bits(cell, B.OP, weigh=True) == every.bits(cell, B.OP, weigh=False)

    def test_superstructure_is_believed_only_where_it_pays(self) -> None:
        # Of the doubled cell all lines of one class and few of the other are seen: weighing the classes pays.
        cell = Cell(a=8.2, b=11.4, c=6.7)
        found = enumerate_reflections(cell.metric, B.OP, 0.5)
        seen = (found.hkl[:, 0] % 2 == 0) | (np.arange(len(found)) % 9 == 0)
        judge = Judge(two_theta_from_q(found.q[seen][:40], CU.wavelength_angstrom))
        assert judge.bits(cell, B.OP, weigh=True) > judge.bits(cell, B.OP, weigh=False) + 5.0
        every = Judge(two_theta_from_q(found.q[:40], CU.wavelength_angstrom))
        assert every.bits(cell, B.OP, weigh=True) == every.bits(cell, B.OP, weigh=False)

    @pytest.mark.parametrize("foreign", [0.03, 0.06, 0.2])
    def test_foreign_line_costs_the_logarithm_of_its_prior(self, foreign: float) -> None:
        truth = TYPICAL[B.TP]
        two_theta = true_positions(truth, B.TP, n_lines=20)
        alone = Judge(two_theta, foreign=foreign).bits(truth, B.TP)
        middle = 0.5 * (two_theta[7] + two_theta[8])
        assert two_theta[8] - two_theta[7] > 0.5
        both = Judge(np.append(two_theta, middle), foreign=foreign).bits(truth, B.TP)
        assert alone - both == pytest.approx(-math.log2(foreign), abs=0.01)

    def test_perfect_fit_wins_little_over_an_honest_one(self) -> None:
        truth, n = TYPICAL[B.MP], 20
        two_theta = true_positions(truth, B.MP, n_lines=n)
        perfect = Judge(two_theta).bits(truth, B.MP)
        honest = [Judge(noisy(truth, B.MP, np.random.default_rng(seed), n)).bits(truth, B.MP) for seed in range(20)]
        assert np.mean(honest) < perfect < np.mean(honest) + 2.8 * n

    def test_as_few_lines_as_parameters_cannot_sharpen_the_errors(self) -> None:
        # Six lines and six parameters: the errors may be taken as √½ of the stated ones at the least.
        truth = TYPICAL[B.AP]
        judge = Judge(true_positions(truth, B.AP, n_lines=6), foreign=1e-9)
        found = enumerate_reflections(truth.metric, B.AP, 1.02 * float(judge.q[-1]))
        reach = judge.q[-1] + 3.0 * judge.esd[-1]
        assert np.min(np.diff(found.q)) > 5.0 * judge.esd.max()
        n_inside = int(np.sum(found.q <= reach))
        exponent = density_exponent(found.q, len(found), reach)
        density = n_inside * exponent / reach * (judge.q / reach) ** (exponent - 1.0)
        expected = np.sum(np.log2(1.0 / (math.sqrt(math.pi) * judge.esd * density)))
        assert judge.bits(truth, B.AP) == pytest.approx(expected, abs=0.01)

    def test_wrong_lattices_of_pure_chance_are_worth_nothing(self) -> None:
        rng = np.random.default_rng(5)
        bits = [
            Judge(np.sort(rng.uniform(10.0, 60.0, 20))).bits(random_cell(lattice, rng, volume=300.0), lattice)
            for lattice in BRAVAIS_LATTICES
            for _ in range(5)
        ]
        assert np.mean(bits) < 0.0
        assert max(bits) < 15.0

    @pytest.mark.parametrize("weigh", [False, True])
    @pytest.mark.parametrize("lattice", [B.CF, B.HR, B.OC, B.MP, B.AP])
    def test_compiled_kernel_agrees_with_python(
        self, lattice: BravaisLattice, weigh: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rng = np.random.default_rng(9)
        judge = Judge(np.append(noisy(TYPICAL[lattice], lattice, rng), rng.uniform(20.0, 50.0, 2)))
        compiled = judge.bits(TYPICAL[lattice], lattice, weigh=weigh)
        for name in ("density_exponent", "_mixture_bits"):
            monkeypatch.setattr(merit, name, getattr(merit, name).py_func)
        assert judge.bits(TYPICAL[lattice], lattice, weigh=weigh, compiled=False) == pytest.approx(compiled, rel=1e-9)

    def test_density_exponent_tells_flat_cells(self) -> None:
        compact = enumerate_reflections(Cell(a=20.0, b=21.0, c=22.0).metric, B.OP, 0.5)
        plate = enumerate_reflections(Cell(a=60.0, b=61.0, c=2.0).metric, B.OP, 0.2)
        rod = enumerate_reflections(Cell(a=200.0, b=2.1, c=2.0).metric, B.OP, 0.2)
        exponents = [density_exponent(found.q, len(found), float(found.q[-1])) for found in (compact, plate, rod)]
        assert exponents[0] == pytest.approx(1.5, abs=0.1)
        assert exponents[1] == pytest.approx(1.0, abs=0.1)
        assert exponents[2] == 0.8
        assert density_exponent(compact.q, 3, 0.5) == 1.5
