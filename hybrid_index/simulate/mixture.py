"""Several phases in one sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import gemmi

from hybrid_index.errors import InputError
from hybrid_index.simulate.lines import STRONGEST, Lines
from hybrid_index.simulate.structure import Structure


def mixture_lines(phases: Sequence[tuple[Structure, Lines]], weight_shares: Sequence[float]) -> tuple[Lines, ...]:
    """Put the lines of several phases on one scale, as in a mixture of their powders.

    A phase of mass share w is seen with w/(M·V) times its |F|², where M is the mass and V the volume of its cell
    (Hill & Howard 1987, doi:10.1107/S0021889887086199; absorption by the whole sample touches all phases alike).

    Parameters
    ----------
    phases
        Structures, and their lines (:func:`powder_lines`, with one radiation and one range for all).
    weight_shares
        One for each phase, in any unit.

    Returns
    -------
    tuple of Lines
        In the order of *phases*; the strongest line of all has intensity 100.

    Raises
    ------
    InputError
        If there is not one positive share for each phase.
    """
    if len(weight_shares) != len(phases) or not all(share > 0.0 for share in weight_shares):
        raise InputError(f"weight shares {list(weight_shares)} do not fit {len(phases)} phases; give positive ones")
    scales = [
        share * lines.scale / (cell_mass(structure) * structure.cell.volume)
        for (structure, lines), share in zip(phases, weight_shares, strict=True)
    ]
    unit = max(
        (scale * float(lines.intensity.max(initial=0.0)) for scale, (_, lines) in zip(scales, phases, strict=True)),
        default=0.0,
    )
    if not unit > 0.0:
        raise InputError("no phase has a line in the range; choose a longer one")
    factors = [STRONGEST * scale / unit for scale in scales]
    return tuple(
        replace(lines, intensity=lines.intensity * factor, scale=lines.scale / factor)
        for factor, (_, lines) in zip(factors, phases, strict=True)
    )


def cell_mass(structure: Structure) -> float:
    """Mass of the content of the cell, daltons."""
    weights = (gemmi.Element(symbol).weight for symbol in structure.elements)
    return float(sum(weight * share for weight, share in zip(weights, structure.occupancy.tolist(), strict=True)))
