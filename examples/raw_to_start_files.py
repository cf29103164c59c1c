"""From a raw pattern to the start files of every refinement program: index, fit, export.

Run it anywhere; the files go to ``start_files`` in the current folder, or to the folder named as argument. The same on
the command line: ``hybrid-index export examples/demo_pattern.xye --to all --out start_files``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import hybrid_index as hi
from hybrid_index.export.start import prepare, write_start_files

PATTERN = Path(__file__).with_name("demo_pattern.xye")


def main(out: Path) -> None:
    """Do all steps, and say what came out."""
    pattern = hi.read_pattern(PATTERN)
    result = hi.index(pattern)
    print(f"{result.status}: {result.best.refinement.candidate.bravais_lattice if result.best else 'no cell'}")

    # Without space_group= no reflection is left out beyond the centring, which is right until space groups have been
    # compared. A symbol has to be in the setting of the cell that was found.
    start = prepare(result, pattern=pattern)
    if start.fit is not None:
        print(f"Le Bail fit: R_wp {start.fit.r_wp:.3f}, expected {start.fit.r_exp:.3f}; cell {start.cell}")

    for target, paths in write_start_files(start, ["all"], out).items():
        print(f"{target}: {', '.join(path.name for path in paths)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "start_files"))
