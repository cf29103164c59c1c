"""Whole-pattern fits of a cell: intensities by Le Bail's or Pawley's method, and what they say about the cell."""

from hybrid_index.refine.lebail.fit import lebail_fit
from hybrid_index.refine.lebail.result import FittedReflections, LeBailFit
from hybrid_index.refine.lebail.score import Comparison, compare
from hybrid_index.refine.lebail.setup import range_end_deg

__all__ = ["Comparison", "FittedReflections", "LeBailFit", "compare", "lebail_fit", "range_end_deg"]
