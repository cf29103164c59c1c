"""Modules that GSAS-II loads from its user folder; they run in its Python, which knows nothing of this package."""
