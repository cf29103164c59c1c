"""Index a list of lines with rietx: ``python drive_rietx.py lines.json cells.json``."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Read lines, search within the budget, write cells and the seconds that the search took."""
    lines = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    package, schemas = importlib.import_module("rietx"), importlib.import_module("rietx.schemas.indexing")
    engines = importlib.import_module("rietx.indexing.engines")
    peaks = schemas.PeakList.from_positions(
        lines["two_theta_deg"],
        lines["wavelength_angstrom"],
        intensity=lines["intensity"],
        two_theta_esd=lines["two_theta_esd_deg"],
    )
    wall, cpu = time.perf_counter(), time.process_time()
    result = package.index_pattern(peaks, spec=engines.SearchSpec(total_budget_seconds=lines["seconds"]))
    seconds = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    cells = [{"parameters": list(c.cell), "centring": c.centring or None} for c in result.candidates]
    Path(sys.argv[2]).write_text(json.dumps({"cells": cells, **seconds}), encoding="utf-8")


if __name__ == "__main__":
    main()
