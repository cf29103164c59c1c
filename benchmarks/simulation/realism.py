"""Compare random line lists, or synthetic crystals, with real structures: ``python -m benchmarks.simulation.realism``.

Both are looked at in the same way: lines stronger than 1 % of the strongest, Cu Kα1, from 5° up the ladder of ranges,
what is nearer than 0.02° merged; no shift, no noise. Of the first twenty and sixty lines that the lattice allows, how
many are seen, and how do intensities fall with the angle?
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import stats

from benchmarks.accuracy.cases import DEFAULT_U_ISO, known_lattices, load_structures
from benchmarks.crystal_statistics import IDEALISED
from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, CRYSTAL_SYSTEMS, BravaisLattice, conventional, primitive_gram
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.simulate import (
    Condition,
    LineListSettings,
    Structure,
    draw_line_lists,
    draw_peak_list,
    observable_lines,
    synthetic_crystal,
)
from hybrid_index.simulate.crystal_statistics import default_statistics
from hybrid_index.simulate.crystals import SYMMETRY_TOLERANCE
from hybrid_index.units import FloatArray, parse_radiation, q_from_two_theta

PLAIN = Condition(name="plain", sigma_deg=1e-6, merge_deg=0.02, weakest=0.01)
RADIATION = parse_radiation("CuKa1")
SAME_LINE_DEG = 0.04
"""A line of the lattice is seen if an observed one is this near."""
ANGLES_DEG = (20.0, 40.0, 60.0, 80.0)
"""Edges of the ranges that intensities are averaged over."""
MAX_ATOMS = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What one list looks like.

    ``log_intensity`` (5,) is the mean of log10(I/I_max) of visible lines in ranges of 2θ, NaN where there is none.
    """

    system: str
    missing20: float
    missing60: float
    n_lines: int
    log_intensity: FloatArray


def look(two_theta_deg: FloatArray, intensity: FloatArray, metric: FloatArray, lattice: BravaisLattice) -> Look | None:
    """Describe one list; ``None`` where it has fewer than five lines."""
    if two_theta_deg.size < 5:
        return None
    q_end = float(q_from_two_theta(two_theta_deg[-1] + SAME_LINE_DEG, RADIATION.wavelength_angstrom))
    q = enumerate_reflections(metric, lattice, q_end, merge_equal_q=True).q
    allowed = 2.0 * np.degrees(np.arcsin(np.sqrt(q) * RADIATION.wavelength_angstrom / 2.0))
    allowed = allowed[allowed > 5.0]
    allowed = allowed[np.append(True, np.diff(allowed) > PLAIN.merge_deg)]
    seen = np.abs(allowed[:, None] - two_theta_deg).min(axis=1) < SAME_LINE_DEG
    place = np.digitize(two_theta_deg, ANGLES_DEG)
    level = np.log10(intensity / intensity.max())
    return Look(
        system=lattice.crystal_system,
        missing20=1.0 - float(seen[:20].mean()),
        missing60=1.0 - float(seen[:60].mean()),
        n_lines=two_theta_deg.size,
        log_intensity=np.array([level[place == k].mean() if (place == k).any() else np.nan for k in range(5)]),
    )


def real_looks(folder: Path, limit: int) -> list[Look]:
    """Look at real structures, those that synthetic crystals are drawn after."""
    records = [r for r in load_structures(folder) if not r["matches_experimental"] and IDEALISED not in r["set"]]
    lattices = [k for k in known_lattices(records) if len(k.record["sites"]) <= MAX_ATOMS]
    looks = []
    for k in sorted(lattices, key=lambda k: k.key)[:limit]:
        try:
            structure = Structure.from_record(k.record, default_u_iso=DEFAULT_U_ISO)
        except InputError:
            continue
        looks.append(_structure_look(structure, k.setting.metric, k.setting.bravais_lattice))
    return [one for one in looks if one is not None]


def random_looks(n: int, seed: int) -> list[Look]:
    """Look at random lists whose cells are like the real ones."""
    shares = dict(zip(BRAVAIS_LATTICES, default_statistics().cells.share.tolist(), strict=True))
    settings = replace(LineListSettings.of_condition(PLAIN), lattice_shares=shares, broad_share=0.0)
    lists = draw_line_lists(n, seed=seed, settings=settings)
    looks = [
        look(
            lists.two_theta_deg[i, : lists.count[i]],
            lists.intensity[i, : lists.count[i]].astype(np.float64),
            lists.metric[i],
            lists.bravais_lattice(i),
        )
        for i in range(n)
    ]
    return [one for one in looks if one is not None]


def crystal_looks(n: int, seed: int) -> list[Look]:
    """Look at synthetic crystals."""
    rng = np.random.default_rng(seed)
    looks = []
    for crystal in (synthetic_crystal(rng) for _ in range(n)):
        if len(crystal.elements) <= MAX_ATOMS:
            setting = conventional(primitive_gram(crystal.cell, crystal.space_group[0]), SYMMETRY_TOLERANCE)
            looks.append(_structure_look(crystal, setting.metric, setting.bravais_lattice))
    return [one for one in looks if one is not None]


def _structure_look(structure: Structure, metric: FloatArray, lattice: BravaisLattice) -> Look | None:
    try:
        peaks = draw_peak_list(observable_lines(structure, RADIATION), PLAIN, np.random.default_rng(0)).peaks
    except InputError:  # elements that nobody has measured, or no line in the range
        return None
    return None if peaks.intensity is None else look(peaks.two_theta_deg, peaks.intensity, metric, lattice)


def show(real: Iterable[Look], random: Iterable[Look], console: Console) -> None:
    """Print a table, a row for each crystal system: real / random."""
    groups: dict[str, tuple[list[Look], list[Look]]] = defaultdict(lambda: ([], []))
    for side, looks in enumerate((real, random)):
        for one in looks:
            groups[one.system][side].append(one)
            groups["all"][side].append(one)
    table = Table(title="real / random")
    headings = (
        "system",
        "lists",
        "missing of 20",
        "KS",
        "missing of 60",
        "lines",
        "log10 I below 20°, 40°, 60°, 80°, above",
    )
    for heading in headings:
        table.add_column(heading)
    for system in (*CRYSTAL_SYSTEMS, "all"):
        a, b = groups[system]
        if not a or not b:
            continue
        levels = [_means([one.log_intensity for one in side]) for side in (a, b)]
        table.add_row(
            system,
            f"{len(a)} / {len(b)}",
            _both([one.missing20 for one in a], [one.missing20 for one in b]),
            f"{stats.ks_2samp([one.missing20 for one in a], [one.missing20 for one in b]).statistic:.2f}",
            _both([one.missing60 for one in a], [one.missing60 for one in b]),
            _both([one.n_lines for one in a], [one.n_lines for one in b]),
            "  ".join(f"{x:.2f}/{y:.2f}" for x, y in zip(*levels, strict=True)),
        )
    console.print(table)


def _means(rows: list[FloatArray]) -> list[float]:
    """Mean of each column, of what there is."""
    columns = (column[np.isfinite(column)] for column in np.array(rows).T)
    return [float(column.mean()) if column.size else float("nan") for column in columns]


def _both(a: list[float] | list[int], b: list[float] | list[int]) -> str:
    quartiles = [np.quantile(values, (0.25, 0.5, 0.75)) for values in (a, b)]
    return " / ".join(
        f"{np.mean(v):.2f} ({q[0]:.2g} {q[1]:.2g} {q[2]:.2g})" for v, q in zip((a, b), quartiles, strict=True)
    )


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation.realism", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the known structures")
    parser.add_argument("--limit", type=int, default=800, help="structures and lists")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random lists")
    parser.add_argument("--crystals", action="store_true", help="synthetic crystals in place of line lists")
    arguments = parser.parse_args()
    real = real_looks(arguments.data, arguments.limit)
    looks = crystal_looks if arguments.crystals else random_looks
    show(real, looks(2 * len(real), arguments.seed), Console(width=200))


if __name__ == "__main__":
    main()
