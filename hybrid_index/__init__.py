"""Powder indexing: from a measured pattern or a peak list to the unit cell.

Examples
--------
>>> import hybrid_index
>>> "index" in hybrid_index.__all__
True

Names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hybrid_index.config import Settings
    from hybrid_index.errors import FileFormatError, HybridIndexError, InputError, OutputError, WavelengthError
    from hybrid_index.export import document, from_document, write_plot
    from hybrid_index.io import read, read_pattern, read_peaks
    from hybrid_index.lattice import BravaisLattice, Cell
    from hybrid_index.peaks import PeakOptions, edit_peaks, find_peaks
    from hybrid_index.pipeline import glance, index, refine_cell
    from hybrid_index.types import Glance, IndexingResult, Pattern, PeakList, Refinement, Solution
    from hybrid_index.units import Radiation, parse_radiation

__version__ = "0.1.0"

_HOMES = {
    "Settings": "config",
    "FileFormatError": "errors",
    "HybridIndexError": "errors",
    "InputError": "errors",
    "OutputError": "errors",
    "WavelengthError": "errors",
    "document": "export",
    "from_document": "export",
    "write_plot": "export",
    "read": "io",
    "read_pattern": "io",
    "read_peaks": "io",
    "BravaisLattice": "lattice",
    "Cell": "lattice",
    "PeakOptions": "peaks",
    "edit_peaks": "peaks",
    "find_peaks": "peaks",
    "glance": "pipeline",
    "index": "pipeline",
    "refine_cell": "pipeline",
    "Glance": "types",
    "IndexingResult": "types",
    "Pattern": "types",
    "PeakList": "types",
    "Refinement": "types",
    "Solution": "types",
    "Radiation": "units",
    "parse_radiation": "units",
}

__all__ = [
    "BravaisLattice",
    "Cell",
    "FileFormatError",
    "Glance",
    "HybridIndexError",
    "IndexingResult",
    "InputError",
    "OutputError",
    "Pattern",
    "PeakList",
    "PeakOptions",
    "Radiation",
    "Refinement",
    "Settings",
    "Solution",
    "WavelengthError",
    "__version__",
    "document",
    "edit_peaks",
    "find_peaks",
    "from_document",
    "glance",
    "index",
    "parse_radiation",
    "read",
    "read_pattern",
    "read_peaks",
    "refine_cell",
    "write_plot",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
