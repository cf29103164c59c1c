"""Many inputs, several processes, one result document per input whatever happens to it."""

from hybrid_index.batch.inputs import BatchItem, collect_items
from hybrid_index.batch.run import BatchSummary, run_batch

__all__ = ["BatchItem", "BatchSummary", "collect_items", "run_batch"]
