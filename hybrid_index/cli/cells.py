"""A cell as a person types it."""

from __future__ import annotations

import re

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell


def parse_cell(text: str, lattice: BravaisLattice | None = None) -> Cell:
    """Read ``a,b,c,alpha,beta,gamma``, or as few numbers as the crystal system needs.

    Without a *lattice* one number is a cubic cell, three an orthorhombic one, four a monoclinic one (a, b, c, β).

    Raises
    ------
    InputError
        If the text is no cell, or not one of that lattice.

    Examples
    --------
    >>> parse_cell("5.43").parameters
    (5.43, 5.43, 5.43, 90.0, 90.0, 90.0)
    >>> parse_cell("4.758 12.991", BravaisLattice.HR).gamma
    120.0
    """
    parts = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
    try:
        values = [float(part) for part in parts]
        cell = Cell.from_parameters(_completed(values, lattice))
    except InputError as error:
        raise InputError(error.message, source="--cell") from error
    except ValueError as error:
        raise InputError(
            f"{text!r} holds something that is not a number; give a,b,c,alpha,beta,gamma", source="--cell"
        ) from error
    if lattice is not None and not _fits(cell, lattice):
        raise InputError(
            f"{text!r} does not have the shape of a {lattice.value} cell ({lattice.crystal_system})", source="--cell"
        )
    return cell


def _completed(values: list[float], lattice: BravaisLattice | None) -> list[float]:
    family = lattice.value[0] if lattice is not None else {1: "c", 3: "o", 4: "m"}.get(len(values), "")
    match (family, values):
        case _, [_, _, _, _, _, _]:
            return values
        case "c", [a]:
            return [a, a, a, 90.0, 90.0, 90.0]
        case "t", [a, c]:
            return [a, a, c, 90.0, 90.0, 90.0]
        case "h", [a, c]:
            return [a, a, c, 90.0, 90.0, 120.0]
        case "o", [a, b, c]:
            return [a, b, c, 90.0, 90.0, 90.0]
        case "m", [a, b, c, beta]:
            return [a, b, c, 90.0, beta, 90.0]
        case _, [_, _]:
            raise InputError("two numbers fit several systems; add --bravais (tP, tI, hP or hR)")
    raise InputError(f"{len(values)} numbers do not make a cell here; give all six: a,b,c,alpha,beta,gamma")


def _fits(cell: Cell, lattice: BravaisLattice) -> bool:
    a, b, c, alpha, beta, gamma = cell.parameters
    right = {"alpha": alpha == 90.0, "beta": beta == 90.0, "gamma": gamma == 90.0}
    match lattice.value[0]:
        case "c":
            return a == b == c and all(right.values())
        case "t":
            return a == b and all(right.values())
        case "h":
            return a == b and right["alpha"] and right["beta"] and gamma == 120.0
        case "o":
            return all(right.values())
        case "m":
            return right["alpha"] and right["gamma"]
    return True
