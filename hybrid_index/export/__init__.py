"""Results out: the result document, pictures, and files that are written whole or not at all."""

from hybrid_index.export.atomic import check_writable, write_atomically
from hybrid_index.export.notation import with_esd
from hybrid_index.export.plot import PLOT_SUFFIXES, check_plot_path, write_peak_plot, write_plot
from hybrid_index.export.result_document import SCHEMA, document, failed_document, to_json
from hybrid_index.export.result_parse import from_document

__all__ = [
    "PLOT_SUFFIXES",
    "SCHEMA",
    "check_plot_path",
    "check_writable",
    "document",
    "failed_document",
    "from_document",
    "to_json",
    "with_esd",
    "write_atomically",
    "write_peak_plot",
    "write_plot",
]
