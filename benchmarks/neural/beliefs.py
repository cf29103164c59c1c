"""How well the network's beliefs hold: shifts and their uncertainties, foreign lines, lattices, labels.

On random line lists that training has not seen, because only there all of the truth is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hybrid_index import PeakList
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.neural.belief import believe
from hybrid_index.neural.labels import FAMILIES, FAMILY_OF_CODE, LABELLED_LINES
from hybrid_index.neural.weights import Network
from hybrid_index.simulate.line_list_settings import LineListSettings
from hybrid_index.simulate.line_lists import LineLists, draw_line_lists
from hybrid_index.units import FloatArray, Radiation, displacement_slope

SEED = 2**41


@dataclass(slots=True)
class Findings:
    """What was said, beside the truth, list by list and line by line."""

    shift_error_deg: list[float] = field(default_factory=list)
    shift_esd_deg: list[float] = field(default_factory=list)
    foreign: list[bool] = field(default_factory=list)
    foreign_belief: list[float] = field(default_factory=list)
    lattice_place: list[int] = field(default_factory=list)
    confusion: np.ndarray = field(default_factory=lambda: np.zeros((14, 14), dtype=np.int64))
    labels: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in FAMILIES})


def findings(network: Network, settings: LineListSettings, n_lists: int) -> Findings:
    """Ask the network about random lists."""
    lists, out = draw_line_lists(n_lists, seed=SEED, settings=settings), Findings()
    for i in range(n_lists):
        _add(out, network, lists, i)
    return out


def _add(out: Findings, network: Network, lists: LineLists, i: int) -> None:
    n, code = int(lists.count[i]), int(lists.lattice[i])
    peaks = PeakList.from_positions(
        lists.two_theta_deg[i, :n],
        radiation=Radiation(wavelength_angstrom=float(lists.wavelength_angstrom[i])),
        intensity=lists.intensity[i, :n],
        two_theta_esd_deg=lists.sigma_deg[i, :n],
    )
    if len(peaks) < n:  # two lines at one place
        return
    belief = believe(network, peaks, most=len(BRAVAIS_LATTICES))
    order = np.argsort(-belief.lattices, kind="stable").tolist()
    out.lattice_place.append(order.index(code) + 1)
    out.confusion[code, order[0]] += 1
    said = next(lattice for lattice in belief.likely if lattice.code == code)
    middle = lists.two_theta_deg[i, min(n, 20) // 2]
    slope = displacement_slope(middle, radius_mm=float(lists.radius_mm[i]))
    out.shift_error_deg.append(said.shift_deg - float(lists.zero_shift_deg[i] + lists.displacement_mm[i] * slope))
    out.shift_esd_deg.append(said.shift_esd_deg)
    lines = min(n, LABELLED_LINES)
    out.foreign += lists.foreign[i, :lines].tolist()
    out.foreign_belief += said.foreign[:lines].tolist()
    family = FAMILY_OF_CODE[code]
    true = network.vocabulary.encode(lists.hkl[i : i + 1, :lines].astype(np.int64), lists.lattice[i : i + 1])[0]
    known = (true >= 0) & ~lists.foreign[i, :lines]
    out.labels[FAMILIES[family]] += (said.labels.argmax(axis=1) == true)[known].tolist()


def summary(found: Findings) -> dict[str, Any]:
    """The figures that people ask for."""
    error, esd = np.array(found.shift_error_deg), np.array(found.shift_esd_deg)
    place = np.array(found.lattice_place)
    return {
        "n": len(place),
        "lattice_first": float(np.mean(place == 1)),
        "lattice_among_three": float(np.mean(place <= 3)),
        "shift_mean_error_deg": float(np.mean(np.abs(error))),
        "shift_median_error_deg": float(np.median(np.abs(error))),
        "shift_68": float(np.mean(np.abs(error) < esd)),
        "shift_95": float(np.mean(np.abs(error) < 1.96 * esd)),
        "foreign_auroc": auroc(np.array(found.foreign_belief), np.array(found.foreign)),
        "labels_right": {name: float(np.mean(right)) for name, right in found.labels.items() if right},
    }


def auroc(score: FloatArray, is_one: np.ndarray) -> float:
    """Probability that one of those has a higher score than one of the others (Mann & Whitney 1947)."""
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    ranks[order] = np.arange(1, len(score) + 1)
    n_one = int(is_one.sum())
    n_other = len(score) - n_one
    if not n_one or not n_other:
        return float("nan")
    return float((ranks[is_one].sum() - n_one * (n_one + 1) / 2.0) / (n_one * n_other))
