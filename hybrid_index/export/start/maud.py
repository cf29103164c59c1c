"""``maud``: CIF and pattern for MAUD.

L. Lutterotti, Nucl. Instrum. Methods B 268 (2010) 334, doi:10.1016/j.nimb.2009.09.053. MAUD loads a phase from a CIF
and a pattern of two columns; its own parameter file is not written. ``pattern.cif`` holds both and what the fit found.
"""

from __future__ import annotations

from collections.abc import Mapping

from hybrid_index.export.start.cif import cell_cif, pattern_cif
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.notes import notes
from hybrid_index.export.start.text import xye

name = "maud"
title = "MAUD: phase.cif, pattern.xy, pattern.cif, notes.txt"


def files(start: RefinementStart) -> Mapping[str, str | bytes]:
    """Return the files."""
    return {
        "phase.cif": cell_cif(start),
        "pattern.xy": xye(start, name, columns=2),
        "pattern.cif": pattern_cif(start, name),
        "notes.txt": notes(start),
    }
