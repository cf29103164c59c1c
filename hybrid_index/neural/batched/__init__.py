"""Many lists at once, in torch: what the proposer does list by list with numba, for hundreds of lists on any device.

Nothing here is loaded by a search.
"""

from hybrid_index.neural.batched.propose import propose_many

__all__ = ["propose_many"]
