"""Benchmark of the simulator: lines, patterns, line lists."""
