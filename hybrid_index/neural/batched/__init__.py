"""Many lists at once, in torch: what the proposer does list by list with numba, for hundreds of lists on any device.

Nothing here is loaded by a search; whoever wants it imports :mod:`~hybrid_index.neural.batched.propose`.
"""
