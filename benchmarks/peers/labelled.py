"""Cells in printed output: values behind labels (``A = 5.4307``), or columns of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from benchmarks.peers.program import PeerCell
from hybrid_index.errors import InputError
from hybrid_index.lattice import Cell

_NUMBER = r"([-+]?\d*\.?\d+(?:[EeDd][-+]?\d+)?)"
_TOKEN = re.compile(
    rf"(?i)\b(?P<label>ALPHA|ALFA|ALP|BETA|BET|GAMMA|GAM|A|B|C)\s*=\s*{_NUMBER}"
    rf"|\bM\s*\(\s*\d+\s*\)\s*=\s*(?P<merit>\d*\.?\d+)"
    r"|(?P<system>C\s*U\s*B\s*I\s*C|T\s*E\s*T\s*R\s*A\s*G\s*O\s*N\s*A\s*L|H\s*E\s*X\s*A\s*G\s*O\s*N\s*A\s*L"
    r"|O\s*R\s*T\s*H\s*O\s*R\s*H\s*O\s*M\s*B\s*I\s*C|M\s*O\s*N\s*O\s*C\s*L\s*I\s*N\s*I\s*C"
    r"|T\s*R\s*I\s*C\s*L\s*I\s*N\s*I\s*C)\s+S\s*Y\s*S\s*T\s*E\s*M"
)
_ANGLES = {"AL": "alpha", "BE": "beta", "GA": "gamma"}


@dataclass(slots=True)
class _Partial:
    """A cell of which not all values were read yet."""

    system: str
    values: dict[str, float] = field(default_factory=dict)
    merit: float | None = None

    def whole(self) -> PeerCell | None:
        """Fill in what symmetry tells; ``None`` where an edge is missing or there is no such cell."""
        v = dict(self.values)
        if self.system in ("CUBIC", "TETRAGONAL", "HEXAGONAL"):
            v.setdefault("b", v["a"])
        if self.system == "CUBIC":
            v.setdefault("c", v["a"])
        if not {"a", "b", "c"} <= v.keys():
            return None
        v.setdefault("gamma", 120.0 if self.system == "HEXAGONAL" else 90.0)
        parameters = (v["a"], v["b"], v["c"], v.get("alpha", 90.0), v.get("beta", 90.0), v["gamma"])
        cell = cell_or_none(parameters)
        return None if cell is None else PeerCell(cell=cell, merit=self.merit)


def labelled_cells(text: str) -> list[PeerCell]:
    """All cells whose values stand behind labels, in the order of the text, repetitions left out.

    A new ``A =`` begins a new cell; a heading (``C U B I C   S Y S T E M``) tells what symmetry makes equal; the merit
    is the first ``M(20) =`` behind the values. A last line without an end was cut off, and is not read.
    """
    found: list[_Partial] = []
    system = ""
    for match in _TOKEN.finditer(text, 0, text.rfind("\n") + 1):
        if match["system"]:
            system = re.sub(r"\s", "", match["system"]).upper()
        elif match["merit"]:
            if found and found[-1].merit is None:
                found[-1].merit = float(match["merit"])
        else:
            label, value = match["label"].upper(), float(re.sub("[Dd]", "e", match[2]))
            name = _ANGLES.get(label[:2], label.lower())
            if name == "a":
                found.append(_Partial(system=system))
            if found:
                found[-1].values.setdefault(name, value)
    return without_repetitions(cell for partial in found if (cell := partial.whole()))


def without_repetitions(cells: Iterable[PeerCell]) -> list[PeerCell]:
    """Leave out cells that were printed before, as many programs print theirs twice; the best merit stays."""
    kept: dict[tuple[float, ...], PeerCell] = {}
    for cell in cells:
        key = tuple(round(x, 2) for x in cell.cell.parameters)
        before = kept.get(key)
        if before is None or (before.merit or 0.0) < (cell.merit or 0.0):
            kept[key] = cell
    return list(kept.values())


def by_merit(cells: Iterable[PeerCell]) -> list[PeerCell]:
    """Highest merit first; cells without one stay behind, in their order."""
    return sorted(cells, key=lambda cell: -(cell.merit or 0.0))


def rows(lines: Iterable[str], columns: int) -> Iterator[tuple[list[float], str]]:
    """Yield the leading numbers of each line that has at least so many, and the words behind them."""
    for line in lines:
        words = line.split()
        numbers: list[float] = []
        for word in words:
            try:
                numbers.append(float(word))
            except ValueError:
                break
        if len(numbers) >= columns:
            yield numbers, " ".join(words[len(numbers) :])


def cell_or_none(parameters: Iterable[float]) -> Cell | None:
    """Return the cell, unless there can be no such one: programs print such things."""
    try:
        return Cell.from_parameters(list(parameters))
    except InputError:
        return None
