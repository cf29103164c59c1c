"""Files in: measured patterns and peak lists, told apart and read by their content."""

from hybrid_index.io.line_table import PEAK_UNITS
from hybrid_index.io.reading import SUFFIXES, read, read_many, read_pattern, read_peaks

__all__ = ["PEAK_UNITS", "SUFFIXES", "read", "read_many", "read_pattern", "read_peaks"]
