"""Extinction symbols and space groups of a lattice, ranked by what a whole pattern says of absent reflections."""

from hybrid_index.refine.extinction.fitting import fit_all_lines
from hybrid_index.refine.extinction.rank import RankedExtinction, Violation, rank_extinction_symbols
from hybrid_index.refine.extinction.table import ExtinctionSymbol, SpaceGroup, extinction_symbols

__all__ = [
    "ExtinctionSymbol",
    "RankedExtinction",
    "SpaceGroup",
    "Violation",
    "extinction_symbols",
    "fit_all_lines",
    "rank_extinction_symbols",
]
