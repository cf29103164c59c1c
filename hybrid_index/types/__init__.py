"""The objects that travel between the rooms. Each stage adds a new one; none is filled in later.

``Pattern → PeakList → Candidate* → Refinement (Assignment, Merit) → Solution* → IndexingResult``

All are frozen; arrays are copied in and read-only. They compare by identity.
"""

from hybrid_index.types.candidates import Budget, Candidate, CandidateSource
from hybrid_index.types.frozen import IntArray, frozen_array
from hybrid_index.types.glance import CellGuess, Glance, LatticeGuess
from hybrid_index.types.measured import MIN_LINES, Pattern, PeakList, default_esd_deg
from hybrid_index.types.results import (
    Assignment,
    Equivalent,
    IndexingResult,
    KnownMatch,
    Merit,
    Refinement,
    Shift,
    Solution,
    Status,
    WholePattern,
)

__all__ = [
    "MIN_LINES",
    "Assignment",
    "Budget",
    "Candidate",
    "CandidateSource",
    "CellGuess",
    "Equivalent",
    "Glance",
    "IndexingResult",
    "IntArray",
    "KnownMatch",
    "LatticeGuess",
    "Merit",
    "Pattern",
    "PeakList",
    "Refinement",
    "Shift",
    "Solution",
    "Status",
    "WholePattern",
    "default_esd_deg",
    "frozen_array",
]
