"""Search engines that need no learning, each a ``CandidateSource``."""
