"""Whole-pattern fits of a cell: intensities by Le Bail's or Pawley's method, and what they say about the cell."""

from hybrid_index.refine.lebail.fit import lebail_fit
from hybrid_index.refine.lebail.foreign import foreign_lines
from hybrid_index.refine.lebail.result import FittedReflections, ForeignLines, LeBailFit
from hybrid_index.refine.lebail.score import Comparison, compare
from hybrid_index.refine.lebail.setup import range_end_deg

__all__ = [
    "Comparison",
    "FittedReflections",
    "ForeignLines",
    "LeBailFit",
    "compare",
    "foreign_lines",
    "lebail_fit",
    "range_end_deg",
]
