"""A TREOR-style indexing program, after the published method: a baseline, not an engine of this package.

P.-E. Werner, Z. Kristallogr. 120 (1964) 375, doi:10.1524/zkri.1964.120.4-5.375;
P.-E. Werner, L. Eriksson & M. Westdahl, J. Appl. Cryst. 18 (1985) 367, doi:10.1107/S0021889885010512.

A few low lines, the base lines, are given small indices in all ways; the cell follows from as many linear equations and
is refined if it indexes enough of the first lines. Systems are tried from cubic to triclinic; the search ends with the
first that holds an accepted cell. Where the papers leave a choice, this was chosen:

- Base lines of a system with n parameters are all choices of n among the first n + 1 lines (triclinic: n + 2), so that
  one of them may be foreign.
- A cell is tried once, not in all settings: the first base line has its indices in one order only.
- Dominant zones: where no system has an accepted cell, tetragonal to orthorhombic ones are tried again. The last base
  line is now each of the first lines in turn, so that the others may all lie in one plane or row.
- Base lines are averaged with their second and third orders, as ``IDIV = 1`` asks for.
- A trial cell is tested and fitted step by step, on eight lines and then on four more each time: the error of a base
  line grows with the angle, and without this small cells are missed whose lines go far.
- Reflections that centring forbids count as possible lines, as in TREOR; whoever judges must allow for any centring.
- Where nothing is accepted the best of what was refined is listed, so that its rank can be counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.baselines.treor_kernels import try_base_lines
from benchmarks.baselines.treor_settings import CU_KA1_ANGSTROM, IndexLimit, System, TreorSettings
from hybrid_index.lattice import BravaisLattice, Cell, cluster_lattices, metric_subspace, primitive_grams
from hybrid_index.types import IntArray, PeakList
from hybrid_index.units import FloatArray, dq_d_two_theta

N_KEPT = 400
"""Refined cells that are kept for each system."""
LIST_LENGTH = 20
N_MERIT = 20
"""Lines that are used."""
SPARE_LINES = 3
"""A cell must index so many more lines than it has parameters, however short the list is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreorCell:
    """A refined cell: its system's primitive lattice, M20, and the lines among the first twenty that it indexes."""

    lattice: BravaisLattice
    cell: Cell
    m20: float
    n_indexed: int
    n_lines: int

    def is_accepted(self, settings: TreorSettings) -> bool:
        """Whether the cell ends the search."""
        return self.m20 >= settings.merit and self.n_lines - self.n_indexed <= settings.nix


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Q of the lines (Å⁻²) and as base lines; how near a reflection must be to index one; weights that sum to one."""

    q: FloatArray
    base_q: FloatArray
    tolerance: FloatArray
    weight: FloatArray


def index_treor_style(
    peaks: PeakList, settings: TreorSettings | None = None, *, budget_s: float = np.inf
) -> list[TreorCell]:
    """Index a list of lines as TREOR does.

    Parameters
    ----------
    peaks
        At least six lines; the first twenty count.
    settings
        Parameters of the method; the published ones serve.
    budget_s
        No trial begins after so many seconds.

    Returns
    -------
    list of TreorCell
        Accepted cells of the first system that has any, best first; else the best of all systems. Up to twenty.
    """
    settings = settings or TreorSettings()
    end = time.perf_counter() + budget_s
    lines = line_data(peaks, settings)
    found: list[TreorCell] = []
    for systems in (settings.systems, settings.dominant_zones):
        for together in systems:
            cells = [cell for system in together for cell in search_system(lines, system, settings, end)]
            accepted = [cell for cell in cells if cell.is_accepted(settings)]
            if accepted:
                return _best(accepted)
            found += cells
    return _best(found)


def line_data(peaks: PeakList, settings: TreorSettings) -> Lines:
    """The first twenty lines, the published tolerances, and weights that are one in 2θ."""
    q = peaks.q[:N_MERIT]
    sine_squared = q * CU_KA1_ANGSTROM**2 / 4.0
    tolerance = np.where(sine_squared < settings.ssqtl, settings.d1, settings.d2) * 4.0 / CU_KA1_ANGSTROM**2
    weight = 1.0 / dq_d_two_theta(peaks.two_theta_deg[:N_MERIT], peaks.wavelength_angstrom) ** 2
    base_q = with_higher_orders(q, tolerance)
    return Lines(q=q, base_q=base_q, tolerance=tolerance, weight=weight / weight.sum())


def with_higher_orders(q: FloatArray, tolerance: FloatArray) -> FloatArray:
    """Average each line with what may be its second and third order, which are known more precisely.

    Examples
    --------
    >>> with_higher_orders(np.array([0.0101, 0.02, 0.04]), np.full(3, 0.001)).round(5)
    array([0.01001, 0.02   , 0.04   ])
    """
    averaged = q.copy()
    for i, value in enumerate(q):
        total, weight = value, 1.0
        for order in (4.0, 9.0):
            j = int(np.abs(q - order * value).argmin())
            if j > i and abs(q[j] - order * value) < tolerance[j]:
                total += order * q[j]
                weight += order * order
        averaged[i] = total / weight
    return averaged


def search_system(lines: Lines, system: System, settings: TreorSettings, end: float) -> list[TreorCell]:
    """Refined cells of one crystal system, each lattice once; *end* is a time of ``perf_counter``."""
    subspace = metric_subspace(system.lattice)
    metrics, scores, n_kept = np.empty((N_KEPT, 6)), np.zeros((N_KEPT, 2)), 0
    cosine = abs(np.cos(np.radians(settings.mono_deg)))
    limits = np.array([settings.min_edge_angstrom, settings.cem_angstrom, settings.vol_angstrom3, cosine])
    use = min(settings.use, lines.q.size)
    iq = max(use - (settings.use - settings.iq), subspace.shape[1] + SPARE_LINES)
    tables = [label_rows(limit, subspace, system.lattice, first=i == 0) for i, limit in enumerate(system.base_lines)]
    labels, n_labels = _padded(tables)
    for base in base_line_sets(system, lines.q.size):
        if time.perf_counter() > end:
            break
        n_kept = try_base_lines(
            lines.base_q[base],
            labels,
            n_labels,
            system.lattice.code,
            subspace,
            lines.q,
            lines.tolerance,
            lines.weight,
            limits,
            use,
            iq,
            settings.cycles,
            metrics,
            scores,
            n_kept,
        )
    return _listed(metrics[:n_kept], scores[:n_kept], system.lattice, lines.q.size)


def base_line_sets(system: System, n_lines: int) -> Iterator[IntArray]:
    """Choices of base lines, lowest first.

    Examples
    --------
    >>> limit = IndexLimit(h=1, k=1, l=1, total=2)
    >>> tetragonal = System(lattice=BravaisLattice.TP, base_lines=(limit, limit), spare=1, reach=4)
    >>> [base.tolist() for base in base_line_sets(tetragonal, 20)]
    [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3]]
    """
    n = len(system.base_lines)
    for low in combinations(range(min(n - 1 + system.spare, n_lines)), n - 1):
        for last in range(low[-1] + 1 if low else 0, min(system.reach, n_lines)):
            yield np.array([*low, last], dtype=np.int64)


def label_rows(limit: IndexLimit, subspace: FloatArray, lattice: BravaisLattice, *, first: bool) -> FloatArray:
    """Distinct rows (m, p) that indices within *limit* make in the free parameters.

    The *first* base line has its indices in one order, because the others are the same cell with other names: two base
    lines of a triclinic cell may then still be numbered so that they are 100 and 010.
    """
    signed = lattice in (BravaisLattice.MP, BravaisLattice.AP)
    l_low = -limit.l if signed else 0
    k_low = -limit.k if lattice is BravaisLattice.AP else 0
    rows = set()
    for h in range(limit.h + 1):
        for k in range(k_low, limit.k + 1):
            for l in range(l_low, limit.l + 1):
                if not 0 < h + abs(k) + abs(l) <= limit.total or (h == 0 and (k < 0 or (k == 0 and l < 0))):
                    continue
                if first and not _in_order(h, k, l, lattice):
                    continue
                form = np.array([h * h, k * k, l * l, k * l, h * l, h * k], dtype=np.float64)
                rows.add(tuple(form @ subspace))
    return np.array(sorted(rows), dtype=np.float64)


def _in_order(h: int, k: int, l: int, lattice: BravaisLattice) -> bool:
    if lattice is BravaisLattice.OP:
        return h >= k >= l
    if lattice is BravaisLattice.MP:
        return h >= l >= 0
    return lattice is not BravaisLattice.AP or h >= k >= l >= 0


def _padded(tables: list[FloatArray]) -> tuple[FloatArray, IntArray]:
    """Tables of different lengths in one array, and their lengths."""
    lengths = np.array([len(table) for table in tables], dtype=np.int64)
    together = np.zeros((len(tables), int(lengths.max()), tables[0].shape[1]))
    for i, table in enumerate(tables):
        together[i, : len(table)] = table
    return together, lengths


def _best(cells: list[TreorCell]) -> list[TreorCell]:
    return sorted(cells, key=lambda cell: -cell.m20)[:LIST_LENGTH]


def _listed(metrics: FloatArray, scores: FloatArray, lattice: BravaisLattice, n_lines: int) -> list[TreorCell]:
    if not len(metrics):
        return []
    order = np.argsort(-scores[:, 0], kind="stable")
    metrics, scores = metrics[order], scores[order]
    first = np.unique(
        cluster_lattices(primitive_grams(metrics, np.full(len(metrics), lattice.code))), return_index=True
    )[1]
    return [
        TreorCell(
            lattice=lattice,
            cell=Cell.from_metric(metrics[i]),
            m20=float(scores[i, 0]),
            n_indexed=int(scores[i, 1]),
            n_lines=n_lines,
        )
        for i in first
    ]
