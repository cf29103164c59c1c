"""What the workers do in these tests (a module of its own, because worker processes import it)."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from hybrid_index.batch import BatchItem
from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from hybrid_index.export import failed_document


def solve(item: BatchItem, settings: Settings) -> dict[str, Any]:
    """Do what the name of the item says."""
    match item.id.split(":"):
        case ["slow", *_]:
            time.sleep(0.4)
        case ["bad", *_]:
            raise InputError("cannot be read", source=item.id)
        case ["broken", *_]:
            raise ZeroDivisionError("division by zero")
        case ["deadly", *_]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["leaving", *_]:
            os._exit(7)
        case ["once", path]:
            if not Path(path).exists():
                Path(path).touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case ["hanging", path]:
            Path(path).write_text(str(os.getpid()))
            time.sleep(60.0)
    threads = os.environ.get("NUMBA_NUM_THREADS")
    return {**failed_document(item.id, []), "status": "solved", "seed": settings.seed, "threads": threads}
