"""Enumerating, assigning, refining: from a candidate lattice to fitted parameters."""
