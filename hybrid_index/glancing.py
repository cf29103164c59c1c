"""What the networks say of the lines, put together with what a few looks of theirs find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from scipy.special import ndtri

from hybrid_index.config import Settings
from hybrid_index.lattice import Cell, standardize
from hybrid_index.neural.glance import look
from hybrid_index.race import Race, load_kernels
from hybrid_index.refine.line_assignment import Model
from hybrid_index.refine.lines import position_esd_deg
from hybrid_index.refine.polish import polish
from hybrid_index.refine.shared_lines import share_lines
from hybrid_index.schedule import Clock, load_networks, plan
from hybrid_index.types import CellGuess, Glance, LatticeGuess, PeakList
from hybrid_index.units import FloatArray

LOOKS = 16
"""So many pieces of the network's work are done, at the likeliest shifts, unless one finds the lattice beyond doubt."""
MOST_CELLS = 5
LEAST_CELL = 0.05
"""So many cells are named, each with at least this probability."""
_VOLUME_ESD = 0.002
"""Relative uncertainty of the volume of a cell that was found."""
_NORMAL = ndtri((np.arange(25) + 0.5) / 25.0)
"""Points that stand for a normal distribution."""
_ONE_ESD = 0.6827
"""Share of a normal distribution within one standard deviation."""


def glance_at(peaks: PeakList, settings: Settings) -> Glance:
    """Ask the networks about the lines, and let them look for the cell: a tenth of a second or two.

    What is said of lattices, volumes, shift and foreign lines follows from the cells that were found, as far as these
    are probable, and from what the networks say without them for the rest.

    Raises
    ------
    InputError
        If there are no weights.
    """
    said = look(peaks, settings)
    found = _cells(peaks, replace(settings, neural="only"))
    cells = tuple(one.guess for one in found)
    rest = 1.0 - sum(cell.probability for cell in cells)
    shift, shift_esd = _middle_and_spread(
        [*((c.shift_deg, c.shift_esd_deg, c.probability) for c in cells), (said.shift_deg, said.shift_esd_deg, rest)]
    )
    foreign = rest * said.foreign + sum(one.guess.probability * one.foreign[: len(said.foreign)] for one in found)
    lattices = [_weighed(guess, cells, rest) for guess in said.lattices]
    return replace(
        said,
        shift_deg=shift,
        shift_esd_deg=shift_esd,
        lattices=tuple(sorted(lattices, key=lambda guess: -guess.probability)),
        foreign=foreign,
        cells=cells,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A cell that was found, and the probability (n,) of each line to be none of its own."""

    guess: CellGuess
    foreign: FloatArray


def _cells(peaks: PeakList, settings: Settings) -> list[_Found]:
    race = Race(peaks=peaks, settings=settings, clock=Clock.start(settings.budget_s))
    load_networks(settings)
    for stage in islice(plan(peaks, settings), LOOKS):
        load_kernels(stage)
        race.run(stage)
        if race.can_stop(all_systems=stage.all_systems, glanced=stage.glanced):
            break
    if not len(race.solved):
        return []
    answers = [answer for answer in race.answers(MOST_CELLS) if answer.probability >= LEAST_CELL]
    return [_found(race, answer.members[0], answer.probability) for answer in answers]


def _found(race: Race, place: int, probability: float) -> _Found:
    candidate = race.solved.lattices.candidate(place)
    lattice = candidate.bravais_lattice
    cell = standardize(Cell.from_metric(candidate.metric), lattice)
    refined = polish(candidate.replace(metric=cell.metric), race.peaks, race.settings)
    model = Model(
        lattice=lattice,
        cell=refined.cell,
        zero_shift_deg=refined.shift.zero_shift_deg,
        displacement_mm=refined.shift.displacement_mm,
        radius_mm=race.settings.radius_mm,
    )
    lines = share_lines(model, race.peaks, position_esd_deg(race.peaks), 1.0)
    guess = CellGuess(
        bravais_lattice=lattice,
        cell=refined.cell,
        cell_esd=refined.cell_esd,
        probability=probability,
        shift_deg=refined.shift.combined_deg,
        shift_esd_deg=refined.shift.combined_esd_deg,
    )
    own = np.bincount(lines.rows, lines.share, len(race.peaks))
    return _Found(guess, np.asarray(1.0 - own, dtype=np.float64))


def _weighed(said: LatticeGuess, cells: Sequence[CellGuess], rest: float) -> LatticeGuess:
    """What is held of a Bravais lattice, with cells of that lattice and a share of *rest* for what was said of it."""
    own = [cell for cell in cells if cell.bravais_lattice is said.bravais_lattice]
    volume, factor = _middle_and_spread(
        [
            *((np.log(cell.cell.volume), _VOLUME_ESD, cell.probability) for cell in own),
            (np.log(said.volume_angstrom3), np.log(said.volume_factor), rest * said.probability),
        ]
    )
    return LatticeGuess(
        bravais_lattice=said.bravais_lattice,
        probability=rest * said.probability + sum(cell.probability for cell in own),
        volume_angstrom3=float(np.exp(volume)),
        volume_factor=float(np.exp(factor)),
    )


def _middle_and_spread(parts: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Median of a mixture of normal distributions, and how far from it 68 % of it reach.

    *parts* are mean, standard deviation and weight of each.
    """
    values = np.concatenate([mean + esd * _NORMAL for mean, esd, _ in parts])
    weights = np.repeat([max(weight, 1e-12) for _, _, weight in parts], len(_NORMAL))
    middle = _quantile(values, weights, 0.5)
    return middle, _quantile(np.abs(values - middle), weights, _ONE_ESD)


def _quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(reached, share * reached[-1])]])
