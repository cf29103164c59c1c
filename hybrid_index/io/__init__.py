"""Files in: measured patterns and peak lists, told apart and read by their content."""

from hybrid_index.io.line_table import PEAK_UNITS
from hybrid_index.io.reading import SUFFIXES, count_scans, read, read_many, read_pattern, read_peaks, split_scan

__all__ = ["PEAK_UNITS", "SUFFIXES", "count_scans", "read", "read_many", "read_pattern", "read_peaks", "split_scan"]
