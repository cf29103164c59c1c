"""Classes of space groups that powder lines cannot tell apart, and the tests that say which lines are absent.

A reflection is absent where an operation (R, t) leaves it as it is, hR = h, and h·t is no integer. For each Bravais
lattice all settings of all space groups are taken from gemmi, put together where the same reflections are missing, and
the fewest tests that say so are kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import gemmi
import numpy as np
import numpy.typing as npt

from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, holohedry_order
from hybrid_index.refine.extinction.space_groups import (
    absent_lines,
    conventional_settings,
    equivalent_reflections,
    generic_reflections,
    laue_rotations,
    operations,
)
from hybrid_index.simulate.space_groups import GRID
from hybrid_index.types import IntArray

LARGEST_INDEX = 9
"""Indices up to which conditions are compared; the longest period (of 6₁ and of d glides) is 6 or less."""
UNSEEN_WEIGHT = 0.2
"""Each setting counts for so many structures more than were met, so that rare space groups occur too."""

Mask = npt.NDArray[np.bool_]
Test = tuple[int, ...]


def extinction_classes(counts: Mapping[int, int]) -> list[dict[str, Any]]:
    """One record for each class: Bravais lattice, space groups, weight, shares, and the tests of absence.

    A test is twelve integers: two linear forms u and v, and two translations t and s in 24ths. A reflection is absent
    if for one of the tests u·h = v·h = 0, and neither t·h nor s·h is a multiple of 24. Tests are made for the one
    reflection of a line that ``enumerate_reflections`` gives, not for its equivalents.
    """
    return [record for lattice in BRAVAIS_LATTICES for record in _classes_of(lattice, counts)]


def _classes_of(lattice: BravaisLattice, counts: Mapping[int, int]) -> Iterator[dict[str, Any]]:
    """Classes of one Bravais lattice, fewest absences first."""
    lines, members = _lines(lattice)
    groups: dict[bytes, list[gemmi.SpaceGroup]] = defaultdict(list)
    for group in conventional_settings(lattice):
        groups[absent_lines(group, members).tobytes()].append(group)
    n_settings: dict[int, int] = defaultdict(int)
    for group in (g for same in groups.values() for g in same):
        n_settings[group.number] += 1
    for mask, same in sorted(groups.items(), key=lambda item: np.frombuffer(item[0], dtype=bool).sum()):
        weights = np.array([UNSEEN_WEIGHT + counts.get(g.number, 0) / n_settings[g.number] for g in same])
        centric = np.array([g.is_centrosymmetric() for g in same])
        merged = [holohedry_order(lattice) / (2 * len(laue_rotations(g))) for g in same]
        yield {
            "bravais_lattice": lattice.value,
            "groups": [g.xhm() for g in same],
            "weight": round(float(weights.sum()), 3),
            "centric": round(float(weights @ centric / weights.sum()), 3),
            "merged": round(float(weights @ merged / weights.sum()), 3),
            "tests": _tests(np.frombuffer(mask, dtype=bool), lines, same, lattice),
        }


def _lines(lattice: BravaisLattice) -> tuple[IntArray, IntArray]:
    """Reflections (n, 3) as the enumerator gives them, one of each line, and all members of each line (n, m, 3)."""
    hkl = generic_reflections(lattice, LARGEST_INDEX)
    return hkl, equivalent_reflections(hkl, lattice)


def _tests(mask: Mask, lines: IntArray, same: list[gemmi.SpaceGroup], lattice: BravaisLattice) -> list[list[int]]:
    """Fewest tests that call exactly the lines of *mask* absent, for any of their members."""
    singles = {test for group in same for test in _single_tests(group)}
    pairs = {(*a[:6], *a[6:9], *b[6:9]) for a in singles for b in singles if a[:6] == b[:6]} if mask.any() else set()
    # where equivalents of the lattice are not those of the group, absence needs all of them absent
    swapped = {(*a[:9], a[7], a[6], a[8]) for a in singles} if lattice.value[0] == "c" else set()
    candidates = {test: verdict for test in sorted(singles) if not (verdict := absent(lines, test))[~mask].any()}
    chosen: list[list[int]] = []
    left = mask.copy()
    for pool in (candidates, _valid(swapped | pairs, lines, mask)):
        while left.any() and pool:
            best = max(pool, key=lambda test: int((pool[test] & left).sum()))
            if not (pool[best] & left).any():
                break
            chosen.append(list(best))
            left &= ~pool[best]
    if left.any():
        raise AssertionError(f"no tests for {same[0].xhm()}: {lines[left][:5].tolist()}")
    return chosen


def _valid(tests: set[Test], lines: IntArray, mask: Mask) -> dict[Test, Mask]:
    return {test: verdict for test in sorted(tests) if not (verdict := absent(lines, test))[~mask].any()}


def absent(hkl: IntArray, test: Test) -> Mask:
    """Which reflections (n, 3) one test calls absent, shape (n,)."""
    u, v, t, s = (hkl @ np.array(part) for part in (test[:3], test[3:6], test[6:9], test[9:12]))
    return np.asarray((u == 0) & (v == 0) & (t % GRID != 0) & (s % GRID != 0))


def _single_tests(group: gemmi.SpaceGroup) -> set[Test]:
    """Tests that the operations of a group make, one for each plane or axis of reflections that they leave alone."""
    tests = set()
    for rotation, translation in zip(*operations(group), strict=True):
        forms = _echelon((rotation - np.eye(3, dtype=np.int64)).T.tolist())
        if 1 <= len(forms) <= 2 and translation.any():
            t = tuple(int(x) for x in translation)
            tests.add((*forms[0], *(forms[1] if len(forms) == 2 else (0, 0, 0)), *t, *t))
    return tests


def _echelon(rows: list[list[int]]) -> list[tuple[int, ...]]:
    """Primitive integer rows, in echelon form, that vanish where the given ones do."""
    forms: list[list[int]] = []
    for column in range(3):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows = [_reduced(row, pivot, column) for row in rows if row is not pivot]
        forms = [*(_reduced(form, pivot, column) for form in forms), pivot]
    return [_primitive(form) for form in forms]


def _reduced(row: list[int], pivot: list[int], column: int) -> list[int]:
    return [x * pivot[column] - y * row[column] for x, y in zip(row, pivot, strict=True)]


def _primitive(form: list[int]) -> tuple[int, ...]:
    divisor = int(np.gcd.reduce(form))
    sign = -1 if next(x for x in form if x) < 0 else 1
    return tuple(sign * x // divisor for x in form)
