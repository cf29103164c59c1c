"""Extinction symbols and space groups of a lattice, ranked by what a whole pattern says of absent reflections."""
