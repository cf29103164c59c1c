"""Benchmark of the whole-pattern fit."""
