"""Numerical kernels behind the lines of a structure: |F|², angular factors, and lines of equal Q."""

from __future__ import annotations

import numpy as np

from hybrid_index.compiled import fast_kernel, kernel
from hybrid_index.simulate.angular import lorentz_polarisation
from hybrid_index.simulate.content import Content
from hybrid_index.simulate.reflections import asymmetric_unit
from hybrid_index.simulate.texture import march_dollase
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

EQUAL_Q = 1.0e-7
"""Relative difference in Q below which reflections are one line (3e-6° at 2θ = 60°)."""
ABSENT = 1.0e-10
"""|F|² per squared number of atoms (electrons² or fm²) below which a reflection is extinct and the rest is rounding."""


@fast_kernel
def structure_factors_squared(
    hkl: IntArray,
    q: FloatArray,
    content: Content,
    coefficients: FloatArray,
) -> FloatArray:
    """|F|² of reflections, shape (n,): electrons² for x-rays, fm² for neutrons.

    Parameters
    ----------
    hkl, q
        Shapes (n, 3) and (n,); fastest where equal (h, k) stand in a row.
    content
        The atoms.
    coefficients
        Shape (e, 11), the form factor of each element.
    """
    xyz, weight, kind, element, u_iso, _, centric = content
    n_atoms, n_kinds, n_elements = xyz.shape[0], element.shape[0], coefficients.shape[0]
    # exp(2πi·h·x) for all h of an axis: products of these replace one sine and cosine per atom and reflection.
    limits = np.zeros(3, dtype=np.int64)
    for i in range(hkl.shape[0]):
        for axis in range(3):
            limits[axis] = max(limits[axis], abs(hkl[i, axis]))
    all_cos_h, all_sin_h = _phase_table(xyz[:, 0], limits[0])
    all_cos_k, all_sin_k = _phase_table(xyz[:, 1], limits[1])
    all_cos_l, all_sin_l = _phase_table(xyz[:, 2], limits[2])
    cos_hk, sin_hk = np.empty(n_atoms), np.empty(n_atoms)
    form, factor = np.empty(n_elements), np.empty(n_kinds)
    squared = np.empty(hkl.shape[0])
    for i in range(hkl.shape[0]):
        if i == 0 or hkl[i, 0] != hkl[i - 1, 0] or hkl[i, 1] != hkl[i - 1, 1]:
            h, k = hkl[i, 0] + limits[0], hkl[i, 1] + limits[1]
            cos_h, sin_h, cos_k, sin_k = all_cos_h[h], all_sin_h[h], all_cos_k[k], all_sin_k[k]
            for j in range(n_atoms):
                cos_hk[j] = weight[j] * (cos_h[j] * cos_k[j] - sin_h[j] * sin_k[j])
                sin_hk[j] = weight[j] * (cos_h[j] * sin_k[j] + sin_h[j] * cos_k[j])
        for e in range(n_elements):
            s2, total = 0.25 * q[i], 0.0
            for s in range(4):
                total += coefficients[e, s] * np.exp(-coefficients[e, 4 + s] * s2)
            form[e] = coefficients[e, 8] + (coefficients[e, 9] + coefficients[e, 10] * s2) * total
        for t in range(n_kinds):
            factor[t] = form[element[t]]
            if u_iso[t] > 0.0:
                factor[t] *= np.exp(-2.0 * np.pi**2 * u_iso[t] * q[i])
        l = hkl[i, 2] + limits[2]
        cos_l, sin_l = all_cos_l[l], all_sin_l[l]
        real, imaginary = 0.0, 0.0
        if centric:
            for j in range(n_atoms):
                real += factor[kind[j]] * (cos_hk[j] * cos_l[j] - sin_hk[j] * sin_l[j])
        else:
            for j in range(n_atoms):
                f = factor[kind[j]]
                real += f * (cos_hk[j] * cos_l[j] - sin_hk[j] * sin_l[j])
                imaginary += f * (cos_hk[j] * sin_l[j] + sin_hk[j] * cos_l[j])
        squared[i] = real * real + imaginary * imaginary
    return squared


@kernel
def _phase_table(x: FloatArray, limit: int) -> tuple[FloatArray, FloatArray]:
    """cos(2πhx) and sin(2πhx), shape (2·limit + 1, n): row h + limit, from the one before by the addition theorem."""
    cosine, sine = np.empty((2 * limit + 1, x.shape[0])), np.empty((2 * limit + 1, x.shape[0]))
    for j in range(x.shape[0]):
        step_cos, step_sin = np.cos(2.0 * np.pi * x[j]), np.sin(2.0 * np.pi * x[j])
        c, s = 1.0, 0.0
        for h in range(limit + 1):
            cosine[limit + h, j], sine[limit + h, j] = c, s
            cosine[limit - h, j], sine[limit - h, j] = c, -s
            c, s = c * step_cos - s * step_sin, s * step_cos + c * step_sin
    return cosine, sine


@kernel
def merged_lines(
    hkl: IntArray, q: FloatArray, multiplicity: IntArray, intensity: FloatArray
) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """One line for all reflections of equal Q, ascending; hkl is that of the strongest, of equals the first met."""
    hkl_lines, q_lines = np.empty_like(hkl), np.empty_like(q)
    multiplicities, intensities = np.empty_like(multiplicity), np.empty_like(intensity)
    n, last, strongest = 0, -1.0, 0.0
    for i in np.argsort(q, kind="mergesort"):
        if q[i] - last > EQUAL_Q * q[i]:
            hkl_lines[n], q_lines[n], multiplicities[n], intensities[n] = hkl[i], q[i], 0, 0.0
            strongest = intensity[i]
            n += 1
        elif intensity[i] > strongest:
            hkl_lines[n - 1], strongest = hkl[i], intensity[i]
        multiplicities[n - 1] += multiplicity[i]
        intensities[n - 1] += intensity[i]
        last = q[i]
    return hkl_lines[:n], q_lines[:n], multiplicities[:n], intensities[:n]


@kernel
def calculated_lines(
    metric: FloatArray,
    q_min: float,
    q_max: float,
    rotations: IntArray,
    capacity: int,
    content: Content,
    coefficients: FloatArray,
    wavelength: float,
    polarised: bool,
    plane: IntArray,
    march_r: float,
) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """Lines of a structure: hkl, Q, multiplicity and intensity (electrons² or fm², times the angular factors)."""
    hkl, q, multiplicity = asymmetric_unit(metric, q_min, q_max, rotations, content.translations, capacity)
    squared = structure_factors_squared(hkl, q, content, coefficients)
    extinct = ABSENT * content.weight.sum() ** 2
    present = 0
    for i in range(q.shape[0]):
        if squared[i] <= extinct:
            continue
        factor = lorentz_polarisation(0.25 * q[i] * wavelength**2, polarised)
        if march_r != 1.0:
            factor *= march_dollase(hkl[i], plane, march_r, rotations, metric)
        hkl[present], q[present], multiplicity[present] = hkl[i], q[i], multiplicity[i]
        squared[present] = multiplicity[i] * factor * squared[i]
        present += 1
    return merged_lines(hkl[:present], q[:present], multiplicity[:present], squared[:present])
