"""The command line: thin commands over the public interface. Data go to stdout, everything else to stderr."""

from __future__ import annotations


def main() -> None:
    """Run ``hybrid-index``."""
    from hybrid_index.cli.start import collect_garbage_rarely

    collect_garbage_rarely()
    from hybrid_index.cli.app import app

    app()
