"""Many inputs, several processes, one result document per input whatever happens to it."""

from hybrid_index.batch.inputs import BatchItem, collect_items
from hybrid_index.batch.naming import NamingSolver
from hybrid_index.batch.run import BatchSummary, run_batch
from hybrid_index.batch.work import solve_item

__all__ = ["BatchItem", "BatchSummary", "NamingSolver", "collect_items", "run_batch", "solve_item"]
