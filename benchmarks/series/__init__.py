"""Series of patterns: what the cells before a pattern are worth."""
