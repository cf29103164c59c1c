"""``jana2020``: CIF and pattern for Jana2020.

V. Petříček, L. Palatinus, J. Plášil & M. Dušek, Z. Kristallogr. 238 (2023) 271, doi:10.1515/zkri-2023-0005. Jana2020
takes cell and space group from a CIF (or its own form) and the pattern in free format, 2θ, intensity, uncertainty. It
imports no profile, so shifts and widths stand in ``notes.txt``, to be typed in.
"""

from __future__ import annotations

from collections.abc import Mapping

from hybrid_index.export.start.cif import cell_cif
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.notes import notes
from hybrid_index.export.start.text import xye

name = "jana2020"
title = "Jana2020: cell.cif, pattern.xye, notes.txt"


def files(start: RefinementStart) -> Mapping[str, str | bytes]:
    """Return the files."""
    return {"cell.cif": cell_cif(start), "pattern.xye": xye(start, name), "notes.txt": notes(start)}
