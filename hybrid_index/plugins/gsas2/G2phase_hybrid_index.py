"""GSAS-II importer: a cell that hybrid_index found, as a phase without atoms.

In GSAS-II: Import / Phase / from hybrid_index result (JSON) file. The space group is that of the lattice without
absences beyond its centring; change it in the phase's General tab. Such a phase is for Le Bail or Pawley fits.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

try:
    from GSASII import GSASIIlattice as G2lat
    from GSASII import GSASIIobj as G2obj
    from GSASII import GSASIIspc as G2spc
except ImportError:  # before GSAS-II was a package
    import GSASIIlattice as G2lat
    import GSASIIobj as G2obj
    import GSASIIspc as G2spc

SCHEMA = "hybrid-index/result/1"
SPACE_GROUPS = {
    "aP": "P -1",
    "mP": "P 2/m",
    "mC": "C 2/m",
    "oP": "P m m m",
    "oC": "C m m m",
    "oI": "I m m m",
    "oF": "F m m m",
    "tP": "P 4/m m m",
    "tI": "I 4/m m m",
    "hP": "P 6/m m m",
    "hR": "R -3 m",
    "cP": "P m -3 m",
    "cI": "I m -3 m",
    "cF": "F m -3 m",
}
_HEAD = 4096


class HybridIndexPhaseReader(G2obj.ImportPhase):
    """Reads result documents: one in a file, or one on each line as a batch writes them."""

    def __init__(self):
        super().__init__(
            formatName="hybrid_index result (JSON)",
            longFormatName="Cell found by hybrid_index, from its result document",
            extensionlist=(".json", ".jsonl"),
            strictExtension=True,
        )

    def ContentsValidator(self, filename):
        """Say whether the file looks like a result document."""
        with open(filename, encoding="utf-8", errors="replace") as file:
            if SCHEMA in file.read(_HEAD):
                return True
        self.errors = f"no {SCHEMA} is named at the start of the file"
        return False

    def Reader(self, filename, ParentFrame=None, usedRanIdList=(), **unused):
        """Make a phase of the chosen solution."""
        try:
            solutions = _solutions(Path(filename).read_text(encoding="utf-8"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.errors = f"the result document is damaged: {error!r}"
            return False
        if not solutions:
            self.errors = "the result has no solution"
            return False
        chosen = _choose(list(solutions), ParentFrame)
        if chosen is None:
            self.errors = "no solution was chosen"
            return False
        name, solution = list(solutions.items())[chosen]
        symbol = SPACE_GROUPS[solution["bravais_lattice"]]
        failed, symmetry = G2spc.SpcGroup(symbol)
        if failed:
            self.errors = f"GSAS-II does not know space group {symbol}"
            return False
        cell = [float(solution["cell"][key]) for key in ("a", "b", "c", "alpha", "beta", "gamma")]
        volume = float(G2lat.calc_V(G2lat.cell2A(cell)))
        self.Phase = G2obj.SetNewPhase(Name=name.split(",")[0], SGData=symmetry, cell=[*cell, volume])
        while self.Phase["ranId"] in usedRanIdList:
            self.Phase["ranId"] = random.randint(0, sys.maxsize)
        self.warnings += (
            f"\nThe space group is set to {symbol}, which has the symmetry of the lattice and no absences beyond its "
            "centring. The phase has no atoms: turn on Le Bail or Pawley extraction before refining."
        )
        return True


def _solutions(text):
    """All solutions by a name that says what they are; of several documents (a batch) in their order."""
    try:
        documents = [json.loads(text)]
    except ValueError:
        documents = [json.loads(line) for line in text.splitlines() if line.strip()]
    found = {}
    for document in documents:
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']}")
        for solution in document["solutions"]:
            cell = " ".join(f"{solution['cell'][key]:.4f}" for key in ("a", "b", "c"))
            angles = " ".join(f"{solution['cell'][key]:.2f}" for key in ("alpha", "beta", "gamma"))
            found[
                f"{Path(document['id']).stem} {solution['rank']}, {solution['bravais_lattice']} {cell} {angles}, "
                f"probability {solution['probability']:.2f}"
            ] = solution
    return found


def _choose(names, parent):
    """Place of the solution that the user picks; the first where there is nobody to ask."""
    if parent is None or len(names) == 1:
        return 0
    try:  # only here, because it needs the windows of GSAS-II
        from GSASII import GSASIIctrlGUI
    except ImportError:
        import GSASIIctrlGUI
    return GSASIIctrlGUI.PhaseSelector(names, ParentFrame=parent, title="Select a solution", size=(600, 300))
