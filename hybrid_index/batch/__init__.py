"""Many inputs, several processes, one result document per input whatever happens to it."""

from hybrid_index.batch.executors import Executor, Outcome
from hybrid_index.batch.folder import run_folder
from hybrid_index.batch.inputs import BatchItem, collect_items, iterate_items
from hybrid_index.batch.merge import MergeSummary, merge_runs
from hybrid_index.batch.plain import run_batch
from hybrid_index.batch.pool import LocalPool
from hybrid_index.batch.relation import placed
from hybrid_index.batch.runner import BatchSummary
from hybrid_index.batch.series import Place, trusted_after
from hybrid_index.batch.work import NamingSolver, solve_item

__all__ = [
    "BatchItem",
    "BatchSummary",
    "Executor",
    "LocalPool",
    "MergeSummary",
    "NamingSolver",
    "Outcome",
    "Place",
    "collect_items",
    "iterate_items",
    "merge_runs",
    "placed",
    "run_batch",
    "run_folder",
    "solve_item",
    "trusted_after",
]
