"""Start files of refinement programs: one module for each program, found through an entry-point group."""

from hybrid_index.export.start.contract import Exporter, RefinementStart
from hybrid_index.export.start.preparation import prepare
from hybrid_index.export.start.registry import GROUP, exporters, target_names
from hybrid_index.export.start.widths import Widths
from hybrid_index.export.start.writing import check_folder, write_start_files

__all__ = [
    "GROUP",
    "Exporter",
    "RefinementStart",
    "Widths",
    "check_folder",
    "exporters",
    "prepare",
    "target_names",
    "write_start_files",
]
