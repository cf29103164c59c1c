"""The reflections of a start: indices, positions, and intensities where a fit knows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.space_group import absent
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray, q_from_two_theta, shift_two_theta, two_theta_from_q


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reflections:
    """Reflections ascending in Q, each for all that coincide with it by symmetry.

    ``hkl`` (m, 3); ``multiplicity`` (m,); ``d_angstrom`` (m,); ``two_theta_deg`` (m,) with the shifts; ``intensity``
    and ``intensity_esd`` (m,), NaN without a fit; ``fwhm_deg`` (m,).
    """

    hkl: IntArray
    multiplicity: IntArray
    d_angstrom: FloatArray
    two_theta_deg: FloatArray
    intensity: FloatArray
    intensity_esd: FloatArray
    fwhm_deg: FloatArray


def reflections(start: RefinementStart) -> Reflections:
    """Return the fitted reflections, or without a fit those that the cell has up to the last line."""
    if start.fit is not None:
        found = start.fit.reflections
        return Reflections(
            hkl=found.hkl,
            multiplicity=found.multiplicity,
            d_angstrom=found.d_angstrom,
            two_theta_deg=found.two_theta_deg,
            intensity=found.intensity,
            intensity_esd=found.intensity_esd,
            fwhm_deg=found.fwhm_deg,
        )
    from hybrid_index.refine.hkl import enumerate_reflections  # loads the kernels

    wavelength = start.radiation.wavelength_angstrom
    last = float((start.peaks if start.pattern is None else start.pattern).two_theta_deg[-1])
    lines = enumerate_reflections(
        start.cell.metric, start.lattice, float(q_from_two_theta(min(last, 179.0), wavelength)), merge_equal_q=True
    )
    keep = ~absent(start.group, lines.hkl.astype(np.int64))
    true = two_theta_from_q(lines.q[keep], wavelength)
    unknown = np.full(true.size, np.nan)
    return Reflections(
        hkl=lines.hkl[keep].astype(np.int64),
        multiplicity=lines.multiplicity[keep].astype(np.int64),
        d_angstrom=1.0 / np.sqrt(lines.q[keep]),
        two_theta_deg=shift_two_theta(
            true,
            zero_shift_deg=start.shift.zero_shift_deg,
            displacement_mm=start.shift.displacement_mm,
            radius_mm=start.radius_mm,
        ),
        intensity=unknown,
        intensity_esd=unknown,
        fwhm_deg=start.widths.fwhm(true),
    )
