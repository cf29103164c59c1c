"""The score of the AICOMP 2025 contest: the whole way from a raw pattern to a cell, on patterns like the contest's."""
