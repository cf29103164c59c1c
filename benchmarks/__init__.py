"""Benchmarks: how often, and how fast."""
