"""The report of a run: one self-contained page, and its cells as tables."""

from hybrid_index.export.report.documents import Unreadable, read_documents
from hybrid_index.export.report.rows import COLUMNS, row_of
from hybrid_index.export.report.write import ReportSummary, write_report

__all__ = ["COLUMNS", "ReportSummary", "Unreadable", "read_documents", "row_of", "write_report"]
