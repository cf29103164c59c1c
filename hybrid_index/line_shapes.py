"""Pseudo-Voigt lines from the widths of their Gaussian and Lorentzian parts.

P. Thompson, D. E. Cox & J. B. Hastings, J. Appl. Cryst. 20 (1987) 79, doi:10.1107/S0021889887087090, equations 3.
Widths are full widths at half maximum, in any one unit: Γ⁵ = Σ cᵢ Γ_G⁵⁻ⁱ Γ_Lⁱ. The Lorentzian share is
η = Σ eᵢ (Γ_L/Γ)ⁱ.
"""

from __future__ import annotations

import numpy as np

from hybrid_index.units import FloatArray

_WIDTH = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)
_SHARE = (0.0, 1.36603, -0.47719, 0.11116)


def combined_width(gauss: FloatArray, lorentz: FloatArray) -> FloatArray:
    """Γ of lines (m,) with the parts Γ_G, Γ_L (m,)."""
    total = sum(c * gauss ** (5 - i) * lorentz**i for i, c in enumerate(_WIDTH))
    return np.asarray(total, dtype=np.float64) ** 0.2


def lorentzian_share(ratio: FloatArray) -> FloatArray:
    """Return η, 0 to 1, of lines (m,) with Γ_L/Γ (m,)."""
    return np.clip(sum(e * ratio**i for i, e in enumerate(_SHARE)), 0.0, 1.0)


def width_slopes(gauss: FloatArray, lorentz: FloatArray, width: FloatArray) -> tuple[FloatArray, FloatArray]:
    """∂Γ/∂Γ_G and ∂Γ/∂Γ_L (m,), dimensionless; *width* as :func:`combined_width` gives it."""
    by_gauss = sum(c * (5 - i) * gauss ** (4 - i) * lorentz**i for i, c in enumerate(_WIDTH[:5]))
    by_lorentz = sum(c * i * gauss ** (5 - i) * lorentz ** (i - 1) for i, c in enumerate(_WIDTH) if i)
    return by_gauss / (5.0 * width**4), by_lorentz / (5.0 * width**4)


def share_slope(ratio: FloatArray) -> FloatArray:
    """∂η/∂(Γ_L/Γ), shape (m,)."""
    return np.asarray(sum(e * i * ratio ** (i - 1) for i, e in enumerate(_SHARE) if i), dtype=np.float64)
