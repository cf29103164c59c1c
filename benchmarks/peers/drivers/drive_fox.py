"""Index a list of lines with FOX's cell explorer, by pyobjcryst: ``python drive_fox.py lines.json cells.json``."""

from __future__ import annotations

import importlib
import json
import math
import sys
import time
from pathlib import Path


def main() -> None:
    """Read lines, search, write cells and the seconds that the search took."""
    lines = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    indexing = importlib.import_module("pyobjcryst.indexing")
    wavelength = lines["wavelength_angstrom"]
    peaks = indexing.PeakList()
    peaks.set_dobs_list([2.0 * math.sin(math.radians(x / 2.0)) / wavelength for x in lines["two_theta_deg"]])
    wall, cpu = time.perf_counter(), time.process_time()
    explorer = indexing.quick_index(peaks, verbose=False)
    seconds = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    solutions = sorted(explorer.GetSolutions(), key=lambda solution: -solution[1])
    cells = []
    for cell, score in solutions:
        a, b, c, *angles = list(cell.DirectUnitCell())[:6]
        centring = cell.centering.name.removeprefix("LATTICE_")
        parameters = [float(x) for x in (a, b, c, *map(math.degrees, angles))]
        cells.append({"parameters": parameters, "centring": centring, "merit": float(score)})
    Path(sys.argv[2]).write_text(json.dumps({"cells": cells, **seconds}), encoding="utf-8")


if __name__ == "__main__":
    main()
