"""Known phases: cells from CIFs or a table, and which of them a found lattice is."""

from hybrid_index.known.library import DEFAULT_TOLERANCE, KnownPhase, KnownPhases, check_tolerance
from hybrid_index.known.naming import label, name_document, name_solutions
from hybrid_index.known.reading import Skipped, read_known

__all__ = [
    "DEFAULT_TOLERANCE",
    "KnownPhase",
    "KnownPhases",
    "Skipped",
    "check_tolerance",
    "label",
    "name_document",
    "name_solutions",
    "read_known",
]
