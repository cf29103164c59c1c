"""Indexing programs side by side: the same lines to everyone, each with its recommended settings."""
