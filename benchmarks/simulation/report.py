"""The JSON document of a run."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hybrid_index
from hybrid_index.export.atomic import write_atomically

SCHEMA = "hybrid-index/simulation/1"


def write_json(path: Path, arguments: Mapping[str, Any], sections: Mapping[str, Any]) -> None:
    """Write everything that was measured; *sections* hold plain values."""
    document = {
        "schema": SCHEMA,
        "version": hybrid_index.__version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()},
        "arguments": {key: str(value) if isinstance(value, Path) else value for key, value in arguments.items()},
        **sections,
    }
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
