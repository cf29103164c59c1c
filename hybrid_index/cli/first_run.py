"""The first run after an installation compiles the kernels; somebody who waits should know what for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

MESSAGE = "first run: compiling the numerical kernels (once, about a minute)"


def announce_compilation(say: Callable[[str], None]) -> None:
    """Say that kernels will be compiled, unless compiled ones lie where numba will look for them."""
    package = Path(__file__).resolve().parents[1]
    set_by_user = os.environ.get("NUMBA_CACHE_DIR")
    folders = [Path(set_by_user)] if set_by_user else [package, Path.home() / ".cache" / "numba"]
    if not any(next(folder.rglob("*.nbi"), None) for folder in folders if folder.is_dir()):
        say(MESSAGE)
