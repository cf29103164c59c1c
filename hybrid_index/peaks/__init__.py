"""Peaks: from a measured pattern to a list of lines with uncertainties.

:func:`find_peaks` and :func:`estimate_background` are loaded on first use, since they bring numba and SciPy along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hybrid_index.peaks.edit import edit_peaks
from hybrid_index.peaks.options import PeakOptions

if TYPE_CHECKING:
    from hybrid_index.peaks.find import estimate_background, find_peaks

__all__ = ["PeakOptions", "edit_peaks", "estimate_background", "find_peaks"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from hybrid_index.peaks import find

        return getattr(find, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
