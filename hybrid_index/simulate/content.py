"""What of a cell's content has to be summed over: translations and a centre of inversion save most of the work."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

UIntArray = npt.NDArray[np.uint64]

SAME_PLACE = 1.0e-8
"""Difference of fractional coordinates below which symmetry is exact: less could be seen in intensities."""
MOST_TRANSLATIONS = 31
"""Of a face-centred cell, doubled along each axis. Where there are more, none is used: to find all takes too long."""


class Content(NamedTuple):
    """Atoms that stand for all others of the cell.

    Attributes
    ----------
    xyz, weight, kind
        Shapes (m, 3), (m,) and (m,): coordinates, occupancy times how many atoms it stands for, and what it is.
    element, u_iso
        Shape (k,), the element (a row of the table of form factors) and displacement (Å²) of each kind.
    translations
        Shape (t, 3), that leave the content as it is; only reflections with integer h·t exist.
    centric
        Whether atoms stand for pairs about an inversion centre, which is then at the origin.
    """

    xyz: FloatArray
    weight: FloatArray
    kind: UIntArray
    element: IntArray
    u_iso: FloatArray
    translations: FloatArray
    centric: bool


@kernel
def distinct_content(xyz: FloatArray, occupancy: FloatArray, u_iso: FloatArray, element: IntArray) -> Content:
    """Find out which atoms are equivalent by translation or inversion; nothing but the coordinates is asked.

    Parameters
    ----------
    xyz, occupancy, u_iso, element
        Shapes (n, 3), (n,), (n,) and (n,), the full content of the cell.
    """
    n = xyz.shape[0]
    kind, first_of_kind = _kinds(occupancy, u_iso, element)
    counts = np.zeros(first_of_kind.shape[0], dtype=np.int64)
    for j in range(n):
        counts[kind[j]] += 1
    # Any symmetry takes an atom of the rarest kind to one of them.
    pivot = first_of_kind[np.argmin(counts)]
    represents = np.arange(n)
    translations, n_translations = np.empty((MOST_TRANSLATIONS, 3)), 0
    images = np.empty(n, dtype=np.int64)
    for j in range(n):
        if j != pivot and kind[j] == kind[pivot]:
            shift = xyz[j] - xyz[pivot]
            if _maps_onto_itself(xyz, kind, 1.0, shift, images):
                if n_translations == MOST_TRANSLATIONS:
                    represents, n_translations = np.arange(n), 0
                    break
                translations[n_translations] = shift
                n_translations += 1
                represents = np.minimum(represents, images)
    weight = np.zeros(n)
    for j in range(n):
        weight[represents[j]] += occupancy[j]
    origin, centric = np.zeros(3), False
    for j in range(n):
        if kind[j] == kind[pivot] and _maps_onto_itself(xyz, kind, -1.0, xyz[j] + xyz[pivot], images):
            origin, centric = 0.5 * (xyz[j] + xyz[pivot]), True
            for i in range(n):
                partner = represents[images[i]]
                if represents[i] == i and partner < i:
                    weight[partner] += weight[i]
                    weight[i] = 0.0
            break
    kept = np.flatnonzero(weight)
    return Content(
        xyz[kept] - origin,
        weight[kept],
        kind[kept].astype(np.uint64),
        element[first_of_kind],
        u_iso[first_of_kind],
        translations[:n_translations],
        centric,
    )


@kernel
def _kinds(occupancy: FloatArray, u_iso: FloatArray, element: IntArray) -> tuple[IntArray, IntArray]:
    """Kind of each atom, and the first atom of each kind: equal in element, displacement and occupancy."""
    n = element.shape[0]
    kind, first = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    n_kinds = 0
    for j in range(n):
        kind[j] = n_kinds
        for t in range(n_kinds - 1, -1, -1):
            i = first[t]
            if element[i] == element[j] and u_iso[i] == u_iso[j] and occupancy[i] == occupancy[j]:
                kind[j] = t
                break
        if kind[j] == n_kinds:
            first[n_kinds] = j
            n_kinds += 1
    return kind, first[:n_kinds]


@kernel
def _maps_onto_itself(xyz: FloatArray, kind: IntArray, sign: float, shift: FloatArray, images: IntArray) -> bool:
    """Whether x → sign·x + shift takes each atom to another one of its kind; *images* (n,) tells to which."""
    n = xyz.shape[0]
    taken = np.zeros(n, dtype=np.bool_)
    for i in range(n):
        image = sign * xyz[i] + shift
        images[i] = -1
        for j in range(n):
            if kind[j] == kind[i] and not taken[j] and _same_place(image, xyz[j]):
                images[i], taken[j] = j, True
                break
        if images[i] < 0:
            return False
    return True


@kernel
def _same_place(u: FloatArray, v: FloatArray) -> bool:
    for i in range(3):
        difference = u[i] - v[i]
        if abs(difference - np.rint(difference)) > SAME_PLACE:
            return False
    return True
