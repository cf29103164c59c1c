"""The neural proposer: a network that suggests cells, as one more candidate source beside the classical engines.

It is not part of this version; no neural source is registered.
"""
