"""Batches of simulated patterns: how fast, on how many workers, at what cost in memory and files."""
