"""What a writer of start files gets, and what it gives: text or bytes under file names, written by nobody but us."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import gemmi
import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.export.start.space_group import parse_space_group
from hybrid_index.export.start.widths import Widths, from_fit, from_peaks
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.peaks.noise import estimate_sigma
from hybrid_index.types import IndexingResult, Pattern, PeakList, Shift, Solution
from hybrid_index.units import DEFAULT_RADIUS_MM, FloatArray, Radiation

if TYPE_CHECKING:
    from hybrid_index.refine.lebail import LeBailFit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RefinementStart:
    """Everything that a writer may need; made by :func:`hybrid_index.export.start.prepare`.

    Parameters
    ----------
    result, solution
        The answer, and which one of its solutions.
    pattern
        The measured pattern with its radiation; ``None`` where there is none.
    fit
        Le Bail fit of that solution; ``None`` where there is no pattern, or none was wanted.
    space_group
        Full Hermann-Mauguin symbol in the setting of the cell (R groups on hexagonal axes).
    title
        One line, ASCII, for people.
    """

    result: IndexingResult
    solution: Solution
    pattern: Pattern | None
    fit: LeBailFit | None
    space_group: str
    title: str

    @property
    def peaks(self) -> PeakList:
        """The lines that were indexed."""
        if self.result.peaks is None:
            raise InputError("the result has no lines", source=self.result.id or None)
        return self.result.peaks

    @property
    def radiation(self) -> Radiation:
        """Wavelengths of lines, pattern and fit."""
        return self.peaks.radiation

    @property
    def lattice(self) -> BravaisLattice:
        """The Bravais lattice of the solution."""
        return self.solution.refinement.candidate.bravais_lattice

    @property
    def group(self) -> gemmi.SpaceGroup:
        """The space group, as gemmi knows it."""
        return parse_space_group(self.space_group)

    @property
    def unique_axis(self) -> str:
        """``a``, ``b`` or ``c`` of a monoclinic space group."""
        return self.group.monoclinic_unique_axis()

    @property
    def cell(self) -> Cell:
        """The cell: the fit's where there is one."""
        return self.solution.refinement.cell if self.fit is None else self.fit.cell

    @property
    def cell_esd(self) -> Cell:
        """Standard uncertainties of :attr:`cell`, 0 for what symmetry fixes."""
        return self.solution.refinement.cell_esd if self.fit is None else self.fit.cell_esd

    @property
    def shift(self) -> Shift:
        """Zero shift and displacement, of the same source as the cell."""
        return self.solution.refinement.shift if self.fit is None else self.fit.shift

    @property
    def radius_mm(self) -> float:
        """Goniometer radius that the displacement refers to."""
        return float(self.result.settings.get("radius_mm", DEFAULT_RADIUS_MM))

    @property
    def ka2_ratio(self) -> float:
        """Intensity of Kα2 over Kα1 as the fit finds it; 0 without a second line."""
        if self.radiation.ka2_angstrom is None:
            return 0.0
        return self.radiation.ka2_ratio if self.fit is None else float(self.fit.profile["ka2_ratio"])

    @property
    def fit_range_deg(self) -> tuple[float, float]:
        """Range of 2θ to refine in: that of the fit, of the pattern, or of the lines."""
        x = (self.fit or self.pattern or self.peaks).two_theta_deg
        return float(x[0]), float(x[-1])

    @property
    def displacement_amplitude_deg(self) -> float:
        """What the displacement adds to 2θ, divided by cosθ: −(2 s / R) · 180/π degrees."""
        return math.degrees(-2.0 * self.shift.displacement_mm / self.radius_mm)

    @property
    def widths(self) -> Widths:
        """Widths of lines: the fit's, or what the lines of the list show."""
        return from_peaks(self.peaks) if self.fit is None else from_fit(self.fit)

    def need_pattern(self, target: str) -> Pattern:
        """Return the pattern, or raise :class:`InputError` that names the *target* which cannot do without.

        The error has ``pattern`` as its source, by which callers know what is missing.
        """
        if self.pattern is None:
            origin = f" (its lines came from {self.peaks.source})" if self.peaks.source else ""
            raise InputError(
                f"the start files of {target} need the measured pattern, which is not there{origin}; "
                "name its file with --pattern FILE",
                source="pattern",
            )
        return self.pattern

    def sigma(self, target: str) -> FloatArray:
        """Standard uncertainties (n,) of the points: the file's where plausible, else learned from the noise."""
        pattern = self.need_pattern(target)
        return estimate_sigma(pattern.intensity, pattern.sigma)

    def background_points(self, target: str, count: int = 12) -> FloatArray:
        """Heights of the background at evenly spread 2θ, shape (count, 2): degrees, intensity."""
        pattern = self.need_pattern(target)
        if self.fit is not None:
            x, y = self.fit.two_theta_deg, self.fit.background
        else:
            from hybrid_index.peaks.background import fit_background

            x = pattern.two_theta_deg
            y = fit_background(x, pattern.intensity, self.sigma(target), self.widths.typical_fwhm_deg)
        at = np.linspace(x[0], x[-1], count)
        return np.column_stack([at, np.maximum(np.interp(at, x, y), 0.0)])


class Exporter(Protocol):
    """A writer of start files for one program: any object, or module, with these three names.

    It is found through the entry-point group ``hybrid_index.exporters``, whose names are those of ``--to``.
    """

    @property
    def name(self) -> str:
        """What ``--to`` calls it."""
        ...

    @property
    def title(self) -> str:
        """One line for people."""
        ...

    def files(self, start: RefinementStart) -> Mapping[str, str | bytes]:
        """Return the content of each file by its name; writes nothing."""
        ...
