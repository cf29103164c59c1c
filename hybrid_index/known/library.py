"""Known phases, laid out so that thousands of them are compared with a lattice in a fraction of a millisecond."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell, hermite_normal_forms, primitive_gram
from hybrid_index.lattice.derivative import MAX_INDEX
from hybrid_index.types import IntArray, KnownMatch
from hybrid_index.units import FloatArray

DEFAULT_TOLERANCE = 0.01
"""Largest strain of a lattice that still gets the name: some hundred degrees of heating, some tenths of a solid
solution. Wider, and high symmetry meets too many names by chance."""
EXACT_STRAIN = 0.001
"""Strain up to which a lattice is the same: cells of different laboratories and temperatures differ that much."""
DERIVATIVE_STRAIN = 0.002
"""Largest strain of a sub- or superlattice: there are so many of them that a wider one would be met by chance."""
LARGEST_TOLERANCE = 0.1
"""Beyond it lattices of different kinds become one another."""
_MOST = 8
"""Matches that are kept of one lattice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPhase:
    """A phase by its name and lattice.

    Parameters
    ----------
    name
        What a lattice that is found again is called.
    cell
        Conventional cell, in any setting.
    centring
        Letter of the centring of that setting: P, A, B, C, I, F or R (obverse, hexagonal axes).
    file
        Where it stands.
    """

    name: str
    cell: Cell
    centring: str
    file: str = ""


class KnownPhases:
    """Phases to compare lattices with.

    Parameters
    ----------
    phases
        At least one.
    tolerance
        Largest principal strain (a fraction) of a lattice that gets the name of a phase.

    Raises
    ------
    InputError
        If there is no phase, or the tolerance is not between 0 and 0.1.

    Examples
    --------
    >>> salt = KnownPhase(name="halite", cell=Cell(a=5.64, b=5.64, c=5.64), centring="F")
    >>> [match] = KnownPhases([salt]).match(Cell(a=5.66, b=5.66, c=5.66), BravaisLattice.CF)
    >>> match.name, match.relation, round(match.strain_percent, 2)
    ('halite', 'strained', 0.35)
    """

    def __init__(self, phases: Iterable[KnownPhase], *, tolerance: float = DEFAULT_TOLERANCE) -> None:
        from hybrid_index.lattice.kernels import prepare

        listed = tuple(phases)
        if not listed:
            raise InputError("there is no known phase to compare with; give at least one cell")
        check_tolerance(tolerance)
        grams = np.array([primitive_gram(phase.cell, phase.centring) for phase in listed])
        volumes = np.sqrt(np.linalg.det(grams))
        order = np.argsort(volumes, kind="stable")
        self.tolerance = tolerance
        self._phases = tuple(listed[i] for i in order)
        self._volumes: FloatArray = volumes[order]
        self._known = prepare(np.ascontiguousarray(grams[order]))
        self._inverses = np.ascontiguousarray(np.linalg.inv(self._known[:, :3, :3]))

    def __len__(self) -> int:
        return len(self._phases)

    @property
    def sha256(self) -> str:
        """Hash of all phases, the same in any order; the tolerance does not count."""
        digest = hashlib.sha256()
        for text in sorted(repr((p.name, p.cell.parameters, p.centring, p.file)) for p in self._phases):
            digest.update(text.encode("utf-8", "backslashreplace"))
        return digest.hexdigest()

    def match(
        self,
        cell: Cell,
        lattice: BravaisLattice | str,
        *,
        partners: Iterable[tuple[Cell, BravaisLattice]] = (),
        derivatives: bool = True,
    ) -> tuple[KnownMatch, ...]:
        """Return the phases whose lattice this is, smallest strain first.

        Else those with the lattice of a partner; else those of which it is a sub- or superlattice.

        Parameters
        ----------
        cell
            Conventional cell.
        lattice
            Its Bravais lattice, or the letter of its centring.
        partners
            Other lattices with the same lines, which the data cannot tell from this one.
        derivatives
            Whether to look for sub- and superlattices, too, which takes ten times as long.
        """
        gram = primitive_gram(cell, lattice)
        found = self._same(gram)
        if not found:
            like = [match for partner in partners for match in self._same(primitive_gram(*partner))]
            found = [replace(match, relation="same lines") for match in like]
        if not found and derivatives:
            forms, ratios = _derivative_forms()
            found = self._search(forms.swapaxes(1, 2) @ gram @ forms, ratios, DERIVATIVE_STRAIN)
        return tuple(found[:_MOST])

    def _same(self, gram: FloatArray) -> list[KnownMatch]:
        return self._search(gram[None], np.array([1.0]), max(self.tolerance, EXACT_STRAIN))

    def _search(self, grams: FloatArray, ratios: FloatArray, tolerance: float) -> list[KnownMatch]:
        """Matches of lattices (m, 3, 3), whose volumes are *ratios* (m,) of that of the found one; each phase once."""
        from hybrid_index.known.kernels import search
        from hybrid_index.lattice.kernels import prepare

        volumes = np.sqrt(np.linalg.det(grams))
        begins = np.searchsorted(self._volumes, volumes * (1.0 + tolerance) ** -3)
        ends = np.searchsorted(self._volumes, volumes * (1.0 - tolerance) ** -3)
        some = np.flatnonzero(ends > begins)
        if not some.size:
            return []
        prepared = prepare(np.ascontiguousarray(grams[some]))
        which, rows, images = search(prepared, begins[some], ends[some], self._known, self._inverses, tolerance)
        matches: dict[int, KnownMatch] = {}
        for place in np.argsort(np.abs(strains := principal_strains(self._inverses[rows], images)), kind="stable"):
            strain, row = float(strains[place]), int(rows[place])
            if abs(strain) <= tolerance and row not in matches:
                phase = self._phases[row]
                matches[row] = KnownMatch(
                    name=phase.name,
                    relation=_relation(float(ratios[some[which[place]]]), strain),
                    strain_percent=100.0 * strain,
                    file=phase.file,
                )
        return list(matches.values())


def check_tolerance(tolerance: float) -> float:
    """Return a largest strain (a fraction), or raise :class:`InputError` if it cannot serve as one."""
    if not 0.0 < tolerance <= LARGEST_TOLERANCE:
        raise InputError(
            f"a strain of {100.0 * tolerance:g} % is no tolerance; "
            f"give more than 0 and at most {100.0 * LARGEST_TOLERANCE:g} %"
        )
    return tolerance


def principal_strains(inverses: FloatArray, images: FloatArray) -> FloatArray:
    """Largest relative change of a length, with its sign, (m,), from metrics whose inverses are given to others.

    Examples
    --------
    >>> principal_strains(np.eye(3)[None], np.diag([1.0, 1.0, 0.98**2])[None]).round(6)
    array([-0.02])
    """
    stretches = np.sqrt(np.abs(np.linalg.eigvals(inverses @ images).real)) - 1.0
    largest = np.abs(stretches).argmax(axis=1)
    return np.asarray(stretches[np.arange(len(stretches)), largest], dtype=np.float64)


def _relation(ratio: float, strain: float) -> str:
    if ratio > 1.0:
        return f"sublattice of index {round(ratio)}"
    if ratio < 1.0:
        return f"superlattice of index {round(1.0 / ratio)}"
    return "same lattice" if abs(strain) <= EXACT_STRAIN else "strained"


@cache
def _derivative_forms() -> tuple[FloatArray, FloatArray]:
    """Bases (m, 3, 3) of all lattices of the indices 2 to 4 above and below one, as columns, and their volumes (m,)."""
    above: list[IntArray] = [hermite_normal_forms(index) for index in range(2, MAX_INDEX + 1)]
    below = [np.swapaxes(np.linalg.inv(forms), 1, 2) for forms in above]
    bases = np.concatenate([*above, *below])
    return bases, np.abs(np.linalg.det(bases))
