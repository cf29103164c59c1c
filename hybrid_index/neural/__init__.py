"""The neural proposer: a network that suggests cells, as one more candidate source beside the classical engines.

No neural source is registered in this version; what is here makes line lists to learn from, on any device.
"""
