"""Data sets: patterns of many structures with their labels, as Parquet or as the pairs of the AICOMP contest."""

from hybrid_index.simulate.dataset.conditions import PATTERN_CONDITIONS, PatternCondition, pattern_condition
from hybrid_index.simulate.dataset.ledger import SKIPPED
from hybrid_index.simulate.dataset.run import FORMATS, DatasetSummary, make_dataset
from hybrid_index.simulate.dataset.sample import DEFAULT_RANGE_DEG, Recipe, Sample, draw_sample
from hybrid_index.simulate.dataset.sources import SourcedStructure, StructureSource, open_sources

__all__ = [
    "DEFAULT_RANGE_DEG",
    "FORMATS",
    "PATTERN_CONDITIONS",
    "SKIPPED",
    "DatasetSummary",
    "PatternCondition",
    "Recipe",
    "Sample",
    "SourcedStructure",
    "StructureSource",
    "draw_sample",
    "make_dataset",
    "open_sources",
    "pattern_condition",
]
