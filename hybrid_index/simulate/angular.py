"""The angular factor of integrated intensities."""

from __future__ import annotations

from typing import Any

import numpy as np

from hybrid_index.compiled import inlined_kernel


@inlined_kernel
def lorentz_polarisation(sine2: Any, polarised: bool) -> Any:
    """Factor of a Bragg–Brentano diffractometer without monochromator, from sin²θ: a number, or an array of any shape.

    (1 + cos² 2θ)/(sin²θ cosθ) where scattering polarises the beam, 1/(sin²θ cosθ) for neutrons
    (International Tables for Crystallography C, chapter 6.2).
    """
    lorentz = 1.0 / (sine2 * np.sqrt(1.0 - sine2))
    if polarised:
        return lorentz * (1.0 + (1.0 - 2.0 * sine2) ** 2)
    return lorentz
